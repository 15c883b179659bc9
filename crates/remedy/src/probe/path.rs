//! What a container answers to, by its other probes and by earlier revisions.

use types::{ContainerFacts, Evidence, FieldPath, ProbeFacts, ProbeKind};

use super::listed;

/// The path on which all other probes of a port agree.
pub(crate) struct Agreed<'a> {
    pub(crate) path: &'a str,
    /// Whether one of them is known to succeed: without the startup probe no other would be asked, and without the
    /// readiness probe the container would not be ready. Of a start, whether the server's own log lists the path.
    pub(crate) is_proven: bool,
}

/// The path of all other probes of the port, none of which misses it and one of which succeeds at least. That they were
/// refused while the container started says nothing.
pub(crate) fn agreed_path<'a>(
    container: &'a ContainerFacts,
    probe: &ProbeFacts,
) -> Option<Agreed<'a>> {
    let said = probe.failure.as_deref().filter(|it| it.contains("statuscode: 404"));
    let seen = probe.path.as_deref().filter(|_| said.is_some())?;
    let asks_same = |it: &&ProbeFacts| {
        it.kind != probe.kind && (&it.port, &it.host) == (&probe.port, &probe.host)
    };
    let others: Vec<&ProbeFacts> = container.probes.iter().filter(asks_same).collect();
    let path = others.first()?.path.as_deref().filter(|it| *it != seen)?;
    let is_of_start = |it: &str| it.contains("connection refused");
    let misses = |it: &ProbeFacts| it.failure.as_deref().is_some_and(|it| !is_of_start(it));
    let agree = |it: &&ProbeFacts| it.path.as_deref() == Some(path) && it.scheme == probe.scheme;
    let is_known = |it: &&ProbeFacts| match it.kind {
        ProbeKind::Startup => true,
        ProbeKind::Readiness => container.ready,
        ProbeKind::Liveness => false,
    };
    let is_right = others.iter().all(|it| agree(it) && !misses(it))
        && (others.iter().any(|it| it.failure.is_none()) || others.iter().any(is_known));
    let is_known = others.iter().any(is_known);
    let is_proven = if probe.kind == ProbeKind::Startup {
        // No other was asked yet: that the server itself lists the path says that it is there.
        listed::holds(container, probe, path)
    } else {
        is_known
    };
    is_right.then_some(Agreed { path, is_proven })
}

/// What the container is known to answer to: by its other probes, and by an earlier revision that was ready.
pub(crate) fn answered_paths<'a>(
    path: &FieldPath,
    container: &'a ContainerFacts,
    probe: &ProbeFacts,
    evidence: &'a Evidence,
) -> Vec<&'a str> {
    let is_scheme = path.as_str().ends_with("/scheme");
    // Until its startup probe succeeds, a container is asked by no other.
    let succeed = container.probes.iter().filter(|it| {
        let was_asked = probe.kind != ProbeKind::Startup;
        was_asked && it.kind != probe.kind && it.failure.is_none() && it.port == probe.port
    });
    let siblings =
        succeed.filter_map(|it| if is_scheme { it.scheme.as_deref() } else { it.path.as_deref() });
    let earlier = evidence.revisions.iter().filter(|it| it.was_ready && !it.current);
    let edits = earlier.flat_map(|it| &it.edits).filter(|it| it.path == *path);
    siblings.chain(edits.filter_map(|it| it.to.as_ref()?.as_str())).collect()
}
