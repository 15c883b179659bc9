//! How much more time a probe gets, and where time mends nothing.

use types::{Fault, Kind, ProbeKind, Risk};

use crate::scene;

/// By how much it was too late nobody knows, and a second is little.
#[test]
fn a_short_time_for_an_answer_is_given_four_times_and_a_long_one_twice() {
    for kind in [ProbeKind::Readiness, ProbeKind::Liveness] {
        for (was, is) in [(1, 4), (3, 12), (5, 20), (8, 20), (10, 20), (11, 22), (1800, 3600)] {
            let mut evidence = scene::probed(kind, "context deadline exceeded");
            evidence.containers[0].probes[0].timeout_secs = Some(was);
            // However often it asks.
            evidence.containers[0].probes[0].period_secs = Some(1);
            let fault = match kind {
                ProbeKind::Readiness => Fault::ReadinessProbeFailing,
                ProbeKind::Startup | ProbeKind::Liveness => Fault::LivenessProbeFailing,
            };
            let plan = &scene::plans(fault, &evidence)[0];
            let edits = plan.to_string();
            assert!(edits.contains(&format!("Probe/timeoutSeconds: {was} -> {is}")), "{edits}");
            // That it hangs for good is told no later than after twice as many tries.
            let tries = edits.contains("failureThreshold: 3 -> 6");
            assert_eq!(tries, kind == ProbeKind::Liveness);
        }
    }
    let mut evidence = scene::probed(ProbeKind::Readiness, "context deadline exceeded");
    evidence.containers[0].probes[0].timeout_secs = Some(1801);
    assert_eq!(scene::plans(Fault::ReadinessProbeFailing, &evidence), []);
}

#[test]
fn a_probe_whose_program_is_not_there_gets_no_more_time() {
    let absent = "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in \
                  container: OCI runtime exec failed: exec failed: unable to start container process: exec: \
                  \"pg_isready\": executable file not found in $PATH: unknown";
    let missed = "Liveness probe failed: sh: timeout: not found";
    let kinds = [
        (ProbeKind::Liveness, Fault::LivenessProbeFailing),
        (ProbeKind::Startup, Fault::StartupProbeFailing),
        (ProbeKind::Readiness, Fault::ReadinessProbeFailing),
    ];
    for (kind, fault) in kinds {
        for said in [absent, missed] {
            let mut evidence = scene::rolled_out(Kind::Deployment);
            evidence.containers = scene::probed(kind, said).containers;
            evidence.containers[0].probes[0].action = "exec".to_owned();
            let plans = scene::plans(fault, &evidence);
            let offers = |name: &str| plans.iter().any(|it| it.strategy.name() == name);
            assert!(!offers("relax_probe"), "{kind:?} {said}");
            assert!(offers("roll_back"), "{kind:?} {said}");
        }
    }
    // A file that the program itself misses may come while it starts: a person is asked.
    let unready = "Liveness probe failed: cat: can't open '/tmp/ready': No such file or directory";
    let mut evidence = scene::probed(ProbeKind::Liveness, unready);
    evidence.containers[0].probes[0].action = "exec".to_owned();
    let plan = &scene::plans(Fault::LivenessProbeFailing, &evidence)[0];
    assert_eq!((plan.strategy.name(), plan.risk), ("relax_probe", Risk::Ask));
}
