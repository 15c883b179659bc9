//! What is believed of a strategy before anything was tried: a table that people can argue about.

use types::{Context, Fault, Strategy};

use crate::beta::Beta;

/// A prior weighs as much as this many observations: four outcomes of the real world outweigh it.
const WEIGHT: f64 = 4.0;
/// A pair that the table does not name: unlikely to help, and weakly believed.
const UNNAMED: f64 = 0.2;
const UNNAMED_WEIGHT: f64 = 2.0;
/// A return to an older revision helps more often when the trouble began with the newest one, and seldom otherwise.
const ROLLOUT_BONUS: f64 = 0.1;
const NO_ROLLOUT_MALUS: f64 = 0.25;

/// How likely a strategy heals a fault, by its key, from how the fault comes about.
///
/// Beliefs, not measurements: they only decide until there are episodes.
const TABLE: &[(Fault, &str, f64)] = &[
    (Fault::ImageNotFound, "replace_image_tag", 0.85),
    (Fault::ImageNotFound, "roll_back", 0.70),
    (Fault::ImageNotPullable, "roll_back", 0.55),
    (Fault::ImageNotPullable, "wait", 0.45),
    (Fault::ImageNotPullable, "replace_image_tag", 0.40),
    (Fault::ImageNotPullable, "restart_pod", 0.25),
    (Fault::InvalidImageName, "replace_image_tag", 0.70),
    (Fault::InvalidImageName, "roll_back", 0.80),
    // Double stands before one and a half: a limit that was passed is mostly passed by far.
    (Fault::OomKilled, "raise_memory_limit@2", 0.70),
    (Fault::OomKilled, "raise_memory_limit@1.5", 0.60),
    // Only offered where less was tried and was too little.
    (Fault::OomKilled, "raise_memory_limit@4", 0.60),
    (Fault::OomKilled, "raise_memory_limit@8", 0.50),
    // Only offered where there is no room for as much as the others give.
    (Fault::OomKilled, "raise_memory_limit@room", 0.45),
    // Only offered where the limit lost its unit, and then nothing else of memory is.
    (Fault::OomKilled, "raise_memory_limit@meant", 0.80),
    (Fault::OomKilled, "roll_back", 0.55),
    (Fault::OomKilled, "restart_rollout", 0.20),
    (Fault::OomKilled, "restart_pod", 0.15),
    (Fault::ConfigNotFound, "fix_reference", 0.85),
    (Fault::ConfigNotFound, "roll_back", 0.70),
    (Fault::ContainerCannotRun, "roll_back", 0.75),
    // As with OOM kills: a runtime may refuse to start what has no room at all.
    (Fault::ContainerCannotRun, "raise_memory_limit@meant", 0.80),
    (Fault::ContainerCannotRun, "fix_reference", 0.40),
    (Fault::ContainerCannotRun, "replace_image_tag", 0.30),
    (Fault::LivenessProbeFailing, "fix_probe_port", 0.80),
    (Fault::LivenessProbeFailing, "raise_cpu_limit@2", 0.65),
    (Fault::LivenessProbeFailing, "raise_cpu_limit@1.5", 0.55),
    // As with memory: only offered where double was too little.
    (Fault::LivenessProbeFailing, "raise_cpu_limit@4", 0.50),
    (Fault::LivenessProbeFailing, "relax_probe", 0.60),
    (Fault::LivenessProbeFailing, "roll_back", 0.60),
    (Fault::StartupProbeFailing, "fix_probe_port", 0.80),
    (Fault::StartupProbeFailing, "raise_cpu_limit@2", 0.70),
    (Fault::StartupProbeFailing, "raise_cpu_limit@1.5", 0.60),
    (Fault::StartupProbeFailing, "raise_cpu_limit@4", 0.60),
    (Fault::StartupProbeFailing, "relax_probe", 0.70),
    (Fault::StartupProbeFailing, "roll_back", 0.55),
    (Fault::ReadinessProbeFailing, "fix_probe_port", 0.80),
    (Fault::ReadinessProbeFailing, "raise_cpu_limit@2", 0.60),
    (Fault::ReadinessProbeFailing, "raise_cpu_limit@1.5", 0.55),
    (Fault::ReadinessProbeFailing, "raise_cpu_limit@4", 0.45),
    (Fault::ReadinessProbeFailing, "relax_probe", 0.50),
    (Fault::ReadinessProbeFailing, "roll_back", 0.60),
    (Fault::ReadinessProbeFailing, "restart_pod", 0.25),
    (Fault::ReadinessProbeFailing, "wait", 0.25),
    (Fault::CrashLoopBackOff, "roll_back", 0.70),
    (Fault::CrashLoopBackOff, "fix_reference", 0.50),
    (Fault::CrashLoopBackOff, "replace_image_tag", 0.30),
    (Fault::CrashLoopBackOff, "relax_probe", 0.25),
    // Only offered where nothing is ready behind what it calls. A rollback is only offered beside it where the earlier
    // revision did not call that.
    (Fault::CrashLoopBackOff, "wait", 0.65),
    (Fault::Unschedulable, "lower_requests", 0.70),
    (Fault::Unschedulable, "fix_reference", 0.75),
    (Fault::Unschedulable, "roll_back", 0.60),
    (Fault::Unschedulable, "wait", 0.30),
    (Fault::FailedCreate, "fix_reference", 0.60),
    (Fault::FailedCreate, "roll_back", 0.55),
    (Fault::FailedCreate, "lower_requests", 0.50),
    // Only offered where a quota counts what is over.
    (Fault::FailedCreate, "clear_leftovers", 0.60),
    (Fault::Evicted, "roll_back", 0.35),
    // Only offered once nothing but what is over is left of the trouble.
    (Fault::Evicted, "clear_leftovers", 0.60),
    (Fault::SandboxNotCreated, "raise_memory_limit@meant", 0.80),
    (Fault::SandboxNotCreated, "roll_back", 0.40),
    (Fault::SandboxNotCreated, "restart_pod", 0.30),
    (Fault::VolumeNotMounted, "fix_reference", 0.40),
    (Fault::VolumeNotMounted, "roll_back", 0.50),
    (Fault::ReadinessGateNotMet, "roll_back", 0.50),
    (Fault::InitNotDone, "roll_back", 0.55),
    (Fault::InitNotDone, "wait", 0.50),
    // Only offered for a CronJob, one of whose jobs succeeded with what the newest template changed.
    (Fault::JobFailed, "roll_back", 0.60),
    (Fault::RolloutStuck, "roll_back", 0.60),
    (Fault::RolloutStuck, "restart_pod", 0.30),
    (Fault::ServiceWithoutEndpoints, "fix_selector", 0.85),
    (Fault::ServicePortMismatch, "fix_service_port", 0.80),
    // Only offered where one workload is called like the Service and has its port.
    (Fault::ServicePortMismatch, "fix_selector", 0.75),
    (Fault::Unknown, "roll_back", 0.50),
    (Fault::Unknown, "restart_pod", 0.30),
    (Fault::Unknown, "restart_rollout", 0.30),
    (Fault::Unknown, "wait", 0.25),
];

/// Whether the table has an opinion of a strategy, by its key, for a fault. What it does not name is never tried unless
/// experience or advice speaks for it.
pub fn is_believed(fault: Fault, strategy: &str) -> bool {
    named(fault, strategy).is_some()
}

fn named(fault: Fault, strategy: &str) -> Option<f64> {
    TABLE.iter().find(|(f, s, _)| *f == fault && *s == strategy).map(|it| it.2)
}

/// The belief before the first episode.
pub(crate) fn prior(fault: Fault, context: &Context, strategy: &str) -> Beta {
    let Some(mean) = named(fault, strategy) else {
        return Beta::with_mean(UNNAMED, UNNAMED_WEIGHT);
    };
    let shift = match (strategy == Strategy::RollBack.name(), context.since_rollout) {
        (true, true) => ROLLOUT_BONUS,
        (true, false) => -NO_ROLLOUT_MALUS,
        (false, _) => 0.0,
    };
    Beta::with_mean((mean + shift).clamp(0.05, 0.95), WEIGHT)
}

#[cfg(test)]
mod tests {
    use types::Kind;

    use super::*;

    #[test]
    fn the_table_names_registered_strategies_once() {
        for (index, (fault, key, mean)) in TABLE.iter().enumerate() {
            let name = key.split('@').next().unwrap();
            assert!(Strategy::NAMES.contains(&name), "{key} is no strategy");
            assert!((0.0..1.0).contains(mean));
            assert!(!TABLE[..index].iter().any(|it| (it.0, it.1) == (*fault, *key)), "{key} twice");
        }
    }

    #[test]
    fn every_fault_that_a_change_may_heal_has_something_to_try() {
        // A gate is meant, and no change of a workload brings its node back.
        let healed_by_others = [Fault::SchedulingGated, Fault::NodeDown];
        for fault in Fault::ALL.into_iter().filter(|it| !healed_by_others.contains(it)) {
            assert!(TABLE.iter().any(|it| it.0 == fault), "{fault}");
        }
    }

    #[test]
    fn a_rollback_is_believed_in_when_the_rollout_brought_the_trouble() {
        let context = |since_rollout| Context {
            owner_kind: Kind::Deployment,
            image_family: "nginx".to_owned(),
            workload_class: "service".to_owned(),
            since_rollout,
        };
        let mean = |it| prior(Fault::CrashLoopBackOff, &context(it), "roll_back").mean();

        assert!(mean(false) < mean(true));
    }
}
