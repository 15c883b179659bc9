//! A Service that was copied from another one and still selects that one's pods, which do not have its port.

use std::collections::BTreeSet;
use std::fmt::Display;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, Severity, Subject};

use super::meant::says_all;
use super::probes::{mentions, probed};
use super::{Behind, target};
use crate::confidence;
use crate::survey::mend::relabelled;
use crate::survey::scene::{Scene, is_over, is_ready, name, namespace};
use crate::survey::service_without_endpoints::{has_all, has_any};
use crate::survey::slip::{Slip, escaped};
use crate::survey::traffic::is_called;

/// The label of the selector that is another one's, and the workload that is called like the Service and has its ports.
struct Twin {
    slip: Slip,
    workload: Subject,
}

/// The slip in the selector, where the ready pods that it takes declare none of its ports, and with its own name as
/// the value of that label it would take the pods of just one workload, which declare all of them.
pub(in crate::survey) fn slip_of_twin(service: &Service, scene: &Scene<'_>) -> Option<Slip> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    let pods = scene.pods_with(namespace(&service.metadata), selector);
    let pods: Vec<_> = pods.into_iter().filter(|it| !is_over(it)).collect();
    twin(service, &pods, scene).map(|it| it.slip)
}

fn twin(service: &Service, pods: &[&Pod], scene: &Scene<'_>) -> Option<Twin> {
    let spec = service.spec.as_ref()?;
    let own = name(&service.metadata);
    let numbers = spec.ports.iter().flatten().filter_map(|it| match target(it) {
        IntOrString::Int(number) => Some(number),
        IntOrString::String(_) => None,
    });
    let numbers: Vec<i32> = numbers.collect();
    let is_theirs = |pod: &Pod| {
        let mut told = numbers.iter().map(|it| probed(pod).contains(it) || mentions(pod, *it));
        has_any(pod, service) || told.any(|it| it)
    };
    // One that declares nothing may listen at any port.
    if pods.is_empty() || pods.iter().any(|it| !says_all(it) || is_theirs(it)) {
        return None;
    }
    let selector = spec.selector.as_ref()?;
    // `shop-metrics` may well select the pods of `shop`.
    let others = selector.iter().filter(|it| !is_called(own, it.1));
    let mut found = others.filter_map(|(key, value)| {
        let mut meant = selector.clone();
        meant.insert(key.clone(), own.to_owned());
        let others = scene.pods_with(namespace(&service.metadata), &meant);
        let others: Vec<_> = others.into_iter().filter(|it| !is_over(it)).collect();
        let roots: BTreeSet<Subject> = others.iter().map(|it| scene.root_of(it)).collect();
        let workload = roots.first().filter(|_| roots.len() == 1)?.clone();
        let all = others.iter().all(|it| has_all(it, service));
        let is_it = all && others.iter().any(|it| is_ready(it));
        let meant = Some((key.clone(), own.to_owned()));
        let slip = Slip { key: key.clone(), value: value.clone(), meant };
        is_it.then_some(Twin { slip, workload })
    });
    found.next().filter(|_| found.next().is_none())
}

impl Behind<'_> {
    /// The selector takes the pods of another workload than the one that has the Service's name and its ports.
    pub(super) fn of_twin(&self, wanted: &dyn Display) -> Option<Finding> {
        let Twin { slip, workload } = twin(self.service, &self.pods, self.scene)?;
        let taken: BTreeSet<_> = self.pods.iter().map(|it| self.scene.root_of(it)).collect();
        let taken = taken.first()?;
        let cause = format!(
            "Its selector takes the pods of {taken}, which do not declare its port {wanted}; {} it would take those of \
             {workload}, which do.",
            slip.words()
        );
        let field = format!("/spec/selector/{}", escaped(&slip.key));
        let finding = self.finding(Severity::Warning, cause);
        let finding = finding.clue(field.clone(), &slip.value).at(field);
        let finding = self.shown(relabelled(finding, "/spec/selector", &slip));
        Some(finding.sure(confidence::FOLLOWS))
    }
}
