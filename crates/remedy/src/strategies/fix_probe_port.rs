//! Point the probe at what the container serves: the port that it declares, or the path and scheme that it answers.
//!
//! ## When it helps
//! The probe asks a port that no container of the pod declares, nobody answers, and the container declares exactly
//! one. Or it declares several, or none, and what it says itself, another probe that succeeds or the Service before
//! it leaves one. Or it asks for a path that is not there, or with the wrong scheme, and another probe of the same
//! container, or an earlier revision that was ready, asks for one that is a letter or two away; or pods of another
//! workload run the same image and are ready by another path.
//!
//! ## When it does not
//! Somebody answers on the port (then the port is right), or several ports could be meant. A path that nothing near
//! is known of.
//!
//! ## Risk
//! Auto; a person is asked for a port that is not declared, and where no event is left of the probe's failures. So
//! for a name that only begins alike, for a path that nothing but its own words list (unless another probe of the
//! container succeeds in the same folder), and for a path on which all
//! other probes of the port agree without being near, where none of them is known to succeed: no other than the
//! startup probe is asked before that did, so that of a start the server's own log has to list it. So for a name
//! that a container beside it gives a port where nothing else speaks for its own one, and for a twin's path where
//! the container is told something besides its program. Bound: the port of a network probe, or the path or scheme
//! of an HTTP probe; its host and its headers stay. Undo: the former value. Verified by the pods' health over time.
//! Attack: a container that declares two ports or none of which nothing speaks for just one, or the port asked for,
//! yields no plan, and neither does a path that no probe that succeeds asks for.

use std::collections::BTreeSet;

use serde_json::Value;
use types::{
    ContainerFacts, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, ProbeFacts, Risk,
    Strategy,
};

use crate::near::{TYPO_DISTANCE, distance};
use crate::place;
use crate::probe::{
    self, Agreed, agreed_path, answered_paths, begun_name, failing_probes, is_beside_answered,
    is_heard_port, is_of_another, listed_path,
};
use crate::twin;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let probes = failing_probes(diagnosis, evidence);
    let edits: Vec<Edit> = probes
        .iter()
        .filter_map(|(container, probe)| {
            port_edit(evidence, container, probe).or_else(|| http_edit(evidence, container, probe))
        })
        .collect();
    if !is_about_probes(diagnosis.fault) {
        return vec![];
    }
    if edits.is_empty() {
        return agreed(diagnosis, evidence).into_iter().collect();
    }
    let is_port = edits.iter().all(|it| it.path.as_str().ends_with("/port"));
    let container = place::container(diagnosis, evidence);
    let is_declared =
        |it: &Edit| container.is_some_and(|container| declares(container, it.to.as_ref()));
    let is_heard = is_port && !edits.iter().all(is_declared);
    let may_be_beside = |edit: &Edit| {
        let port = edit.to.as_ref().and_then(Value::as_u64);
        probes.iter().any(|it| is_of_another(evidence, it.0, it.1))
            && !container.zip(port).is_some_and(|it| is_heard_port(it.1, it.0, evidence))
    };
    let is_unclear = is_port && edits.iter().any(may_be_beside);
    let because = if is_unclear {
        "The probe asks at a name that only a container beside it has for a port, and this one declares just one."
    } else if is_heard {
        "The probe asks a port that no container declares, and there is one that its own words, another probe or a \
         Service speak for."
    } else if is_port {
        "The probe asks a port that no container declares."
    } else {
        "The container is known to answer to another path or scheme, and nothing else is as near."
    };
    if !place::has_editable_template(evidence.subject.kind) {
        return vec![place::advice(Strategy::FixProbePort, because, evidence, edits)];
    }
    let is_seen =
        || evidence.containers.iter().flat_map(|it| &it.probes).any(|it| it.failure.is_some());
    let is_guess = diagnosis.confidence < probe::SURE && !is_seen();
    let steps = place::in_template(evidence, edits);
    vec![FixPlan {
        strategy: Strategy::FixProbePort,
        risk: if is_heard || is_guess || is_unclear { Risk::Ask } else { Risk::Auto },
        because: because.to_owned(),
        steps,
    }]
}

/// What no near name speaks for.
fn agreed(diagnosis: &Diagnosis, evidence: &Evidence) -> Option<FixPlan> {
    let mut probes = failing_probes(diagnosis, evidence).into_iter();
    let kind = evidence.subject.kind;
    let (risk, because, edit) = probes.find_map(|it| unlike(evidence, it.0, it.1))?;
    if !place::has_editable_template(kind) {
        return Some(place::advice(Strategy::FixProbePort, because, evidence, vec![edit]));
    }
    let steps = place::in_template(evidence, vec![edit]);
    let because = because.to_owned();
    Some(FixPlan { strategy: Strategy::FixProbePort, risk, because, steps })
}

/// The path for which all other probes of the container ask in agreement, by which a twin is ready or which its own
/// words list, or the one declared name that begins like the one that is asked.
fn unlike<'a>(
    evidence: &'a Evidence,
    container: &'a ContainerFacts,
    probe: &ProbeFacts,
) -> Option<(Risk, &'a str, Edit)> {
    let kind = evidence.subject.kind;
    let field = place::container_path(kind, container)?;
    let field = field.child(probe.kind.field()).child("httpGet").child("path");
    let to =
        |path: &str| Some(place::edit(field.clone(), Some(probe.path.as_deref()?.into()), path));
    let agreed = || {
        let Agreed { path, is_proven } = agreed_path(container, probe)?;
        Some(if is_proven {
            (Risk::Auto, "All its other probes ask for this path, and it is there.", to(path)?)
        } else {
            (Risk::Ask, "All its other probes ask for this path.", to(path)?)
        })
    };
    let of_twin = || {
        let it = twin::of_twin(evidence, container, probe, field.as_str())?;
        Some((it.risk, it.shown_by, it.edit.clone()))
    };
    let listed = || {
        let path = listed_path(container, probe)?;
        let (risk, because) = if is_beside_answered(container, probe, (path, evidence.taken_at)) {
            (
                Risk::Auto,
                "Its own words list this path beside the one that another probe succeeds at.",
            )
        } else {
            (Risk::Ask, "Its own words list this path among those that it answers.")
        };
        Some((risk, because, to(path)?))
    };
    let name = || {
        let edit = place::edit(
            port_path(kind, container, probe)?,
            Some(probe.port.as_deref()?.into()),
            begun_name(container, probe)?,
        );
        let because = "Of the names that the container gives its ports, one begins like this.";
        Some((Risk::Ask, because, edit))
    };
    let first = agreed().filter(|it| it.0 == Risk::Auto);
    first.or_else(of_twin).or_else(listed).or_else(agreed).or_else(name)
}

fn is_about_probes(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::LivenessProbeFailing | Fault::StartupProbeFailing | Fault::ReadinessProbeFailing
    )
}

fn port_edit(evidence: &Evidence, container: &ContainerFacts, probe: &ProbeFacts) -> Option<Edit> {
    let asked = probe.port.as_deref()?;
    // A number is one of the whole pod, a name one of the container.
    let is_declared = |it: &ContainerFacts| {
        let is_own = it.name == container.name && it.role == container.role;
        it.ports.iter().any(|(name, number)| is_own && name == asked || number.to_string() == asked)
    };
    let somebody_answers = probe.failure.as_deref().is_some_and(|it| it.contains("statuscode"));
    if evidence.containers.iter().any(is_declared) || somebody_answers {
        return None;
    }
    let port = meant(evidence, container, asked)?;
    let named = container.ports.iter().find(|it| it.1 == port);
    // A port that is called something else hardly speaks gRPC, and a host of its own is not the container.
    let speaks_otherwise = probe.action.starts_with("gRPC")
        && named.is_some_and(|(name, _)| !name.is_empty() && !name.contains("grpc"));
    if speaks_otherwise || probe.host.is_some() {
        return None;
    }
    let path = port_path(evidence.subject.kind, container, probe)?;
    let from = asked.parse::<u16>().map_or_else(|_| Value::from(asked), Value::from);
    Some(place::edit(path, Some(from), port))
}

/// The one port that is left: of those that it declares, or else of those that something else speaks for.
fn meant(evidence: &Evidence, container: &ContainerFacts, asked: &str) -> Option<u16> {
    let listened = probe::listened(container);
    let called = probe::called(evidence, container);
    let declared: BTreeSet<u16> = container.ports.iter().map(|it| it.1).collect();
    // It says itself that it listens there: then something else is wrong.
    if listened.iter().any(|it| it.to_string() == asked) {
        return None;
    }
    // What it says of itself stands above what others want of it.
    let witnesses = if listened.is_empty() { &called } else { &listened };
    let left: BTreeSet<u16> = declared.intersection(witnesses).copied().collect();
    let candidates = if !left.is_empty() {
        &left
    } else if listened.is_empty() && !declared.is_empty() {
        &declared
    } else {
        witnesses
    };
    let mut candidates = candidates.iter().copied();
    candidates.next().filter(|_| candidates.next().is_none())
}

/// Whether the container declares the port.
fn declares(container: &ContainerFacts, port: Option<&Value>) -> bool {
    let port = port.and_then(Value::as_u64);
    container.ports.iter().any(|it| Some(u64::from(it.1)) == port)
}

fn port_path(kind: Kind, container: &ContainerFacts, probe: &ProbeFacts) -> Option<FieldPath> {
    let asks = match probe.action.split_whitespace().next()? {
        "GET" => "httpGet",
        "TCP" => "tcpSocket",
        "gRPC" => "grpc",
        _ => return None,
    };
    let probe = place::container_path(kind, container)?.child(probe.kind.field());
    Some(probe.child(asks).child("port"))
}

/// The path or the scheme, by what the kubelet says of the answer.
fn http_edit(evidence: &Evidence, container: &ContainerFacts, probe: &ProbeFacts) -> Option<Edit> {
    let said = probe.failure.as_deref()?;
    let is_absent = said.contains("statuscode: 404");
    let is_other_scheme =
        ["HTTP response to HTTPS client", "malformed HTTP response", "statuscode: 400"]
            .iter()
            .any(|it| said.contains(it));
    let (field, seen) = if is_absent {
        ("path", probe.path.as_deref()?)
    } else if is_other_scheme {
        ("scheme", probe.scheme.as_deref()?)
    } else {
        return None;
    };
    let path = place::container_path(evidence.subject.kind, container)?;
    let path = path.child(probe.kind.field()).child("httpGet").child(field);
    let mut known = answered_paths(&path, container, probe, evidence);
    known.retain(|it| *it != seen && (field == "scheme" || distance(it, seen) <= TYPO_DISTANCE));
    known.sort_unstable();
    known.dedup();
    let [only] = known.as_slice() else { return None };
    Some(place::edit(path, Some(seen.into()), *only))
}
