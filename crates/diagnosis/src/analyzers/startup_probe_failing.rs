//! The startup probe fails, and the kubelet kills the container for it.
//!
//! ## What it looks for
//! A recent failure of the startup probe on a container that was restarted, and whose end was not for memory. Where no
//! event is left of it, a container that is ended from outside again and again, about when this probe gives up. And
//! before it gives up, on a sidecar for which the containers of its pod wait: after a minute where a server answers
//! that it does not know the question, after half of the probe's time where nobody answers.
//!
//! ## What it does not see
//! Why the application does not answer, unless the probe asks at a port that nobody declares.

use types::{Diagnosis, Evidence, Fault, ProbeKind};

use super::probe_kills;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let (kind, fault) = (ProbeKind::Startup, Fault::StartupProbeFailing);
    probe_kills::diagnose(evidence, kind, fault)
        .or_else(|| probe_kills::diagnose_unseen(evidence, kind, fault))
}
