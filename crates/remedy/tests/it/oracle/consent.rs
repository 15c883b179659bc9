//! Who may say yes, once more.

use serde_json::{Value, json};
use types::{FixPlan, Risk};

use super::{Opinion, Rules, need, text};

/// Strategies that a policy may let go unasked where their plan asks.
const LOOSENED: [&str; 5] =
    ["lower_requests", "raise_memory_limit", "relax_probe", "replace_image_tag", "restart_pod"];
/// Strategies that always ask.
const ALWAYS: [&str; 2] = ["restart_rollout", "clear_leftovers"];

/// Whether the policy leaves on all that the plan is made of.
pub(super) fn is_on(plan: &FixPlan, rules: &Rules) -> Opinion {
    need(settings(plan).all(|it| rules.says(it) != "off"), "switched off")
}

/// Whether a machine may say yes, by what the plan and the policy say of it.
pub(super) fn unasked(plan: &FixPlan, rules: &Rules) -> Opinion {
    let asks = |name: &str| match rules.says(name) {
        "ask" => true,
        "auto" if LOOSENED.contains(&name) => false,
        _ => plan.risk != Risk::Auto,
    };
    let name = plan.strategy.name();
    need(!ALWAYS.contains(&name), "always asks")?;
    need(!settings(plan).any(asks) || is_vouched_for(plan, rules), "a person is asked")
}

/// Whether the operator vouches for all that is put, and did not say that he wants to be asked.
fn is_vouched_for(plan: &FixPlan, rules: &Rules) -> bool {
    let name = plan.strategy.name();
    let mut edits = edits(plan).into_iter();
    name == "replace_image_tag"
        && rules.says(name) != "ask"
        && edits.all(|it| {
            text(&it["path"]).ends_with("/image") && rules.lists("allowed_images", text(&it["to"]))
        })
}

/// The strategies whose settings hold for the plan: a reference that is mended beside an image is one of its own.
fn settings(plan: &FixPlan) -> impl Iterator<Item = &'static str> {
    let name = plan.strategy.name();
    let is_beside = name == "replace_image_tag"
        && edits(plan).iter().any(|it| !text(&it["path"]).ends_with("/image"));
    [Some(name), is_beside.then_some("fix_reference")].into_iter().flatten()
}

fn edits(plan: &FixPlan) -> Vec<Value> {
    let steps = json!(plan.steps);
    let lists = steps.as_array().unwrap().iter().filter_map(|it| it["action"]["edit"].as_array());
    lists.flatten().cloned().collect()
}
