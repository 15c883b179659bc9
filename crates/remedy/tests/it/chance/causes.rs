//! Causes that are there, and that are not any more.

use types::{Evidence, ProbeFacts, ProbeKind};

use super::Chance;

/// A container that waits for less, declares or listens at more, or whose probe is told something else.
pub(super) fn disturb_cause(chance: &mut Chance, evidence: &mut Evidence) {
    let container = &mut evidence.containers[0];
    match chance.below(6) {
        0 => container.cpu_used = *chance.pick(&[None, Some(0), Some(449), Some(450), Some(1350)]),
        1 => container.ports.push(("admin".to_owned(), *chance.pick(&[8080, 8081, 9090]))),
        2 => container.listens = vec![*chance.pick(&[8080, 8081, 9090])],
        3 => {
            let Some(first) = container.probes.first().cloned() else { return };
            let kind = *chance.pick(&[ProbeKind::Startup, ProbeKind::Readiness]);
            let port = Some((*chance.pick(&["8080", "9090", "http"])).to_owned());
            if container.probes.iter().all(|it| it.kind != kind) {
                container.probes.push(ProbeFacts { kind, port, failure: None, ..first });
            }
        }
        _ => {
            let Some(probe) = container.probes.first_mut() else { return };
            let said = [
                "context deadline exceeded",
                "connection refused",
                "HTTP probe failed with statuscode: 500",
                "nobody knows",
            ];
            probe.failure = (!chance.one_in(5)).then(|| (*chance.pick(&said)).to_owned());
            probe.host = chance.one_in(5).then(|| "10.0.0.1".to_owned());
        }
    }
}
