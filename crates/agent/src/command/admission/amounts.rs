//! Amounts of memory and CPU: how far they grow, and that they stay where there are some.

use remedy::Policy;
use types::{Quantity, Strategy};

use super::Claim;

/// No amount of memory or CPU grows further than one write of a strategy lets it, and no limit goes. A rollback is
/// bounded by the caps alone: an earlier template may have had any amount, and none.
pub(super) fn bounds(policy: &Policy) -> [Claim; 3] {
    let (caps, memory, cpu) = (&policy.caps, Strategy::MEMORY_TIMES, Strategy::CPU_TIMES);
    let limits = [grown_limit("memory", memory), grown_limit("cpu", cpu)];
    let requests =
        [grown_request("memory", memory, &caps.memory), grown_request("cpu", cpu, &caps.cpu)];
    [
        limits_stay(),
        (limits.join(" && "), "no limit is raised further than one write raises it"),
        (
            requests.join(" && "),
            "no request is raised above the limit, the cap or what one write lowers it from",
        ),
    ]
}

/// A limit is at most so many times what it was, wherever it was one: in less memory than a mebibyte nothing runs,
/// so that what was meant there may be any times of it.
fn grown_limit(resource: &str, times: u64) -> String {
    let amount = |of: &str| amount(of, "limits", resource);
    let mut excuses = vec![
        "b.name != c.name".to_owned(),
        format!("!({})", has_limit("b", resource)),
        at_most(&amount("c"), &amount("b"), times),
    ];
    if resource == "memory" {
        excuses.push(format!("{}.compareTo(quantity('1Mi')) < 0", amount("b")));
    }
    format!(
        "variables.containers.all(c, !({}) || variables.containersBefore.all(b, {}))",
        has_limit("c", resource),
        excuses.join(" || "),
    )
}

/// A request is at most the limit or the cap, or so many times what it was: an undo puts back what was lowered.
fn grown_request(resource: &str, times: u64, cap: &Quantity) -> String {
    let request = |of: &str| amount(of, "requests", resource);
    format!(
        "variables.containers.all(c, !({}) || {now}.compareTo(quantity('{cap}')) <= 0 || \
         ({} && {now}.compareTo({}) <= 0) || \
         variables.containersBefore.exists(b, b.name == c.name && {} && {}))",
        has("c", "requests", resource),
        has_limit("c", resource),
        amount("c", "limits", resource),
        has("b", "requests", resource),
        at_most(&request("c"), &request("b"), times),
        now = request("c"),
    )
}

fn at_most(now: &str, before: &str, times: u64) -> String {
    format!("{now}.asApproximateFloat() <= {before}.asApproximateFloat() * {times}.0")
}

fn amount(of: &str, list: &str, resource: &str) -> String {
    format!("quantity(string({of}.resources.{list}['{resource}']))")
}

/// Whether the container has an amount of this resource in this list.
fn has(of: &str, list: &str, resource: &str) -> String {
    format!(
        "has({of}.resources) && has({of}.resources.{list}) && '{resource}' in {of}.resources.{list}"
    )
}

/// Whether it has a limit of it.
fn has_limit(of: &str, resource: &str) -> String {
    has(of, "limits", resource)
}

/// What had a limit has one: without any, no cap would hold it.
fn limits_stay() -> Claim {
    let stays = ["memory", "cpu"].map(|resource| {
        format!(
            "variables.containersBefore.all(b, !({}) || \
             variables.containers.exists(c, c.name == b.name && {}))",
            has_limit("b", resource),
            has_limit("c", resource),
        )
    });
    (stays.join(" && "), "no limit of memory or CPU is dropped")
}

/// Each limit is the one before, or not above the cap.
fn capped(resource: &str, cap: &Quantity) -> String {
    let limit = |of: &str| has_limit(of, resource);
    let amount = |of: &str| format!("{of}.resources.limits['{resource}']");
    format!(
        "variables.containers.all(c, !({}) || quantity(string({now})).compareTo(quantity('{cap}')) <= 0 || \
         variables.containersBefore.exists(b, b.name == c.name && {} && {} == {now}))",
        limit("c"),
        limit("b"),
        amount("b"),
        now = amount("c"),
    )
}

/// No amount of memory or CPU is raised above its cap.
pub(super) fn caps(policy: &Policy) -> [Claim; 2] {
    [
        (
            capped("memory", &policy.caps.memory),
            "no memory limit is raised above the cap of the policy",
        ),
        (capped("cpu", &policy.caps.cpu), "no CPU limit is raised above the cap of the policy"),
    ]
}
