//! A probe that kills and asks the right port, but gives up before the program listens there.

use types::{ContainerFacts, ProbeFacts, ProbeKind};

use super::Failure;
use crate::analyzers::{probe_kills, spot};

/// What the kubelet and a program that is asked to end may take beside what the probe allows, in seconds.
const SLACK_SECS: i64 = 45;

/// That the times of the probe are to blame: it asks where the container is meant to listen, nothing contradicts that,
/// and the last run ended when the probe gives up on a start.
pub(super) fn read(container: &ContainerFacts, probe: &ProbeFacts) -> Option<Failure> {
    let asked = probe.port.as_deref()?;
    let named = container.ports.iter().find(|it| it.0 == asked).map(|it| it.1);
    let port = named.or_else(|| asked.parse().ok())?;
    let is_declared = container.ports.iter().any(|it| it.1 == port);
    let is_told = container.listens.contains(&port);
    let is_elsewhere = !is_told && !container.listens.is_empty();
    if !(is_declared || is_told) || is_elsewhere || spot::listens(container).is_some() {
        return None;
    }
    let (part, value) = match probe.kind {
        ProbeKind::Startup => ("failureThreshold", probe.tries()),
        // It is not asked before the startup probe found that the program listens.
        ProbeKind::Liveness if is_started_by_probe(container) => return None,
        ProbeKind::Liveness => ("initialDelaySeconds", probe.initial_delay()),
        ProbeKind::Readiness => return None,
    };
    let window = probe_kills::window(probe).as_secs();
    let state = &container.state;
    let ran = state.exited_at?.duration_since(state.began_at?).as_secs();
    if container.restarts == 0 || ran.saturating_add(1) < window || window + SLACK_SECS < ran {
        return None;
    }
    let words = format!(
        "it gives up {window} s after the start, before anything listens at port {asked}; the start probably takes longer"
    );
    Some(Failure { value: Some(value), ..Failure::of(words, Some(part)) })
}

fn is_started_by_probe(container: &ContainerFacts) -> bool {
    container.probes.iter().any(|it| it.kind == ProbeKind::Startup)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container that ran for this long before its newest end.
    fn container(ran: u32, change: &serde_json::Value) -> ContainerFacts {
        let mut all = serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": "shop:1", "pod": "web-1", "ready": false,
            "restarts": 3, "ports": [["http", 8080]], "began_at": "2026-11-27T12:00:00Z",
            "exited_at": format!("2026-11-27T12:{:02}:{:02}Z", ran / 60, ran % 60),
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn probe(kind: &str, port: &str) -> ProbeFacts {
        serde_json::from_value(serde_json::json!({
            "kind": kind, "action": format!("GET :{port}/"), "port": port, "initial_delay_secs": 5, "period_secs": 5,
            "failure_threshold": 3, "failure": "connect: connection refused",
        }))
        .unwrap()
    }

    #[test]
    fn a_probe_that_gives_up_on_a_start_is_told_by_its_times() {
        let none = serde_json::json!({});
        for (kind, port, part, value) in [
            ("startup", "8080", "failureThreshold", 3),
            ("liveness", "8080", "initialDelaySeconds", 5),
            ("liveness", "http", "initialDelaySeconds", 5),
        ] {
            let failure = read(&container(17, &none), &probe(kind, port)).unwrap();
            assert_eq!((failure.part.as_deref(), failure.value), (Some(part), Some(value)));
            assert!(
                failure.words.starts_with("it gives up 15 s after the start"),
                "{}",
                failure.words
            );
        }
        let told = serde_json::json!({"ports": [], "listens": [8080]});
        assert!(read(&container(17, &told), &probe("liveness", "8080")).is_some());
    }

    #[test]
    fn a_refusal_for_another_reason_is_not_about_times() {
        let none = serde_json::json!({});
        let is_early = |ran: u32, change: &serde_json::Value, kind: &str, port: &str| {
            read(&container(ran, change), &probe(kind, port)).is_some()
        };
        assert!(!is_early(17, &none, "liveness", "8081"), "nobody declares the port");
        assert!(!is_early(2, &none, "liveness", "8080"), "it ended before the probe could end it");
        assert!(!is_early(1800, &none, "liveness", "8080"), "it stopped to listen after a while");
        assert!(!is_early(17, &none, "readiness", "8080"), "this probe does not kill");
        let other = serde_json::json!({"listens": [9090]});
        assert!(!is_early(17, &other, "liveness", "8080"), "it says that it listens elsewhere");
        let started = serde_json::json!({"probes": [{"kind": "startup", "action": "exec"}]});
        assert!(!is_early(17, &started, "liveness", "8080"), "it had started");
    }
}
