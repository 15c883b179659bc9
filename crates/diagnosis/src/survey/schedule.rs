//! A cron schedule that can never come.

/// Schedules by name.
const NAMED: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
/// Lowest and highest number of each field, and how it is called.
const FIELDS: [(u32, u32, &str); 5] =
    [(0, 59, "minute"), (0, 23, "hour"), (1, 31, "day"), (1, 12, "month"), (0, 7, "weekday")];
/// The most days of each month.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// What is wrong with a schedule, as the end of a sentence; `None` for one that is well.
pub(super) fn trouble(schedule: &str) -> Option<String> {
    let mut words: Vec<_> = schedule.split_whitespace().collect();
    if words.first().is_some_and(|it| it.starts_with("TZ=") || it.starts_with("CRON_TZ=")) {
        words.remove(0);
    }
    if let [only] = words.as_slice()
        && only.starts_with('@')
    {
        return (!NAMED.contains(only)).then(|| "is not one that Kubernetes knows".to_owned());
    }
    if words.first() == Some(&"@every") {
        return None;
    }
    if words.len() != FIELDS.len() {
        return Some(format!("has {} fields instead of 5", words.len()));
    }
    let wrong = words
        .iter()
        .zip(FIELDS)
        .find(|(word, (low, high, _))| numbers(word).any(|it| it < *low || *high < it));
    if let Some((word, (low, high, called))) = wrong {
        return Some(format!("has {word} as its {called}, which goes from {low} to {high}"));
    }
    never_comes(&words).then(|| "names a day that its months do not have".to_owned())
}

/// The numbers that a field names; a step after a slash is none.
fn numbers(field: &str) -> impl Iterator<Item = u32> + '_ {
    let ranges = field.split(',').filter_map(|it| it.split('/').next());
    ranges.flat_map(|it| it.split('-')).filter_map(|it| it.parse().ok())
}

/// Whether none of the months has one of the days, and no weekday helps.
fn never_comes(words: &[&str]) -> bool {
    let [_, _, day, month, weekday] = words else { return false };
    let is_plain = |it: &str| it.split(',').all(|it| it.parse::<u32>().is_ok());
    if !is_plain(day) || !is_plain(month) || *weekday != "*" {
        return false;
    }
    let has = |month: u32, day: u32| {
        let at = usize::try_from(month).ok().and_then(|it| it.checked_sub(1));
        at.and_then(|it| DAYS.get(it)).is_none_or(|most| day <= *most)
    };
    numbers(month).all(|month| numbers(day).all(|day| !has(month, day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_well() {
        for schedule in [
            "* * * * *",
            "*/5 0-6,22 1 JAN-MAR MON",
            "@hourly",
            "@every 1h",
            "0 0 29 2 *",
            "TZ=UTC 0 0 * * *",
            "0 0 31 1,2 *",
            "0 0 30 2 1",
            "0 0 ? * 7",
        ] {
            assert_eq!(trouble(schedule), None, "{schedule}");
        }
    }

    #[test]
    fn what_never_comes_is_told() {
        for schedule in ["", "* * * *", "0 0 0 * * *", "60 * * * *", "0 24 * * *", "@nightly"] {
            assert!(trouble(schedule).is_some(), "{schedule}");
        }
        assert!(trouble("0 0 30 2 *").unwrap().contains("months"));
        assert!(trouble("0 0 31 4,6 *").unwrap().contains("months"));
    }
}
