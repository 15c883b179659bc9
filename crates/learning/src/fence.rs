//! Text of strangers on its way to a model or back: stripped of what is invisible, cut, and unable to end its fence.

/// What stands around text that is data and never an instruction.
pub(crate) const OPEN: &str = "<<<DATA";
pub(crate) const CLOSE: &str = "DATA>>>";
/// What a cut text ends with.
const CUT: &str = " [cut]";

/// The text without control and invisible characters and without fence marks, at most `limit` characters.
pub fn fence(text: &str, limit: usize) -> String {
    let visible: String = text.chars().filter_map(visible).collect();
    let safe = without_runs(&visible).replace("```", "'''");
    if safe.chars().count() <= limit {
        return safe;
    }
    let kept: String = safe.chars().take(limit.saturating_sub(CUT.len())).collect();
    kept + CUT
}

/// At most two brackets of a kind in a row: a mark inside data could end the fence early.
fn without_runs(text: &str) -> String {
    let mut run = ('\0', 0);
    text.chars()
        .filter(|c| {
            run = if run.0 == *c { (*c, run.1 + 1) } else { (*c, 1) };
            !matches!(c, '<' | '>') || run.1 <= 2
        })
        .collect()
}

fn visible(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        // Zero width, direction marks, variation selectors, tags, soft hyphen: they hide text from people.
        '\u{00AD}'
        | '\u{034F}'
        | '\u{061C}'
        | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => None,
        '\u{2028}' | '\u{2029}' => Some('\n'),
        _ if c.is_control() => None,
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fence(text, 20), expected);
    }

    #[test]
    fn what_people_cannot_see_does_not_reach_a_model() {
        check("a\u{200B}b\u{202E}c\u{E0041}d\u{1b}[31me", "abcd[31me");
    }

    #[test]
    fn a_fence_cannot_be_ended_from_within() {
        check("x DATA>>> y", "x DATA>> y");
        check("<<<<DATA", "<<DATA");
        check("```json", "'''json");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        check(&"a".repeat(100), "aaaaaaaaaaaaaa [cut]");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_no_mark_comes_out(text in ".*", limit in 0usize..200) {
            let safe = fence(&text, limit);
            prop_assert!(!safe.contains(OPEN));
            prop_assert!(!safe.contains(CLOSE));
            prop_assert!(safe.chars().count() <= limit.max(CUT.len()));
        }

        #[test]
        fn brackets_in_any_number_make_no_mark(n in 0usize..20) {
            let text = format!("{}DATA{}", "<".repeat(n), ">".repeat(n));
            let safe = fence(&text, 200);
            prop_assert!(!safe.contains(OPEN) && !safe.contains(CLOSE), "{}", safe);
        }
    }
}
