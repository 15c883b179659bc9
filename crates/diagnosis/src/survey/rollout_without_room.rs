//! A rollout that needs room for one pod more and takes none away first: while the old pods hold what the new one waits
//! for, it cannot move.
//!
//! Told with the trouble of the new pod. Who holds a place by its wish to stand alone, or by a host port, is named in
//! `rivals`.

use k8s_openapi::api::core::v1::Pod;
use types::{AnyFault, Fault, Finding};

use super::edges::{failing, unschedulable};
use super::rivals::{MOST_AWAY, REVISION, kept};
use super::scene::{Scene, is_over, is_ready, name};
use super::words::{entry, listed};

/// What says that a volume is held by another pod.
const HELD: [&str; 2] = ["Multi-Attach error", "ReadWriteOncePod access mode"];
/// What says that a node has too little left.
const SHORT: &str = "Insufficient ";
/// What says that a namespace has too little left.
const QUOTA: &str = "exceeded quota";

/// The finding with the word that the rollout itself keeps what it needs.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let Some(value) = kept(&finding, scene) else { return finding };
    // Who holds the place is told already.
    if finding.field.as_deref() == Some(MOST_AWAY) {
        return finding;
    }
    let holders = old_ones(&finding, scene);
    let Some(wait) = wait(&finding, scene).filter(|_| !holders.is_empty()) else {
        return finding;
    };
    let names: Vec<_> = holders.iter().map(|it| name(&it.metadata).to_owned()).collect();
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let held = listed(&names);
    let cause = match wait {
        Wait::Volume => format!(
            "{cause}; the pods of before hold it ({held}), and the rollout takes none of them away first, which the strategy \
             Recreate would do."
        ),
        Wait::Room => format!(
            "{cause}; the rollout needs room for one pod more, since it takes none of the old ones away first."
        ),
    };
    let finding = Finding { cause, ..finding }.clue(MOST_AWAY, &value);
    match wait {
        Wait::Volume => finding.at("/spec/strategy/type"),
        Wait::Room => finding,
    }
}

/// What the new pod waits for.
enum Wait {
    Volume,
    Room,
}

fn wait(finding: &Finding, scene: &Scene<'_>) -> Option<Wait> {
    let said: Vec<&str> = match finding.fault {
        AnyFault::Workload(Fault::Unschedulable) => {
            failing(finding, scene).into_iter().filter_map(unschedulable).collect()
        }
        AnyFault::Workload(Fault::VolumeNotMounted | Fault::FailedCreate) => {
            finding.clues.iter().map(|it| it.value.as_str()).collect()
        }
        AnyFault::Workload(_) | AnyFault::Cluster(_) => return None,
    };
    let says = |mark: &str| said.iter().any(|it| it.contains(mark));
    if HELD.iter().any(|it| says(it)) {
        Some(Wait::Volume)
    } else {
        (says(SHORT) || says(QUOTA)).then_some(Wait::Room)
    }
}

/// Ready pods of the workload, where all of them are of an earlier revision than those that fail; without any that
/// fails, where they are all of one.
fn old_ones<'a>(finding: &Finding, scene: &Scene<'a>) -> Vec<&'a Pod> {
    let revision = |it: &Pod| entry(it.metadata.labels.as_ref(), REVISION).map(str::to_owned);
    let new: Vec<_> = failing(finding, scene).into_iter().filter_map(revision).collect();
    let pods = scene.pods_of(&finding.subject).iter().copied();
    let mut ready: Vec<_> = pods.filter(|it| is_ready(it) && !is_over(it)).collect();
    ready.sort_by_key(|it| name(&it.metadata));
    let is_old = |it: &&Pod| revision(it).is_some_and(|it| !new.contains(&it));
    if ready.iter().all(is_old) { ready } else { vec![] }
}
