//! A name that an earlier revision had where now another one stands.

use types::{Edit, Evidence, Fault, Kind, ReferenceKind, Risk, Strategy};

use crate::gates::Case;
use crate::scene;

/// Revision 4 names what is not there; the one before named what is there, and was ready or was not.
fn renamed(kind: ReferenceKind, (wrong, near): (&str, &str), was_ready: bool) -> Evidence {
    let mut evidence = scene::dangling(kind, wrong, near);
    let back = scene::edit(&evidence.references[0].path, wrong, near);
    evidence.revisions =
        vec![scene::revision(4, false, vec![]), scene::revision(3, was_ready, vec![back])];
    evidence
}

fn risk(evidence: &Evidence) -> Risk {
    let plans = scene::plans(Fault::ConfigNotFound, evidence);
    plans.iter().find(|it| it.strategy == Strategy::FixReference).unwrap().risk
}

#[test]
fn a_name_that_the_last_ready_revision_had_in_that_field_is_put_back_unasked() {
    let logs = ("node-log", "node-logs");
    for (kind, names, was_ready, expected) in [
        (ReferenceKind::ConfigMap, logs, true, Risk::Auto),
        (ReferenceKind::Secret, ("db-1", "db-2"), true, Risk::Auto),
        (ReferenceKind::ConfigMap, logs, false, Risk::Ask),
        (ReferenceKind::Claim, ("dat", "data"), true, Risk::Ask),
        (ReferenceKind::ServiceAccount, ("wbe", "web"), true, Risk::Advice),
    ] {
        let mut evidence = renamed(kind, names, was_ready);
        evidence.references[0].belongs_to =
            (kind == ReferenceKind::ConfigMap).then(|| "team=finance".to_owned());

        assert_eq!(risk(&evidence), expected, "{kind:?} {names:?} {was_ready}");
        if expected == Risk::Auto {
            assert_eq!(Case::offered(Fault::ConfigNotFound, evidence).answer(), Ok(()));
        }
    }
}

#[test]
fn what_another_field_had_or_a_revision_long_ago_says_nothing() {
    let names = ("node-log", "node-logs");
    let told = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = renamed(ReferenceKind::ConfigMap, names, true);
        change(&mut evidence);
        risk(&evidence)
    };
    let path = format!("{}/envFrom/1/configMapRef/name", scene::APP);
    let edits = |edit: Edit| move |it: &mut Evidence| it.revisions[1].edits = vec![edit.clone()];

    assert_eq!(told(&|_| {}), Risk::Auto);
    assert_eq!(told(&edits(scene::edit(&path, names.0, names.1))), Risk::Ask);
    let own =
        scene::dangling(ReferenceKind::ConfigMap, names.0, names.1).references[0].path.clone();
    assert_eq!(told(&edits(scene::edit(&own, names.0, "others"))), Risk::Ask);
    assert_eq!(told(&edits(scene::edit(&own, "others", names.1))), Risk::Ask);
    let long_ago = |it: &mut Evidence| {
        let back = it.revisions[1].edits.clone();
        it.revisions = vec![scene::revision(5, false, vec![])];
        let other = scene::edit("/spec/template/spec/nodeName", "a", "b");
        it.revisions.extend([4, 3, 2].map(|it| scene::revision(it, true, vec![other.clone()])));
        it.revisions.push(scene::revision(1, true, back));
    };
    assert_eq!(told(&long_ago), Risk::Ask);
}

/// Anybody who may make jobs can make one in the name of a `CronJob`.
#[test]
fn what_a_job_of_a_cron_job_was_made_from_is_no_word_to_act_on() {
    let mut evidence = renamed(ReferenceKind::Secret, ("db-1", "db-2"), true);
    assert_eq!(risk(&evidence), Risk::Auto);

    let Evidence { subject, workload, .. } = scene::evidence(Kind::CronJob);
    (evidence.subject, evidence.workload) = (subject, workload);
    assert_eq!(risk(&evidence), Risk::Ask);
}

#[test]
fn a_plan_that_says_so_of_a_revision_that_was_never_ready_is_refused() {
    let names = ("node-log", "node-logs");
    let mut case =
        Case::offered(Fault::ConfigNotFound, renamed(ReferenceKind::ConfigMap, names, false));
    assert_eq!(case.evidence.subject.kind, Kind::Deployment);
    case.plan.risk = Risk::Auto;

    assert_eq!(case.answer().unwrap_err().code(), "out_of_scope");
}
