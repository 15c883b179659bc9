//! Names that say that their value is a secret.

/// Words that make a name a secret's, wherever they stand in it. Without `_`, `-` and `.`, in small letters.
const ANYWHERE: [&str; 29] = [
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
];

/// Words that make a name a secret's when they stand alone in it: `DB_PASS`, `auth`.
const ALONE: [&str; 7] = ["pass", "auth", "jwt", "sig", "cookie", "pin", "dsn"];

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
    ANYWHERE.iter().any(|it| joined.contains(it)) || words(name).any(|it| ALONE.contains(&&*it))
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
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
