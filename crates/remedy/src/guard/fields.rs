//! The fields that each strategy may write, and the bounds of what it may write there.
//!
//! A positive list: what does not stand here is never written. So command, args, literal values of
//! variables, security contexts, host settings, volumes, replicas, finalizers and owners stay as they are.

use serde_json::Value;
use types::{
    ContainerFacts, ContainerRole, Edit, Evidence, Kind, ProbeFacts, ProbeKind, Quantity, Strategy,
};

use super::{Refusal, World, repeats};
use crate::Policy;
use crate::image::{Image, is_tag};

/// What the edits are made in.
pub(super) struct Scene<'a> {
    /// The kind of the object that is edited.
    pub(super) kind: Kind,
    pub(super) evidence: &'a Evidence,
    pub(super) policy: &'a Policy,
    pub(super) world: &'a World<'a>,
}

type Rule = &'static str;
type Answer = Result<(), Rule>;

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
    for edit in edits {
        let names = spec_names(edit, scene.kind)
            .ok_or_else(|| refusal(edit.path.as_str(), "only the pod template is edited"))?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        field(strategy, edit, &names, scene).map_err(|rule| refusal(edit.path.as_str(), rule))?;
        over_cap(strategy, edit, scene.policy)?;
    }
    Ok(())
}

/// The names of the field below the pod spec.
fn spec_names(edit: &Edit, kind: Kind) -> Option<Vec<String>> {
    let spec = kind.pod_spec_path()?;
    let depth = spec.names().count();
    edit.path.is_within(&spec).then(|| edit.path.names().skip(depth).collect())
}

fn field(strategy: &Strategy, edit: &Edit, names: &[&str], scene: &Scene<'_>) -> Answer {
    let in_container = container(names, scene.evidence);
    match (strategy, in_container) {
        (Strategy::FixReference, _) => reference(edit, names, scene.evidence),
        (Strategy::ReplaceImageTag { new_tag }, Some((container, ["image"]))) => {
            image(edit, new_tag, container, scene)
        }
        (
            Strategy::RaiseMemoryLimit { .. },
            Some((container, ["resources", list @ ("limits" | "requests"), "memory"])),
        ) => raised(edit, *list == "limits", container, scene.world),
        (
            Strategy::LowerRequests,
            Some((container, ["resources", "requests", resource @ ("memory" | "cpu")])),
        ) => lowered(edit, *resource == "memory", container),
        (Strategy::RelaxProbe, Some((container, [probe, name]))) => {
            let probe = named_probe(container, probe).ok_or("there is no such probe")?;
            relaxed(edit, name, probe)
        }
        (
            Strategy::FixProbePort,
            Some((container, [probe, "httpGet" | "tcpSocket" | "grpc", "port"])),
        ) => {
            named_probe(container, probe).ok_or("there is no such probe")?;
            declared(edit, container)
        }
        (
            Strategy::RollBack
            | Strategy::ReplaceImageTag { .. }
            | Strategy::RaiseMemoryLimit { .. }
            | Strategy::LowerRequests
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
fn container<'a, 'n>(
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

fn image(edit: &Edit, new_tag: &str, container: &ContainerFacts, scene: &Scene<'_>) -> Answer {
    let to = text(edit.to.as_ref()).ok_or("an image is a text")?;
    if text(edit.from.as_ref()) != Some(&container.image) {
        return Err("the image is not the one that was seen");
    }
    let wanted = Image::parse(&container.image).ok_or("the present image names no repository")?;
    let new = Image::parse(to).ok_or("the image names no repository")?;
    if wanted.repository != new.repository || new.digest.is_some() {
        return Err("registry and repository never change");
    }
    if new.tag != Some(new_tag) || !is_tag(new_tag) {
        return Err("the tag is not the one that was asked for");
    }
    let is_known = |known: &str| {
        Image::parse(known).is_some_and(|it| {
            it.is_same_repository(&new) && it.tag == new.tag && it.digest.is_none()
        })
    };
    let ran = scene.evidence.images.iter().any(|it| is_known(&it.image));
    let listed = scene.policy.allowed_images.iter().any(|it| is_known(it));
    if ran || listed { Ok(()) } else { Err("the image was never seen ready here") }
}

/// `old < new <= 2 * old`, or twice what was written and is known to be too little; a request only together with a
/// limit that it equals.
fn raised(edit: &Edit, is_limit: bool, container: &ContainerFacts, world: &World<'_>) -> Answer {
    let limit = container.memory_limit.as_ref().ok_or("there is no limit to raise")?;
    let seen = if is_limit { Some(limit) } else { container.memory_request.as_ref() };
    let seen = seen.ok_or("there is no request to raise")?;
    if text(edit.from.as_ref()) != Some(&seen.0) || seen.units() != limit.units() {
        return Err("the amount is not the one that was seen at the limit");
    }
    let old = seen.units().ok_or("the present amount is no quantity")?;
    let new = amount(edit, true).ok_or("the new amount is no quantity")?;
    let known = repeats::too_little(&edit.path, world).unwrap_or(0).max(old);
    if old < new && new <= known.saturating_mul(2) {
        Ok(())
    } else {
        Err("a limit grows, and at most to double of what was too little")
    }
}

/// `old / 8 <= new < old`, and no less than what is used.
fn lowered(edit: &Edit, is_memory: bool, container: &ContainerFacts) -> Answer {
    let (request, limit, used) = if is_memory {
        (&container.memory_request, &container.memory_limit, container.memory_used)
    } else {
        (&container.cpu_request, &container.cpu_limit, container.cpu_used)
    };
    if text(edit.from.as_ref()) != request.as_ref().map(|it| it.0.as_str()) {
        return Err("the request is not the one that was seen");
    }
    let old = request.as_ref().or(limit.as_ref()).ok_or("nothing is requested")?;
    let old = value(old, is_memory).ok_or("the present amount is no quantity")?;
    let new = amount(edit, is_memory).ok_or("the new amount is no quantity")?;
    let is_bounded = new < old && old <= new.saturating_mul(8) && used.is_none_or(|it| it <= new);
    if is_bounded {
        Ok(())
    } else {
        Err("a request shrinks to no less than an eighth, and no less than what is used")
    }
}

/// One of three times, at most doubled; what is absent has the default of Kubernetes.
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
    let old = seen.or(default).map(u64::from).ok_or("there is no time to double")?;
    let new = edit.to.as_ref().and_then(Value::as_u64).ok_or("a time is a number")?;
    if old < new && new <= old * 2 { Ok(()) } else { Err("a time grows, and at most to double") }
}

fn declared(edit: &Edit, container: &ContainerFacts) -> Answer {
    let port = edit.to.as_ref().and_then(Value::as_u64);
    let is_declared = container.ports.iter().any(|(_, it)| Some(u64::from(*it)) == port);
    if is_declared && edit.from.is_some() {
        Ok(())
    } else {
        Err("a probe asks a port that its container declares")
    }
}

/// The one near miss of a reference that was seen to lead nowhere, in a field that holds a name.
fn reference(edit: &Edit, names: &[&str], evidence: &Evidence) -> Answer {
    if !holds_reference(names) {
        return Err("the field holds no reference");
    }
    let to = text(edit.to.as_ref()).ok_or("a name is a text")?;
    let from = text(edit.from.as_ref()).ok_or("the reference was not seen")?;
    let is_near_miss = evidence.references.iter().any(|it| {
        it.path == edit.path.as_str()
            && it.exists != Some(true)
            && it.near_miss.as_deref() == Some(to)
            && (it.name == from || it.key.as_deref() == Some(from))
    });
    let is_name =
        !to.is_empty() && to.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it));
    if is_near_miss && is_name {
        Ok(())
    } else {
        Err("only the one near miss that exists is named")
    }
}

fn holds_reference(names: &[&str]) -> bool {
    match names {
        ["containers" | "initContainers", _, rest @ ..] => matches!(
            rest,
            ["env", _, "valueFrom", "configMapKeyRef" | "secretKeyRef", "name" | "key"]
                | ["envFrom", _, "configMapRef" | "secretRef", "name"]
        ),
        ["volumes", _, rest @ ..] => matches!(
            rest,
            ["configMap", "name"]
                | ["secret", "secretName"]
                | ["persistentVolumeClaim", "claimName"]
                | ["configMap" | "secret", "items", _, "key"]
                | ["projected", "sources", _, "configMap" | "secret", "name"]
                | ["projected", "sources", _, "configMap" | "secret", "items", _, "key"]
        ),
        ["imagePullSecrets", _, "name"] | ["serviceAccountName"] => true,
        _ => false,
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

fn over_cap(strategy: &Strategy, edit: &Edit, policy: &Policy) -> Result<(), Refusal> {
    let is_raise = matches!(strategy, Strategy::RaiseMemoryLimit { .. });
    let cap = &policy.caps.memory;
    if is_raise && amount(edit, true) > cap.units() {
        let wanted = text(edit.to.as_ref()).unwrap_or_default().to_owned();
        return Err(Refusal::OverCap { wanted, cap: cap.0.clone() });
    }
    Ok(())
}

/// What the edit writes, in bytes or in millicores.
fn amount(edit: &Edit, is_memory: bool) -> Option<u64> {
    let text = text(edit.to.as_ref())?;
    let is_plain = text.chars().all(|it| it.is_ascii_alphanumeric() || it == '.');
    value(&Quantity(text.to_owned()), is_memory).filter(|_| is_plain)
}

fn value(quantity: &Quantity, is_memory: bool) -> Option<u64> {
    if is_memory { quantity.units() } else { quantity.milli_units() }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn refusal(what: &str, rule: Rule) -> Refusal {
    Refusal::OutOfScope { what: what.to_owned(), rule }
}
