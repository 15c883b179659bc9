//! Services that may be wrong: a namespace is gone through when something changed in it, and a Service is looked at
//! when it has been suspicious for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use types::ObjectRef;

use crate::cluster::key;

/// What changes in a namespace within this time is gone through together.
const TOGETHER: Duration = Duration::from_secs(2);
/// How long after a look a Service that is still suspicious is looked at again, once something changes: a workload that
/// is scaled to nothing is no trouble, and stays that way. It doubles each time.
const PAUSE: Duration = Duration::from_mins(1);
/// Services of a namespace that are looked at together: each look reads all Services of the namespace, and who may make
/// Services may make thousands.
const MAX_LOOKS: usize = 10;
/// The longest of these pauses.
const LONGEST: Duration = Duration::from_mins(30);

/// Services that may be wrong.
#[derive(Debug)]
pub(super) struct Services {
    /// How long a Service has to be suspicious.
    patience: Duration,
    /// The namespaces in which something changed, and when each is gone through.
    due: BTreeMap<Box<str>, Instant>,
    suspects: BTreeMap<ObjectRef, Suspect>,
}

#[derive(Debug, Clone, Copy)]
struct Suspect {
    /// When it may be looked at.
    next: Instant,
    /// How long it is left alone after that.
    pause: Duration,
}

impl Services {
    /// Nobody is suspicious yet, and everybody has so much time.
    pub(super) fn patient_for(patience: Duration) -> Self {
        Self { patience, due: BTreeMap::new(), suspects: BTreeMap::new() }
    }

    /// Something changed in this namespace.
    pub(super) fn touch(&mut self, namespace: &str) {
        // The most frequent of all calls: nothing is allocated where the namespace waits already.
        let at = Instant::now() + TOGETHER;
        match self.due.get_mut(namespace) {
            Some(due) => *due = at.min(*due),
            None => {
                self.due.insert(namespace.into(), at);
            }
        }
    }

    /// The Service itself changed: its time begins anew.
    pub(super) fn forget(&mut self, service: &ObjectRef) {
        self.suspects.remove(&key(service));
    }

    /// When the next namespace is gone through.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// Takes a namespace that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Box<str>> {
        let namespace = self.due.iter().find(|it| *it.1 <= now)?.0.clone();
        self.due.remove(&namespace);
        Some(namespace)
    }

    /// Of all Services of this namespace, each with whether it is suspicious now, those that are to be looked at: no
    /// more than ten, and the others when the namespace is gone through next.
    pub(super) fn overdue(
        &mut self,
        namespace: &str,
        services: &[(ObjectRef, bool)],
        now: Instant,
    ) -> Vec<ObjectRef> {
        let suspicious = services.iter().filter(|it| it.1);
        let suspicious: BTreeSet<_> = suspicious.map(|it| key(&it.0)).collect();
        self.suspects.retain(|it, _| it.namespace != namespace || suspicious.contains(it));
        let mut overdue = vec![];
        let mut again: Option<Instant> = None;
        for (service, _) in services.iter().filter(|it| it.1) {
            let first = Suspect { next: now + self.patience, pause: PAUSE };
            let suspect = self.suspects.entry(key(service)).or_insert(first);
            if suspect.next <= now && MAX_LOOKS <= overdue.len() {
                again = Some(again.map_or(now + TOGETHER, |it| it.min(now + TOGETHER)));
            } else if suspect.next <= now {
                overdue.push(service.clone());
                suspect.next = now + suspect.pause;
                suspect.pause = (suspect.pause * 2).min(LONGEST);
            } else {
                again = Some(again.map_or(suspect.next, |it| it.min(suspect.next)));
            }
        }
        if let Some(at) = again {
            let due = self.due.entry(namespace.into()).or_insert(at);
            *due = at.min(*due);
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use types::Kind;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(45);

    fn web() -> ObjectRef {
        ObjectRef::named(Kind::Service, "shop", "web")
    }

    fn check(services: &mut Services, suspicious: bool, at: Instant) -> bool {
        !services.overdue("shop", &[(web(), suspicious)], at).is_empty()
    }

    #[test]
    fn a_service_has_its_time_before_it_is_looked_at() {
        let (mut services, start) = (Services::patient_for(PATIENCE), Instant::now());

        assert!(!check(&mut services, true, start));
        assert_eq!(services.next_at(), Some(start + PATIENCE));
        assert!(!check(&mut services, true, start + PATIENCE / 2));
        assert!(check(&mut services, true, start + PATIENCE));
    }

    #[test]
    fn one_that_was_well_in_between_has_its_time_anew() {
        let (mut services, start) = (Services::patient_for(PATIENCE), Instant::now());

        check(&mut services, true, start);
        check(&mut services, false, start + PATIENCE / 2);

        assert!(!check(&mut services, true, start + PATIENCE));
        services.forget(&web());
        assert!(!check(&mut services, true, start + PATIENCE * 2));
    }

    #[test]
    fn one_that_is_still_suspicious_is_looked_at_less_and_less_often() {
        let (mut services, start) = (Services::patient_for(Duration::ZERO), Instant::now());

        let looks =
            (0..3600).filter(|it| check(&mut services, true, start + Duration::from_secs(*it)));

        // At once, and after 1, 3, 7, 15, 31 minutes.
        assert_eq!(looks.count(), 6);
    }

    #[test]
    fn many_are_looked_at_few_at_a_time_and_each_has_its_turn() {
        let (mut services, start) = (Services::patient_for(Duration::ZERO), Instant::now());
        let many: Vec<_> = (0..3 * MAX_LOOKS)
            .map(|it| (ObjectRef::named(Kind::Service, "shop", format!("web-{it}")), true))
            .collect();

        let mut looked_at = BTreeSet::new();
        for pass in 0..3 {
            let now = start + TOGETHER * pass;
            let looks = services.overdue("shop", &many, now);
            assert_eq!(looks.len(), MAX_LOOKS);
            looked_at.extend(looks);
            assert!(pass == 2 || services.next_at() == Some(start + TOGETHER));
        }

        assert_eq!(looked_at.len(), many.len());
    }

    #[test]
    fn a_namespace_is_gone_through_once_for_many_changes() {
        let mut services = Services::patient_for(PATIENCE);
        for _ in 0..1000 {
            services.touch("shop");
        }
        let later = Instant::now() + TOGETHER;

        assert!(services.pop_due(Instant::now()).is_none());
        assert_eq!(services.pop_due(later).as_deref(), Some("shop"));
        assert!(services.pop_due(later).is_none());
    }
}
