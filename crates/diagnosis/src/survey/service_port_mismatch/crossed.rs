//! Two ports of a Service that lead to each other's port of the pods: `http` to `metrics`, and `metrics` to `http`.

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;
use types::{Finding, Severity};

use super::meant::ports_of;
use super::{Behind, declared, protocol};
use crate::confidence;
use crate::survey::mend::edited;

/// The places of the two ports, each called as the pods call the port that the other one leads to.
pub(in crate::survey) fn crossed(service: &Service, pods: &[&Pod]) -> Option<[usize; 2]> {
    let is_headless =
        service.spec.as_ref().is_some_and(|it| it.cluster_ip.as_deref() == Some("None"));
    if is_headless || pods.is_empty() {
        return None;
    }
    let ports = ports_of(service);
    let places = || ports.iter().enumerate();
    let mut found = places().flat_map(|(one, a)| {
        let others = places().skip(one + 1);
        others.filter(|(_, b)| are_crossed(a, b, pods)).map(move |(other, _)| [one, other])
    });
    found.next().filter(|_| found.next().is_none())
}

fn are_crossed(one: &ServicePort, other: &ServicePort, pods: &[&Pod]) -> bool {
    let name = |it: &ServicePort| it.name.clone().filter(|it| !it.is_empty());
    let (Some(first), Some(second)) = (name(one), name(other)) else { return false };
    first != second
        && protocol(one) == protocol(other)
        && pods.iter().all(|pod| {
            leads_to(one, pod).as_ref() == Some(&second)
                && leads_to(other, pod).as_ref() == Some(&first)
        })
}

/// The name of the one port of the pod that is led to.
fn leads_to(port: &ServicePort, pod: &Pod) -> Option<String> {
    let target = port.target_port.as_ref()?;
    let is_it = |it: &super::Declared<'_>| {
        it.protocol == protocol(port)
            && match target {
                IntOrString::Int(number) => it.number == *number,
                IntOrString::String(name) => it.name == name,
            }
    };
    let declared = declared(pod);
    let mut found = declared.iter().filter(|it| is_it(it));
    let only = found.next().filter(|it| !it.name.is_empty() && found.next().is_none())?;
    Some(only.name.to_owned())
}

impl Behind<'_> {
    /// Each of two ports has the name of the port that the other one leads to. Nobody is without an answer, but with
    /// that of another one.
    pub(super) fn crossed(&self) -> Option<Finding> {
        let places = crossed(self.service, &self.pods)?;
        let ports = ports_of(self.service);
        let [one, other] = places.map(|it| ports.get(it).copied());
        let (one, other) = one.zip(other)?;
        let name = |it: &ServicePort| it.name.clone().unwrap_or_default();
        let cause = format!(
            "Its ports {0} and {1} lead to each other's port of the pods: {0} to {1}, and {1} to {0}.",
            name(one),
            name(other)
        );
        let fields = places.map(|it| format!("/spec/ports/{it}/targetPort"));
        let [first, _] = &fields;
        let mut finding = self.finding(Severity::Warning, cause).at(first.clone());
        for (field, port, meant) in [(&fields[0], one, other), (&fields[1], other, one)] {
            let target = |it: &ServicePort| it.target_port.as_ref().map_or(Value::Null, value);
            let shown = target(port);
            finding = finding.clue(
                field.clone(),
                &shown.as_str().map_or_else(|| shown.to_string(), str::to_owned),
            );
            finding = edited(finding, field, shown, Some(target(meant)));
        }
        Some(self.shown(finding).sure(confidence::FOLLOWS))
    }
}

fn value(target: &IntOrString) -> Value {
    match target {
        IntOrString::Int(number) => Value::from(*number),
        IntOrString::String(name) => Value::from(name.as_str()),
    }
}
