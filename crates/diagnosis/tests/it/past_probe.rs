//! A fault behind a probe that was given more time, or whose container was given more CPU.

use diagnosis::Health;
use types::{ContainerFacts, ContainerRole, Fault, FixPlan, ProbeFacts, ProbeKind, Strategy};

use crate::behind::{check, plan, state, unanswered};
use crate::judging::at;

use Health::{Failing, Progress};

const ABSENT: &str = "HTTP probe failed with statuscode: 404";

/// The startup or the liveness probe was asked four times as often.
fn relaxed(kind: ProbeKind) -> FixPlan {
    plan(Strategy::RelaxProbe, &format!("containers/0/{}/failureThreshold", kind.field()))
}

fn more_cpu() -> FixPlan {
    plan(Strategy::RaiseCpuLimit { halves: 2 }, "containers/0/resources/limits/cpu")
}

/// It was killed after fifteen seconds, for this probe, a moment ago.
fn killed_for(kind: ProbeKind) -> ContainerFacts {
    let mut app = state(0, ContainerRole::App, "", "Error");
    app.state.exit_code = Some(137);
    (app.state.began_at, app.state.exited_at) = (Some(at(-16)), Some(at(-1)));
    app.probes = vec![unanswered(kind, 0, 3)];
    app
}

/// It runs since the fourth second, and its readiness probe finds no such path.
fn unready(beside: ProbeFacts) -> ContainerFacts {
    let mut app = state(0, ContainerRole::App, "", "");
    app.state.running_since = Some(at(4));
    let readiness = unanswered(ProbeKind::Readiness, 0, 3);
    app.probes = vec![beside, ProbeFacts { failure: Some(ABSENT.to_owned()), ..readiness }];
    app
}

/// It ended by itself after so many seconds.
fn crashed(after: i64, probe: ProbeFacts) -> ContainerFacts {
    let mut app = state(0, ContainerRole::App, "", "Error");
    (app.state.began_at, app.state.exited_at) = (Some(at(10)), Some(at(10 + after)));
    app.probes = vec![probe];
    app
}

fn quiet(kind: ProbeKind, failure_threshold: u32) -> ProbeFacts {
    ProbeFacts { failure: None, ..unanswered(kind, 0, failure_threshold) }
}

#[test]
fn what_is_only_asked_once_it_has_started_speaks_for_the_time_that_it_was_given() {
    let before = [killed_for(ProbeKind::Startup)];
    for plan in [relaxed(ProbeKind::Startup), more_cpu()] {
        let asked = Fault::StartupProbeFailing;
        check((&plan, asked), &before, &[unready(quiet(ProbeKind::Startup, 12))], Progress);
    }
    // A plan of another kind proves nothing by that.
    let back = plan(Strategy::RollBack, "containers/0");
    let now = unready(quiet(ProbeKind::Startup, 12));
    check((&back, Fault::StartupProbeFailing), &before, &[now], Failing);
}

#[test]
fn a_liveness_probe_is_past_once_it_had_the_time_to_kill_and_did_not() {
    let before = [killed_for(ProbeKind::Liveness)];
    let plan = relaxed(ProbeKind::Liveness);
    let fault = Fault::LivenessProbeFailing;

    check((&plan, fault), &before, &[unready(quiet(ProbeKind::Liveness, 12))], Progress);
    // It was not asked often enough yet, and one that fails may kill before long.
    check((&plan, fault), &before, &[unready(quiet(ProbeKind::Liveness, 20))], Failing);
    check((&plan, fault), &before, &[unready(unanswered(ProbeKind::Liveness, 0, 12))], Failing);
    let mut again = unready(quiet(ProbeKind::Liveness, 12));
    again.restarts = 1;
    check((&plan, fault), &before, &[again], Failing);
}

#[test]
fn an_end_of_its_own_later_than_it_was_killed_before_was_hidden_by_that() {
    for (kind, fault) in [
        (ProbeKind::Startup, Fault::StartupProbeFailing),
        (ProbeKind::Liveness, Fault::LivenessProbeFailing),
    ] {
        let before = [killed_for(kind)];
        let plan = relaxed(kind);
        let slow = unanswered(kind, 0, 12);
        check((&plan, fault), &before, &[crashed(40, slow.clone())], Progress);
        // It ended no later than before, so that nothing shows that the probe was passed.
        check((&plan, fault), &before, &[crashed(12, slow.clone())], Failing);
        // It is stopped again, only later.
        for code in [0, 137, 143] {
            let mut stopped = crashed(58, slow.clone());
            stopped.state.exit_code = Some(code);
            check((&plan, fault), &before, &[stopped], Failing);
        }
        check((&more_cpu(), fault), &before, &[crashed(40, quiet(kind, 3))], Progress);
        check((&more_cpu(), fault), &before, &[crashed(40, unanswered(kind, 0, 3))], Failing);
    }
}

#[test]
fn what_is_let_into_traffic_too_early_is_no_progress() {
    let mut before = unready(quiet(ProbeKind::Liveness, 3));
    before.probes[1].failure = Some("context deadline exceeded".to_owned());
    before.state.running_since = Some(at(-600));
    let plan = relaxed(ProbeKind::Readiness);
    let now = crashed(40, quiet(ProbeKind::Readiness, 3));
    check((&plan, Fault::ReadinessProbeFailing), &[before], &[now], Failing);
}

#[test]
fn a_limit_that_lost_its_unit_hid_all_that_a_container_does() {
    let raise =
        plan(Strategy::RaiseMemoryLimit { halves: 1 }, "containers/0/resources/limits/memory");
    let mut refused = state(0, ContainerRole::App, "RunContainerError", "");
    refused.state.waiting_message =
        Some("container init was OOM-killed (memory limit too low?)".to_owned());
    let crash = state(0, ContainerRole::App, "", "Error");
    check((&raise, Fault::ContainerCannotRun), &[refused.clone()], &[crash], Progress);
    let oom = state(0, ContainerRole::App, "", "OOMKilled");
    check((&raise, Fault::ContainerCannotRun), &[refused], &[oom], Failing);
}
