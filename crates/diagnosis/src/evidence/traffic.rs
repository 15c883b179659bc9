//! The facts of a Service that is the subject itself.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Service;
use types::{Evidence, TrafficFacts, WorkloadFacts};

use super::workload::{FIX_ID, OPT_OUT};
use super::{events, hands, last_change, maintenance, neighbours, owners, services};
use crate::root::spec_hash;
use crate::{Objects, Redactor, survey};

/// A Service that was made less than this long ago is on its way: what is installed together comes one after the other.
const YOUNG: SignedDuration = SignedDuration::from_secs(45);

/// The facts around this Service, redacted.
pub(super) fn gather(service: &Service, objects: &Objects, redactor: &Redactor) -> Evidence {
    let mut traffic = survey::traffic_facts(service, objects, redactor);
    let workload = workload(service, &traffic, objects);
    // Only now: whom it takes is told by the true labels. A fix of a mark is refused where it is written.
    for value in traffic.selector.values_mut() {
        *value = redactor.redact(value);
    }
    Evidence {
        taken_at: objects.taken_at,
        cluster: objects.cluster.clone(),
        subject: objects.root.object_ref(),
        workload,
        containers: vec![],
        pods: vec![],
        events: events::facts(objects, redactor),
        revisions: vec![],
        references: vec![],
        images: vec![],
        on_nodes: vec![],
        nodes: None,
        neighbours: neighbours::facts(objects),
        node_mates: vec![],
        services: services::facts(objects),
        service: Some(Box::new(traffic)),
        slips: vec![],
        room: None,
        leftovers: vec![],
        kubernetes_minor: objects.kubernetes_minor,
        registry_tags: None,
        manifest: None,
        unread: objects.unread.iter().map(|it| redactor.redact(it)).collect(),
        failed: vec![],
    }
}

/// One endpoint is what a Service wants, where there is anybody that it could take.
fn workload(service: &Service, traffic: &TrafficFacts, objects: &Objects) -> WorkloadFacts {
    let desired = u32::from(wants_endpoints(service, traffic, objects));
    let made = service.metadata.creation_timestamp.as_ref().map(|it| it.0);
    let is_young = made.is_some_and(|it| objects.taken_at.duration_since(it) < YOUNG);
    WorkloadFacts {
        desired,
        ready: traffic.endpoints.unwrap_or(0),
        updated: desired,
        rolling_out: is_young || traffic.endpoints.is_none(),
        spec_hash: spec_hash(&objects.root.template_json()),
        was_ready: traffic.endpoints.is_some_and(|it| 0 < it),
        opted_out: objects.root.annotation(OPT_OUT) == Some("true"),
        maintenance: maintenance::fact(objects),
        owners: owners::facts(objects),
        other_hands: hands::facts(&objects.root),
        last_change: last_change::fact(&objects.root, None),
        fix_id: objects.root.annotation(FIX_ID).map(ToOwned::to_owned),
        ..WorkloadFacts::default()
    }
}

/// Whether it should have endpoints. A Service whose endpoints somebody else keeps tells nothing, and one whose pods
/// are scaled to nothing, done or not begun, or without any yet, has its workload's word for it.
fn wants_endpoints(service: &Service, traffic: &TrafficFacts, objects: &Objects) -> bool {
    let is_host = service.spec.as_ref().and_then(|it| it.type_.as_deref()) == Some("ExternalName");
    if traffic.selector.is_empty() || is_host {
        return false;
    }
    let takes_one = |it: &crate::Root| {
        it.metadata().namespace == service.metadata.namespace && it.takes(&traffic.selector)
    };
    0 < traffic.pods || !objects.workloads.iter().any(takes_one)
}
