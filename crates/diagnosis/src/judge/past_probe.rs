//! Whether a container came past the probe that kept it from going on, once that was given more time or the container
//! more CPU: what it shows then was hidden before.

use jiff::{SignedDuration, Timestamp};

use crate::stopped;
use types::{
    ContainerFacts, ContainerRole, Evidence, Fault, FixPlan, ProbeFacts, ProbeKind, Strategy,
};

/// A fault with the container that shows it.
type Seen = (Fault, Option<String>);

/// Whether `it` is seen behind the probe of `was`, by what the container shows and not by its silence: the kubelet
/// asks for the one only once the other has answered, or it lived for longer than the probe let it live before and
/// came to an end of its own.
pub(super) fn is_behind(
    plan: &FixPlan,
    (was, it): (&Seen, &Seen),
    (before, now): (&Evidence, &Evidence),
    applied_at: Timestamp,
) -> bool {
    let gives_time = match plan.strategy {
        Strategy::RelaxProbe | Strategy::RaiseCpuLimit { .. } => true,
        Strategy::RollBack
        | Strategy::ReplaceImageTag { .. }
        | Strategy::RaiseMemoryLimit { .. }
        | Strategy::LowerRequests
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::FixProbePort
        | Strategy::FixReference
        | Strategy::FixSelector
        | Strategy::FixServicePort
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => false,
    };
    let Some(kind) = kind_of(was.0) else { return false };
    let found = own(was, kind, before).zip(own(was, kind, now));
    let Some(((_, former), (container, probe))) = found else { return false };
    if !gives_time || was.1 != it.1 || container.role != ContainerRole::App {
        return false;
    }
    match (was.0, it.0) {
        (Fault::StartupProbeFailing, Fault::LivenessProbeFailing) => {
            is_asked(container, ProbeKind::Liveness)
        }
        (Fault::StartupProbeFailing, Fault::ReadinessProbeFailing) => {
            is_asked(container, ProbeKind::Readiness)
        }
        // Both are asked at once: it has to live for longer than it may that is not answered.
        (Fault::LivenessProbeFailing, Fault::ReadinessProbeFailing) => {
            is_asked(container, ProbeKind::Readiness) && outlasts(container, probe, now)
        }
        (_, Fault::CrashLoopBackOff) => ended_by_itself(container, (former, probe), applied_at),
        // With more CPU it may do more at once, and need more memory for that.
        (_, Fault::OomKilled) => {
            plan.strategy == Strategy::RelaxProbe && outlived(container, former, applied_at)
        }
        _ => false,
    }
}

/// The container of this fault with its probe of this kind.
fn own<'e>(
    seen: &Seen,
    kind: ProbeKind,
    evidence: &'e Evidence,
) -> Option<(&'e ContainerFacts, &'e ProbeFacts)> {
    let container = evidence.container(seen.1.as_deref()?)?;
    Some((container, container.probes.iter().find(|it| it.kind == kind)?))
}

/// The probes that keep a container from living on. One that is only kept from its traffic may fail for that alone
/// once it has it.
fn kind_of(fault: Fault) -> Option<ProbeKind> {
    let kinds = [
        (Fault::StartupProbeFailing, ProbeKind::Startup),
        (Fault::LivenessProbeFailing, ProbeKind::Liveness),
    ];
    kinds.into_iter().find(|it| it.0 == fault).map(|it| it.1)
}

/// Whether this probe was asked, and failed.
fn is_asked(container: &ContainerFacts, kind: ProbeKind) -> bool {
    container.probes.iter().any(|it| it.kind == kind && it.failure.is_some())
}

/// Whether it was never ended and runs for longer than this probe takes to give it up, without a failure of it.
fn outlasts(container: &ContainerFacts, probe: &ProbeFacts, now: &Evidence) -> bool {
    let since = container.state.running_since;
    let runs = since.map(|it| now.taken_at.duration_since(it));
    let is_well = container.restarts == 0 && probe.failure.is_none();
    is_well && runs.is_some_and(|it| given(probe, probe.tries()) < it)
}

/// Whether its last life was longer than the probe of before let it live.
fn outlived(container: &ContainerFacts, former: &ProbeFacts, applied_at: Timestamp) -> bool {
    let life = life(container, applied_at);
    life.is_some_and(|it| given(former, former.tries()) < it)
}

/// Whether it did and came to its end by itself: not as what is stopped does, and before the probe of now can have had
/// enough, or without a failure of it.
fn ended_by_itself(
    container: &ContainerFacts,
    (former, probe): (&ProbeFacts, &ProbeFacts),
    applied_at: Timestamp,
) -> bool {
    let was_stopped = stopped::may_be(container.state.exit_code);
    let earliest = given(probe, probe.tries().saturating_sub(1));
    let is_early = life(container, applied_at).is_some_and(|it| it < earliest);
    outlived(container, former, applied_at) && !was_stopped && (is_early || probe.failure.is_none())
}

/// How long the container lived that ended last, where it began after the write.
fn life(container: &ContainerFacts, applied_at: Timestamp) -> Option<SignedDuration> {
    let (began, ended) = container.state.began_at.zip(container.state.exited_at)?;
    (applied_at <= began).then(|| ended.duration_since(began))
}

/// How long a probe lets a container live that it asks so often in vain.
fn given(probe: &ProbeFacts, tries: u32) -> SignedDuration {
    let asked = probe.period().saturating_mul(tries);
    SignedDuration::from_secs(probe.initial_delay().saturating_add(asked).into())
}
