//! What a probe runs after a rollback, once more: nothing that no probe of its container runs before.

use serde_json::{Value, json};
use types::{Evidence, FixPlan, Risk};

use super::{Opinion, need, text};

/// The commands of each probe before and after, by `list/index` of its container and its name.
type Commands = Vec<(String, String, Value)>;

pub(super) fn command_opinion(edits: &[Value], plan: &FixPlan, evidence: &Evidence) -> Opinion {
    let before: Commands = evidence
        .containers
        .iter()
        .flat_map(|it| {
            let list = if json!(it.role) == "app" { "containers" } else { "initContainers" };
            let place = format!("{list}/{}", it.index);
            it.probes.iter().map(move |probe| {
                let name = format!("{}Probe", text(&json!(probe.kind)));
                (place.clone(), name, json!(probe.command))
            })
        })
        .filter(|it| it.2 != json!([]))
        .collect();
    let mut after = before.clone();
    // What an edit takes away was there, whatever the facts say of its container.
    let mut had = before.clone();
    for edit in edits {
        let parts: Vec<&str> = text(&edit["path"]).split('/').collect();
        let Some(at) = parts.iter().position(|it| it.ends_with("Probe")) else { continue };
        let (place, name) = (parts[at - 2..at].join("/"), parts[at].to_owned());
        let side = |it: &str| match parts[at + 1..] {
            [] => Some(edit[it]["exec"]["command"].clone()),
            ["exec"] => Some(edit[it]["command"].clone()),
            ["exec", "command"] => Some(edit[it].clone()),
            _ => None,
        };
        let (Some(from), Some(to)) = (side("from"), side("to")) else { continue };
        after.retain(|it| (&it.0, &it.1) != (&place, &name));
        if !from.is_null() {
            had.push((place.clone(), name.clone(), from));
        }
        if !to.is_null() {
            after.push((place, name, to));
        }
    }
    let is_new = |from: &Commands, to: &Commands| {
        to.iter().any(|it| !from.iter().any(|old| (&old.0, &old.2) == (&it.0, &it.2)))
    };
    need(!is_new(&before, &after), "it would run what is not run now")?;
    need(!is_new(&after, &had) || plan.risk != Risk::Auto, "it could not be taken back")
}
