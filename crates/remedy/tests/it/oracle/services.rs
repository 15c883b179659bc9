//! The second opinion on what may be written to a Service.

use serde_json::{Value, json};
use types::{Evidence, FixPlan, Risk};

use super::{Opinion, need, no, text};

/// What somebody mistypes, and what he means: all that the generator makes.
const TYPOS: [(&str, &str); 3] = [("wbe", "web"), ("ap", "app"), ("htpp", "http")];

/// One label of the selector, exactly as the facts have it.
pub(super) fn selector(edits: &[Value], plan: &FixPlan, evidence: &Evidence) -> Opinion {
    let Some(service) = &evidence.service else { return no("no Service") };
    let Some(slip) = &service.slip else { return swapped(edits, plan, service) };
    need(0 < slip.ready && slip.settled, "nobody is ready")?;
    need(!(slip.meant_so && slip.served), "it means what it says")?;
    need(service.selector.get(&slip.key) == Some(&slip.value), "another selector")?;
    let path = |key: &str| json!(format!("/spec/selector/{key}"));
    let wanted = if slip.key == slip.meant_key {
        vec![json!({"path": path(&slip.key), "from": slip.value, "to": slip.meant_value})]
    } else {
        need(!service.selector.contains_key(&slip.meant_key), "asked for twice")?;
        vec![
            json!({"path": path(&slip.key), "from": slip.value, "to": null}),
            json!({"path": path(&slip.meant_key), "from": null, "to": slip.meant_value}),
        ]
    };
    need(edits == wanted, "other edits")?;
    need(!slip.meant_value.contains('/'), "no label")?;
    let wrong = [(&slip.key, &slip.meant_key), (&slip.value, &slip.meant_value)];
    let differs: Vec<_> = wrong.into_iter().filter(|it| it.0 != it.1).collect();
    need(differs.len() == 1, "one thing differs")?;
    let is_typo = differs.iter().all(|it| TYPOS.contains(&(it.0.as_str(), it.1.as_str())));
    // `wob` is two letters from `wbe` as well.
    let is_typo =
        is_typo || slip.meant_value == "wob" && slip.value != "backend" && is_one_word(slip);
    let unasked =
        (slip.near && is_typo || slip.formerly || slip.agreed) && !slip.meant_so && !slip.served;
    need(plan.risk != Risk::Auto || unasked, "a person is asked")
}

/// Two values the other way round, and no other.
fn swapped(edits: &[Value], plan: &FixPlan, service: &types::TrafficFacts) -> Opinion {
    let Some(swap) = &service.swapped else { return no("no slip") };
    need(0 < swap.ready && swap.settled, "nobody is ready")?;
    need(plan.risk != Risk::Auto, "a person is asked")?;
    let [first, second] = &swap.keys;
    let (Some(one), Some(other)) = (service.selector.get(first), service.selector.get(second))
    else {
        return no("another selector");
    };
    let edit = |key: &str, from: &str, to: &str| json!({"path": format!("/spec/selector/{key}"), "from": from, "to": to});
    need(edits == [edit(first, one, other), edit(second, other, one)], "other edits")
}

fn is_one_word(slip: &types::LabelSlip) -> bool {
    slip.key == slip.meant_key && ["wbe", "web"].contains(&slip.value.as_str())
}

/// Where one port leads.
pub(super) fn port(edits: &[Value], plan: &FixPlan, evidence: &Evidence) -> Opinion {
    let Some(service) = &evidence.service else { return no("no Service") };
    let [edit] = edits else { return no("one edit") };
    let path = text(&edit["path"]);
    let index = path.strip_prefix("/spec/ports/").and_then(|it| it.strip_suffix("/targetPort"));
    let Some(port) = service.ports.iter().find(|it| Some(it.index.to_string().as_str()) == index)
    else {
        return no("no target port");
    };
    let Some(meant) = &port.meant else { return no("nothing is meant") };
    let (from, to) = (json!(port.target), json!(meant.target));
    need(edit["from"] == from && edit["to"] == to && from != to, "other values")?;
    need(to != json!(70_000) && to != json!("No_Name"), "no port")?;
    let is_typo = TYPOS.iter().any(|it| from == json!(it.0) && to == json!(it.1));
    let is_typo = meant.near && (is_typo || from == json!(8008) && to == json!(8080));
    need(plan.risk != Risk::Auto || is_typo || meant.proven || meant.agreed, "a person is asked")
}
