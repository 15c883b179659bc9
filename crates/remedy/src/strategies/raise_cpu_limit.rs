//! Raise the CPU limit to one and a half times or to double; to four times, once double was too little.
//!
//! ## When it helps
//! A probe is answered too late, or the container is not up when it is asked for the first time, while it uses up
//! what its CPU limit allows: the kernel makes it wait.
//!
//! ## When it does not
//! It has CPU to spare, or nobody measures what it uses: then it is slow for another reason.
//!
//! ## Risk
//! Auto; the policy has a cap of its own. Bound: old < new <= 2 * old, where old is the most that a fix of ours
//! wrote on this very spec and the same probe of the container failed at again, and not more than limit ranges,
//! quotas and the largest node allow. So four times comes after double, and nothing after that: what is slow with
//! four times is slow for another reason. A request that equals the limit is raised with it, so that the pod keeps
//! its quality of service. Undo: the former limit. Verified by the pods' health over time. Attack: a limit that is
//! negative, no quantity or too large to double yields no plan, and neither does a use that nobody measured.

use types::{ContainerFacts, Diagnosis, Evidence, FixPlan, ProbeKind, Quantity, Risk, Strategy};

use crate::amount::Resource;
use crate::probe::{Answer, answer, failing_probes};
use crate::raise::{Wanted, Words};

/// The share of its limit from which a container is held back by it, in tenths. Between two measurements it is
/// stopped again and again, so that it hardly ever shows the whole.
const USED_UP_TENTHS: u64 = 9;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let Some(container) = starved(diagnosis, evidence) else { return vec![] };
    let fits = |wanted: Wanted<'_>| wanted.is_next(evidence) && wanted.has_room(evidence);
    let doses = Strategy::CPU_DOSES.iter().filter(|it| wanted(container, **it).is_some_and(fits));
    doses.filter_map(|it| plan_for(evidence, container, *it)).collect()
}

/// The plan of this very dose, whatever room there is: the guard says what it thinks of that.
pub(crate) fn with_dose(
    halves: u8,
    diagnoses: &[Diagnosis],
    evidence: &Evidence,
) -> Option<FixPlan> {
    let container = diagnoses.iter().find_map(|it| starved(it, evidence))?;
    plan_for(evidence, container, halves)
}

/// The container whose probe waits for it while it waits for CPU.
fn starved<'a>(diagnosis: &Diagnosis, evidence: &'a Evidence) -> Option<&'a ContainerFacts> {
    let probes = failing_probes(diagnosis, evidence);
    let (container, probe) = probes.first()?;
    let is_slow = match (answer(probe), probe.kind) {
        (Answer::TooLate, _) | (Answer::Nobody, ProbeKind::Startup | ProbeKind::Liveness) => true,
        (Answer::Nobody, ProbeKind::Readiness) | (Answer::Troubled | Answer::No, _) => false,
    };
    let limit = container.cpu_limit.as_ref().and_then(Quantity::milli_units)?;
    let used = container.cpu_used?;
    let is_used_up = limit.saturating_mul(USED_UP_TENTHS) <= used.saturating_mul(10);
    (is_slow && is_used_up).then_some(*container)
}

fn wanted(container: &ContainerFacts, halves: u8) -> Option<Wanted<'_>> {
    let old = container.cpu_limit.as_ref()?.milli_units().filter(|it| 0 < *it)?;
    let amount = old.checked_mul(2 + u64::from(halves))? / 2;
    (old < amount).then_some(Wanted { container, resource: Resource::Cpu, amount })
}

fn plan_for(evidence: &Evidence, container: &ContainerFacts, halves: u8) -> Option<FixPlan> {
    let limit = container.cpu_limit.as_ref()?;
    let words = Words {
        strategy: Strategy::RaiseCpuLimit { halves },
        risk: Risk::Auto,
        because: format!(
            "The container uses up its CPU limit of {}m, and its probe has to wait for it.",
            limit.milli_units()?
        ),
    };
    wanted(container, halves)?.plan(words, evidence)
}
