//! The terminal: how wide it is, whether it shows colours, and what may be sent to it.

use std::io::IsTerminal;

/// Where nobody says how wide the output may be.
const WIDTH: usize = 100;
/// Narrower than this nothing can be read.
const LEAST: usize = 40;

/// How something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// Characters in a line.
    pub(super) width: usize,
    /// Whether colours are shown.
    pub(super) coloured: bool,
}

impl Screen {
    /// The screen that standard output goes to.
    pub(super) fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let width = terminal_size::terminal_size().filter(|_| is_terminal);
        let width = width.map_or(WIDTH, |(width, _)| usize::from(width.0));
        let coloured = is_terminal && std::env::var_os("NO_COLOR").is_none();
        Self { width: width.clamp(LEAST, 2 * WIDTH), coloured }
    }

    /// The text in this ANSI colour, where colours are shown.
    pub(super) fn paint(self, colour: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The text in lines that fit, each indented by so many spaces.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        let indent = " ".repeat(indent);
        let options = textwrap::Options::new(self.width)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false);
        textwrap::fill(&harmless(text), options)
    }
}

/// What comes from a cluster, without what a terminal would take as an order.
pub(super) fn harmless(text: &str) -> String {
    let spaced = text.chars().map(|it| if it.is_whitespace() { ' ' } else { it });
    spaced.filter(|it| !it.is_control() && !is_invisible(*it)).collect()
}

/// Characters that turn the direction of a text or take no room: what is read would not be what is there.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_takes_as_an_order_does_not_reach_it() {
        assert_eq!(harmless("a\x1b[2Jb\r\nc\u{9b}1m\u{202e}d\u{7}"), "a[2Jb  c1md");
    }

    #[test]
    fn long_texts_are_wrapped_and_indented() {
        let screen = Screen { width: 12, coloured: false };

        assert_eq!(screen.wrapped("one two three four", 2), "  one two\n  three four");
    }
}
