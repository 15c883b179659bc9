//! What the kubelet says of a gRPC probe.

use types::{ContainerFacts, ProbeFacts};

use super::{Failure, at, undeclared};

/// What its words mean; `None` where they are those of any probe.
pub(super) fn read(container: &ContainerFacts, probe: &ProbeFacts, words: &str) -> Option<Failure> {
    let at = at(probe);
    // It says so of every connection that comes to nothing, in whatever time: nobody listens, or not with gRPC.
    if words.contains("failed to connect service") {
        let words = format!("nothing speaks gRPC at {at}{}", undeclared(container, probe));
        return Some(Failure::of(words, Some("grpc/port")));
    }
    if words.contains("does not implement the grpc health protocol") {
        let words = format!("{at} speaks gRPC, but its server has no health service");
        return Some(Failure::of(words, Some("grpc")));
    }
    if words.contains("code = notfound") || words.contains("unknown service") {
        let words =
            format!("the health service at {at} does not know the service that is asked for");
        return Some(Failure::of(words, Some("grpc/service")));
    }
    None
}
