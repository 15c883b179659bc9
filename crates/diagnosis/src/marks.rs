//! What Services ask of pods and what pods have, eight bytes a label: cheap enough to compare at every change.

use k8s_openapi::api::core::v1::{Container, Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Labels and ports, each as one number. Two that differ look alike once in 2^64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(Box<[u64]>);

/// What a Service asks of pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceOutline {
    /// The labels that it asks for; none of one whose endpoints somebody else keeps.
    selector: Marks,
    /// Its ports, where in the pods they lead.
    ports: Marks,
    /// Whether two of its ports lead to what the other one is called.
    is_crossed: bool,
}

impl Marks {
    /// The labels of a pod, and the ports that its containers declare or that their probes ask.
    pub fn of_pod(pod: &Pod) -> Self {
        let labels = pod.metadata.labels.iter().flatten();
        let labels = labels.map(|(key, value)| mark(["label", key, value]));
        let spec = pod.spec.iter();
        let containers =
            spec.flat_map(|it| it.containers.iter().chain(it.init_containers.iter().flatten()));
        let asked = containers
            .clone()
            .flat_map(probed)
            .flat_map(|it| [mark(["numbered", &it.to_string(), "TCP"]), DECLARES]);
        let ports = containers.flat_map(|it| it.ports.iter().flatten()).flat_map(|it| {
            let protocol = it.protocol.as_deref().unwrap_or("TCP");
            let name = it.name.as_deref().map(|it| mark(["named", it, protocol]));
            let number = mark(["numbered", &it.container_port.to_string(), protocol]);
            [Some(number), Some(DECLARES), name].into_iter().flatten()
        });
        Self::new(labels.chain(asked).chain(ports))
    }

    fn new(marks: impl Iterator<Item = u64>) -> Self {
        let mut marks: Vec<u64> = marks.collect();
        marks.sort_unstable();
        marks.dedup();
        Self(marks.into())
    }

    fn has(&self, mark: u64) -> bool {
        self.0.binary_search(&mark).is_ok()
    }

    fn has_all(&self, others: &Self) -> bool {
        others.0.iter().all(|it| self.has(*it))
    }
}

impl ServiceOutline {
    /// The outline of this Service.
    pub fn of(service: &Service) -> Self {
        let Some(spec) = &service.spec else { return Self::default() };
        if spec.type_.as_deref() == Some("ExternalName") {
            return Self::default();
        }
        let labels = spec.selector.iter().flatten();
        Self {
            selector: Marks::new(labels.map(|(key, value)| mark(["label", key, value]))),
            ports: Marks::new(spec.ports.iter().flatten().map(asked)),
            is_crossed: is_crossed(spec.ports.as_deref().unwrap_or_default()),
        }
    }

    /// Whether something may be wrong with it, among the pods of its namespace: it takes none of them, or one of
    /// its ports leads to none that they declare or are probed at, or two lead to each other's. Pods that tell of no
    /// port say nothing.
    pub fn is_suspicious<'a>(&self, pods: impl Iterator<Item = &'a Marks>) -> bool {
        if self.selector.0.is_empty() {
            return false;
        }
        let mut missing = self.ports.0.to_vec();
        let (mut takes, mut declares) = (false, false);
        for pod in pods.filter(|it| it.has_all(&self.selector)) {
            takes = true;
            declares |= pod.has(DECLARES);
            missing.retain(|it| !pod.has(*it));
            if missing.is_empty() {
                return self.is_crossed;
            }
        }
        !takes || declares && !missing.is_empty()
    }
}

/// Whether two ports lead to ports of the pods that are called as the other one is.
fn is_crossed(ports: &[ServicePort]) -> bool {
    let leads = |one: &ServicePort, other: &ServicePort| match (&one.target_port, &other.name) {
        (Some(IntOrString::String(target)), Some(name)) => target == name,
        (Some(IntOrString::String(_) | IntOrString::Int(_)) | None, _) => false,
    };
    let is_of_pair = |(at, one): (usize, &ServicePort)| {
        ports.iter().skip(at + 1).any(|it| it.name != one.name && leads(one, it) && leads(it, one))
    };
    ports.iter().enumerate().any(is_of_pair)
}

/// The numbers that the probes of a container ask: somebody is to listen there, declared or not.
fn probed(container: &Container) -> impl Iterator<Item = i32> {
    let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
    probes.into_iter().flatten().filter_map(|it| {
        let port = it.http_get.as_ref().map(|it| &it.port);
        match port.or(it.tcp_socket.as_ref().map(|it| &it.port)) {
            Some(IntOrString::Int(number)) => Some(*number),
            Some(IntOrString::String(_)) | None => None,
        }
    })
}

/// Where in a pod the port leads.
fn asked(port: &ServicePort) -> u64 {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match &port.target_port {
        Some(IntOrString::String(name)) => mark(["named", name, protocol]),
        Some(IntOrString::Int(number)) if *number != 0 => {
            mark(["numbered", &number.to_string(), protocol])
        }
        Some(IntOrString::Int(_)) | None => mark(["numbered", &port.port.to_string(), protocol]),
    }
}

/// Says that a container declares ports, or is probed at one, at all. Another number than any label or port would
/// get, by its shape.
const DECLARES: u64 = 1;

/// FNV-1a over the parts, each followed by a byte that stands in no text
/// (<https://www.rfc-editor.org/rfc/rfc9923>).
fn mark(parts: [&str; 3]) -> u64 {
    let bytes = parts.into_iter().flat_map(|it| it.bytes().chain([0xFF]));
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn web(labels: &Value, ports: &Value) -> Marks {
        let pod = json!({"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "ports": ports}]}});
        Marks::of_pod(&serde_json::from_value(pod).unwrap())
    }

    fn probed() -> Marks {
        let probe = json!({"httpGet": {"path": "/", "port": 8080}});
        let pod = json!({"metadata": {"labels": {"app": "probed"}},
            "spec": {"containers": [{"name": "app", "readinessProbe": probe}]}});
        Marks::of_pod(&serde_json::from_value(pod).unwrap())
    }

    #[track_caller]
    fn check(spec: &Value, expected: bool) {
        let http = json!([{"containerPort": 8080, "name": "http"}]);
        let both =
            json!([{"containerPort": 8080, "name": "a"}, {"containerPort": 9100, "name": "b"}]);
        let pods = [
            web(&json!({"app": "both"}), &both),
            web(&json!({"app": "web", "tier": "front"}), &http),
            web(&json!({"app": "mute"}), &Value::Null),
            probed(),
        ];
        let service = serde_json::from_value(json!({"spec": spec})).unwrap();
        assert_eq!(ServiceOutline::of(&service).is_suspicious(pods.iter()), expected, "{spec}");
    }

    #[test]
    fn a_service_that_takes_nobody_is_suspicious() {
        check(&json!({"selector": {"app": "web"}, "ports": [{"port": 8080}]}), false);
        check(&json!({"selector": {"app": "wbe"}, "ports": [{"port": 8080}]}), true);
        check(&json!({"selector": {"app": "web", "tier": "back"}}), true);
        check(&json!({"selector": {"app": "web"}}), false);
        check(&json!({"ports": [{"port": 8080}]}), false);
        check(&json!({"type": "ExternalName", "selector": {"app": "wbe"}}), false);
    }

    #[test]
    fn a_service_whose_port_leads_nowhere_is_suspicious() {
        let of = |port: &Value| json!({"selector": {"app": "web"}, "ports": [port]});
        check(&of(&json!({"port": 80, "targetPort": "http"})), false);
        check(&of(&json!({"port": 80, "targetPort": 8080})), false);
        check(&of(&json!({"port": 80, "targetPort": "htpp"})), true);
        check(&of(&json!({"port": 80, "targetPort": 8081})), true);
        check(&of(&json!({"port": 8080, "targetPort": 0})), false);
        check(&of(&json!({"port": 80, "targetPort": 8080, "protocol": "UDP"})), true);
        let port =
            |name: &str, target: &str| json!({"name": name, "port": 80, "targetPort": target});
        let crossed = |ports: Value| json!({"selector": {"app": "both"}, "ports": ports});
        check(&crossed(json!([port("a", "b"), port("b", "a")])), true);
        check(&crossed(json!([port("a", "a"), port("b", "b")])), false);
        check(&json!({"selector": {"app": "mute"}, "ports": [{"port": 80}]}), false);
        check(&json!({"selector": {"app": "probed"}, "ports": [{"port": 80}]}), true);
        check(&json!({"selector": {"app": "probed"}, "ports": [{"port": 8080}]}), false);
    }
}
