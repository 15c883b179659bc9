//! What may be written of a probe, once more.

use serde_json::{Value, json};
use types::{ContainerFacts, Evidence, FixPlan, ProbeFacts, ProbeKind, Risk};

use super::room::millis;
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
            port_opinion(edit, plan, (probe, container), evidence)
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

/// Nobody is there where it asks, and one port alone can be meant.
fn port_opinion(
    edit: &Value,
    plan: &FixPlan,
    (probe, container): (&ProbeFacts, &ContainerFacts),
    evidence: &Evidence,
) -> Opinion {
    let asked = probe.port.clone().unwrap_or_default();
    let seen = asked.parse::<u64>().map_or(json!(asked), |it| json!(it));
    need(edit["from"] == seen, "not what was seen")?;
    let is_answered = probe.failure.as_ref().is_some_and(|it| it.contains("statuscode: "));
    need(probe.host.is_none() && !is_answered, "somebody answers")?;
    let number = |it: &str| {
        let named = container.ports.iter().find(|port| port.0 == it).map(|port| port.1);
        named.or_else(|| it.parse().ok())
    };
    let is_up = container.state.running_since.is_some();
    let is_held_up =
        container.probes.iter().any(|it| it.kind == ProbeKind::Startup && it.failure.is_some());
    let succeeds = |it: &&ProbeFacts| {
        let may = it.kind == ProbeKind::Startup || is_up && !is_held_up;
        may && it.failure.is_none() && it.host.is_none()
    };
    let found = container.probes.iter().filter(succeeds);
    let mut says: Vec<u16> = found.filter_map(|it| number(it.port.as_deref()?)).collect();
    says.extend(&container.listens);
    let of_all = evidence.containers.iter().flat_map(|it| &it.ports);
    let is_there = of_all.clone().any(|it| it.1.to_string() == asked)
        || container.ports.iter().any(|it| it.0 == asked)
        || says.iter().any(|it| it.to_string() == asked);
    need(!is_there, "it is there")?;
    let me = format!("{} {}", evidence.subject.kind.as_str(), evidence.subject.name);
    let mut wanted: Vec<u16> = evidence
        .services
        .iter()
        .filter(|it| it.selects && it.behind.contains(&me))
        .flat_map(|it| it.targets.iter().filter_map(|it| number(it)))
        .collect();
    if !says.is_empty() {
        wanted.clone_from(&says);
    }
    let declared: Vec<u16> = container.ports.iter().map(|it| it.1).collect();
    let mut left: Vec<u16> = declared.iter().copied().filter(|it| wanted.contains(it)).collect();
    if left.is_empty() {
        left = if says.is_empty() && !declared.is_empty() { declared.clone() } else { wanted };
    }
    left.sort_unstable();
    left.dedup();
    need(left.len() == 1 && edit["to"] == json!(left[0]), "not the only port")?;
    need(declared.contains(&left[0]) || plan.risk != Risk::Auto, "not declared")
}

/// Whether it waits for CPU: most of its limit is used, and a probe of it is answered late or by nobody yet.
pub(super) fn starves(container: &ContainerFacts) -> bool {
    let limit = container.cpu_limit.as_ref().and_then(|it| millis(&it.0)).unwrap_or(u128::MAX / 10);
    let is_slow = container.probes.iter().filter(|it| it.host.is_none()).any(|it| {
        let said = it.failure.clone().unwrap_or_default();
        let late = said.contains("deadline") || said.contains("timeout");
        late || said.contains("refused") && json!(it.kind) != "readiness"
    });
    is_slow && container.cpu_used.is_some_and(|it| limit * 9 <= u128::from(it) * 10)
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
