//! Names that say that their value is a secret.

mod near;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words that make a name a secret's, wherever they stand in it. Without `_`, `-` and `.`, in small letters.
const ANYWHERE: [&str; 38] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "appkey",
    "authkey",
    "accesskey",
    "accountkey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "sessionkey",
    "licensekey",
    "hmackey",
    "sshkey",
    "signature",
    "sessionid",
    "connectionstring",
    "connstr",
    "requirepass",
    "masterauth",
    "dockerconfigjson",
    "dockercfg",
    "subscriptionkey",
    "bindpw",
    "passcode",
    "csrf",
    "xsrf",
    "kennwort",
    "wachtwoord",
    "motdepasse",
    "recoverycode",
];

/// What finds them.
static ANY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(ANYWHERE).ok());

/// Words that make a name a secret's when they stand alone in it: `DB_PASS`, `auth`.
const ALONE: [&str; 15] = [
    "pass", "auth", "jwt", "sig", "cookie", "pin", "dsn", "pw", "cred", "creds", "hmac", "otp",
    "totp", "senha", "psk",
];

/// Names that are also given to what everybody may know: their value is a secret where it looks drawn by chance.
const WEAK: [&str; 10] =
    ["session", "sid", "nonce", "salt", "code", "seed", "sess", "ticket", "assertion", "keys"];

/// Words of names of addresses, in which a password may stand.
const ADDRESSES: [&str; 7] =
    ["dsn", "conn", "connstr", "connectionstring", "connection", "url", "uri"];

/// Names that are no more than the word for a secret of any kind, as prose has it.
const PROSE: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pin",
    "auth",
    "token",
    "tokens",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "cookie",
    "signature",
    "sig",
];

/// Ends of names that tell something about a secret and not the secret.
const ABOUT: [&str; 33] = [
    "file",
    "path",
    "dir",
    "mount",
    "name",
    "names",
    "namespace",
    "ref",
    "key_id",
    "url",
    "uri",
    "host",
    "endpoint",
    "issuer",
    "audience",
    "type",
    "method",
    "algorithm",
    "policy",
    "provider",
    "length",
    "count",
    "size",
    "tokens",
    "ttl",
    "expiry",
    "expiration",
    "expires",
    "seconds",
    "enabled",
    "required",
    "version",
    "pullsecrets",
];

/// Whether something of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let lower = lower.trim_end_matches(['_', '-', '.']);
    if ABOUT.iter().any(|it| lower.ends_with(it)) {
        return false;
    }
    let joined: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    ANY.as_ref()
        .map_or_else(|| ANYWHERE.iter().any(|it| joined.contains(it)), |it| it.is_match(&joined))
        || words(name).any(|it| ALONE.contains(&&*it) || near::is_secret(&it))
        || near::is_secret(&joined)
}

/// Whether something of this name is a secret where it looks drawn by chance.
pub(super) fn is_weak(name: &str) -> bool {
    words(name).any(|it| WEAK.contains(&&*it))
}

/// Whether something of this name is an address with a password in it.
pub(super) fn is_address(name: &str) -> bool {
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let joined = joined.to_ascii_lowercase();
    !is_password(name)
        && (joined.contains("connectionstring") || words(name).any(|it| ADDRESSES.contains(&&*it)))
}

/// Whether this is the name of one secret, and no word of prose.
pub(super) fn is_one(name: &str) -> bool {
    let word = name.trim_matches(['.', '-', '_']).to_lowercase();
    is_secret(name) && (name.starts_with("--") || !PROSE.contains(&&*word))
}

/// Parts of the names of what a person chose, and which may therefore be a plain word.
const CHOSEN: [&str; 5] = ["password", "passwd", "passphrase", "passwort", "pwd"];

/// Whether something of this name is a secret that may be a plain word. `AUTH_MODE` and `SECRET_STORE` are called
/// like a secret, and their words are those of every log.
pub(super) fn is_password(name: &str) -> bool {
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let joined = joined.to_ascii_lowercase();
    is_secret(name)
        && (CHOSEN.iter().any(|it| joined.contains(it)) || words(name).any(|it| it == "pass"))
}

/// The words of a name, in small letters: `dbPass` and `DB_PASS` are both `db` and `pass`.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for letter in name.chars() {
        let starts = !letter.is_ascii_alphanumeric() || (small_before && letter.is_uppercase());
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
        small_before = letter.is_ascii_lowercase();
    }
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_a_secret() {
        for name in [
            "password",
            "DB_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "api-key",
            "apiKey",
            "X-Api-Key",
            "AWS_SECRET_ACCESS_KEY",
            "client_secret",
            "GITHUB_TOKEN",
            "DB_PASS",
            "dbPass",
            "auth",
            "AccountKey",
            "DB_PASWORD",
            "--pasword",
            "api-tokn",
            "dbPasswrod",
            "clientSercet",
            "bind_pw",
            "creds",
            "Ocp-Apim-Subscription-Key",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_tells_about_a_secret_is_none() {
        for name in [
            "secretName",
            "PASSWORD_FILE",
            "TOKEN_URL",
            "tokenExpirationSeconds",
            "max_tokens",
            "imagePullSecrets",
            "author",
            "compass",
            "bypass",
            "image",
            "passport",
            "passed",
            "taken",
            "broken",
            "sector",
            "keyword",
            "sacred",
            "accredited",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
