//! The word that the last words show in quotes, as a part of what the template says.

use types::FieldPath;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::quoting::{is_common, quoted, stands_alone};

/// How short such a word may be.
const SHORT: usize = 4;

/// The one variable or argument that has it, where nothing else is known of what the words say.
pub(super) fn in_words(failing: &Failing<'_>) -> Option<Spot> {
    if failing.reading.is_some() {
        return None;
    }
    let text = last_words::text_of(failing.log())?;
    let variables = failing.variables().into_iter();
    // A script has many words.
    let texts =
        failing.telling_words().into_iter().filter(|it| !it.1.contains(char::is_whitespace));
    let texts = texts.map(|(path, text)| (path, "", text));
    let all: Vec<(FieldPath, &str, &str)> = variables.chain(texts).collect();
    let (path, name, value) = quoted(&text).filter(|it| !is_common(it)).find_map(|word| {
        let mut found = all.iter().filter(|it| has(it.2, word));
        found.next().filter(|_| found.next().is_none())
    })?;
    let words = if name.is_empty() {
        "; the template starts it with that".to_owned()
    } else {
        format!("; the template has it in {name}")
    };
    Some(Spot::of_text(path, (name, value), words))
}

/// Whether a text has this word by itself, or begins with it as its scheme.
fn has(text: &str, word: &str) -> bool {
    let is_scheme = || text.strip_prefix(word).is_some_and(|it| it.starts_with("://"));
    SHORT <= word.len() && stands_alone(text, word) || is_scheme()
}
