//! When a subject in trouble is looked at again, though nothing of it changes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use types::Kind;

/// How often a Service in trouble is read anew: what speaks for a fix of it may come with pods that are not its own.
const SERVICE: Duration = Duration::from_mins(1);
/// The same of a workload, whose own changes bring most of what there is to know: a sibling that became ready, a job
/// beside it that is done. What speaks against it may be old news as well, and nothing else would tell.
const WORKLOAD: Duration = Duration::from_mins(2);
/// How often any of them while its incident is young: some facts count once they have lasted for a minute, and no
/// change tells that the minute is over.
const YOUNG: Duration = Duration::from_secs(30);
/// How long an incident is young.
const YOUTH: SignedDuration = SignedDuration::from_mins(5);

/// After how long a subject of this kind is looked at again, whose incident is open since then.
pub(super) fn after(kind: Kind, since: Option<Timestamp>, now: Timestamp) -> Duration {
    if since.is_some_and(|it| now.duration_since(it) < YOUTH) {
        YOUNG
    } else if kind == Kind::Service {
        SERVICE
    } else {
        WORKLOAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_looked_at_more_often_while_it_is_young() {
        let now: Timestamp = "2026-11-24T03:00:00Z".parse().unwrap();
        let ago = |secs| Some(now - SignedDuration::from_secs(secs));

        assert_eq!(after(Kind::Deployment, ago(0), now), YOUNG);
        assert_eq!(after(Kind::Service, ago(299), now), YOUNG);
        assert_eq!(after(Kind::Deployment, ago(300), now), WORKLOAD);
        assert_eq!(after(Kind::Service, ago(300), now), SERVICE);
        assert_eq!(after(Kind::Deployment, None, now), WORKLOAD);
    }
}
