//! One policy as it stands between two pods, in one direction.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::survey::scene::{Scene, name, namespace, selects};
use crate::survey::service_port_mismatch::declared;
use crate::survey::slip::{escaped, shown};
use crate::survey::words::listed;

/// Which way a policy looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Whom its pods may reach.
    Egress,
    /// Who may reach its pods.
    Ingress,
}

/// Who is on the other side.
pub(super) struct Other<'a> {
    /// The pods there; none where it is outside the cluster.
    pub(super) pods: Vec<&'a Pod>,
    /// All addresses that it has; none where they are not known.
    pub(super) addresses: Vec<IpAddr>,
}

/// The ports that are asked for, and the pods that are asked.
pub(super) struct Asked<'a> {
    /// Numbers; none where they are not known, and then every port is taken for the right one.
    pub(super) ports: Vec<i32>,
    /// Who gives a name to a port.
    pub(super) pods: Vec<&'a Pod>,
}

/// One rule of a policy.
struct Rule<'a> {
    peers: &'a [NetworkPolicyPeer],
    ports: &'a [NetworkPolicyPort],
}

/// Why a policy lets nobody through, and where that stands.
#[derive(Debug, Clone)]
pub(super) struct Why {
    /// As the end of a sentence.
    pub(super) words: String,
    /// The field of the policy.
    pub(super) field: String,
    /// What stands there.
    pub(super) value: String,
}

/// The one label that keeps the other side out.
struct Label {
    field: String,
    value: String,
    /// What the pods there have instead, as the end of a sentence.
    have: String,
}

impl Side {
    /// The word of the API.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        }
    }

    fn peers(self) -> &'static str {
        match self {
            Self::Egress => "to",
            Self::Ingress => "from",
        }
    }
}

/// Whether a policy says who may reach this pod, or whom it may reach.
pub(super) fn is_about(policy: &NetworkPolicy, pod: &Pod, side: Side) -> bool {
    let Some(spec) = &policy.spec else { return false };
    if namespace(&policy.metadata) != namespace(&pod.metadata) {
        return false;
    }
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let is_meant = match side {
        Side::Egress => {
            types.iter().any(|it| it == "Egress") || types.is_empty() && spec.egress.is_some()
        }
        Side::Ingress => types.is_empty() || types.iter().any(|it| it == "Ingress"),
    };
    let labels = pod.metadata.labels.as_ref();
    is_meant && spec.pod_selector.as_ref().is_none_or(|it| selects(it, labels))
}

fn rules(policy: &NetworkPolicy, side: Side) -> Vec<Rule<'_>> {
    let Some(spec) = &policy.spec else { return vec![] };
    match side {
        Side::Egress => {
            let rules = spec.egress.iter().flatten();
            rules
                .map(|it| Rule { peers: all(it.to.as_ref()), ports: all(it.ports.as_ref()) })
                .collect()
        }
        Side::Ingress => {
            let rules = spec.ingress.iter().flatten();
            rules
                .map(|it| Rule { peers: all(it.from.as_ref()), ports: all(it.ports.as_ref()) })
                .collect()
        }
    }
}

fn all<T>(list: Option<&Vec<T>>) -> &[T] {
    list.map_or(&[], Vec::as_slice)
}

/// Whether a policy lets this through.
pub(super) fn lets(
    (policy, side): (&NetworkPolicy, Side),
    other: &Other<'_>,
    asked: &Asked<'_>,
    scene: &Scene<'_>,
) -> bool {
    let own = namespace(&policy.metadata);
    rules(policy, side).iter().any(|it| it.is_for(asked) && it.names(other, own, scene))
}

/// Why a policy does not let this through. `who` is the other side in words.
pub(super) fn why(
    (policy, side): (&NetworkPolicy, Side),
    (other, who): (&Other<'_>, &str),
    asked: &Asked<'_>,
    scene: &Scene<'_>,
) -> Why {
    let own = namespace(&policy.metadata);
    // Who is outside the cluster is no pod that a label could name.
    let is_inside = !other.pods.is_empty();
    let rules = rules(policy, side);
    let field = format!("/spec/{}", side.word());
    let port = listed(&asked.ports.iter().map(ToString::to_string).collect::<Vec<_>>());
    if let Some((index, rule)) =
        rules.iter().enumerate().find(|it| it.1.is_meant(other, own, scene))
    {
        let opened = listed(&rule.ports.iter().map(port_words).collect::<Vec<_>>());
        let field = match rule.ports {
            [_] => format!("{field}/{index}/ports/0/port"),
            _ => format!("{field}/{index}/ports"),
        };
        let words = format!("its rule for them opens port {opened} and not {port}");
        return Why { words, field, value: opened };
    }
    if let Some((index, rule)) = rules.iter().enumerate().find(|it| is_inside && it.1.is_for(asked))
    {
        let field = format!("{field}/{index}/{}", side.peers());
        return rule.misses(side, (other, who), field);
    }
    let opened: Vec<_> = rules.iter().flat_map(|it| it.ports.iter().map(port_words)).collect();
    let value = match (rules.is_empty(), opened.is_empty()) {
        (true, _) => "no rule".to_owned(),
        (false, true) => "for others".to_owned(),
        (false, false) => listed(&opened),
    };
    let words = match (side, port.is_empty()) {
        (Side::Egress, false) => format!("no egress rule lets them reach port {port}"),
        (Side::Egress, true) => "no egress rule lets them reach it".to_owned(),
        (Side::Ingress, false) => format!("no ingress rule is for port {port}"),
        (Side::Ingress, true) => "it has no ingress rule".to_owned(),
    };
    Why { words, field, value }
}

impl Rule<'_> {
    fn is_for(&self, asked: &Asked<'_>) -> bool {
        let is_open = |it: &NetworkPolicyPort| match (&it.port, it.protocol.as_deref()) {
            (_, Some("UDP" | "SCTP")) => false,
            (None, _) => true,
            (Some(IntOrString::Int(first)), _) => {
                let range = *first..=it.end_port.unwrap_or(*first);
                asked.ports.iter().any(|it| range.contains(it))
            }
            (Some(IntOrString::String(name)), _) => asked.pods.iter().any(|pod| {
                declared(pod).iter().any(|it| it.name == name && asked.ports.contains(&it.number))
            }),
        };
        self.ports.is_empty() || asked.ports.is_empty() || self.ports.iter().any(is_open)
    }

    fn names(&self, other: &Other<'_>, own: &str, scene: &Scene<'_>) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|it| names(it, other, own, scene))
    }

    /// Whether it names the other side, and not everybody.
    fn is_meant(&self, other: &Other<'_>, own: &str, scene: &Scene<'_>) -> bool {
        !self.peers.is_empty() && self.names(other, own, scene)
    }

    /// The rule is for the right port and for others than these.
    fn misses(&self, side: Side, (other, who): (&Other<'_>, &str), field: String) -> Why {
        let shown = listed(&self.peers.iter().map(peer_words).collect::<Vec<_>>());
        let verb = match side {
            Side::Egress => "lets them reach",
            Side::Ingress => "lets in",
        };
        let words = |have: &str| format!("it {verb} only {shown}{have}");
        match self.label(other, who, &field) {
            Some(Label { field, value, have }) => Why { words: words(&have), field, value },
            None => Why { words: words(""), field, value: shown },
        }
    }

    /// The one label that keeps the other side out, where it is one, and what the pods there have.
    fn label(&self, other: &Other<'_>, who: &str, field: &str) -> Option<Label> {
        let [peer] = self.peers else { return None };
        let selector = peer.pod_selector.as_ref().filter(|_| peer.namespace_selector.is_none());
        let labels = selector?.match_labels.as_ref()?;
        let pod = other.pods.first()?;
        let value = |key: &str| pod.metadata.labels.as_ref()?.get(key).map(String::as_str);
        let wrong: Vec<_> = labels.iter().filter(|it| value(it.0) != Some(it.1.as_str())).collect();
        let [(key, wanted)] = wrong.as_slice() else { return None };
        let field = format!("{field}/0/podSelector/matchLabels/{}", escaped(key));
        let have = match value(key) {
            Some(value) => format!(", and those of {who} have {key}={value}"),
            None => format!(", and those of {who} have no label {key}"),
        };
        Some(Label { field, value: (*wanted).clone(), have })
    }
}

/// Whether a peer is the other side, or may be.
fn names(peer: &NetworkPolicyPeer, other: &Other<'_>, own: &str, scene: &Scene<'_>) -> bool {
    if let Some(block) = &peer.ip_block {
        return other.addresses.is_empty() || other.addresses.iter().any(|it| has(block, *it));
    }
    other.pods.iter().any(|pod| {
        let space = namespace(&pod.metadata);
        let is_there = match &peer.namespace_selector {
            None => space == own,
            Some(selector) => {
                let mut all = scene.all.namespaces.iter().flatten();
                let found = all.find(|it| name(&it.metadata) == space);
                // One that was not read may have any labels.
                found.is_none_or(|it| selects(selector, it.metadata.labels.as_ref()))
            }
        };
        let labels = pod.metadata.labels.as_ref();
        is_there && peer.pod_selector.as_ref().is_none_or(|it| selects(it, labels))
    })
}

fn has(block: &IPBlock, address: IpAddr) -> bool {
    let excepted = block.except.iter().flatten().any(|it| contains(it, address) == Some(true));
    !excepted && contains(&block.cidr, address) != Some(false)
}

/// Whether a block such as `10.0.0.0/8` has this address; `None` for what is no block.
fn contains(block: &str, address: IpAddr) -> Option<bool> {
    let (first, length) = block.split_once('/')?;
    let (first, length): (IpAddr, u32) = (first.parse().ok()?, length.parse().ok()?);
    let (first, address, width) = match (first, address) {
        (IpAddr::V4(first), IpAddr::V4(it)) => {
            (u128::from(first.to_bits()), u128::from(it.to_bits()), 32)
        }
        (IpAddr::V6(first), IpAddr::V6(it)) => (first.to_bits(), it.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Some(false),
    };
    let rest = u32::checked_sub(width, length)?;
    // A shift by the whole width is one too many: then every address is in the block.
    let begin = |it: u128| it.checked_shr(rest).unwrap_or(0);
    Some(begin(first) == begin(address))
}

/// `pods with app=backend in namespaces with team=shop`, `10.0.0.0/8`
pub(in crate::survey) fn peer_words(peer: &NetworkPolicyPeer) -> String {
    if let Some(block) = &peer.ip_block {
        return block.cidr.clone();
    }
    let pods = peer.pod_selector.as_ref().map(|it| labels_of("pods", it));
    let spaces = peer.namespace_selector.as_ref().map(|it| labels_of("namespaces", it));
    match (pods, spaces) {
        (Some(pods), Some(spaces)) => format!("{pods} in {spaces}"),
        (Some(pods), None) => format!("{pods} of its own namespace"),
        (None, Some(spaces)) => spaces,
        (None, None) => "nobody".to_owned(),
    }
}

/// `pods with app=web`, `all pods`
fn labels_of(what: &str, selector: &LabelSelector) -> String {
    let plain = selector.match_labels.iter().filter(|it| !it.is_empty()).map(shown);
    let expressions = selector.match_expressions.iter().flatten().map(|it| {
        let values = it.values.as_deref().unwrap_or_default().join(",");
        format!("{} {} {values}", it.key, it.operator).trim_end().to_owned()
    });
    let words: Vec<_> = plain.chain(expressions).collect();
    if words.is_empty() {
        format!("all {what}")
    } else {
        format!("{what} with {}", words.join(","))
    }
}

fn port_words(port: &NetworkPolicyPort) -> String {
    let first = match &port.port {
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(name)) => name.clone(),
        None => "all".to_owned(),
    };
    let last = port.end_port.map(|it| format!("-{it}")).unwrap_or_default();
    let protocol = port.protocol.as_deref().filter(|it| *it != "TCP");
    format!("{first}{last}{}", protocol.map(|it| format!(" ({it})")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(block: &str, address: &str, expected: Option<bool>) {
        assert_eq!(contains(block, address.parse().unwrap()), expected, "{block} {address}");
    }

    #[test]
    fn a_block_has_the_addresses_that_begin_like_it() {
        check("10.0.0.0/8", "10.244.0.7", Some(true));
        check("10.0.0.0/8", "11.0.0.1", Some(false));
        check("0.0.0.0/0", "203.0.113.9", Some(true));
        check("203.0.113.9/32", "203.0.113.9", Some(true));
        check("203.0.113.9/32", "203.0.113.8", Some(false));
        check("fd00::/8", "fd12::1", Some(true));
        check("::/0", "10.0.0.1", Some(false));
        check("10.0.0.0/33", "10.0.0.1", None);
        check("10.0.0.0", "10.0.0.1", None);
        check("any/8", "10.0.0.1", None);
    }
}
