//! What is known of a host that a program needs, as the end of a sentence.

use types::kind_words::OF_SERVICES;
use types::{ContainerFacts, Evidence, Kind, NeighbourFacts, PodFacts, ServiceFacts};

use super::super::spot;
use crate::near_miss::near_miss;
use crate::same_program::of_same_program;
use crate::same_words::of_same_words;

/// What is known of a host that a container needs: that it has it from before a change, or else as [`about_host`] says.
pub(in crate::analyzers) fn about_needed(
    evidence: &Evidence,
    container: &ContainerFacts,
    address: &str,
) -> String {
    let outdated = spot::outdated(container).map(|it| it.words.clone());
    outdated.unwrap_or_else(|| about_host(evidence, address))
}

/// What is known of a host that a program needs, as the end of a sentence: whether it is the pod itself, how the
/// workload of that name is, and which name was probably meant. Empty where nothing is.
pub(in crate::analyzers) fn about_host(evidence: &Evidence, address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |it| it.0).trim_matches(['[', ']']);
    if matches!(host, "localhost" | "127.0.0.1" | "::1" | "0.0.0.0") {
        return "; that is the pod itself, where nothing listens".to_owned();
    }
    let mut labels = host.split('.');
    let name = labels.next().unwrap_or_default();
    if is_made_later(evidence, name) {
        return "; that is a later pod of its own, which is made only when those before it are ready (podManagementPolicy OrderedReady)"
            .to_owned();
    }
    let elsewhere = labels.next().is_some_and(|it| it != evidence.subject.namespace);
    let by_address = evidence.services.iter().find(|it| it.addresses.iter().any(|it| it == host));
    if let Some(service) = by_address {
        let how = behind(evidence, service).map(|it| format!("; {it}")).unwrap_or_default();
        return format!("; that is Service {}{how}", service.name);
    }
    if elsewhere || name.chars().all(|it| it.is_ascii_digit()) {
        return String::new();
    }
    if let Some(service) = evidence.services.iter().find(|it| it.name == name) {
        return behind(evidence, service).map(|it| format!("; {it}")).unwrap_or_default();
    }
    let names = || evidence.neighbours.iter().map(|it| it.object.name.as_str());
    let of_name = evidence.neighbours.iter().find(|it| it.object.name == name);
    // Who calls calls Services; a workload of that name is the next best.
    let services = || evidence.services.iter().map(|it| it.name.as_str());
    let near = near_miss(name, services());
    match (near, of_name) {
        (None, Some(it)) => format!("; {}", how_it_is(it)),
        (near, _) => near
            .or_else(|| near_miss(name, names()))
            .map(|it| format!("; there is {it}, which was probably meant"))
            .or_else(|| {
                Some(format!("; there is {}, which may have been meant", kin(evidence, address)?))
            })
            .unwrap_or_default(),
    }
}

/// Whether this is the name of a pod of the same StatefulSet that is not there, since it waits for one before it.
fn is_made_later(evidence: &Evidence, name: &str) -> bool {
    let begin = format!("{}-", evidence.subject.name);
    let ordinal = |name: &str| name.strip_prefix(&begin)?.parse::<u32>().ok();
    let is_set = evidence.subject.kind == Kind::StatefulSet && evidence.workload.ordered;
    let Some(wanted) = ordinal(name).filter(|_| is_set) else { return false };
    let is_unready = |it: &PodFacts| !it.ready && ordinal(&it.name).is_some_and(|it| it < wanted);
    evidence.pods.iter().all(|it| it.name != name) && evidence.pods.iter().any(is_unready)
}

/// The Service that is called after the same program as the one that is missing, and does not have other ports.
fn kin<'e>(evidence: &'e Evidence, address: &str) -> Option<&'e str> {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let name = host.split('.').next().unwrap_or_default();
    let services = || evidence.services.iter().map(|it| it.name.as_str());
    let same = || of_same_words(name, services(), OF_SERVICES);
    let only = of_same_program(name, services()).or_else(same)?;
    let service = evidence.services.iter().find(|it| it.name == only)?;
    let is_there = port.is_empty()
        || service.targets.is_empty()
        || service.targets.iter().any(|it| it == port || it.parse::<u16>().is_err());
    is_there.then_some(only)
}

/// How the workloads behind a Service are; `None` where that is not known.
fn behind(evidence: &Evidence, service: &ServiceFacts) -> Option<String> {
    if !service.selects {
        return None;
    }
    let is_behind = |it: &&NeighbourFacts| {
        service.behind.iter().any(|name| *name == format!("{} {}", it.object.kind, it.object.name))
    };
    let told: Vec<_> = evidence.neighbours.iter().filter(is_behind).map(how_it_is).collect();
    if service.behind.is_empty() {
        return Some(format!("Service {} selects no workload", service.name));
    }
    (!told.is_empty()).then(|| told.join(" and "))
}

/// `Deployment shop/db has 0 of 1 ready`
fn how_it_is(it: &NeighbourFacts) -> String {
    let NeighbourFacts { object, desired, ready, .. } = it;
    if *desired == 0 {
        return format!("{} {} is scaled to 0", object.kind, object.name);
    }
    format!("{} {} has {ready} of {desired} ready", object.kind, object.name)
}
