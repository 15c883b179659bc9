//! A variable that was to be JSON and is none, where the last words complain of JSON and name nothing.

use serde_json::Value;
use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::last_words;

/// How the name of the format stands in what parsers say.
const FORMAT: &str = "json";
/// Bytes of a value that is parsed.
const MAX_VALUE: usize = 64 * 1024;

/// The one variable whose value begins like JSON and cannot be read as that.
pub(super) fn broken(failing: &Failing<'_>) -> Option<Spot> {
    let said = failing.reading.as_ref().map(|it| it.line);
    let mut lines = said.into_iter().chain(last_words::around(failing.log()));
    if !lines.any(|it| it.to_lowercase().contains(FORMAT)) {
        return None;
    }
    let variables = failing.variables();
    let mut broken = variables.iter().filter(|it| is_broken(it.2));
    let (path, name, value) = broken.next().filter(|_| broken.next().is_none())?;
    let words = format!("; the template sets {name}, and that is no JSON");
    let spot = Spot::of_text(path, (name, value), words);
    let topic = if failing.reading.is_some() { SpotTopic::Program } else { SpotTopic::Variable };
    Some(Spot { topic, ..spot })
}

fn is_broken(value: &str) -> bool {
    let value = value.trim();
    value.len() <= MAX_VALUE
        && value.starts_with(['{', '['])
        && serde_json::from_str::<Value>(value).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_json_and_is_none_is_broken() {
        for it in ["{\"a\":true", "[1, 2,]", "{'a': 1}", " {a: 1}"] {
            assert!(is_broken(it), "{it}");
        }
        for it in ["{\"a\":true}", "[]", "a", "", "12"] {
            assert!(!is_broken(it), "{it}");
        }
    }
}
