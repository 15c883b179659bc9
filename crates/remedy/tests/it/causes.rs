//! A person's yes does not make the cause that the facts do not carry.

use types::{Fault, Kind, ProbeKind, ServiceFacts};

use crate::gates::{Case, check, passes};
use crate::scene;

fn starved() -> Case {
    let starved = scene::starved(Kind::Deployment, "500m", 450);
    Case::offered(Fault::StartupProbeFailing, starved).approved()
}

#[test]
fn cpu_is_raised_after_a_yes_only_where_its_use_was_measured_and_a_probe_waits() {
    passes(starved(), |_| {});
    passes(starved(), |it| it.evidence.containers[0].cpu_used = Some(500));
    check(starved(), "out_of_scope", |it| it.evidence.containers[0].cpu_used = None);
    check(starved(), "out_of_scope", |it| it.evidence.containers[0].cpu_used = Some(449));
    check(starved(), "out_of_scope", |it| it.evidence.containers[0].probes.clear());
    let said = |words: &'static str| {
        move |it: &mut Case| it.evidence.containers[0].probes[0].failure = Some(words.to_owned())
    };
    passes(starved(), said("context deadline exceeded"));
    check(starved(), "out_of_scope", said("HTTP probe failed with statuscode: 404"));
    // Who is not ready for the first time may have other reasons than time.
    check(starved(), "out_of_scope", |it| {
        it.evidence.containers[0].probes[0].kind = ProbeKind::Readiness;
    });
}

/// Asks 9090, while the container declares 8080 alone.
fn astray() -> Case {
    let mut evidence = scene::probed(ProbeKind::Liveness, "connection refused");
    evidence.containers[0].probes[0].port = Some("9090".to_owned());
    Case::offered(Fault::LivenessProbeFailing, evidence).approved()
}

#[test]
fn a_probe_is_led_to_another_port_after_a_yes_only_where_it_is_the_only_one() {
    passes(astray(), |_| {});
    let beside = |it: &mut Case| it.evidence.containers[0].ports.push(("admin".to_owned(), 8081));
    check(astray(), "out_of_scope", beside);
    // Of two that are declared, one where it says that it listens, or where a Service leads.
    let listens = |at: u16| {
        move |it: &mut Case| {
            beside(it);
            it.evidence.containers[0].listens = vec![at];
        }
    };
    passes(astray(), listens(8080));
    check(astray(), "out_of_scope", listens(8081));
    passes(astray(), |it| {
        beside(it);
        it.evidence.services = vec![ServiceFacts {
            name: "web".to_owned(),
            addresses: vec![],
            selects: true,
            behind: vec!["Deployment web".to_owned()],
            targets: vec!["8080".to_owned()],
        }];
    });
    check(astray(), "out_of_scope", |it| it.evidence.containers[0].listens = vec![8080, 9090]);
    check(astray(), "out_of_scope", |it| it.edits()[0].from = Some("9091".into()));
    check(astray(), "out_of_scope", |it| it.edits()[0].to = Some(9091.into()));
}
