//! The fields that each strategy may write, and the bounds of what it may write there.
//!
//! A positive list: what does not stand here is never written. So command, args, literal values of
//! variables, security contexts, host settings, volumes, replicas, finalizers and owners stay as they are.

use serde_json::Value;
use types::{
    ContainerFacts, ContainerRole, Edit, Evidence, Kind, ProbeFacts, ProbeKind, Risk, Strategy,
};

use super::{Refusal, World, amounts, causes, images, names};
use crate::Policy;
use crate::amount::Resource;
use crate::near::{TYPO_DISTANCE, distance};
use crate::probe::{
    Agreed, agreed_path, answered_paths, begun_name, is_beside_answered, is_heard_port,
    is_of_another, listed_path,
};
use crate::twin::of_twin;

/// How many times as long as before a time of a probe may be.
const MOST_TIMES: u64 = 4;
/// How many times as long a probe may wait for an answer, once it waits longer than [`SHORT_ANSWER`].
const MOST_TIMES_FOR_LONG: u64 = 2;
/// In seconds: what a probe may wait for an answer by [`MOST_TIMES`].
const SHORT_ANSWER: u64 = 20;
/// No time of a probe grows to more, in seconds.
const LONGEST: u64 = 3600;

/// What the edits are made in.
pub(super) struct Scene<'a> {
    /// The kind of the object that is edited.
    pub(super) kind: Kind,
    /// Who has to say yes, as the plan has it.
    pub(super) risk: Risk,
    pub(super) evidence: &'a Evidence,
    pub(super) policy: &'a Policy,
    pub(super) world: &'a World<'a>,
}

pub(super) type Rule = &'static str;
pub(super) type Answer = Result<(), Rule>;

pub(super) fn are_in_scope(
    strategy: &Strategy,
    edits: &[Edit],
    scene: &Scene<'_>,
) -> Result<(), Refusal> {
    let is_repeated = |index: usize, edit: &Edit| {
        edits
            .iter()
            .skip(index + 1)
            .any(|it| it.path.is_within(&edit.path) || edit.path.is_within(&it.path))
    };
    if edits.is_empty() || edits.iter().enumerate().any(|(index, it)| is_repeated(index, it)) {
        return Err(refusal(strategy.name(), "each field is edited once"));
    }
    if names::is_rename(strategy, edits, scene) {
        return Ok(());
    }
    let puts_images = matches!(strategy, Strategy::ReplaceImageTag { .. });
    if puts_images && !edits.iter().any(images::is_of_image) {
        return Err(refusal(strategy.name(), "a reference is mended beside an image, not instead"));
    }
    for edit in edits {
        let names = spec_names(edit, scene.kind)
            .ok_or_else(|| refusal(edit.path.as_str(), "only the pod template is edited"))?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        field(strategy, edit, &names, scene).map_err(|rule| refusal(edit.path.as_str(), rule))?;
    }
    amounts::there_is_room(strategy, edits, scene)
}

/// The names of the field below the pod spec.
pub(super) fn spec_names(edit: &Edit, kind: Kind) -> Option<Vec<String>> {
    let spec = kind.pod_spec_path()?;
    let depth = spec.names().count();
    edit.path.is_within(&spec).then(|| edit.path.names().skip(depth).collect())
}

fn field(strategy: &Strategy, edit: &Edit, names: &[&str], scene: &Scene<'_>) -> Answer {
    let in_container = container(names, scene.evidence);
    match (strategy, in_container) {
        (Strategy::FixReference, _) => names::reference(edit, names, scene),
        // Beside an image: where both are wrong, one of the edits would not help.
        (Strategy::ReplaceImageTag { .. }, _) if !images::is_of_image(edit) => {
            names::config_map(edit, names, scene)
        }
        (Strategy::ReplaceImageTag { new_tag }, Some((container, ["image"]))) => {
            images::replaced(edit, new_tag, container, scene)
        }
        (
            Strategy::RaiseMemoryLimit { .. },
            Some((container, ["resources", list @ ("limits" | "requests"), "memory"])),
        ) => amounts::raised(edit, (*list, Resource::Memory), container, scene),
        (
            Strategy::RaiseCpuLimit { .. },
            Some((container, ["resources", list @ ("limits" | "requests"), "cpu"])),
        ) => amounts::raised(edit, (*list, Resource::Cpu), container, scene),
        (
            Strategy::LowerRequests,
            Some((container, ["resources", "requests", resource @ ("memory" | "cpu")])),
        ) => amounts::lowered(edit, resource, container, scene.evidence),
        (Strategy::RelaxProbe, Some((container, [probe, name]))) => {
            let probe = named_probe(container, probe).ok_or("there is no such probe")?;
            relaxed(edit, name, probe)
        }
        (
            Strategy::FixProbePort,
            Some((container, [probe, "httpGet" | "tcpSocket" | "grpc", "port"])),
        ) => {
            let probe = named_probe(container, probe).ok_or("there is no such probe")?;
            declared(edit, (container, probe), scene)
        }
        (
            Strategy::FixProbePort,
            Some((container, [probe, "httpGet", name @ ("path" | "scheme")])),
        ) => {
            let probe = named_probe(container, probe).ok_or("there is no such probe")?;
            served(edit, name, (container, probe), scene)
        }
        (
            Strategy::RollBack
            | Strategy::ReplaceImageTag { .. }
            | Strategy::RaiseMemoryLimit { .. }
            | Strategy::LowerRequests
            | Strategy::RaiseCpuLimit { .. }
            | Strategy::CorrectTypo
            | Strategy::RestoreReplicas
            | Strategy::ClearLeftovers
            | Strategy::RerunJob
            | Strategy::RemoveTaint
            | Strategy::RelaxProbe
            | Strategy::FixProbePort
            | Strategy::FixSelector
            | Strategy::FixServicePort
            | Strategy::RestartPod
            | Strategy::RestartRollout
            | Strategy::Wait,
            _,
        ) => Err("this strategy never writes this field"),
    }
}

/// The container that the names lead into, and what is left of them.
pub(super) fn container<'a, 'n>(
    names: &'n [&'n str],
    evidence: &'a Evidence,
) -> Option<(&'a ContainerFacts, &'n [&'n str])> {
    let (role, index, rest) = match names {
        ["containers", index, rest @ ..] => (ContainerRole::App, index, rest),
        ["initContainers", index, rest @ ..] => (ContainerRole::Init, index, rest),
        _ => return None,
    };
    let found =
        evidence.containers.iter().find(|it| it.role == role && it.index.to_string() == **index)?;
    Some((found, rest))
}

/// One of three times, at most four times what it was, and of an answer that takes long twice; what is absent has the
/// default of Kubernetes.
fn relaxed(edit: &Edit, name: &str, probe: &ProbeFacts) -> Answer {
    let (seen, default) = match name {
        "initialDelaySeconds" => (probe.initial_delay_secs, None),
        "timeoutSeconds" => (probe.timeout_secs, Some(1)),
        "failureThreshold" => (probe.failure_threshold, Some(3)),
        _ => return Err("of a probe only its times are written"),
    };
    if edit.from.as_ref().map(Value::as_u64) != seen.map(|it| Some(u64::from(it))) {
        return Err("the time is not the one that was seen");
    }
    let old = seen.or(default).map(u64::from).ok_or("there is no time to multiply")?;
    let new = edit.to.as_ref().and_then(Value::as_u64).ok_or("a time is a number")?;
    let most = old * MOST_TIMES;
    let is_too_long =
        name == "timeoutSeconds" && SHORT_ANSWER < new && old * MOST_TIMES_FOR_LONG < new;
    if is_too_long {
        Err("the time for an answer is at most doubled, once it is long")
    } else if old < new && new <= most && new <= LONGEST {
        Ok(())
    } else {
        Err("a time grows, at most to four times itself, and to an hour")
    }
}

/// The only port that can be meant, where it is declared; after a person's yes also where the facts speak for it
/// otherwise, or the one declared name that begins like the one that is asked.
fn declared(
    edit: &Edit,
    (container, probe): (&ContainerFacts, &ProbeFacts),
    scene: &Scene<'_>,
) -> Answer {
    let name = text(edit.to.as_ref()).filter(|_| scene.risk != Risk::Auto);
    if name.is_some() && name == begun_name(container, probe) {
        let is_as_seen = text(edit.from.as_ref()) == probe.port.as_deref();
        return if is_as_seen { Ok(()) } else { Err("the port is not the one that was seen") };
    }
    let port = edit.to.as_ref().and_then(Value::as_u64).ok_or("a port is a number")?;
    causes::leads_to_the_only_port(port, edit.from.as_ref(), (container, probe), scene.evidence)?;
    let is_declared = container.ports.iter().any(|(_, it)| u64::from(*it) == port);
    let is_heard = is_heard_port(port, container, scene.evidence);
    let is_unclear = is_of_another(scene.evidence, container, probe) && !is_heard;
    if scene.risk == Risk::Auto && is_unclear {
        return Err("a person is asked where the name is one of a container beside it");
    }
    if is_declared || is_heard && scene.risk != Risk::Auto {
        Ok(())
    } else {
        Err("a probe asks a port that its container declares")
    }
}

/// What another probe of the container that succeeds asks for, or what a revision that was ready asked for; what
/// all others ask for need not be near, and without a person's yes one of them has to be known to succeed. After a
/// yes what it lists itself.
fn served(
    edit: &Edit,
    name: &str,
    (container, probe): (&ContainerFacts, &ProbeFacts),
    scene: &Scene<'_>,
) -> Answer {
    let to = text(edit.to.as_ref()).ok_or("a path is a text")?;
    let seen = if name == "path" { &probe.path } else { &probe.scheme };
    let from = seen.as_deref().ok_or("there is nothing to correct")?;
    if text(edit.from.as_ref()) != Some(from) {
        return Err("the path is not the one that was seen");
    }
    let is_agreed = |it: Agreed<'_>| it.path == to && (it.is_proven || scene.risk != Risk::Auto);
    if name == "path" && to.starts_with('/') && agreed_path(container, probe).is_some_and(is_agreed)
    {
        return Ok(());
    }
    let may_be_listed = || {
        scene.risk != Risk::Auto
            || is_beside_answered(container, probe, (to, scene.evidence.taken_at))
    };
    if name == "path" && listed_path(container, probe) == Some(to) && may_be_listed() {
        return Ok(());
    }
    let twin = of_twin(scene.evidence, container, probe, edit.path.as_str());
    if twin.is_some_and(|it| it.edit == edit && (it.risk == Risk::Auto || scene.risk != Risk::Auto))
    {
        return Ok(());
    }
    let is_near = match name {
        "path" => to.starts_with('/') && distance(from, to) <= TYPO_DISTANCE,
        _ => ["HTTP", "HTTPS"].contains(&to),
    };
    let is_known = answered_paths(&edit.path, container, probe, scene.evidence).contains(&to);
    if is_near && is_known && from != to {
        Ok(())
    } else {
        Err("only what the container is known to answer to is asked for")
    }
}

fn named_probe<'a>(container: &'a ContainerFacts, field: &str) -> Option<&'a ProbeFacts> {
    let kind = match field {
        "startupProbe" => ProbeKind::Startup,
        "livenessProbe" => ProbeKind::Liveness,
        "readinessProbe" => ProbeKind::Readiness,
        _ => return None,
    };
    container.probes.iter().find(|it| it.kind == kind)
}

pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

pub(super) fn refusal(what: &str, rule: Rule) -> Refusal {
    Refusal::OutOfScope { what: what.to_owned(), rule }
}
