//! A program that says itself that it listens where only its own pod can ask.

use types::{Clue, ContainerFacts, ProbeFacts};

use super::MAX_QUOTE;
use crate::evidence::listens_alone;
use crate::redact::shortened;

/// That it listens there at the port which the probe asks, as the end of a sentence, with the line that says so.
pub(super) fn read(container: &ContainerFacts, probe: &ProbeFacts) -> Option<(String, Clue)> {
    let asked = probe.port.as_deref()?;
    let named = container.ports.iter().find(|it| it.0 == asked).map(|it| it.1);
    let asked = named.or_else(|| asked.parse().ok())?;
    // What it said last counts: it may have begun again with other settings.
    let lines = container.log.iter().rev().flat_map(|it| it.lines().rev());
    let mut alone = lines.filter_map(|line| Some((line, listens_alone(line)?)));
    let (line, (host, _)) = alone.find(|it| it.1.1 == asked)?;
    if container.listens.contains(&asked) {
        return None;
    }
    let words = format!(
        "; by its log it listens at {host}:{asked}, where nobody but the pod itself can ask"
    );
    let fact = format!("containers[{}].log", container.name);
    Some((words, Clue::new(fact, &shortened(line.trim(), MAX_QUOTE))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(log: &[&str], listens: &[u16], port: &str) -> Option<String> {
        let container = serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": "shop:1", "pod": "web-1", "ready": false,
            "restarts": 0, "ports": [["http", 5000]], "log": log, "listens": listens,
        });
        let probe = serde_json::json!({
            "kind": "readiness", "action": format!("GET :{port}/"), "port": port,
            "failure": "dial tcp 10.244.0.20:5000: connect: connection refused",
        });
        let container = serde_json::from_value(container).unwrap();
        read(&container, &serde_json::from_value(probe).unwrap()).map(|it| it.0)
    }

    #[test]
    fn where_it_says_it_listens_is_told_where_the_probe_asks_for_the_same_port() {
        for line in [
            " * Running on http://127.0.0.1:5000",
            "INFO:     Uvicorn running on http://127.0.0.1:5000 (Press CTRL+C to quit)",
            "Server listening on localhost:5000",
            "Listening at http://[::1]:5000",
        ] {
            for port in ["http", "5000"] {
                let told = read_of(&["starting", line, "ready"], &[], port);
                assert!(told.is_some_and(|it| it.contains(":5000, where nobody but")), "{line}");
            }
        }
    }

    #[test]
    fn another_port_another_address_and_a_second_listener_are_not_told() {
        let alone = " * Running on http://127.0.0.1:5000";
        assert_eq!(read_of(&[alone], &[], "8080"), None);
        assert_eq!(read_of(&[" * Running on http://0.0.0.0:5000"], &[], "http"), None);
        assert_eq!(read_of(&["proxying to 127.0.0.1:5000"], &[], "http"), None);
        assert_eq!(read_of(&[alone, " * Running on http://10.1.2.3:5000"], &[5000], "http"), None);
    }
}
