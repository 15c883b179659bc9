//! What may be written of a probe, once more.

use serde_json::{Value, json};
use types::{ContainerFacts, Evidence, FixPlan, ProbeFacts, ProbeKind, Risk};

use super::{Opinion, need, no, text};

pub(super) fn probe_opinion(
    edit: &Value,
    (plan, rest): (&FixPlan, &[&str]),
    (probe, container): (&ProbeFacts, &ContainerFacts),
    evidence: &Evidence,
) -> Opinion {
    match (plan.strategy.name(), rest) {
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
            let times = match (*name, new) {
                ("timeoutSeconds", 21..) => 2,
                _ => 4,
            };
            need(old < new && new <= times * old && new <= 60 * 60, "time bound")
        }
        ("fix_probe_port", ["httpGet" | "tcpSocket" | "grpc", "port"]) => {
            let begins = |it: &&(String, u16)| {
                let asked = probe.port.as_deref().unwrap_or_default();
                2 < asked.len() && it.0.starts_with(asked) && edit["from"] == json!(asked)
            };
            let names: Vec<_> = container.ports.iter().filter(begins).map(|it| &it.0).collect();
            if plan.risk == Risk::Ask && names.len() == 1 && edit["to"] == json!(names[0]) {
                return need(edit["from"] != edit["to"] && probe.host.is_none(), "it is there");
            }
            let port = edit["to"].as_u64().unwrap_or(0);
            let is_declared = container.ports.iter().any(|it| u64::from(it.1) == port);
            need(is_declared && !edit["from"].is_null(), "port")
        }
        ("fix_probe_port", ["httpGet", "path"]) => {
            let to = text(&edit["to"]);
            need(edit["from"] == json!(probe.path) && probe.path.is_some(), "not what was seen")?;
            if to.starts_with('/') && agreed(probe, container, plan.risk) == Some(to) {
                return Ok(());
            }
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

/// What all others of that port ask for, where none of them is told that it is wrong; unasked where one is known to
/// succeed.
fn agreed<'a>(probe: &ProbeFacts, container: &'a ContainerFacts, risk: Risk) -> Option<&'a str> {
    let is_missed = probe.failure.as_ref().is_some_and(|it| it.contains("statuscode: 404"));
    let others: Vec<&ProbeFacts> = container
        .probes
        .iter()
        .filter(|it| it.kind != probe.kind && it.port == probe.port && it.host == probe.host)
        .collect();
    let path = others.first()?.path.as_deref()?;
    let fits = others.iter().all(|it| {
        let is_well = it.failure.as_ref().is_none_or(|it| it.contains("connection refused"));
        is_well && it.path.as_deref() == Some(path) && it.scheme == probe.scheme
    });
    let is_known = others.iter().any(|it| {
        it.kind == ProbeKind::Startup || it.kind == ProbeKind::Readiness && container.ready
    });
    let is_quiet = others.iter().any(|it| it.failure.is_none());
    let may_be = match risk {
        Risk::Auto => is_known && probe.kind != ProbeKind::Startup,
        Risk::Ask | Risk::Advice => is_known || is_quiet,
    };
    (is_missed && fits && may_be && Some(path) != probe.path.as_deref()).then_some(path)
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
