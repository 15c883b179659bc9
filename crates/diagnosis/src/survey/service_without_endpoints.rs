//! A Service selects no pod, or none that is ready.
//!
//! ## What it looks for
//! A selector that takes no pod of its namespace, with the one workload that it was probably meant for (of two that
//! are near the one that has the Service's ports; or the one whose pods have two of its values the other way
//! round), in this namespace or in another; or pods of which none is ready: then the workload's own trouble is the
//! cause. A Deployment that is paused and never had a pod, behind a Service; a workload that is scaled to nothing,
//! which explains who calls it in vain. A Service that stands for another one (`ExternalName`) which is not there,
//! or for an address. One without a selector and without endpoints that a template names.
//!
//! ## What it does not see
//! A Service without a selector, whose endpoints somebody else keeps or that nobody names, one that names a host
//! outside the cluster, and pods that start, that are replaced right now, or that ended on purpose.

mod by_hand;
mod by_ports;
mod called_alike;
mod external_name;
mod not_written;
mod strayed;
mod swapped;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, Service};
use types::{AnyFault, Fault, Finding, Severity, Subject};

use self::called_alike::Alike;
use super::mend::relabelled;
use super::scene::{Scene, is_over, is_ready, name, namespace, subject};
use super::slip::{escaped, shown};
use super::words::listed;
use crate::Root;
use crate::confidence;

/// How long a Service or a workload may be without pods after it was made, in seconds: what is installed
/// together comes one after the other.
const PATIENCE_SECS: i64 = 20;
/// How many pods a workload is to have.
const REPLICAS: &str = "/spec/replicas";

pub use by_hand::service_address;
pub(super) use by_hand::{asks, is_of_host};
pub(super) use by_ports::{has_all, has_any, slip_of, told};
pub(super) use swapped::{Swap, swap_of, swapped};

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let services = scene.all.services.iter().flatten();
    let mut found: Vec<_> = services.clone().filter_map(|it| of_service(it, scene)).collect();
    found.extend(services.clone().filter_map(|it| external_name::of_service(it, scene)));
    found.extend(services.filter_map(|it| by_hand::of_service(it, scene)));
    found.extend(scaled_down(&found));
    found.extend(paused(scene));
    found
}

/// The workloads that are scaled to nothing and that Services want somebody of: who calls in vain is explained
/// there. Where nobody calls, it is meant, and no more than a notice.
fn scaled_down(services: &[Finding]) -> Vec<Finding> {
    let mut wanted: BTreeMap<&Subject, Vec<String>> = BTreeMap::new();
    for service in services {
        let Some(root) = service.caused_by.first() else { continue };
        let fact = replicas_of(root);
        if service.clues.iter().any(|it| it.fact == fact) {
            wanted.entry(root).or_default().push(service.subject.to_string());
        }
    }
    let told = wanted.into_iter().map(|(root, services)| {
        let cause = format!("It is scaled to 0, so nobody answers for {}.", listed(&services));
        let finding = finding(root.clone(), cause).clue(REPLICAS, "0").at(REPLICAS);
        Finding { severity: Severity::Notice, ..finding }
    });
    told.collect()
}

/// `Deployment shop/web./spec/replicas`
fn replicas_of(root: &Subject) -> String {
    format!("{root}.{REPLICAS}")
}

pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref().filter(|it| !it.is_empty())?;
    // What is being deleted needs nobody behind it.
    let is_leaving = service.metadata.deletion_timestamp.is_some();
    if is_leaving || spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    let space = namespace(&service.metadata);
    let all = scene.pods_with(space, selector);
    let (over, pods): (Vec<&Pod>, Vec<&Pod>) = all.into_iter().partition(|it| is_over(it));
    if pods.iter().any(|it| is_ready(it)) {
        return not_written::of_service(service, scene);
    }
    if pods.is_empty() {
        // Pods that go while others come are a rollout, or a pod that is replaced.
        let are_replaced = over.iter().any(|it| it.metadata.deletion_timestamp.is_some());
        return if are_replaced { None } else { nobody(service, selector, scene) };
    }
    // Its endpoints are told to everybody whether they are ready or not: so its owner wants it.
    if spec.publish_not_ready_addresses == Some(true) || scene.are_starting(&pods) {
        return None;
    }
    let mut roots: Vec<Subject> = pods.iter().map(|it| scene.root_of(it)).collect();
    roots.sort();
    roots.dedup();
    let names: Vec<_> = roots.iter().map(ToString::to_string).collect();
    let cause = format!("None of the pods behind it is ready: {}.", listed(&names));
    let about = subject("Service", &service.metadata);
    let finding = finding(about, cause).clue("pods.ready", &format!("0 of {}", pods.len()));
    Some(roots.into_iter().fold(finding, Finding::because_of))
}

/// The selector takes no pod.
fn nobody(
    service: &Service,
    selector: &BTreeMap<String, String>,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let mut here = scene.workloads(&about.namespace);
    if let Some(root) = here.find(|it| it.takes(selector)) {
        return without_pods(about, root, scene);
    }
    if scene.is_new(&service.metadata, PATIENCE_SECS) {
        return None;
    }
    let shown = shown(selector);
    let finding = |cause: String| finding(about.clone(), cause).clue("/spec/selector", &shown);
    let found = if let Some(slip) = slip_of(service, scene) {
        let cause = format!("Its selector {shown} takes no pod; {} it would.", slip.words());
        let found = finding(cause).at(format!("/spec/selector/{}", escaped(&slip.key)));
        relabelled(found, "/spec/selector", &slip)
    } else if let Some(swap) = swap_of(service, scene) {
        swap.told(finding, selector)
    } else if let Some(alike) = called_alike::of(service, selector, scene) {
        let Alike { whose, key, value } = alike;
        let cause = format!(
            "Its selector {shown} takes no pod; {whose} has {key}={value}, which may have been meant."
        );
        finding(cause).at(format!("/spec/selector/{}", escaped(&key))).sure(confidence::WORDED)
    } else if let Some(root) = elsewhere(selector, scene) {
        let cause = format!(
            "Its selector {shown} takes no pod of its own namespace; {root} has such pods, but a Service takes \
             none of another namespace."
        );
        finding(cause).at("/spec/selector").sure(confidence::WORDED)
    } else {
        finding(format!("Its selector {shown} takes no pod."))
            .at("/spec/selector")
            .sure(confidence::WORDED)
    };
    Some(used_by(found, &about, scene))
}

/// A workload would be taken and has no pod. One that is scaled to nothing on purpose is no trouble of the
/// Service, and work that is done or not begun is nobody's.
fn without_pods(about: Subject, root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    let name = Subject::from(&root.object_ref());
    let wanted = match root {
        Root::Deployment(_) | Root::StatefulSet(_) | Root::ReplicaSet(_) => replicas_of(&name),
        Root::DaemonSet(_) | Root::Pod(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            "workload.desired".to_owned()
        }
    };
    let notice = |cause: String| Finding {
        severity: Severity::Notice,
        ..finding(about.clone(), cause).clue(wanted.as_str(), "0").because_of(name.clone())
    };
    let wants_nothing = match root {
        Root::Job(_) | Root::CronJob(_) | Root::Service(_) => return None,
        Root::Pod(pod) => {
            let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
            let has_failed = phase == Some("Failed");
            let ended = finding(about, format!("{name} has ended, so nobody answers."));
            return has_failed.then(|| ended.because_of(name));
        }
        Root::DaemonSet(it) => {
            it.status.as_ref().is_some_and(|it| it.desired_number_scheduled == 0)
        }
        Root::Deployment(_) | Root::ReplicaSet(_) | Root::StatefulSet(_) => {
            root.desired() == Some(0)
        }
    };
    if scene.is_new(root.metadata(), PATIENCE_SECS) {
        return None;
    }
    if wants_nothing {
        let how = if matches!(root, Root::DaemonSet(_)) {
            "finds no node to run on"
        } else {
            "is scaled to 0"
        };
        return Some(notice(format!("{name} {how}, so nobody answers.")));
    }
    let why = if is_paused(root) { " and is paused, so that none is made" } else { "" };
    Some(finding(about, format!("{name} has no pod{why}.")).because_of(name))
}

fn is_paused(root: &Root) -> bool {
    let Root::Deployment(it) = root else { return false };
    it.spec.as_ref().is_some_and(|it| it.paused == Some(true))
}

/// Deployments that are paused and without a pod, and from whom a Service wants some. What nobody asks for anything may
/// well wait for its day.
fn paused(scene: &Scene<'_>) -> Vec<Finding> {
    let paused = scene.all.workloads.iter().filter(|it| is_paused(it) && it.desired() != Some(0));
    let idle: Vec<_> = paused
        .filter(|it| scene.pods_of(&Subject::from(&it.object_ref())).is_empty())
        .filter(|it| !scene.is_new(it.metadata(), PATIENCE_SECS))
        .collect();
    if idle.is_empty() {
        return vec![];
    }
    let services = scene.all.services.iter().flatten();
    let wanted: BTreeSet<_> = services
        .filter_map(|service| {
            let selector = service.spec.as_ref()?.selector.as_ref().filter(|it| !it.is_empty())?;
            let space = namespace(&service.metadata);
            let mut here = idle.iter().filter(|it| namespace(it.metadata()) == space);
            let root = here.find(|it| it.takes(selector))?;
            Some((Subject::from(&root.object_ref()), name(&service.metadata)))
        })
        .collect();
    let mut told: BTreeMap<Subject, Finding> = BTreeMap::new();
    for (root, service) in wanted {
        let fault = AnyFault::Workload(Fault::RolloutStuck);
        let cause = format!(
            "It is paused, so that none of its pods is made; Service {service} waits for them."
        );
        let finding = Finding::new(root.clone(), Severity::Critical, fault, cause);
        told.entry(root).or_insert_with(|| finding.clue("/spec/paused", "true").at("/spec/paused"));
    }
    told.into_values().collect()
}

/// The root owner of the pods that the selector would take in another namespace, where there is just one.
fn elsewhere(selector: &BTreeMap<String, String>, scene: &Scene<'_>) -> Option<Subject> {
    // One label is too little to tell a workload that was meant from one that is merely named alike.
    let tells = 1 < selector.len() || selector.values().all(|it| 3 < it.chars().count());
    let mut roots: Vec<_> = scene
        .all
        .workloads
        .iter()
        .filter(|it| tells && it.takes(selector))
        .map(|it| Subject::from(&it.object_ref()))
        .collect();
    roots.sort();
    match roots.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// The finding with the StatefulSet whose pods get their names from this Service.
fn used_by(finding: Finding, about: &Subject, scene: &Scene<'_>) -> Finding {
    let mut sets = scene.workloads(&about.namespace).filter(|it| {
        let Root::StatefulSet(set) = it else { return false };
        let spec = set.spec.as_ref();
        spec.and_then(|it| it.service_name.as_deref()) == Some(&*about.name)
    });
    let Some(set) = sets.next() else { return finding };
    let set = format!("StatefulSet {}/{}", about.namespace, name(set.metadata()));
    finding.clue(format!("{set}./spec/serviceName"), &about.name)
}

fn finding(about: Subject, cause: String) -> Finding {
    let fault = AnyFault::Workload(Fault::ServiceWithoutEndpoints);
    Finding::new(about, Severity::Critical, fault, cause)
}
