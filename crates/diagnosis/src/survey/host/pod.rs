//! More about a host: a pod that its StatefulSet does not have, a name that stands for another, the variable that
//! names it.

use k8s_openapi::api::core::v1::Service;
use types::Finding;

use crate::Root;
use crate::survey::scene::{Scene, namespace, subject};
use crate::survey::words::is_of_log;

/// The finding with the word that there is no such pod: `kafka-2.kafka`, where the StatefulSet has two.
pub(super) fn with_ordinal(
    finding: Finding,
    host: &str,
    service: &Service,
    scene: &Scene<'_>,
) -> Finding {
    let Some((pod, _)) = host.split_once('.') else { return finding };
    let numbered = pod.rsplit_once('-').and_then(|it| Some((it.0, it.1.parse::<i32>().ok()?)));
    let Some((set, ordinal)) = numbered else { return finding };
    let space = namespace(&service.metadata);
    let root = scene.workload("StatefulSet", space, set);
    let Some(Root::StatefulSet(owner)) = root else { return finding };
    let Some(spec) = &owner.spec else { return finding };
    let is_its = spec.service_name.as_deref() == service.metadata.name.as_deref();
    let start = spec.ordinals.as_ref().and_then(|it| it.start).unwrap_or(0);
    let replicas = spec.replicas.unwrap_or(1);
    let is_there = start <= ordinal && ordinal < start.saturating_add(replicas);
    if !is_its || is_there {
        return finding;
    }
    let about = subject("StatefulSet", &owner.metadata);
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let pods = if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") };
    let cause = format!("{cause}; {about} has {pods}, so that there is no {pod}.");
    let finding = Finding { cause, ..finding }.clue(format!("{about}./spec/replicas"), &replicas);
    at_variable(finding)
}

/// The finding with the word that nobody answered when it asked for a name, which is another thing than a name that is
/// not there.
pub(super) fn with_server(finding: Finding) -> Finding {
    let mut logs = finding.clues.iter().filter(|it| is_of_log(it));
    let server = logs.find_map(|it| silent_server(&it.value));
    let Some(server) = server else { return finding };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!(
        "{cause}; it is the name server {server} that does not answer, so the name need not be wrong."
    );
    Finding { cause, ..finding }
}

/// The name server in a line such as `lookup db on 10.96.0.10:53: read udp …: i/o timeout`.
fn silent_server(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("lookup ")?;
    let (_, rest) = rest.split_once(" on ")?;
    let (server, said) = rest.split_once(":53: ")?;
    let server = server.trim_matches(['[', ']']);
    let is_silent = said.contains("i/o timeout") || said.contains("connection refused");
    (is_silent && server.parse::<std::net::IpAddr>().is_ok()).then(|| server.to_owned())
}

/// The finding with what a Service stands for, where that is only another name.
pub(super) fn with_alias(finding: Finding, service: &Service, scene: &Scene<'_>) -> Finding {
    let spec = service.spec.as_ref().filter(|it| it.type_.as_deref() == Some("ExternalName"));
    let Some(other) = spec.and_then(|it| it.external_name.as_deref()) else { return finding };
    let other = scene.redact(other);
    let about = subject("Service", &service.metadata);
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}; {about} is only another name of {other}.");
    Finding { cause, ..finding }.clue(format!("{about}./spec/externalName"), &other)
}

/// The finding with the variable that names a wrong host, where the container that complains has one.
pub(super) fn at_variable(finding: Finding) -> Finding {
    let named = finding.clues.iter().find(|it| it.fact.ends_with("].named_in"));
    match named.map(|it| it.value.clone()) {
        Some(field) if finding.field.is_none() => finding.at(field),
        Some(_) | None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_that_does_not_answer_is_told_from_a_name_that_is_not_there() {
        let silent = "dial tcp: lookup db on 10.96.0.10:53: read udp 10.244.0.7:41022->10.96.0.10:53: i/o timeout";

        assert_eq!(silent_server(silent).as_deref(), Some("10.96.0.10"));
        assert_eq!(silent_server("dial tcp: lookup db on 10.96.0.10:53: no such host"), None);
        assert_eq!(silent_server("dial tcp 10.96.0.10:53: i/o timeout"), None);
        assert_eq!(silent_server("lookup db on the moon:53: i/o timeout"), None);
    }
}
