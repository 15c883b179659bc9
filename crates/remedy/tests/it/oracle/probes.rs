//! What may be written of a probe, once more.

use serde_json::{Value, json};
use types::{ContainerFacts, Evidence, ProbeFacts, ProbeKind};

use super::{Opinion, need, no, text};

pub(super) fn probe_opinion(
    edit: &Value,
    (strategy, rest): (&str, &[&str]),
    (probe, container): (&ProbeFacts, &ContainerFacts),
    evidence: &Evidence,
) -> Opinion {
    match (strategy, rest) {
        ("relax_probe", [name]) => {
            let (seen, default) = match *name {
                "initialDelaySeconds" => (probe.initial_delay_secs, 0),
                "timeoutSeconds" => (probe.timeout_secs, 1),
                "failureThreshold" => (probe.failure_threshold, 3),
                _ => return no("not a time"),
            };
            need(edit["from"] == json!(seen), "not what was seen")?;
            let old = u64::from(seen.unwrap_or(default));
            let new = edit["to"].as_u64().unwrap_or(0);
            need(old < new && new <= 4 * old, "time bound")
        }
        ("fix_probe_port", ["httpGet" | "tcpSocket" | "grpc", "port"]) => {
            let port = edit["to"].as_u64().unwrap_or(0);
            let is_declared = container.ports.iter().any(|it| u64::from(it.1) == port);
            need(is_declared && !edit["from"].is_null(), "port")
        }
        ("fix_probe_port", ["httpGet", "path"]) => {
            let to = text(&edit["to"]);
            need(edit["from"] == json!(probe.path) && probe.path.is_some(), "not what was seen")?;
            let apart = letters_apart(to, probe.path.as_deref().unwrap_or_default());
            need(to.starts_with('/') && (1..=2).contains(&apart), "not near")?;
            let siblings = siblings(probe, container).filter_map(|it| it.path.clone());
            let known: Vec<String> = siblings.chain(earlier(edit, evidence)).collect();
            need(known.iter().any(|it| it == to), "nobody answers there")
        }
        ("fix_probe_port", ["httpGet", "scheme"]) => {
            let to = text(&edit["to"]);
            need(
                edit["from"] == json!(probe.scheme) && probe.scheme.is_some(),
                "not what was seen",
            )?;
            need((to == "HTTP" || to == "HTTPS") && edit["from"] != edit["to"], "no scheme")?;
            let siblings = siblings(probe, container).filter_map(|it| it.scheme.clone());
            let known: Vec<String> = siblings.chain(earlier(edit, evidence)).collect();
            need(known.iter().any(|it| it == to), "nobody answers so")
        }
        _ => no("field"),
    }
}

/// Other probes of the container, of the same port, that do not fail; before a start has succeeded none was asked.
fn siblings<'a>(
    probe: &'a ProbeFacts,
    container: &'a ContainerFacts,
) -> impl Iterator<Item = &'a ProbeFacts> {
    container.probes.iter().filter(|it| {
        it.kind != probe.kind
            && probe.kind != ProbeKind::Startup
            && it.failure.is_none()
            && it.port == probe.port
    })
}

/// What earlier revisions that were ready had in this field.
fn earlier(edit: &Value, evidence: &Evidence) -> Vec<String> {
    let ready = evidence.revisions.iter().filter(|it| it.was_ready && !it.current);
    let edits = ready.flat_map(|it| &it.edits).map(|it| json!(it));
    let of_field = edits.filter(|it| it["path"] == edit["path"]);
    of_field.map(|it| text(&it["to"]).to_owned()).collect()
}

/// Letters to insert, remove or replace, by trying all three.
fn letters_apart(left: &str, right: &str) -> usize {
    fn apart(left: &[char], right: &[char]) -> usize {
        match (left, right) {
            ([], rest) | (rest, []) => rest.len(),
            ([a, left @ ..], [b, right @ ..]) if a == b => apart(left, right),
            ([_, left_rest @ ..], [_, right_rest @ ..]) => {
                let (one, two) = (apart(left_rest, right), apart(left, right_rest));
                1 + one.min(two).min(apart(left_rest, right_rest))
            }
        }
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if 2 < left.len().abs_diff(right.len()) { 3 } else { apart(&left, &right) }
}
