//! Of several workloads that a selector may have been meant for, the one that has the ports of the Service.

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::survey::scene::{Scene, is_over, namespace};
use crate::survey::service_port_mismatch::{declared, protocol, says_all, target};
use crate::survey::slip::{Slip, slip_told_by};

/// The one that has the ports.
pub(in crate::survey) struct Told {
    /// The value of its label.
    pub(in crate::survey) value: String,
    /// Whether all the others say what they listen on, and it is something else.
    pub(in crate::survey) is_sure: bool,
}

/// The slip in the selector of a Service, where several values are near told by the ports.
pub(in crate::survey) fn slip_of(service: &Service, scene: &Scene<'_>) -> Option<Slip> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    let own = service.metadata.name.as_deref().unwrap_or_default();
    let names = (namespace(&service.metadata), own);
    slip_told_by(selector, names, scene, |key, near| {
        told(service, key, near, scene).map(|it| it.value)
    })
}

/// Of these values of a label the one whose pods have all ports of the Service, where it is just one.
pub(in crate::survey) fn told(
    service: &Service,
    key: &str,
    near: &[&str],
    scene: &Scene<'_>,
) -> Option<Told> {
    let mut selector = service.spec.as_ref()?.selector.clone()?;
    let mut groups = near.iter().map(|value| {
        selector.insert(key.to_owned(), (*value).to_owned());
        let pods = scene.pods_with(namespace(&service.metadata), &selector);
        (*value, pods.into_iter().filter(|it| !is_over(it)).collect::<Vec<_>>())
    });
    let (having, others): (Vec<_>, Vec<_>) = groups
        .by_ref()
        .partition(|it| !it.1.is_empty() && it.1.iter().all(|it| has_all(it, service)));
    let [(value, _)] = having.as_slice() else { return None };
    let is_other = |it: &&Pod| says_all(it) && !has_any(it, service);
    let is_sure = others.iter().all(|it| !it.1.is_empty() && it.1.iter().all(is_other));
    Some(Told { value: (*value).to_owned(), is_sure })
}

/// Whether the pod declares all ports of the Service.
pub(in crate::survey) fn has_all(pod: &Pod, service: &Service) -> bool {
    let mut has = has(pod, service).peekable();
    has.peek().is_some() && has.all(|it| it)
}

pub(in crate::survey) fn has_any(pod: &Pod, service: &Service) -> bool {
    has(pod, service).any(|it| it)
}

/// Of each port of the Service, whether the pod declares where it leads.
fn has(pod: &Pod, service: &Service) -> impl Iterator<Item = bool> {
    let declared = declared(pod);
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    ports.map(move |port| {
        declared.iter().filter(|it| it.protocol == protocol(port)).any(|it| match target(port) {
            IntOrString::Int(number) => it.number == number,
            IntOrString::String(name) => it.name == name,
        })
    })
}
