//! Says how many pods of a budget may be evicted now.

use serde_json::{Value, json};

use super::Desk;
use super::family::{is_active, is_ready};
use crate::clock::Moment;
use crate::events::now;
use crate::fields::{Fields, selects};

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let budget = desk.world.store.get("poddisruptionbudgets", namespace, name)?;
    let (pods, _) = desk.world.store.list("pods", Some(namespace));
    let chosen: Vec<_> = pods
        .iter()
        .filter(|it| {
            selects(budget.at("/spec/selector"), it.at("/metadata/labels")) && is_active(it)
        })
        .collect();
    let expected = i64::try_from(chosen.len()).unwrap_or(0);
    let healthy = i64::try_from(chosen.iter().filter(|it| is_ready(it)).count()).unwrap_or(0);
    let wanted = match (budget.at("/spec/minAvailable"), budget.at("/spec/maxUnavailable")) {
        (Value::Null, most) => (expected - share(most, expected)).max(0),
        (least, _) => share(least, expected),
    };
    let allowed = (healthy - wanted).max(0);
    let (status, reason) =
        if 0 < allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let before = budget.condition("DisruptionAllowed").filter(|it| it.text("/status") == status);
    let since = before.map_or_else(|| json!(now()), |it| it.at("/lastTransitionTime").clone());
    let generation = budget.at("/metadata/generation");
    let status = json!({
        "currentHealthy": healthy, "desiredHealthy": wanted, "disruptionsAllowed": allowed,
        "expectedPods": expected, "observedGeneration": generation,
        "conditions": [{
            "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "",
            "lastTransitionTime": since, "observedGeneration": generation,
        }],
    });
    desk.report("poddisruptionbudgets", &budget, status);
    None
}

/// A number, or a percentage rounded up.
fn share(value: &Value, all: i64) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or(0),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (all * percent + 99) / 100
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => 0,
    }
}
