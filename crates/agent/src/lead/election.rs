//! Who leads, decided from what was seen of the Lease: a pure function of what is read and when.
//!
//! After client-go's leader election: time is measured here from when a change was seen, never between the clocks
//! of two machines (<https://pkg.go.dev/k8s.io/client-go/tools/leaderelection>).

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::cluster::LeaseRecord;

/// The longest that a holder may ask to be believed: a Lease that says more was not written by one of us.
const LONGEST: Duration = Duration::from_mins(1);

/// The times of an election, in the proportions of client-go: 15, 10 and 2 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// How long a holder of whom nothing is seen is believed.
    pub(super) lease: Duration,
    /// How long a holder that could not renew goes on believing himself. Shorter than `lease`: he stops before
    /// another begins.
    pub(super) renew_deadline: Duration,
    /// How often the Lease is looked at.
    pub(super) retry: Duration,
    /// How long a Lease that was let go for somebody is left to him.
    courtesy: Duration,
}

impl Terms {
    /// The times where a silent holder is believed for so long.
    pub(super) fn of(lease: Duration) -> Self {
        Self {
            lease,
            renew_deadline: lease * 2 / 3,
            retry: lease * 2 / 15,
            courtesy: lease * 2 / 5,
        }
    }
}

/// What is to be done about the Lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is ours: say that we are here.
    Renew,
    /// Nobody has it, or its holder has been silent too long: take it.
    Take,
    /// Another one has it.
    Wait,
    /// Another one has it, and we have something to finish: ask for our turn.
    Ask,
    /// It is ours, another one asks for his turn, and nothing of ours is under way.
    LetGo,
}

/// What was seen of the holder last, and when that was new.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Observed {
    holder: Option<String>,
    renewed: Option<Timestamp>,
    at: Option<Instant>,
}

/// Who looks, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replica<'a> {
    /// Its name.
    pub(super) me: &'a str,
    /// Whether nothing of its own is unfinished.
    pub(super) is_idle: bool,
    /// The times that it goes by.
    pub(super) terms: Terms,
}

impl Observed {
    /// Takes in what was read. Only what the holder says of himself counts as a sign of his life.
    pub(super) fn see(&mut self, record: Option<&LeaseRecord>, now: Instant) {
        let holder = record.and_then(|it| it.holder()).map(str::to_owned);
        let renewed = record.and_then(LeaseRecord::renewed);
        if self.at.is_none() || (&holder, &renewed) != (&self.holder, &self.renewed) {
            *self = Self { holder, renewed, at: Some(now) };
        }
    }

    /// When the holder was last seen to renew.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// What this replica has to do about the Lease that it has just seen.
    pub(super) fn step(
        &self,
        record: Option<&LeaseRecord>,
        replica: Replica<'_>,
        now: Instant,
    ) -> Step {
        let Some(record) = record else { return Step::Take };
        let terms = replica.terms;
        // Another setting than the holder's must not take it from him while he believes that he has it.
        let believed = terms.lease.max(record.lasts().min(LONGEST));
        let seen_for = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let wanted_by_other = record.wanted_by().filter(|it| *it != replica.me);
        match record.holder() {
            Some(holder) if holder == replica.me => {
                if wanted_by_other.is_some() && replica.is_idle { Step::LetGo } else { Step::Renew }
            }
            None if wanted_by_other.is_some() && seen_for < terms.courtesy => Step::Wait,
            None => Step::Take,
            Some(_) if believed <= seen_for => Step::Take,
            Some(_) if !replica.is_idle && record.wanted_by().is_none() => Step::Ask,
            Some(_) => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(by: &str, second: i64) -> LeaseRecord {
        let at = Timestamp::from_second(second).unwrap();
        LeaseRecord::default().held_by(by, "{}".to_owned(), at)
    }

    /// What a replica `b` does that saw these, each so many seconds after the first.
    #[track_caller]
    fn check(seen: &[(u64, Option<&LeaseRecord>)], is_idle: bool, expected: Step) {
        let begin = Instant::now();
        let mut observed = Observed::default();
        let mut step = None;
        for (seconds, record) in seen {
            let now = begin + Duration::from_secs(*seconds);
            observed.see(*record, now);
            let terms = Terms::of(Duration::from_secs(15));
            step = Some(observed.step(*record, Replica { me: "b", is_idle, terms }, now));
        }
        assert_eq!(step, Some(expected), "{seen:?}");
    }

    #[test]
    fn what_nobody_holds_is_taken() {
        check(&[(0, None)], true, Step::Take);
        check(&[(0, Some(&held("a", 1).let_go("{}".to_owned())))], true, Step::Take);
    }

    #[test]
    fn a_holder_is_believed_as_long_as_he_is_seen_to_renew_by_our_own_clock() {
        // His clock is years behind, and it is the change that counts.
        check(&[(0, Some(&held("a", 1)))], true, Step::Wait);
        check(&[(0, Some(&held("a", 1))), (14, Some(&held("a", 1)))], true, Step::Wait);
        check(
            &[(0, Some(&held("a", 1))), (14, Some(&held("a", 2))), (28, Some(&held("a", 2)))],
            true,
            Step::Wait,
        );
        check(&[(0, Some(&held("a", 1))), (15, Some(&held("a", 1)))], true, Step::Take);
    }

    #[test]
    fn to_ask_for_a_turn_is_no_sign_that_the_holder_lives() {
        let silent = held("a", 1);
        check(&[(0, Some(&silent)), (15, Some(&silent.asked_for_by("c")))], true, Step::Take);
    }

    #[test]
    fn who_has_something_to_finish_asks_for_its_turn_once() {
        check(&[(0, Some(&held("a", 1)))], false, Step::Ask);
        check(&[(0, Some(&held("a", 1).asked_for_by("b")))], false, Step::Wait);
        check(&[(0, Some(&held("a", 1).asked_for_by("c")))], false, Step::Wait);
    }

    #[test]
    fn a_turn_is_given_by_who_has_nothing_under_way() {
        let asked = held("b", 1).asked_for_by("c");
        check(&[(0, Some(&asked))], true, Step::LetGo);
        check(&[(0, Some(&asked))], false, Step::Renew);
        check(&[(0, Some(&held("b", 1)))], true, Step::Renew);
    }

    #[test]
    fn what_was_let_go_for_somebody_is_left_to_him_for_a_moment() {
        let free = held("b", 1).asked_for_by("c").let_go("{}".to_owned());
        check(&[(0, Some(&free))], true, Step::Wait);
        check(&[(0, Some(&free)), (6, Some(&free))], true, Step::Take);
        let mine = held("a", 1).asked_for_by("b").let_go("{}".to_owned());
        check(&[(0, Some(&mine))], false, Step::Take);
    }

    #[test]
    fn a_holder_who_asks_for_longer_is_believed_for_longer_and_not_for_ever() {
        let patient = held("a", 1).lasting(Duration::from_secs(30));
        check(&[(0, Some(&patient)), (29, Some(&patient))], true, Step::Wait);
        check(&[(0, Some(&patient)), (30, Some(&patient))], true, Step::Take);
        let hasty = held("a", 1).lasting(Duration::from_secs(5));
        check(&[(0, Some(&hasty)), (14, Some(&hasty))], true, Step::Wait);
        let forged = held("a", 1).lasting(Duration::from_hours(9000));
        check(&[(0, Some(&forged)), (60, Some(&forged))], true, Step::Take);
    }

    #[test]
    fn a_holder_stops_before_another_one_begins() {
        for seconds in [2, 15, 60] {
            let terms = Terms::of(Duration::from_secs(seconds));
            assert!(terms.renew_deadline + terms.retry < terms.lease, "{terms:?}");
        }
        let usual = Terms::of(Duration::from_secs(15));
        let times = [usual.lease, usual.renew_deadline, usual.retry, usual.courtesy];
        assert_eq!(times, [15, 10, 2, 6].map(Duration::from_secs));
    }
}
