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

/// Letters between a typo and what was meant.
pub(crate) const TYPO_DISTANCE: usize = 2;

/// Whether one of two names may be a typo of the other one: at most two letters away, the same letters in another
/// style of writing, as `API-URL` and `api_url`, or the same words in another order.
pub(crate) fn is_near(wrong: &str, meant: &str) -> bool {
    distance(wrong, meant) <= TYPO_DISTANCE
        || are_written_alike(wrong, meant)
        || are_swapped(wrong, meant)
}

/// Whether two names have the same words in another order: `sa-crawler` and `crawler-sa`.
pub(crate) fn are_swapped(left: &str, right: &str) -> bool {
    fn words(it: &str) -> Vec<&str> {
        it.split(['-', '_', '.']).collect()
    }
    fn sorted(it: &str) -> Vec<&str> {
        let mut words = words(it);
        words.sort_unstable();
        words
    }
    words(left) != words(right) && sorted(left) == sorted(right)
}

/// Whether two names have the same letters and digits, whatever their case and what separates their words.
pub(crate) fn are_written_alike(left: &str, right: &str) -> bool {
    let letters = |it: &str| {
        let letters = it.chars().filter(|it| !"-_.".contains(*it));
        letters.map(|it| it.to_ascii_lowercase()).collect::<String>()
    };
    let left = letters(left);
    !left.is_empty() && left == letters(right)
}

/// Whether two names differ in their digits alone: `db-1` and `db-2` are siblings, no typo.
pub(crate) fn are_siblings(left: &str, right: &str) -> bool {
    let letters = |it: &str| it.chars().filter(|it| !it.is_ascii_digit()).collect::<String>();
    left != right && letters(left) == letters(right)
}

/// Whether a tag is another version than the other one, and no slip of it: they differ in digits alone, and not by two
/// that changed places (`1.72`, `1.27`) or by one that stands there twice (`1.277`).
pub(crate) fn is_another_version(wanted: &str, known: &str) -> bool {
    if lost_its_zero(wanted, known) {
        return false;
    }
    let digits = |it: &str| it.chars().filter(char::is_ascii_digit).collect::<Vec<_>>();
    let (wanted_digits, known_digits) = (digits(wanted), digits(known));
    let (short, long) = if wanted_digits.len() < known_digits.len() {
        (&wanted_digits, &known_digits)
    } else {
        (&known_digits, &wanted_digits)
    };
    let is_slip = match long.len() - short.len() {
        0 => changed_places(short, long),
        1 => is_doubled(short, long),
        _ => false,
    };
    are_siblings(wanted, known) && !is_slip
}

/// Whether a tag is the other one as YAML reads it for want of quotes, as a number: `3.2` of `3.20`.
fn lost_its_zero(wanted: &str, known: &str) -> bool {
    let is_number = |it: &str| {
        let parts = it.split_once('.');
        parts.is_some_and(|it| [it.0, it.1].iter().all(|it| is_plain_number(it)))
    };
    let rest = known.strip_prefix(wanted).unwrap_or_default();
    is_number(wanted) && !rest.is_empty() && rest.bytes().all(|it| it == b'0')
}

fn is_plain_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Numbers with fewer digits than this are too alike by chance.
const MIN_DIGITS: usize = 3;

/// Whether a number is a slip of the other one: two digits that changed places, one too many or one too few.
/// Another digit may be the port beside it: `8080` and `8081`.
pub(crate) fn is_slip_of_number(wrong: i32, meant: i32) -> bool {
    let digits = |it: i32| it.to_string().chars().collect::<Vec<_>>();
    let (wrong, meant) = (digits(wrong), digits(meant));
    let (short, long) = if wrong.len() <= meant.len() { (wrong, meant) } else { (meant, wrong) };
    let lacks_one = || {
        (0..long.len()).any(|place| {
            let rest = long.iter().enumerate().filter(|it| it.0 != place);
            rest.map(|it| it.1).eq(&short)
        })
    };
    MIN_DIGITS <= short.len()
        && match long.len() - short.len() {
            0 => changed_places(&short, &long),
            1 => lacks_one(),
            _ => false,
        }
}

/// Whether two names differ in their last letter alone: `eu-1a` and `eu-1b` are siblings as well.
pub(crate) fn differ_at_the_end(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.chars(), right.chars());
    let ends = (left.next_back(), right.next_back());
    ends.0 != ends.1 && left.eq(right)
}

/// Whether two names differ by one letter at the very end: another one, or one more: `db-cred` and `db-creds`.
pub(crate) fn differ_by_an_ending(left: &str, right: &str) -> bool {
    let is_longer = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|it| it.chars().count() == 1)
    };
    differ_at_the_end(left, right) || is_longer(left, right) || is_longer(right, left)
}

/// Words shorter than this are told apart by single letters on purpose: `eu` and `us`, `ro` and `rw`, `now` and `new`.
const LONG_WORD: usize = 5;
/// A word from which two letters may get lost at once.
const VERY_LONG_WORD: usize = 8;

/// Whether the two names differ as by a slip of the finger: in one word at most, and there in two letters that
/// changed places, in a doubled letter or, in a long word that begins alike, in a letter that is another one, that
/// is missing or that is too many. What differs otherwise may be the name of something else: `internal` and
/// `external`, `on` and `off`.
pub(crate) fn is_slip(wrong: &str, meant: &str) -> bool {
    let is_separator = |it: char| "-_.".contains(it);
    if wrong == meant || are_siblings(wrong, meant) {
        return false;
    }
    if are_written_alike(wrong, meant) {
        return true;
    }
    let words = |it: &str| -> Vec<Vec<char>> {
        it.split(is_separator).map(|word| word.chars().collect()).collect()
    };
    let (left, right) = (words(wrong), words(meant));
    let mut apart = left.iter().zip(&right).filter(|(a, b)| a != b);
    let (first, second) = (apart.next(), apart.next());
    let is_slip = first.is_some_and(|(a, b)| is_slip_of_word(a, b));
    left.len() == right.len() && second.is_none() && is_slip
}

/// Whether the two names differ in one short word that is another one rather than a slip: `orders-eu` and `orders-us`,
/// `shop-db` and `shop-web`. A letter that is missing or too many is a slip there as well, and `ue` for `eu`.
pub(crate) fn differ_in_a_short_word(left: &str, right: &str) -> bool {
    let words =
        |it: &str| -> Vec<String> { it.split(['-', '_', '.']).map(ToOwned::to_owned).collect() };
    let (one, other) = (words(left), words(right));
    let apart: Vec<_> = one.iter().zip(&other).filter(|it| it.0 != it.1).collect();
    let [(a, b)] = apart.as_slice() else { return false };
    let (first, second) = (a.chars().count(), b.chars().count());
    let lacks_a_letter = first != second && distance(a, b) == 1;
    let is_turned_round = first == 2 && a.chars().rev().eq(b.chars());
    one.len() == other.len()
        && first.min(second) < LONG_WORD
        && !lacks_a_letter
        && !is_turned_round
        && !is_slip(left, right)
}

fn is_slip_of_word(left: &[char], right: &[char]) -> bool {
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let begins_alike = short.first() == long.first();
    match long.len() - short.len() {
        0 => {
            changed_places(short, long)
                || begins_alike && LONG_WORD <= long.len() && is_replaced(short, long)
        }
        1 => {
            is_doubled(short, long) || begins_alike && LONG_WORD <= long.len() && lacks(short, long)
        }
        2 => begins_alike && VERY_LONG_WORD <= long.len() && lacks(short, long),
        _ => false,
    }
}

/// Whether two neighbouring letters changed places, and no others.
fn changed_places(left: &[char], right: &[char]) -> bool {
    let apart: Vec<_> = (0..left.len()).filter(|it| left.get(*it) != right.get(*it)).collect();
    let [first, second] = *apart else { return false };
    let crossed = left.get(first) == right.get(second) && left.get(second) == right.get(first);
    3 <= left.len() && second == first + 1 && crossed
}

/// Whether one letter is another one, but not the last, by which siblings are told apart.
fn is_replaced(left: &[char], right: &[char]) -> bool {
    let mut apart = left.iter().zip(right).filter(|(a, b)| a != b);
    let is_letter = apart.next().is_some_and(|(a, b)| a.is_alphabetic() && b.is_alphabetic());
    is_letter && apart.next().is_none() && left.last() == right.last()
}

/// Whether the long word has one of its letters twice in a row where the short one has it once.
fn is_doubled(short: &[char], long: &[char]) -> bool {
    let doubled = (1..long.len()).find(|it| {
        long.get(*it) == long.get(it - 1) && {
            let rest = long.iter().enumerate().filter(|(place, _)| place != it);
            rest.map(|(_, letter)| letter).eq(short)
        }
    });
    3 <= long.len() && doubled.is_some()
}

/// Whether the short word is the long one without some letters; a number is no letter.
fn lacks(short: &[char], long: &[char]) -> bool {
    let mut rest = long.iter();
    let numbers = |it: &[char]| it.iter().filter(|it| it.is_ascii_digit()).count();
    numbers(short) == numbers(long) && short.iter().all(|letter| rest.any(|it| it == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_from_a_slip_of_the_same() {
        for (wanted, known) in
            [("1.28", "1.27"), ("2.0.1", "2.0.10"), ("1.28-alpine", "1.27-alpine")]
        {
            assert!(is_another_version(wanted, known), "{wanted} {known}");
        }
        for (wanted, known) in
            [("1.72", "1.27"), ("1.277", "1.27"), ("1.27-alpin", "1.27-alpine"), ("v1.27", "1.27")]
        {
            assert!(!is_another_version(wanted, known), "{wanted} {known}");
        }
    }

    #[test]
    fn a_zero_that_was_read_as_part_of_a_number_is_no_other_version() {
        for (wanted, known, expected) in [
            ("3.2", "3.20", false),
            ("1.1", "1.100", false),
            ("3.2", "3.21", true),
            ("3", "30", true),
            ("3.20", "3.2", true),
            ("v3.2", "v3.20", true),
        ] {
            assert_eq!(is_another_version(wanted, known), expected, "{wanted} {known}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_told_from_the_name_of_something_else() {
        for (wrong, meant) in [
            ("web-cofig", "web-config"),
            ("web-confgi", "web-config"),
            ("web-comfig", "web-config"),
            ("web-configg", "web-config"),
            ("webconfig", "web-config"),
            ("web_config", "web-config"),
            ("API-URL", "api-url"),
            ("databaseUrl", "DATABASE_URL"),
            ("LOG_LEVL", "LOG_LEVEL"),
            ("PORTT", "PORT"),
            ("wbe", "web"),
            ("ap", "app"),
            ("web-setngs", "web-settings"),
        ] {
            assert!(is_slip(wrong, meant), "{wrong} {meant}");
            assert!(is_slip(meant, wrong), "{meant} {wrong}");
        }
        for (wrong, meant) in [
            ("web", "web"),
            ("conf-eu", "conf-us"),
            ("URL_EU", "URL_US"),
            ("feature-on-set", "feature-off-set"),
            ("pay-ro-db", "pay-rw-db"),
            ("conf-now", "conf-new"),
            ("db-1", "db-2"),
            ("config-a", "config-b"),
            ("internal-conf", "external-conf"),
            ("active", "inactive"),
            ("minimal", "maximal"),
            ("reader", "read"),
            ("green", "greek"),
            ("wbe-cofig", "web-config"),
            ("on", "no"),
            ("", "a"),
        ] {
            assert!(!is_slip(wrong, meant), "{wrong} {meant}");
            assert!(!is_slip(meant, wrong), "{meant} {wrong}");
        }
    }

    #[test]
    fn another_short_word_is_told_from_a_slip() {
        for (left, right) in [
            ("orders-eu", "orders-us"),
            ("shop-db", "shop-web"),
            ("orders-ro", "orders-rw"),
            ("shop-api", "shop-app"),
            ("dev", "web"),
        ] {
            assert!(differ_in_a_short_word(left, right), "{left} {right}");
            assert!(differ_in_a_short_word(right, left), "{right} {left}");
        }
        for (left, right) in [
            ("wbe", "web"),
            ("shop-wb", "shop-web"),
            ("shop-ap", "shop-app"),
            ("chekcout", "checkout"),
            ("checkaut", "checkout"),
            ("shop-web", "shopweb"),
            ("visa-ue", "visa-eu"),
            ("web", "web"),
        ] {
            assert!(!differ_in_a_short_word(left, right), "{left} {right}");
        }
    }

    #[test]
    fn a_slip_of_a_number_is_told_from_the_port_beside_it() {
        for (wrong, meant) in [(9120, 9102), (8008, 8080), (808, 8080), (80_800, 8080), (4443, 443)]
        {
            assert!(is_slip_of_number(wrong, meant), "{wrong} {meant}");
            assert!(is_slip_of_number(meant, wrong), "{meant} {wrong}");
        }
        for (wrong, meant) in [(8081, 8080), (9443, 8443), (80, 8080), (81, 80), (9090, 8080)] {
            assert!(!is_slip_of_number(wrong, meant), "{wrong} {meant}");
        }
    }

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
