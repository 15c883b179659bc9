//! One policy as it stands before one pod.

use k8s_openapi::api::core::v1::{Pod, ServicePort};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::Subject;

use crate::confidence;
use crate::near_miss::near_miss;
use crate::survey::policy_blocks_needs::peer_words;
use crate::survey::scene::{Scene, is_over, name, namespace, selects, subject};
use crate::survey::slip::{escaped, slip};
use crate::survey::words::listed;

/// The label by which every namespace has its name.
const NAME_OF_SPACE: &str = "kubernetes.io/metadata.name";

/// A policy that is about the ingress of a pod.
pub(super) struct Gate<'a> {
    policy: &'a NetworkPolicy,
    pod: &'a Pod,
    scene: &'a Scene<'a>,
}

/// Why nobody comes in, the one first that is the least likely to be meant so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// There are rules, and those whom they let in are not there.
    Peers,
    /// There are rules, and they are for other ports.
    Ports,
    /// There is no rule.
    Wholly,
}

/// A policy that lets nobody in, and where that stands in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shut {
    why: Why,
    /// The field of the policy that is to blame.
    pub(super) field: String,
    /// What stands there.
    pub(super) value: String,
    /// The label that was probably meant.
    meant: Option<String>,
}

impl Shut {
    /// The sentence about the Services whose pods are shut off.
    pub(super) fn cause(&self, services: &str) -> String {
        let begin = match self.why {
            Why::Wholly => format!("It lets nobody in to the pods of {services}"),
            Why::Ports => {
                format!("It opens other ports than those that {services} sends traffic to")
            }
            // A label alone is told where it stands.
            Why::Peers if self.value.contains('=') => format!(
                "Those whom it lets in to the pods of {services} are not there ({})",
                self.value
            ),
            Why::Peers => format!("Those whom it lets in to the pods of {services} are not there"),
        };
        let meant = self.meant.as_ref();
        let meant = meant.map(|it| format!("; {it} was probably meant")).unwrap_or_default();
        format!("{begin}, and no other policy lets anybody in{meant}.")
    }

    /// Whether it may well be meant so: those whom it lets in have another name, and may come yet.
    pub(super) fn may_be_meant(&self) -> bool {
        self.why == Why::Peers && self.meant.is_none()
    }

    /// How sure it is that this is not meant so. A policy that shuts pods off wholly may be; one with rules wants
    /// to let somebody in.
    pub(super) fn sure(&self) -> f64 {
        match self.why {
            Why::Wholly | Why::Peers => confidence::GUESSED,
            Why::Ports => confidence::LIKELY,
        }
    }
}

impl<'a> Gate<'a> {
    /// `None` for a policy that is not about the ingress of this pod.
    pub(super) fn of(
        policy: &'a NetworkPolicy,
        pod: &'a Pod,
        scene: &'a Scene<'a>,
    ) -> Option<Self> {
        let spec = policy.spec.as_ref()?;
        let labels = pod.metadata.labels.as_ref();
        let is_taken = spec.pod_selector.as_ref().is_none_or(|it| selects(it, labels));
        let types = spec.policy_types.as_deref().unwrap_or_default();
        let is_ingress = types.is_empty() || types.iter().any(|it| it == "Ingress");
        let is_here = namespace(&policy.metadata) == namespace(&pod.metadata);
        (is_taken && is_ingress && is_here).then_some(Self { policy, pod, scene })
    }

    /// The policy.
    pub(super) fn subject(&self) -> Subject {
        subject("NetworkPolicy", &self.policy.metadata)
    }

    /// Whether it lets anybody in to one of these ports.
    pub(super) fn lets_in(&self, ports: &[&ServicePort]) -> bool {
        self.rules().any(|it| self.is_for(it, ports) && self.has_peers(it))
    }

    /// Why it lets nobody in; `None` for one that does.
    pub(super) fn shut(&self, ports: &[&ServicePort]) -> Option<Shut> {
        if self.lets_in(ports) {
            return None;
        }
        let rules: Vec<_> = self.rules().enumerate().collect();
        let fits = rules.iter().find(|it| self.is_for(it.1, ports));
        Some(match (rules.first(), fits) {
            (None, _) => Shut {
                why: Why::Wholly,
                field: "/spec/ingress".into(),
                value: "no rule".into(),
                meant: None,
            },
            (Some(_), Some((index, rule))) => self.absent(*index, rule),
            (Some((index, rule)), None) => {
                let opened: Vec<_> = rule.ports.iter().flatten().map(words).collect();
                let field = match opened.as_slice() {
                    [_] => format!("/spec/ingress/{index}/ports/0/port"),
                    _ => format!("/spec/ingress/{index}/ports"),
                };
                let meant = self.near_name(rule).or_else(|| self.declared(ports));
                Shut { why: Why::Ports, field, value: listed(&opened), meant }
            }
        })
    }

    /// Those whom a rule lets in are not there; perhaps for a slip in a label.
    fn absent(&self, index: usize, rule: &NetworkPolicyIngressRule) -> Shut {
        let own = namespace(&self.policy.metadata);
        let field = format!("/spec/ingress/{index}/from");
        let peers = rule.from.iter().flatten().enumerate();
        let mut slips = peers.filter_map(|(place, it)| {
            let selector = it.pod_selector.as_ref().filter(|_| it.namespace_selector.is_none())?;
            // A policy has its name from those whom it protects, not from those whom it lets in.
            let slip = slip(selector.match_labels.as_ref()?, (own, ""), self.scene)?;
            let field = format!("{field}/{place}/podSelector/matchLabels/{}", escaped(&slip.key));
            // Whom a label too many keeps out may well not be there yet.
            let meant = Some(slip.shown_meant()?);
            Some(Shut { why: Why::Peers, field, value: slip.value, meant })
        });
        if let Some(slip) = slips.next() {
            return slip;
        }
        if let Some(space) = self.space(&field, rule) {
            return space;
        }
        let shown: Vec<_> = rule.from.iter().flatten().map(peer_words).collect();
        Shut { why: Why::Peers, field: field.clone(), value: listed(&shown), meant: None }
    }

    /// A namespace is asked for by a label that it does not have, with its name as the value.
    fn space(&self, field: &str, rule: &NetworkPolicyIngressRule) -> Option<Shut> {
        let [peer] = rule.from.as_deref()? else { return None };
        let labels = peer.namespace_selector.as_ref()?.match_labels.as_ref()?;
        let ((key, value), 1) = (labels.first_key_value()?, labels.len()) else { return None };
        let mut all = self.scene.all.namespaces.iter().flatten();
        let is_there = key != NAME_OF_SPACE && all.any(|it| name(&it.metadata) == value);
        is_there.then(|| Shut {
            why: Why::Peers,
            field: format!("{field}/0/namespaceSelector/matchLabels/{}", escaped(key)),
            value: format!("{key}={value}"),
            meant: Some(format!("{NAME_OF_SPACE}={value}")),
        })
    }

    /// The name of a port of the pod that the only port of a rule nearly has.
    fn near_name(&self, rule: &NetworkPolicyIngressRule) -> Option<String> {
        let [NetworkPolicyPort { port: Some(IntOrString::String(wrong)), .. }] =
            rule.ports.as_deref()?
        else {
            return None;
        };
        let containers = self.pod.spec.iter().flat_map(|it| &it.containers);
        let ports = containers.flat_map(|it| it.ports.iter().flatten());
        let names: Vec<_> = ports.filter_map(|it| it.name.as_deref()).collect();
        near_miss(wrong, names).map(|it| format!("port {it}"))
    }

    /// The ports that the Service sends its traffic to and the pod declares.
    fn declared(&self, ports: &[&ServicePort]) -> Option<String> {
        let containers = self.pod.spec.iter().flat_map(|it| &it.containers);
        let declared: Vec<_> = containers.flat_map(|it| it.ports.iter().flatten()).collect();
        let targets = ports.iter().filter_map(|port| {
            let number = self.target(port)?;
            let protocol = protocol(port.protocol.as_deref());
            let is_it = declared.iter().any(|it| {
                it.container_port == number && self::protocol(it.protocol.as_deref()) == protocol
            });
            is_it.then(|| {
                if protocol == "TCP" {
                    number.to_string()
                } else {
                    format!("{number} ({protocol})")
                }
            })
        });
        let targets: Vec<_> = targets.collect();
        (!targets.is_empty()).then(|| format!("{}, which the pods declare,", listed(&targets)))
    }

    /// The port of the pod that a port of the Service leads to.
    fn target(&self, port: &ServicePort) -> Option<i32> {
        match &port.target_port {
            Some(IntOrString::Int(0)) | None => Some(port.port),
            Some(target) => self.number(target),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &NetworkPolicyIngressRule> {
        self.policy.spec.iter().flat_map(|it| it.ingress.iter().flatten())
    }

    fn is_for(&self, rule: &NetworkPolicyIngressRule, ports: &[&ServicePort]) -> bool {
        let wanted = rule.ports.as_deref().unwrap_or_default();
        wanted.is_empty() || wanted.iter().any(|it| ports.iter().any(|port| self.meets(it, port)))
    }

    /// Whether a port of a rule is the one that the Service sends its traffic to.
    fn meets(&self, wanted: &NetworkPolicyPort, port: &ServicePort) -> bool {
        if protocol(wanted.protocol.as_deref()) != protocol(port.protocol.as_deref()) {
            return false;
        }
        let (Some(first), Some(target)) = (&wanted.port, self.target(port)) else {
            // Without a port it is for all of them; a name that leads nowhere is no trouble of the policy.
            return true;
        };
        let Some(first) = self.number(first) else { return false };
        (first..=wanted.end_port.unwrap_or(first)).contains(&target)
    }

    /// The port of the pod that a number or a name stands for.
    fn number(&self, port: &IntOrString) -> Option<i32> {
        let name = match port {
            IntOrString::Int(number) => return Some(*number),
            IntOrString::String(name) => name,
        };
        let spec = self.pod.spec.iter();
        let containers =
            spec.flat_map(|it| it.containers.iter().chain(it.init_containers.iter().flatten()));
        let mut ports = containers.flat_map(|it| it.ports.iter().flatten());
        ports.find(|it| it.name.as_ref() == Some(name)).map(|it| it.container_port)
    }

    /// Whether those who a rule lets in are there.
    fn has_peers(&self, rule: &NetworkPolicyIngressRule) -> bool {
        let peers = rule.from.as_deref().unwrap_or_default();
        peers.is_empty() || peers.iter().any(|it| self.is_there(it))
    }

    fn is_there(&self, peer: &NetworkPolicyPeer) -> bool {
        // An address may be anybody's.
        if peer.ip_block.is_some() {
            return true;
        }
        let own = namespace(&self.policy.metadata);
        let spaces: Vec<&str> = match (&peer.namespace_selector, &self.scene.all.namespaces) {
            (None, _) => vec![own],
            (Some(_), None) => return true,
            (Some(selector), Some(all)) => {
                let taken = all.iter().filter(|it| selects(selector, it.metadata.labels.as_ref()));
                taken.map(|it| name(&it.metadata)).collect()
            }
        };
        let Some(selector) = &peer.pod_selector else { return !spaces.is_empty() };
        let mut workloads = spaces.iter().flat_map(|it| self.scene.workloads(it));
        let is_made_here = workloads.any(|it| selects(selector, it.pod_labels()));
        let mut pods = spaces.iter().flat_map(|it| self.scene.pods(it));
        is_made_here
            || pods.any(|it| !is_over(it) && selects(selector, it.metadata.labels.as_ref()))
    }
}

/// The protocol of a port: TCP where none is named.
fn protocol(named: Option<&str>) -> &str {
    named.unwrap_or("TCP")
}

/// `8080`, `http` or `8000-8100`
fn words(port: &NetworkPolicyPort) -> String {
    let first = match &port.port {
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(name)) => name.clone(),
        None => "all".to_owned(),
    };
    let protocol = port.protocol.as_deref().filter(|it| *it != "TCP");
    let last = port.end_port.map_or_else(String::new, |it| format!("-{it}"));
    format!("{first}{last}{}", protocol.map_or_else(String::new, |it| format!(" ({it})")))
}
