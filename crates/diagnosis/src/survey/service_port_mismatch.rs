//! A Service sends traffic to a port that its pods do not declare.
//!
//! ## What it looks for
//! A named target port that none of its pods declares: then nobody gets its traffic. A number that no container
//! declares, though each declares ports and is ready: containers need not declare what they listen on, so this is a
//! warning, and only a notice where another Service reaches the declared port that was meant. Beside ports that do
//! lead somewhere, and where a container declares nothing, it takes more: a slip of a declared number, or the declared
//! number as the Service's own. Where containers declare nothing at all, a port that their probes find somebody at
//! tells as much. Two ports that lead to each other's port of the pods. A port that is asked for UDP, and that speaks
//! TCP. Pods of a second workload that the selector takes as well, and that do not serve the port: by what they
//! declare, or, where they declare nothing, because somebody is refused, or they run another image than those that do
//! and a label tells the two apart. A selector that takes another workload's pods, where the one that is called like
//! the Service has all its ports. Endpoints kept by hand whose port has another name than
//! the Service's.
//!
//! ## What it does not see
//! What a container really listens on. A number that a template mentions is left alone, and so is one of a Service
//! without an address of its own: who asks such a Service gets addresses, and takes his own port.

mod crossed;
mod meant;
mod numbers;
mod probes;
mod slices;
mod strangers;
mod twin;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, Fault, Finding, Severity};

use super::mend::mended;
use super::scene::{Scene, has_labels, is_over, name, namespace, subject};
use super::words::listed;
use crate::confidence;
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;
use probes::probed;

pub(super) use crossed::crossed;
pub(super) use meant::{meant, says_all};
pub(super) use twin::slip_of_twin;

/// Ports at which nobody expects UDP.
const SPEAK_TCP: [i32; 12] = [80, 443, 3000, 3306, 5000, 5432, 5672, 6379, 8000, 8080, 9090, 27017];
/// How ports are named at which TCP is spoken.
const NAMES_OF_TCP: [&str; 5] = ["http", "grpc", "web", "tcp", "metrics"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let services = || scene.all.services.iter().flatten();
    let found = services().flat_map(|it| of_service(it, scene));
    found.chain(services().flat_map(|it| slices::of_service(it, scene))).collect()
}

pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Vec<Finding> {
    let Some(behind) = Behind::of(service, scene) else { return vec![] };
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten()).enumerate();
    let found = ports.filter_map(|(index, port)| match target(port) {
        IntOrString::String(wanted) => {
            let found = behind.of_twin(&wanted);
            let found = found.or_else(|| behind.named(index, port, &wanted));
            found.or_else(|| behind.called_otherwise(index, port, &wanted))
        }
        IntOrString::Int(wanted) => {
            behind.numbered(index, port, wanted).or_else(|| behind.strangers(port, wanted))
        }
    });
    found.chain(behind.crossed()).collect()
}

/// A Service and the pods behind it.
struct Behind<'a> {
    service: &'a Service,
    pods: Vec<&'a Pod>,
    declared: BTreeSet<Declared<'a>>,
    scene: &'a Scene<'a>,
}

/// A port that a container declares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Declared<'a> {
    pub(super) number: i32,
    pub(super) name: &'a str,
    pub(super) protocol: &'a str,
}

impl<'a> Behind<'a> {
    fn of(service: &'a Service, scene: &'a Scene<'a>) -> Option<Self> {
        let spec = service.spec.as_ref()?;
        let selector = spec.selector.as_ref().filter(|it| !it.is_empty())?;
        let is_leaving = service.metadata.deletion_timestamp.is_some();
        if is_leaving || spec.type_.as_deref() == Some("ExternalName") {
            return None;
        }
        let pods = scene.pods_with(namespace(&service.metadata), selector);
        let pods: Vec<_> = pods.into_iter().filter(|it| !is_over(it)).collect();
        let declared = pods.iter().flat_map(|it| declared(it)).collect();
        (!pods.is_empty()).then_some(Self { service, pods, declared, scene })
    }

    /// None of the pods declares a port of this name: they are no endpoints for it.
    fn named(&self, index: usize, port: &ServicePort, wanted: &str) -> Option<Finding> {
        let protocol = protocol(port);
        let of_name: Vec<_> = self.declared.iter().filter(|it| it.name == wanted).collect();
        if of_name.iter().any(|it| it.protocol == protocol) || self.is_resolved(port) {
            return None;
        }
        let (member, value, cause) = if let Some(other) = of_name.first() {
            let other = other.protocol;
            let cause = format!(
                "Its pods declare port {wanted} for {other}, and the Service wants it for {protocol}."
            );
            ("protocol", protocol, cause)
        } else {
            let meant = self.meant(wanted);
            let cause = format!("None of its pods declares a port {wanted}; {meant}.");
            ("targetPort", wanted, cause)
        };
        let field = format!("/spec/ports/{index}/{member}");
        let finding = self.finding(Severity::Critical, cause).clue(field.clone(), value).at(field);
        let near = if member == "targetPort" { self.near(wanted) } else { None };
        let finding = mended(self.shown(finding), value.into(), near.map(Into::into));
        Some(match self.empty_slice(port) {
            Some((slice, ports)) => {
                let ports = ports.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
                let ports = if ports.is_empty() { "none".to_owned() } else { listed(&ports) };
                finding.clue(format!("EndpointSlice {slice}.ports"), &ports).sure(confidence::SAID)
            }
            None => finding.sure(confidence::SEEN),
        })
    }

    /// The name that they declare and that is nearly the same.
    fn near(&self, wanted: &str) -> Option<String> {
        let names = self.declared.iter().map(|it| it.name).filter(|it| !it.is_empty());
        let names: Vec<_> = names.collect();
        let same = || of_same_words(wanted, names.iter().copied(), &[]).map(ToOwned::to_owned);
        near_miss(wanted, names.iter().copied()).or_else(same)
    }

    /// What they declare instead.
    fn meant(&self, wanted: &str) -> String {
        if let Some(near) = self.near(wanted) {
            return format!("they declare {near}, which was probably meant");
        }
        let shown: Vec<_> = self.declared.iter().map(Declared::shown).collect();
        match shown.as_slice() {
            [] => "they declare no port at all".to_owned(),
            [only] => format!("the only one that they declare is {only}"),
            _ => format!("they declare {}", listed(&shown)),
        }
    }

    /// The Service asks for UDP where a probe that succeeds, or the port's own name or number, says that TCP is spoken.
    fn other_protocol(
        &self,
        index: usize,
        port: &ServicePort,
        (wanted, ready): (i32, &[&Pod]),
    ) -> Option<Finding> {
        let own = protocol(port);
        let of_number: Vec<_> = self.declared.iter().filter(|it| it.number == wanted).collect();
        let is_wrong = |it: &&Declared<'_>| it.protocol == "TCP" && own == "UDP";
        let other = of_number.first().filter(|it| is_wrong(it))?;
        let speaks = ready.iter().any(|it| probed(it).contains(&wanted))
            || SPEAK_TCP.contains(&wanted)
            || NAMES_OF_TCP.iter().any(|it| other.name.starts_with(it));
        let ports = self.service.spec.iter().flat_map(|it| it.ports.iter().flatten());
        // Beside TCP, UDP is meant: HTTP/3, names.
        let has_both = ports.into_iter().any(|it| protocol(it) == "TCP");
        if !speaks || has_both || of_number.iter().any(|it| it.protocol == own) {
            return None;
        }
        let field = format!("/spec/ports/{index}/protocol");
        let cause = format!(
            "It takes {own} for port {wanted} of its pods, and they declare {wanted} for {}.",
            other.protocol
        );
        let finding = self.finding(Severity::Warning, cause).clue(field.clone(), own).at(field);
        Some(self.shown(finding).sure(confidence::LIKELY))
    }

    /// Whether a port of this Service leads to one that the pods declare.
    fn reaches(&self, service: &Service) -> bool {
        let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
        ports.into_iter().any(|port| {
            self.declared.iter().any(|it| match target(port) {
                IntOrString::Int(number) => it.number == number,
                IntOrString::String(name) => it.name == name,
            })
        })
    }

    /// The other Services that take one of these pods.
    fn others(&self) -> impl Iterator<Item = &Service> {
        let here = self.scene.services(namespace(&self.service.metadata));
        here.filter(|it| {
            let selector = it.spec.as_ref().and_then(|it| it.selector.as_ref());
            let takes = |pod: &&Pod| {
                selector.is_some_and(|it| {
                    !it.is_empty() && has_labels(pod.metadata.labels.as_ref(), it)
                })
            };
            name(&it.metadata) != name(&self.service.metadata) && self.pods.iter().any(takes)
        })
    }

    /// The ports that slices of this Service have, with the name of the slice.
    fn slices(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let slices = self.scene.slices_of(&self.service.metadata);
        let own = slices.filter(|it| it.endpoints.iter().flatten().next().is_some());
        own.map(|it| {
            let ports = it.ports.iter().flatten().map(|it| it.name.as_deref().unwrap_or_default());
            (name(&it.metadata), ports.collect())
        })
    }

    /// Whether the cluster found the port in some pod.
    fn is_resolved(&self, port: &ServicePort) -> bool {
        let wanted = port.name.as_deref().unwrap_or_default();
        self.slices().any(|it| it.1.contains(&wanted))
    }

    /// The slice that proves that the cluster did not find the port, with those that it found.
    fn empty_slice(&self, port: &ServicePort) -> Option<(&str, Vec<&str>)> {
        let wanted = port.name.as_deref().unwrap_or_default();
        self.slices().filter(|it| !it.1.contains(&wanted)).min()
    }

    fn finding(&self, severity: Severity, cause: String) -> Finding {
        let about = subject("Service", &self.service.metadata);
        let fault = AnyFault::Workload(Fault::ServicePortMismatch);
        Finding::new(about, severity, fault, cause)
    }

    fn shown(&self, finding: Finding) -> Finding {
        let shown: Vec<_> = self.declared.iter().map(Declared::shown).collect();
        let roots: BTreeSet<_> = self.pods.iter().map(|it| self.scene.root_of(it)).collect();
        let Some(root) = roots.first() else { return finding };
        let shown = if shown.is_empty() { "none".to_owned() } else { listed(&shown) };
        finding.clue(format!("{root}.ports"), &shown)
    }
}

impl Declared<'_> {
    fn shown(&self) -> String {
        let protocol = if self.protocol == "TCP" { "" } else { self.protocol };
        let words = [self.name, protocol].into_iter().filter(|it| !it.is_empty());
        let words = words.collect::<Vec<_>>().join(", ");
        if words.is_empty() {
            self.number.to_string()
        } else {
            format!("{} ({words})", self.number)
        }
    }
}

/// The ports of the containers that run as long as the pod does.
pub(super) fn declared(pod: &Pod) -> Vec<Declared<'_>> {
    let ports = lasting(pod).flat_map(|it| it.ports.iter().flatten());
    ports
        .map(|it| Declared {
            number: it.container_port,
            name: it.name.as_deref().unwrap_or_default(),
            protocol: it.protocol.as_deref().unwrap_or("TCP"),
        })
        .collect()
}

pub(super) fn lasting(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.iter();
    spec.flat_map(|it| {
        let sidecars = it.init_containers.iter().flatten();
        it.containers
            .iter()
            .chain(sidecars.filter(|it| it.restart_policy.as_deref() == Some("Always")))
    })
}

/// Where a port leads; to the same number where nothing else is said.
pub(super) fn target(port: &ServicePort) -> IntOrString {
    match &port.target_port {
        Some(IntOrString::Int(0)) | None => IntOrString::Int(port.port),
        Some(target) => target.clone(),
    }
}

pub(super) fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}
