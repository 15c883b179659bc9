//! When a CronJob makes its next job.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use k8s_openapi::api::batch::v1::CronJob;

/// How far ahead is looked, in minutes.
const AHEAD: i64 = 60;
/// Schedules by name.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The next time after `now`; `None` where it is not known, is more than an hour away, or waits for a job that is
/// there.
pub(super) fn of(owner: &CronJob, now: Timestamp) -> Option<Timestamp> {
    let waits = owner.spec.concurrency_policy.as_deref() == Some("Forbid")
        && owner.status.iter().any(|it| it.active.iter().flatten().next().is_some());
    let is_suspended = owner.spec.suspend == Some(true);
    if waits || is_suspended {
        return None;
    }
    next(&owner.spec.schedule, owner.spec.time_zone.as_deref(), now)
}

fn next(schedule: &str, zone: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let mut words: Vec<&str> = schedule.split_whitespace().collect();
    let own = words.first().and_then(|it| it.split_once("TZ=")).map(|it| it.1);
    if own.is_some() {
        words.remove(0);
    }
    let named = words.first().and_then(|it| NAMED.iter().find(|named| named.0 == *it));
    if let Some((_, plain)) = named {
        words = plain.split_whitespace().collect();
    }
    let [minute, hour, day, month, weekday] = words.as_slice() else { return None };
    // Elsewhere it is another hour, and perhaps another day; the minutes are the same nearly everywhere.
    let is_any = |it: &&str| ["*", "?"].contains(it);
    let zone = own.or(zone).is_none_or(|it| ["UTC", "Etc/UTC", "GMT"].contains(&it));
    if !zone && ![hour, day, month, weekday].into_iter().all(is_any) {
        return None;
    }
    let first = now.as_second().div_euclid(60) + 1;
    let minutes = (first..=first + AHEAD).filter_map(|it| Timestamp::from_second(it * 60).ok());
    let fits = |at: &Timestamp| -> Option<bool> {
        let at: Zoned = at.to_zoned(TimeZone::UTC);
        let weekday_now = u32::try_from(at.weekday().to_sunday_zero_offset()).ok()?;
        let by_day = has(day, at.day(), (1, 31), &[])?;
        let of_week = |number| has(weekday, number, (0, 7), &WEEKDAYS);
        let by_weekday = of_week(weekday_now)? || weekday_now == 0 && of_week(7_u32)?;
        // Where both name some days, either will do.
        let is_day = match (is_any(day), is_any(weekday)) {
            (false, false) => by_day || by_weekday,
            (_, _) => by_day && by_weekday,
        };
        let is_time =
            has(minute, at.minute(), (0, 59), &[])? && has(hour, at.hour(), (0, 23), &[])?;
        Some(is_day && is_time && has(month, at.month(), (1, 12), &MONTHS)?)
    };
    let limit = now.checked_add(SignedDuration::from_mins(AHEAD)).ok()?;
    let mut minutes = minutes.filter(|it| *it <= limit);
    minutes.find(|it| fits(it) == Some(true))
}

/// Whether a field takes the number; `None` where it cannot be read.
fn has(
    field: &str,
    number: impl TryInto<u32>,
    (low, high): (u32, u32),
    names: &[&str],
) -> Option<bool> {
    let number = number.try_into().ok()?;
    let read = |it: &str| -> Option<u32> {
        let word = it.to_lowercase();
        let named = names.iter().position(|it| *it == word).and_then(|it| u32::try_from(it).ok());
        // Months are counted from 1.
        named.map(|it| it + u32::from(names.len() == MONTHS.len())).or_else(|| it.parse().ok())
    };
    let mut found = false;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |it| (it.0, Some(it.1)));
        let every: u32 = step.map_or(Some(1), |it| it.parse().ok()).filter(|it| 0 < *it)?;
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (read(first)?, read(last)?),
            None if ["*", "?"].contains(&range) => (low, high),
            None => {
                let first = read(range)?;
                (first, if step.is_some() { high } else { first })
            }
        };
        found |= first <= number && number <= last && (number - first).is_multiple_of(every);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday, 27 November 2026, half past eight in the evening.
    const NOW: &str = "2026-11-27T20:30:10Z";

    #[track_caller]
    fn check(schedule: &str, zone: Option<&str>, expected: Option<&str>) {
        let expected = expected.map(|it| format!("2026-11-27T{it}:00Z").parse().unwrap());
        assert_eq!(next(schedule, zone, NOW.parse().unwrap()), expected, "{schedule}");
    }

    #[test]
    fn the_next_time_within_an_hour_is_known() {
        check("* * * * *", None, Some("20:31"));
        check("*/5 * * * *", None, Some("20:35"));
        check("7-59/10 * * * *", None, Some("20:37"));
        check("0 * * * *", None, Some("21:00"));
        check("@hourly", None, Some("21:00"));
        check("15,45 20 * * FRI", None, Some("20:45"));
        check("0 21 27 NOV *", None, Some("21:00"));
        check("0 21 1 * 5", None, Some("21:00"));
        check("*/15 * * * *", Some("Europe/Berlin"), Some("20:45"));
        check("TZ=UTC 31 20 * * *", None, Some("20:31"));
    }

    #[test]
    fn what_is_farther_away_or_cannot_be_read_is_not_known() {
        for schedule in
            ["0 3 * * *", "@daily", "@every 5m", "0 21 * * MON", "", "x * * * *", "*/0 * * * *"]
        {
            check(schedule, None, None);
        }
        check("0 21 * * *", Some("Europe/Berlin"), None);
        check("0 21 28 * *", None, None);
    }

    #[test]
    fn a_schedule_that_waits_for_its_last_job_has_no_next_time() {
        let owner = |policy: &str| -> CronJob {
            serde_json::from_value(serde_json::json!({
                "metadata": {},
                "spec": {"schedule": "* * * * *", "concurrencyPolicy": policy,
                    "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}},
                "status": {"active": [{"name": "report-1"}]},
            }))
            .unwrap()
        };

        assert_eq!(of(&owner("Forbid"), NOW.parse().unwrap()), None);
        assert!(of(&owner("Allow"), NOW.parse().unwrap()).is_some());
    }
}
