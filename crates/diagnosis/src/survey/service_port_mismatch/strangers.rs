//! Pods of a second workload behind a Service, which do not serve what it asks for.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, Severity, Subject};

use super::{Behind, Declared, declared, lasting, probed, protocol, target};
use crate::confidence;
use crate::evidence::repository;
use crate::survey::host::{self, Place};
use crate::survey::scene::is_ready;
use crate::survey::slip::{MADE, USUAL, shown as labels};
use crate::survey::words::listed;

/// What programs say of a port at which nobody listens.
const REFUSED: &str = "refuse";

impl Behind<'_> {
    /// The selector takes ready pods of another workload, which declare other ports: a part of the traffic is lost
    /// there. Of those that declare none nobody knows, unless somebody is refused, or they run another image and a
    /// label tells the two apart.
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
        let is_sure = known.len() == others.len();
        let may_listen =
            || others.iter().any(|it| may_listen(it, wanted) || self.is_copy(it, serves));
        let meant = self.label_apart(&others, serves);
        let is_other =
            || self.is_refused(port) || meant.is_some() && self.is_of_other_kind(&others, serves);
        if is_served || !is_sure && (!is_other() || may_listen()) {
            return None;
        }
        let shown = listed(&ports.iter().map(Declared::shown).collect::<Vec<_>>());
        let declare = if shown.is_empty() {
            format!("no port {wanted}")
        } else {
            format!("{shown} and not {wanted}")
        };
        let meant = meant.map(|it| format!("; with {it} it would take none of them"));
        let cause = format!(
            "Its selector takes the pods of {root} as well, which declare {declare}: a part of its traffic is lost \
             there{}.",
            meant.unwrap_or_default()
        );
        let finding = self.finding(Severity::Warning, cause).at("/spec/selector");
        let selector = self.service.spec.as_ref().and_then(|it| it.selector.as_ref()).map(labels);
        let finding = finding.clue("/spec/selector", &selector.unwrap_or_default());
        let shown = if shown.is_empty() { "none".to_owned() } else { shown };
        Some(finding.clue(format!("{root}.ports"), &shown).sure(confidence::GUESSED))
    }

    /// Whether a workload says that this port of the Service refuses connections, though pods behind it are ready.
    fn is_refused(&self, port: &ServicePort) -> bool {
        let is_here = |it: &Finding| {
            host::needs(it).iter().any(|address| {
                let place = host::place(address, &it.subject.namespace, self.scene);
                let is_it = matches!(place, Place::Service(it) if std::ptr::eq(it, self.service));
                is_it && address.port().is_none_or(|it| it == port.port)
            })
        };
        let says = |it: &Finding| {
            let mut texts = it.clues.iter().map(|it| &it.value).chain([&it.cause]);
            texts.any(|it| it.to_lowercase().contains(REFUSED))
        };
        self.scene.workload_findings.iter().any(|it| says(it) && is_here(it))
    }

    /// Whether none of these runs an image that those who serve run: a canary would.
    fn is_of_other_kind(&self, others: &[&Pod], serves: impl Fn(&Pod) -> bool) -> bool {
        let images = |it: &Pod| -> BTreeSet<String> {
            let images = lasting(it).filter_map(|it| it.image.as_deref());
            images.map(|it| repository(it).to_owned()).collect()
        };
        let serving = self.pods.iter().filter(|it| serves(it));
        let own: BTreeSet<_> = serving.flat_map(|it| images(it)).collect();
        others.iter().all(|it| images(it).is_disjoint(&own))
    }

    /// Whether a pod runs the very program of one that serves, so that it listens where that one does.
    fn is_copy(&self, pod: &Pod, serves: impl Fn(&Pod) -> bool) -> bool {
        let same = |one: &Container, other: &Container| {
            let image = |it: &Container| it.image.as_deref().map(|it| repository(it).to_owned());
            image(one) == image(other) && one.command == other.command && one.args == other.args
        };
        let is_same = |it: &&&Pod| lasting(it).any(|it| lasting(pod).any(|own| same(own, it)));
        self.pods.iter().filter(|it| serves(it)).any(|it| is_same(&it))
    }

    /// The label that all pods which serve have, with one value, and none of the others: what they are before what else
    /// they have.
    fn label_apart(&self, others: &[&Pod], serves: impl Fn(&Pod) -> bool) -> Option<String> {
        let serving: Vec<&Pod> =
            self.pods.iter().copied().filter(|it| is_ready(it) && serves(it)).collect();
        let has = |pod: &Pod, label: (&String, &String)| {
            pod.metadata.labels.as_ref().and_then(|it| it.get(label.0)) == Some(label.1)
        };
        let all = serving.first()?.metadata.labels.iter().flatten();
        let own = all.filter(|it| !MADE.contains(&it.0.as_str()));
        let apart = own.filter(|it| {
            serving.iter().all(|pod| has(pod, *it)) && !others.iter().any(|pod| has(pod, *it))
        });
        let rank = |it: &(&String, &String)| USUAL.iter().position(|key| key == it.0);
        let found = apart.min_by_key(|it| rank(it).unwrap_or(USUAL.len()));
        found.map(|(key, value)| format!("{key}={value}"))
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
        Some(
            finding
                .clue(format!("{root}.ports"), &format!("{number} ({name})"))
                .sure(confidence::FOLLOWS),
        )
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

/// Whether a pod that does not declare this port is told it: by its arguments, or by a variable for one.
fn may_listen(pod: &Pod, wanted: i32) -> bool {
    let number = wanted.to_string();
    let has = |it: &String| it.split(|it: char| !it.is_ascii_digit()).any(|it| it == number);
    let is_told = |it: &Container| {
        let ports = it.env.iter().flatten().filter(|it| it.name.to_uppercase().contains("PORT"));
        let values = ports.filter_map(|it| it.value.as_ref());
        it.command.iter().flatten().chain(it.args.iter().flatten()).chain(values).any(has)
    };
    lasting(pod).any(is_told)
}
