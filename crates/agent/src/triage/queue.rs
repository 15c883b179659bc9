//! Whose turn it is: each root owner at most once, not before its time, and not too often.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use types::ObjectRef;

use crate::cluster::key;

/// What comes within this time of the first change is looked at together: a failing rollout changes many
/// objects at once. Short, because a person may wait.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// A workload that changes all the time is looked at this often at most.
const CALM: Duration = Duration::from_secs(1);
/// After so long without a look, a workload counts as quiet again.
const QUIET: Duration = Duration::from_secs(5);
/// When a workload that is neither well nor diagnosed is looked at again, in seconds after the look before:
/// rules have patience of their own, from half a minute to five.
const PATIENCE: [u64; 7] = [5, 10, 20, 40, 80, 160, 320];
/// How often a pod waits for its owner to become known, and how long each time: five seconds in all.
const ORPHAN: (u8, Duration) = (50, Duration::from_millis(100));

/// One look that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// The root owner; a pod while its owner is not known.
    pub(super) subject: ObjectRef,
    /// When the first change that led here reached us.
    pub(super) seen_at: Option<Timestamp>,
    /// How often it was looked at without a finding.
    pub(super) looked: u8,
    /// How often its owner was not known.
    pub(super) orphaned: u8,
}

impl Turn {
    /// When to look again at what is neither well nor diagnosed; `None` when patience has ended.
    pub(super) fn next_patience(&self) -> Option<Duration> {
        PATIENCE.get(usize::from(self.looked)).copied().map(Duration::from_secs)
    }
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    due: BTreeMap<ObjectRef, (Instant, Turn)>,
    running: BTreeSet<ObjectRef>,
    /// When it was last looked at, and how often in a row.
    pace: BTreeMap<ObjectRef, (Instant, u32)>,
    healthy: BTreeMap<ObjectRef, Instant>,
}

impl Queue {
    /// The subject is to be looked at after `delay`, or sooner if it is due sooner.
    pub(super) fn mark(
        &mut self,
        subject: &ObjectRef,
        delay: Duration,
        seen_at: Option<Timestamp>,
    ) {
        let subject = key(subject);
        self.put(Turn { subject, seen_at, looked: 0, orphaned: 0 }, delay.max(DEBOUNCE));
    }

    /// The subject was looked at without a finding and is not well: it is looked at again.
    pub(super) fn mark_again(&mut self, turn: &Turn, delay: Duration) {
        let looked = turn.looked + 1;
        self.put(Turn { subject: key(&turn.subject), seen_at: None, looked, orphaned: 0 }, delay);
    }

    /// The owner of this pod is not known yet: it gets another turn; false when it had enough of them.
    pub(super) fn mark_orphan(&mut self, turn: &Turn) -> bool {
        let (limit, delay) = ORPHAN;
        let waits = turn.orphaned < limit;
        if waits {
            self.put(Turn { orphaned: turn.orphaned + 1, ..turn.clone() }, delay);
        }
        waits
    }

    fn put(&mut self, turn: Turn, delay: Duration) {
        let at = Instant::now() + delay;
        match self.due.get_mut(&turn.subject) {
            Some((due, known)) => {
                *due = at.min(*due);
                known.seen_at = known.seen_at.or(turn.seen_at);
                known.looked = known.looked.min(turn.looked);
            }
            None => {
                self.due.insert(turn.subject.clone(), (at, turn));
            }
        }
    }

    /// When the next turn is due.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.ready().map(|(subject, at)| self.not_before(subject, at)).min()
    }

    /// Takes the next subject that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Turn> {
        let subject = self
            .ready()
            .filter(|(subject, at)| self.not_before(subject, *at) <= now)
            .min_by_key(|(_, at)| *at)
            .map(|(subject, _)| subject.clone())?;
        let (_, turn) = self.due.remove(&subject)?;
        self.running.insert(subject);
        Some(turn)
    }

    fn ready(&self) -> impl Iterator<Item = (&ObjectRef, Instant)> {
        self.due.iter().filter(|(it, _)| !self.running.contains(it)).map(|(it, (at, _))| (it, *at))
    }

    /// Each look in a row doubles the pause before the next.
    fn not_before(&self, subject: &ObjectRef, at: Instant) -> Instant {
        let Some((last, in_a_row)) = self.pace.get(subject) else { return at };
        let pause = DEBOUNCE.saturating_mul(1 << in_a_row.min(&8)).min(CALM);
        at.max(*last + pause)
    }

    /// The look at this subject is over.
    pub(super) fn done(&mut self, subject: &ObjectRef, now: Instant) {
        let subject = key(subject);
        self.running.remove(&subject);
        self.pace.retain(|_, (last, _)| now.duration_since(*last) < QUIET);
        let in_a_row = self.pace.get(&subject).map_or(0, |it| it.1 + 1);
        self.pace.insert(subject, (now, in_a_row));
    }

    /// Remembers since when the subject is healthy, and answers with that.
    pub(super) fn healthy(&mut self, subject: &ObjectRef, now: Instant) -> Instant {
        self.healthy.entry(key(subject)).or_insert(now).to_owned()
    }

    /// The subject is not healthy, or nobody has to know any more.
    pub(super) fn not_healthy(&mut self, subject: &ObjectRef) {
        self.healthy.remove(&key(subject));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> ObjectRef {
        ObjectRef::named(types::Kind::Deployment, "shop", name)
    }

    fn later(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[test]
    fn a_thousand_changes_of_one_owner_are_one_turn() {
        let mut queue = Queue::default();
        for _ in 0..1000 {
            queue.mark(&subject("web"), Duration::ZERO, None);
        }

        assert!(queue.pop_due(later(50)).is_some());
        assert!(queue.pop_due(later(50)).is_none());
    }

    #[test]
    fn the_first_change_decides_when_and_is_remembered() {
        let mut queue = Queue::default();
        let first = Timestamp::UNIX_EPOCH;
        queue.mark(&subject("web"), Duration::from_mins(1), None);
        queue.mark(&subject("web"), Duration::ZERO, Some(first));
        queue.mark(&subject("web"), Duration::ZERO, Some(Timestamp::now()));

        let turn = queue.pop_due(later(50)).unwrap();

        assert_eq!(turn.seen_at, Some(first));
    }

    #[test]
    fn nobody_is_looked_at_twice_at_once() {
        let mut queue = Queue::default();
        queue.mark(&subject("web"), Duration::ZERO, None);
        let turn = queue.pop_due(later(50)).unwrap();
        queue.mark(&subject("web"), Duration::ZERO, None);

        assert!(queue.pop_due(later(5000)).is_none());
        queue.done(&turn.subject, Instant::now());
        assert!(queue.pop_due(later(5000)).is_some());
    }

    #[test]
    fn who_changes_all_the_time_waits_longer_and_holds_up_nobody() {
        let mut queue = Queue::default();
        for _ in 0..6 {
            queue.mark(&subject("busy"), Duration::ZERO, None);
            let turn = queue.pop_due(later(5000)).unwrap();
            queue.done(&turn.subject, Instant::now());
        }
        queue.mark(&subject("busy"), Duration::ZERO, None);
        queue.mark(&subject("calm"), Duration::ZERO, None);

        assert_eq!(queue.pop_due(later(200)).unwrap().subject, subject("calm"));
        assert!(queue.pop_due(later(200)).is_none());
        assert!(queue.pop_due(later(1100)).is_some());
    }

    #[test]
    fn patience_ends() {
        let mut queue = Queue::default();
        queue.mark(&subject("web"), Duration::ZERO, None);
        let mut n_looks = 0;
        while let Some(turn) = queue.pop_due(later(600_000)) {
            queue.done(&turn.subject, Instant::now());
            n_looks += 1;
            if let Some(patience) = turn.next_patience() {
                queue.mark_again(&turn, patience);
            }
        }

        assert_eq!(n_looks, 1 + PATIENCE.len());
    }
}
