//! Whether a container that is killed for memory lives for about as long each time: then it fills evenly.

use jiff::{SignedDuration, Timestamp};

/// Ends from which they have a mean worth the name.
const ENOUGH: i64 = 3;
/// A shorter life is put off by the kubelet's waits between two starts, and says nothing.
const SHORTEST: SignedDuration = SignedDuration::from_mins(10);
/// How far, in percent of the mean, the last life may be from it.
const NEAR: i64 = 25;

/// What is said of its lives, as the end of a sentence. All that is known of a container are its last life, how often
/// it ended and when its pod was made.
pub(crate) fn even_life(
    created: Timestamp,
    (began, ended): (Timestamp, Timestamp),
    ends: i64,
) -> Option<String> {
    let last = ended.duration_since(began).as_secs();
    let mean = ended.duration_since(created).as_secs().checked_div(ends)?;
    let apart = (last - mean).abs();
    let is_even = ENOUGH <= ends
        && SHORTEST.as_secs() <= last
        && apart.saturating_mul(100) <= mean.saturating_mul(NEAR);
    let minutes = last / 60;
    is_even.then(|| {
        format!(
            ", after about {minutes} minutes as each time before: it fills evenly, as what leaks or keeps too much does"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = "2026-11-24T00:00:00Z";

    fn said(began: &str, ended: &str, ends: i64) -> Option<String> {
        let at = |it: &str| it.parse::<Timestamp>().unwrap();
        even_life(at(CREATED), (at(began), at(ended)), ends)
    }

    #[test]
    fn what_lives_as_long_each_time_fills_evenly() {
        let said = said("2026-11-24T02:40:00Z", "2026-11-24T03:20:00Z", 5).unwrap();
        assert!(said.contains("after about 40 minutes"), "{said}");
    }

    #[test]
    fn lives_that_differ_or_are_few_or_short_say_nothing() {
        assert_eq!(said("2026-11-24T03:00:00Z", "2026-11-24T03:20:00Z", 5), None);
        assert_eq!(said("2026-11-24T00:40:00Z", "2026-11-24T01:20:00Z", 2), None);
        assert_eq!(said("2026-11-24T00:15:00Z", "2026-11-24T00:20:00Z", 4), None);
        assert_eq!(said("2026-11-24T00:15:00Z", "2026-11-24T00:20:00Z", 0), None);
    }
}
