//! Pods of a second workload behind a Service, which do not serve what it asks for.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, Severity, Subject};

use super::{Behind, Declared, declared, lasting, probed, protocol, target};
use crate::survey::scene::is_ready;
use crate::survey::words::listed;

impl Behind<'_> {
    /// The selector takes ready pods of another workload, which declare other ports: a part of the traffic is lost
    /// there.
    pub(super) fn strangers(&self, port: &ServicePort, wanted: i32) -> Option<Finding> {
        let is_headless =
            self.service.spec.as_ref().is_some_and(|it| it.cluster_ip.as_deref() == Some("None"));
        if is_headless || protocol(port) != "TCP" {
            return None;
        }
        let serves = |it: &Pod| {
            declared(it).iter().any(|it| it.number == wanted) || probed(it).contains(&wanted)
        };
        let is_told = |it: &&&Pod| {
            let mut containers = lasting(it);
            // One that declares nothing may listen at any port.
            containers.all(|it| it.ports.as_ref().is_some_and(|it| !it.is_empty()))
        };
        let (others, root) = self.apart(serves)?;
        let known: Vec<_> = others.iter().filter(is_told).collect();
        let ports: BTreeSet<_> = known.iter().flat_map(|it| declared(it)).collect();
        let is_served = ports.iter().any(|it| self.leads_to(it));
        if known.len() < others.len() || is_served {
            return None;
        }
        let shown = listed(&ports.iter().map(Declared::shown).collect::<Vec<_>>());
        let cause = format!(
            "Its selector takes the pods of {root} as well, which declare {shown} and not {wanted}: a part of its traffic \
             is lost there."
        );
        let finding = self.finding(Severity::Warning, cause).at("/spec/selector");
        Some(finding.clue(format!("{root}.ports"), &shown).sure(0.75))
    }

    /// Ready pods of another workload have the port under another name: they are no endpoints for it.
    pub(super) fn called_otherwise(
        &self,
        index: usize,
        port: &ServicePort,
        wanted: &str,
    ) -> Option<Finding> {
        let of_name: BTreeSet<_> =
            self.declared.iter().filter(|it| it.name == wanted).map(|it| it.number).collect();
        let number = *of_name.first().filter(|_| of_name.len() == 1)?;
        let serves = |it: &Pod| declared(it).iter().any(|it| it.name == wanted);
        // A pod that nothing owns may be one that is about to be replaced.
        let (others, root) = self.apart(serves).filter(|it| it.1.kind != "Pod")?;
        let names: BTreeSet<_> = others
            .iter()
            .flat_map(|it| declared(it))
            .filter(|it| it.number == number && it.protocol == protocol(port))
            .map(|it| it.name)
            .collect();
        let name = names.first().filter(|it| names.len() == 1 && !it.is_empty())?;
        let cause = format!(
            "Its selector takes the pods of {root} as well, which call port {number} {name} and not {wanted}: they get none \
             of its traffic."
        );
        let field = format!("/spec/ports/{index}/targetPort");
        let finding = self.finding(Severity::Warning, cause).clue(field.clone(), wanted).at(field);
        Some(finding.clue(format!("{root}.ports"), &format!("{number} ({name})")).sure(0.85))
    }

    /// The ready pods that do not serve, where others do, and where they are all of one workload of which none does.
    fn apart(&self, serves: impl Fn(&Pod) -> bool) -> Option<(Vec<&Pod>, Subject)> {
        let ready = self.pods.iter().copied().filter(|it| is_ready(it));
        let (serving, others): (Vec<&Pod>, Vec<&Pod>) = ready.partition(|it| serves(it));
        if serving.is_empty() || others.is_empty() {
            return None;
        }
        let roots = |pods: &[&Pod]| -> BTreeSet<Subject> {
            pods.iter().map(|it| self.scene.root_of(it)).collect()
        };
        let of_others = roots(&others);
        let only = of_others.first().filter(|_| of_others.len() == 1)?;
        (!roots(&serving).contains(only)).then(|| (others, only.clone()))
    }

    /// Whether one of the Service's ports leads to this one.
    fn leads_to(&self, declared: &Declared<'_>) -> bool {
        let ports = self.service.spec.iter().flat_map(|it| it.ports.iter().flatten());
        ports.into_iter().any(|it| match target(it) {
            IntOrString::Int(number) => number == declared.number,
            IntOrString::String(name) => name == declared.name,
        })
    }
}
