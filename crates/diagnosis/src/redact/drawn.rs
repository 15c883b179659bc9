//! Whether a word was drawn by chance, and is no name that a person or a program chose.

/// Letters of one that is looked at.
const MIN: usize = 8;
const MAX: usize = 512;
/// Hexadecimal digits in a row that are a key: a hash of a commit has forty, and stands behind other words.
const HEX: usize = 32;
/// Letters and digits of one case that are a key.
const LONG: usize = 16;
/// Changes between letters and digits that no name has.
const CHANGES: usize = 3;

/// Capitals behind small letters in what has no digit.
const RISES: usize = 2;

/// Short words that names are made of.
const SHORT: [&str; 21] = [
    "by", "id", "of", "to", "in", "on", "or", "is", "no", "up", "at", "my", "db", "as", "an", "ok",
    "if", "io", "os", "ip", "ipv",
];

/// Letters that stand alone in names: `v2`, `k8s`, `x509`, `mTLS`.
const ONE: &str = "vksxmie";

/// Words of algorithms, which have digits and open nothing.
const TERMS: [&str; 20] = [
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "scram", "bcrypt", "argon2", "pbkdf2",
    "ed25519", "x25519", "rs256", "hs256", "es256", "base64", "utf8", "oauth2", "rfc", "aes",
];

/// Whether this word was drawn by chance.
pub(super) fn is_drawn(word: &str) -> bool {
    if !(MIN..=MAX).contains(&word.len()) || is_path(word) || is_uuid(word) || is_term(word) {
        return false;
    }
    if !word.bytes().all(|it| it.is_ascii_graphic() && !b"\"'`()<>[]{}|\\,;".contains(&it)) {
        return false;
    }
    let n = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (small, capital, digit) =
        (n(u8::is_ascii_lowercase), n(u8::is_ascii_uppercase), n(u8::is_ascii_digit));
    if small != 0 && capital != 0 {
        return (!is_camel(word) || CHANGES < changes(word))
            && (digit != 0 || RISES <= rises(word));
    }
    let is_hex = word.bytes().all(|it| it.is_ascii_hexdigit());
    let is_plain = word.bytes().all(|it| it.is_ascii_alphanumeric());
    digit != 0
        && small + capital != 0
        && (is_hex && HEX <= word.len()
            || is_plain && !is_hex && LONG <= word.len() && CHANGES <= changes(word))
}

/// Whether this names an algorithm.
pub(super) fn is_term(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    TERMS.iter().any(|it| lower.starts_with(it)) && word.len() <= 24
}

fn is_path(word: &str) -> bool {
    word.starts_with(['/', '.', '-', '$', '%', '*']) || word.contains("://") || word.contains("::")
}

pub(super) fn is_uuid(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').take(6).map(str::len).collect();
    parts.starts_with(&[8, 4, 4, 4])
        && word.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// Whether it is made of words, each of which begins with a capital or stands alone: `OAuth2Token`, `spec.podName`.
fn is_camel(word: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for letter in word.chars() {
        let starts = !letter.is_ascii_alphabetic()
            || before.is_ascii_lowercase() && letter.is_ascii_uppercase();
        if starts {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| letter.is_ascii_alphabetic()) {
            part.push(letter);
        }
        before = letter;
    }
    parts.iter().all(|it| is_part(it))
}

/// Whether this is a part of such a name: a word, an abbreviation, or one before the other.
fn is_part(part: &str) -> bool {
    let capitals = part.bytes().take_while(u8::is_ascii_uppercase).count();
    let small = part.len() - capitals;
    let is_short = SHORT.contains(&&*part.to_ascii_lowercase());
    let mut letters = part.bytes().skip(capitals.saturating_sub(1));
    let is_spoken = letters.any(|it| b"aeiouyAEIOUY".contains(&it)) || part.len() <= 3;
    match (capitals, small) {
        (0, 0) => true,
        (0, 1) => ONE.contains(part),
        (0, _) => 3 <= small && is_spoken || is_short,
        (1, _) => 2 <= small && is_spoken || is_short,
        // `UIDs`; an abbreviation; a word behind one.
        (_, 1) => capitals <= 4 && (part.ends_with('s') || is_short),
        (_, 0) => capitals <= 4,
        (_, _) => capitals <= 6 && 2 <= small && is_spoken,
    }
}

/// How often a capital stands behind a small letter.
fn rises(word: &str) -> usize {
    let pairs = word.bytes().zip(word.bytes().skip(1));
    pairs.filter(|it| it.0.is_ascii_lowercase() && it.1.is_ascii_uppercase()).count()
}

/// How often a digit stands beside a letter.
fn changes(word: &str) -> usize {
    let pairs = word.bytes().zip(word.bytes().skip(1));
    let is_change = |one: u8, other: u8| one.is_ascii_digit() && other.is_ascii_alphabetic();
    pairs.filter(|it| is_change(it.0, it.1) || is_change(it.1, it.0)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_was_drawn_is_told_from_a_name() {
        for word in [
            "KestrelAb12cdE",
            "OrchidrBIgnUxD",
            "WalnutWkNIr4xP",
            "9f86d081884c7d659a2feaa0c55ad015",
            "x7k2p9q4m1z8w3b6",
            "8Q~abCd3fGh1",
        ] {
            assert!(is_drawn(word), "{word}");
        }
        for word in [
            "ContainerCannotRun",
            "CreateContainerConfigError",
            "OAuth2TokenService",
            "IPv4Address",
            "getUserById2",
            "strconv.ParseInt",
            "web-6c8d7f9b5d-x2x4z",
            "8f14e45f-ceea-467f-a0e6-1c1d2c8b6d3e",
            "scram-sha-256",
            "SHA256withRSA",
            "DB_PASSWORD_2",
            "https://Idp.example.com/2",
            "/etc/App2/conf",
            "2026-11-29T10:00:01Z",
        ] {
            assert!(!is_drawn(word), "{word}");
        }
    }
}
