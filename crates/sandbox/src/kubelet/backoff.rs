//! How long to wait before the next try: twice as long each time, up to a limit.

use std::time::Duration;

use crate::clock::Moment;

/// The first wait of a container or an image.
const FIRST: Duration = Duration::from_secs(10);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(5);
/// After twice the longest wait without a failure everything is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// The waits of one container, or of one image in one pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff(Option<(Duration, Moment)>);

impl Backoff {
    /// Until when to wait after something that happened at `since`; `None` when there is no reason to.
    pub(super) fn until(&self, since: Moment, now: Moment) -> Option<Moment> {
        let (wait, updated) = self.0?;
        if updated + FORGOTTEN < since {
            return None;
        }
        let until = since + wait;
        (now < until).then_some(until)
    }

    /// How long one has to wait.
    pub(super) fn wait(&self) -> Duration {
        self.0.map_or(FIRST, |it| it.0)
    }

    /// Something failed again, or is tried again after a failure.
    pub(super) fn next(&mut self, since: Moment, now: Moment) {
        let wait = match self.0 {
            Some((wait, updated)) if since <= updated + FORGOTTEN => (wait * 2).min(LONGEST),
            Some(_) | None => FIRST,
        };
        self.0 = Some((wait, now));
    }

    /// It worked.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// A span as Go writes it, such as `1m20s`.
pub(super) fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_crash_loop_waits_twice_as_long_each_time() {
        let mut backoff = Backoff::default();
        let mut now = at(100);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let since = now;
            if let Some(until) = backoff.until(since, now) {
                waits.push(words(backoff.wait()));
                now = until;
            }
            backoff.next(since, now);
        }
        assert_eq!(waits, ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"]);
    }

    #[test]
    fn ten_quiet_minutes_are_a_new_beginning() {
        let mut backoff = Backoff::default();
        backoff.next(at(0), at(0));
        backoff.next(at(10), at(10));

        assert_eq!(backoff.until(at(620), at(620)), None);
        backoff.next(at(620), at(620));
        assert_eq!(backoff.wait(), FIRST);
    }
}
