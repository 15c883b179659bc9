//! What has to speak for a new pod in place of one that fails, before a machine takes it away.

use types::{Action, ContainerFacts, ContainerRole, Evidence, FixPlan, Step, Strategy};

use crate::{Consent, Policy, place, wedged};

/// Whether the facts leave open that a new pod would be like the one that it evicts. Who wrote `restart_pod: auto`
/// lets that be tried.
pub(super) fn is_unbacked(plan: &FixPlan, policy: &Policy, evidence: &Evidence) -> bool {
    let is_loosened = policy.strategies.get(Strategy::RestartPod.name()) == Some(&Consent::Auto);
    let is_open = |it: &Step| it.action == Action::Evict && !is_backed(&it.target.name, evidence);
    plan.strategy == Strategy::RestartPod && !is_loosened && plan.steps.iter().any(is_open)
}

/// Whether it holds up an ordered set with an earlier template, found but its own mark that somebody is at work, or is
/// the one pod whose process hangs.
fn is_backed(pod: &str, evidence: &Evidence) -> bool {
    let left_a_mark = |it: &ContainerFacts| {
        it.pod == pod
            && it.role == ContainerRole::App
            && it.left_in_scratch
            && it.left_behind.is_some()
            && !it.ready
    };
    place::held_up(evidence).iter().any(|it| it.name == pod)
        || evidence.workload.was_ready && evidence.containers.iter().any(left_a_mark)
        || wedged::hanging(evidence) == Some(pod)
}
