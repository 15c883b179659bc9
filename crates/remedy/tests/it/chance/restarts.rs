//! Pods that hang, or only look so.

use types::{Evidence, Kind};

use super::Chance;
use crate::wedged::{AGAINST, one_of_three, sole};

pub(super) fn hanging(chance: &mut Chance) -> Evidence {
    let mut evidence = if chance.one_in(2) { one_of_three() } else { sole() };
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet];
    evidence.subject.kind = *chance.pick(&kinds);
    match chance.below(6) {
        0 => chance.pick(AGAINST)(&mut evidence),
        1 => evidence.containers[0].wedged = None,
        2 => evidence.pods.iter_mut().for_each(|it| it.current = false),
        3 => {
            let container = &mut evidence.containers[0];
            container.left_behind = Some("/run/web.pid".to_owned());
            container.left_in_scratch = chance.one_in(2);
        }
        4 => evidence.containers[0].at_work = true,
        _ => {}
    }
    evidence
}
