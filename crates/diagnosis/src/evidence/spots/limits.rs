//! A memory limit in which nothing can run, and one of the pod as a whole.

use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;

/// Less than a mebibyte: its unit is another one than was meant.
pub(super) fn tiny(failing: &Failing<'_>) -> Option<Spot> {
    let limit = failing.facts.memory_limit.as_ref()?;
    let meant = limit.memory_meant()?;
    let unit = limit.0.trim_start_matches(|it: char| !it.is_ascii_alphabetic());
    let why = match unit {
        "m" => "is thousandths of a byte",
        "" => "is in bytes",
        _ => "is less than a mebibyte",
    };
    let path = failing.path.child("resources").child("limits").child("memory");
    let words = format!("; its memory limit of {limit} {why}, and {meant} was probably meant");
    Some(Spot::new(SpotTopic::Memory, path, &limit.0, words))
}

/// The limit of the pod as a whole, within which a container that has none of its own was killed
/// (<https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/>).
pub(super) fn of_pod(failing: &Failing<'_>) -> Option<Spot> {
    let is_killed = failing.facts.state.last_exit.as_deref() == Some("OOMKilled");
    let has_own =
        failing.facts.memory_limit.is_some() || failing.facts.given_memory_limit.is_some();
    let resources = failing.spec.resources.as_ref()?;
    let limit = resources.limits.as_ref()?.get("memory").filter(|_| is_killed && !has_own)?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("resources").child("limits");
    let words = format!(": all containers of the pod together may have {}", limit.0);
    Some(Spot::new(SpotTopic::Memory, path.child("memory"), &limit.0, words))
}
