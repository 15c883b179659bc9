//! A Service that nobody answers for explains the workloads that connect to it.

use k8s_openapi::api::core::v1::Service;
use types::{Finding, Subject};

use crate::survey::host::{Place, has_port, needs, place};
use crate::survey::policy_blocks_traffic::blocker;
use crate::survey::scene::{Scene, is_over, is_ready, namespace, subject};
use crate::survey::service_port_mismatch;

/// The Services that the finding's own words name and that do not answer, and the workloads behind them.
pub(in crate::survey) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let own = &finding.subject.namespace;
    let mut causes = vec![];
    for address in needs(finding) {
        let Place::Service(service) = place(&address, own, scene) else { continue };
        // Who asks for a port that is not there has itself to blame.
        if has_port(service, address.port()) {
            causes.extend(of_service(service, scene));
        }
    }
    // What asks for itself explains nothing.
    if causes.contains(&finding.subject) { vec![] } else { causes }
}

/// Why a Service does not answer, as far as it can be told: an edge leads only to what has something to do with that.
fn of_service(service: &Service, scene: &Scene<'_>) -> Vec<Subject> {
    let about = subject("Service", &service.metadata);
    if service.spec.as_ref().is_some_and(|it| it.type_.as_deref() == Some("ExternalName")) {
        return vec![about];
    }
    let space = namespace(&service.metadata);
    let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
    // Its endpoints are somebody else's care.
    let Some(selector) = selector.filter(|it| !it.is_empty()) else { return vec![about] };
    let pods = scene.pods_with(space, selector);
    let pods: Vec<_> = pods.into_iter().filter(|it| !is_over(it)).collect();
    if !pods.iter().any(|it| is_ready(it)) {
        let workloads = scene.all.workloads.iter();
        let here = workloads.filter(|it| namespace(it.metadata()) == space && it.takes(selector));
        let mut behind: Vec<_> = here.map(|it| Subject::from(&it.object_ref())).collect();
        behind.extend(pods.iter().map(|it| scene.root_of(it)));
        behind.sort();
        behind.dedup();
        return [about].into_iter().chain(behind).collect();
    }
    if !service_port_mismatch::of_service(service, scene).is_empty() {
        return vec![about];
    }
    blocker(service, scene).into_iter().collect()
}
