//! Secrets that were planted in all the forms that programs print, one a line, and beside them what has to be read.
//!
//! A line of `planted.txt` is a text, and behind a tab what of it has to stay, apart by ` § `. `{word 14}` stands for a
//! secret of 14 letters of that kind, which is drawn anew; `{=…}` for itself. A line of `traps.txt` stays as it is.
//! In both, `\n`, `\t`, `\e`, `\s` and `\\` are a new line, a tab, an escape, a space that does not break, a backslash.

use diagnosis::Redactor;
use regex::{Captures, Regex};

/// Letters of a secret that nobody may see in a row.
const RUN: usize = 8;
/// How often each is drawn.
const ROUNDS: u64 = 3;

/// What people begin their passwords with.
const WORDS: [&str; 6] = ["Kestrel", "Walnut", "Copper", "Marble", "Tundra", "Saffron"];
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// Draws the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn secret(&mut self, kind: &str, n: usize) -> String {
        let letters = match kind {
            "hex" => format!("{DIGITS}abcdef"),
            "digits" => DIGITS.to_owned(),
            "upper" => format!("{CAPITALS}{DIGITS}"),
            "lower" => format!("{SMALL}{DIGITS}"),
            "base64" => format!("{SMALL}{CAPITALS}{DIGITS}+/"),
            "url" => format!("{SMALL}{CAPITALS}{DIGITS}_-"),
            _ => format!("{SMALL}{CAPITALS}{DIGITS}"),
        };
        let letters: Vec<char> = letters.chars().collect();
        let begin = WORDS.get(self.below(WORDS.len())).filter(|_| kind == "word");
        let mut secret = begin.map(|it| (*it).to_owned()).unwrap_or_default();
        while secret.len() < n {
            secret.extend(letters.get(self.below(letters.len())));
        }
        secret
    }
}

fn unescaped(line: &str) -> String {
    let marked = line.replace(r"\\", "\0");
    let plain = [(r"\n", "\n"), (r"\t", "\t"), (r"\e", "\u{1b}"), (r"\s", "\u{a0}"), ("\0", r"\")];
    plain.iter().fold(marked, |text, (from, to)| text.replace(from, to))
}

/// The text of a line with secrets that are drawn for it, and these.
fn planted(form: &str, seed: u64) -> (String, Vec<String>) {
    let place = Regex::new(r"\{(?:=(?P<own>[^{}]+)|(?P<kind>[a-z0-9]+) (?P<n>[0-9]+))\}").unwrap();
    let mut secrets = vec![];
    let mut draw =
        Draw(form.bytes().fold(seed, |seed, it| seed.wrapping_mul(31).wrapping_add(it.into())));
    let text = place.replace_all(form, |found: &Captures<'_>| {
        let own = found.name("own").map(|it| it.as_str().to_owned());
        let secret =
            own.unwrap_or_else(|| draw.secret(&found["kind"], found["n"].parse().unwrap()));
        secrets.push(secret.clone());
        secret
    });
    (unescaped(&text), secrets)
}

/// Whether a text shows so much of a secret that it helps somebody.
fn shows(text: &str, secret: &str) -> bool {
    let letters: Vec<char> = secret.chars().collect();
    let run = RUN.min(letters.len());
    letters.windows(run).any(|it| text.contains(&it.iter().collect::<String>()))
}

#[test]
fn no_planted_secret_is_seen_and_what_stands_around_it_is() {
    let redactor = Redactor::new([7; 32]);
    let mut wrong = vec![];
    for line in include_str!("planted.txt").lines() {
        let (form, kept) = line.split_once('\t').unwrap_or((line, ""));
        for round in 0..ROUNDS {
            let (text, secrets) = planted(form, round);
            assert!(!secrets.is_empty(), "nothing is planted in {line}");
            let redacted = redactor.redact(&text);
            let is_seen = secrets.iter().any(|it| shows(&redacted, it));
            let is_eaten = kept.split(" § ").any(|it| !redacted.contains(&unescaped(it)));
            let is_raw = redacted.contains('\u{1b}');
            if is_seen || is_eaten || is_raw || redactor.redact(&redacted) != redacted {
                wrong.push(format!("{text}\n    {redacted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    let redactor = Redactor::new([7; 32]);
    let texts = include_str!("traps.txt").lines().map(unescaped);
    let changed = texts.map(|it| (redactor.redact(&it), it)).filter(|it| it.0 != it.1);
    let changed: Vec<_> = changed.map(|(redacted, it)| format!("{it}\n    {redacted}")).collect();

    assert!(changed.is_empty(), "{} are changed:\n{}", changed.len(), changed.join("\n"));
}
