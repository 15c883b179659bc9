//! Names that were meant to say that their value is a secret: a letter is missing, wrong, too many or in the wrong
//! place.

use strsim::osa_distance;

/// Words for secrets, and how many letters of each may be wrong.
const WORDS: [(&str, usize); 7] = [
    ("password", 2),
    ("passphrase", 2),
    ("credential", 2),
    ("credentials", 2),
    ("secret", 1),
    ("token", 1),
    ("apikey", 1),
];

/// Words that are as near to one of them, and are words themselves.
const OTHERS: [&str; 14] = [
    "taken",
    "spoken",
    "token",
    "passport",
    "passports",
    "passwords",
    "secrets",
    "secrete",
    "sacred",
    "tokens",
    "toke",
    "broken",
    "woken",
    "tokio",
];

/// Whether this word, in small letters, is one of them with a slip. Nobody slips at the first letter.
pub(super) fn is_secret(word: &str) -> bool {
    let is_near = |(name, most): &(&str, usize)| {
        word.len().abs_diff(name.len()) <= *most
            && word.bytes().next() == name.bytes().next()
            && (1..=*most).contains(&osa_distance(word, name))
    };
    word.is_ascii() && WORDS.iter().any(is_near) && !OTHERS.contains(&word)
}
