//! A network policy keeps a workload from what it needs.
//!
//! ## What it looks for
//! A workload in trouble whose own words say that an address does not answer, although somebody is ready there, and
//! policies in between: those that select its pods for egress, of which none lets them reach that address, or those
//! that select the pods behind it for ingress, of which none lets this workload in. Where it names no address, the
//! one Service of its namespace that is closed to it.
//!
//! ## What it does not see
//! Whether the network of the cluster heeds policies at all, and policies of other kinds. What refuses connections:
//! that was reached. Names that are not resolved: those are another rule's. A policy under which nobody complains.

mod gate;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::host::{Address, Place, has_port, is_lookup_unanswered, needs, place};
use super::scene::{Scene, is_over, is_ready, name, namespace, subject};
use super::service_port_mismatch::{declared, protocol, target};
use super::words::{is_of_log, listed};
use super::{cluster, policy_age};
use crate::confidence;
pub(super) use gate::peer_words;
use gate::{Asked, Other, Side, Why, is_about, lets, why};

/// What programs say of an address from which nothing comes back.
const SILENT: [&str; 8] = [
    "timeout",
    "timed out",
    "timedout",
    "time out",
    "no route to host",
    "unreachable",
    "deadline exceeded",
    "does not answer",
];
/// What they say of one that was reached.
const REACHED: [&str; 3] = ["refused", "reset by peer", "certificate"];
/// Services that are looked at where no address is named, and pods that a namespace may have for that: each is compared
/// with each.
const MAX_SERVICES: usize = 20;
const MAX_PODS: usize = 300;

/// A policy that keeps a workload from something.
pub(super) struct Block {
    policy: Subject,
    /// What it keeps the workload from.
    from: String,
    why: Why,
    /// How sure it is.
    sure: f64,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut by_policy: BTreeMap<&Subject, (&Block, Vec<&Subject>)> = BTreeMap::new();
    for (workload, block) in blocks(scene) {
        let workloads = &mut by_policy.entry(&block.policy).or_insert((block, vec![])).1;
        workloads.push(workload);
    }
    let told = by_policy.into_values().map(|(block, workloads)| {
        let names: Vec<_> = workloads.iter().map(ToString::to_string).collect();
        policy_age::told(told(block, &names), policy_age::begin(&workloads, scene), scene)
    });
    told.collect()
}

/// The policies that this rule speaks of.
pub(super) fn policies(scene: &Scene<'_>) -> BTreeSet<Subject> {
    blocks(scene).values().map(|it| it.policy.clone()).collect()
}

/// The policy that keeps a workload from what this finding of it complains about.
pub(super) fn blocker(finding: &Finding, scene: &Scene<'_>) -> Option<Subject> {
    let block = blocks(scene).get(&finding.subject)?;
    is_silent(finding).then(|| block.policy.clone())
}

/// What policies keep the workloads from, each with the first that was found: looked for once a survey.
fn blocks<'s>(scene: &'s Scene<'_>) -> &'s BTreeMap<Subject, Block> {
    scene.blocks.get_or_init(|| {
        let mut found = BTreeMap::new();
        for finding in &scene.workload_findings {
            if let Some(block) = block(finding, scene) {
                found.entry(finding.subject.clone()).or_insert(block);
            }
        }
        found
    })
}

fn told(block: &Block, workloads: &[String]) -> Finding {
    let Block { policy, from, why, sure } = block;
    let cause = format!("It keeps {} from {from}: {}.", listed(workloads), why.words);
    let fault = cluster(ClusterFault::PolicyBlocksTraffic);
    let finding = Finding::new(policy.clone(), Severity::Critical, fault, cause).sure(*sure);
    finding.clue(why.field.clone(), &why.value).at(why.field.clone())
}

/// The policy that keeps a workload from what it needs.
fn block(finding: &Finding, scene: &Scene<'_>) -> Option<Block> {
    scene.all.network_policies.as_ref().filter(|it| !it.is_empty())?;
    scene.all.services.as_ref()?;
    if !is_silent(finding) || is_lookup_unanswered(finding, scene) {
        return None;
    }
    let client = scene.pods_of(&finding.subject).iter().copied().find(|it| !is_over(it))?;
    // What is in the network of its node is not what policies are for.
    if is_on_node(client) {
        return None;
    }
    let of = Complaint { finding, client, scene };
    let needs = needs(finding);
    if needs.is_empty() { of.unnamed() } else { needs.iter().find_map(|it| of.address(it)) }
}

/// Whether its own words say that nothing comes back.
fn is_silent(finding: &Finding) -> bool {
    let logs = finding.clues.iter().filter(|it| is_of_log(it));
    let said: Vec<_> = logs.map(|it| it.value.to_lowercase()).collect();
    let says = |marks: &[&str]| said.iter().any(|it| marks.iter().any(|mark| it.contains(mark)));
    let waits = finding.fault == AnyFault::Workload(Fault::InitNotDone);
    (waits || says(&SILENT)) && !says(&REACHED)
}

fn is_on_node(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|it| it.host_network == Some(true))
}

/// A workload that gets no answer.
struct Complaint<'s, 'a> {
    finding: &'s Finding,
    client: &'a Pod,
    scene: &'s Scene<'a>,
}

impl<'a> Complaint<'_, 'a> {
    fn address(&self, address: &Address) -> Option<Block> {
        match place(address, &self.finding.subject.namespace, self.scene) {
            Place::Service(service) if has_port(service, address.port()) => {
                self.service(service, address.port())
            }
            Place::Service(_) | Place::Missing(..) | Place::Misplaced(..) => None,
            Place::Unknown => self.outside(address),
        }
    }

    /// What is behind a Service is ready, and a policy is in between.
    fn service(&self, service: &'a Service, port: Option<i32>) -> Option<Block> {
        if is_kept_by_others(service) {
            return self.endpoints(service, port);
        }
        let pods = behind(service, self.scene);
        let ready: Vec<_> = pods.into_iter().filter(|it| is_ready(it)).collect();
        if ready.is_empty() || ready.iter().any(|it| is_on_node(it)) {
            return None;
        }
        let asked = Asked { ports: targets(service, port, &ready), pods: ready.clone() };
        let addresses = ready.iter().flat_map(|it| pod_addresses(it)).chain(addresses(service));
        let other = Other { pods: ready.clone(), addresses: addresses.collect() };
        let from = subject("Service", &service.metadata).to_string();
        let egress = || self.shut(self.client, Side::Egress, (&other, &from), &asked);
        let own = self.finding.subject.to_string();
        let client =
            Other { pods: vec![self.client], addresses: pod_addresses(self.client).collect() };
        // One pod that is open to it is enough.
        let ingress = || {
            let all: Option<Vec<_>> = ready
                .iter()
                .map(|it| self.shut(it, Side::Ingress, (&client, &own), &asked))
                .collect();
            all?.into_iter().next()
        };
        let (policy, why) = egress().or_else(ingress)?;
        Some(Block { policy, from, why, sure: confidence::WORDED })
    }

    /// Somebody else says who is behind the Service, as of the API server's own.
    fn endpoints(&self, service: &Service, port: Option<i32>) -> Option<Block> {
        let slices = self.scene.slices_of(&service.metadata);
        let behind = slices.clone().flat_map(|it| it.endpoints.iter().flatten());
        let behind = behind.flat_map(|it| it.addresses.iter()).filter_map(|it| it.parse().ok());
        let behind: Vec<IpAddr> = behind.collect();
        // Nobody is behind it, or it is not known who: then it is no policy's work.
        if behind.is_empty() {
            return None;
        }
        let ports = slices.flat_map(|it| it.ports.iter().flatten()).filter_map(|it| it.port);
        let asked = Asked { ports: ports.chain(port).collect(), pods: vec![] };
        let addresses = behind.into_iter().chain(addresses(service)).collect();
        let other = Other { pods: vec![], addresses };
        let from = subject("Service", &service.metadata).to_string();
        let (policy, why) = self.shut(self.client, Side::Egress, (&other, &from), &asked)?;
        Some(Block { policy, from, why, sure: confidence::FOLLOWS })
    }

    /// It is outside the cluster, as far as anybody knows.
    fn outside(&self, address: &Address) -> Option<Block> {
        let host = address.host();
        let number: Option<IpAddr> = host.parse().ok();
        // An address of the cluster may be a pod's; a name without a dot or with `svc` in it may be a Service's.
        let is_far = number.map_or_else(
            || host.contains('.') && !host.split('.').any(|it| it == "svc"),
            |it| !is_private(it),
        );
        if !is_far {
            return None;
        }
        let asked = Asked { ports: address.port().into_iter().collect(), pods: vec![] };
        let other = Other { pods: vec![], addresses: number.into_iter().collect() };
        let port = address.port().map(|it| format!(":{it}")).unwrap_or_default();
        let from = format!("{host}{port}");
        let (policy, why) = self.shut(self.client, Side::Egress, (&other, &from), &asked)?;
        Some(Block { policy, from, why, sure: confidence::FOLLOWS })
    }

    /// It says that something does not answer and not what: the one Service of its namespace that is closed to it.
    fn unnamed(&self) -> Option<Block> {
        let space = &self.finding.subject.namespace;
        // Who waits in silence may do so for anything.
        let is_init = self.finding.fault == AnyFault::Workload(Fault::InitNotDone);
        let is_large = MAX_PODS < self.scene.pods(space).len();
        if is_init || is_large || self.scene.policies(space).next().is_none() {
            return None;
        }
        let here = self.scene.services(space).take(MAX_SERVICES);
        let is_own = |it: &&Service| {
            let pods = behind(it, self.scene);
            pods.iter().any(|it| self.scene.root_of(it) == self.finding.subject)
        };
        let mut closed = here.filter(|it| !is_own(it)).filter_map(|it| self.service(it, None));
        let only = closed.next()?;
        closed.next().is_none().then_some(Block { sure: confidence::GUESSED, ..only })
    }

    /// The first policy of those that are about a pod, where none of them lets this through.
    fn shut(
        &self,
        pod: &Pod,
        side: Side,
        (other, who): (&Other<'_>, &str),
        asked: &Asked<'_>,
    ) -> Option<(Subject, Why)> {
        let policies = self.scene.policies(namespace(&pod.metadata));
        let mut gates: Vec<_> = policies.filter(|it| is_about(it, pod, side)).collect();
        gates.sort_by_key(|it| name(&it.metadata));
        let first = *gates.first()?;
        if gates.iter().any(|it| lets((it, side), other, asked, self.scene)) {
            return None;
        }
        // One that has rules wants to let somebody through.
        let has_rules = |it: &&NetworkPolicy| {
            let spec = it.spec.as_ref();
            spec.is_some_and(|it| match side {
                Side::Egress => it.egress.as_ref().is_some_and(|it| !it.is_empty()),
                Side::Ingress => it.ingress.as_ref().is_some_and(|it| !it.is_empty()),
            })
        };
        let gate = gates.iter().copied().find(has_rules).unwrap_or(first);
        let why = why((gate, side), (other, who), asked, self.scene);
        Some((subject("NetworkPolicy", &gate.metadata), why))
    }
}

/// Whether a Service has no selector, and is no other name.
fn is_kept_by_others(service: &Service) -> bool {
    let Some(spec) = &service.spec else { return false };
    let has_selector = spec.selector.as_ref().is_some_and(|it| !it.is_empty());
    !has_selector && spec.type_.as_deref() != Some("ExternalName")
}

/// The pods behind a Service that have not ended.
fn behind<'a>(service: &Service, scene: &Scene<'a>) -> Vec<&'a Pod> {
    let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
    let Some(selector) = selector.filter(|it| !it.is_empty()) else { return vec![] };
    let pods = scene.pods_with(namespace(&service.metadata), selector);
    pods.into_iter().filter(|it| !is_over(it)).collect()
}

/// The ports of the pods that a port of the Service leads to; those of all its ports where none is named.
fn targets(service: &Service, port: Option<i32>, pods: &[&Pod]) -> Vec<i32> {
    let spec = service.spec.as_ref();
    if spec.and_then(|it| it.cluster_ip.as_deref()) == Some("None") {
        return port.into_iter().collect();
    }
    let ports = spec.into_iter().flat_map(|it| it.ports.iter().flatten());
    let asked = ports.filter(|it| protocol(it) == "TCP" && port.is_none_or(|port| it.port == port));
    let numbers = asked.flat_map(|it| match target(it) {
        IntOrString::Int(number) => vec![number],
        IntOrString::String(name) => {
            let all = pods.iter().flat_map(|it| declared(it));
            all.filter(|it| it.name == name).map(|it| it.number).collect()
        }
    });
    let sorted: BTreeSet<_> = numbers.collect();
    sorted.into_iter().collect()
}

fn addresses(service: &Service) -> Vec<IpAddr> {
    let spec = service.spec.iter();
    let all = spec.flat_map(|it| it.cluster_ip.iter().chain(it.cluster_ips.iter().flatten()));
    all.filter_map(|it| it.parse().ok()).collect()
}

fn pod_addresses(pod: &Pod) -> impl Iterator<Item = IpAddr> {
    let status = pod.status.iter();
    status.filter_map(|it| it.pod_ip.as_ref()?.parse().ok())
}

/// Whether an address may be one of the cluster.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            let [first, second, ..] = it.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            it.is_private()
                || it.is_loopback()
                || it.is_link_local()
                || it.is_unspecified()
                || is_shared
        }
        IpAddr::V6(it) => {
            it.is_loopback()
                || it.is_unspecified()
                || it.is_unique_local()
                || it.is_unicast_link_local()
        }
    }
}
