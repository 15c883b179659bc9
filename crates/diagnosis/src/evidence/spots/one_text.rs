//! A program with all its arguments in one text: the runtime looks for a program of that name.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;
use types::{ContainerState, SpotTopic};

use super::Spot;
use crate::evidence::failing::Failing;
use crate::patterns::pattern;

/// How a runtime says that a program is not there.
static ABSENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r#"exec: "(?P<what>[^"]+)": (?:executable file not found|stat [^:]*: no such file)"#)
});
/// What a text has that only a shell understands.
const OF_SHELLS: [&str; 8] = ["&&", "||", ";", "|", ">", "<", "$", "`"];
/// What stands in words that mean the same with a shell and without one.
const PLAIN: &str = "-_./=:,@+%";

/// The whole line is taken for the name of a program.
pub(super) fn of_program(failing: &Failing<'_>) -> Option<Spot> {
    let (field, text) = in_one_text(failing.container, &failing.facts.state)?;
    let words = if OF_SHELLS.iter().any(|it| text.contains(it)) {
        "; it is a line for a shell, and no shell is started"
    } else {
        "; it is one text with spaces in it, and each word has to be a text of its own"
    };
    let path = failing.path.child(field).index(0);
    Some(Spot::new(SpotTopic::Start, path, text, words.to_owned()))
}

/// The first text of what is started, where it has spaces and the runtime does not find a program of that name;
/// with the field that holds it.
pub(in crate::evidence) fn in_one_text<'c>(
    container: &'c Container,
    state: &ContainerState,
) -> Option<(&'static str, &'c str)> {
    let pattern = ABSENT.as_ref()?;
    let messages = [&state.exit_message, &state.waiting_message];
    let told = messages.into_iter().flatten().find_map(|it| pattern.captures(it))?;
    let what = told.name("what")?.as_str().trim();
    let lists = [("command", &container.command), ("args", &container.args)];
    let (field, list) = lists
        .into_iter()
        .find_map(|(field, list)| Some((field, list.as_ref().filter(|it| !it.is_empty())?)))?;
    let first = list.first()?.as_str();
    let is_it = first.trim() == what && what.contains(char::is_whitespace);
    is_it.then_some((field, first))
}

/// The words of a text that are the same without a shell; `None` where it takes one to tell them apart, and for one
/// alone.
pub(in crate::evidence) fn plain_words(text: &str) -> Option<Vec<&str>> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || PLAIN.contains(it);
    let words: Vec<&str> = text.split_whitespace().collect();
    let all = words.iter().all(|it| it.chars().all(is_plain));
    (1 < words.len() && all && !text.contains(['\n', '\r'])).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_one() {
        assert!(ABSENT.is_some());
    }

    #[test]
    fn what_takes_a_shell_has_no_plain_words() {
        let plain = plain_words("httpd -f -p 80 -h /www").unwrap();
        assert_eq!(plain, ["httpd", "-f", "-p", "80", "-h", "/www"]);
        for text in [
            "cd /app && node server.js",
            "sh -c 'sleep 1'",
            "echo $HOME",
            "cat /etc/*.conf",
            "a | b",
            "httpd",
            "httpd\n-f",
            "",
        ] {
            assert_eq!(plain_words(text), None, "{text}");
        }
    }
}
