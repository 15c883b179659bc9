//! How far two names are apart.

/// Names longer than this are not compared letter by letter; Kubernetes allows 253.
const MAX_LENGTH: usize = 256;

/// The Levenshtein distance: letters to insert, remove or replace. `usize::MAX` for overlong names.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    if MAX_LENGTH < left.len() || MAX_LENGTH < right.len() {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((other, diagonal), above) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or(line + 1);
            let replaced = diagonal + usize::from(letter != *other);
            next.push(replaced.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// Whether two names differ in their digits alone: `db-1` and `db-2` are siblings, no typo.
pub(crate) fn are_siblings(left: &str, right: &str) -> bool {
    let letters = |it: &str| it.chars().filter(|it| !it.is_ascii_digit()).collect::<String>();
    left != right && letters(left) == letters(right)
}

/// Whether two names differ in their last letter alone: `eu-1a` and `eu-1b` are siblings as well.
pub(crate) fn differ_at_the_end(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.chars(), right.chars());
    let ends = (left.next_back(), right.next_back());
    ends.0 != ends.1 && left.eq(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_letters_that_differ() {
        for (left, right, expected) in [
            ("", "", 0),
            ("web", "web", 0),
            ("web", "wbe", 2),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn an_overlong_name_is_near_to_nothing() {
        let long = "a".repeat(MAX_LENGTH + 1);

        assert_eq!(distance(&long, &long), usize::MAX);
    }

    #[test]
    fn a_number_is_no_typo() {
        assert!(are_siblings("db-1", "db-2"));
        assert!(are_siblings("db", "db2"));
        assert!(!are_siblings("db-cofig", "db-config"));
    }

    #[test]
    fn another_last_letter_is_another_place() {
        assert!(differ_at_the_end("eu-1a", "eu-1b"));
        assert!(!differ_at_the_end("nvme", "nvm"));
        assert!(!differ_at_the_end("sdd-x", "ssd-x"));
    }
}
