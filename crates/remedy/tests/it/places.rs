//! Each kind of owner is written at the right object and path.

use types::{Action, ContainerRole, Evidence, Fault, FixPlan, Kind, Risk, Subresource};

use crate::scene::{self, plans};

/// One line a step: what is written where.
fn written(plan: &FixPlan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| match &step.action {
            Action::Edit(edits) => {
                let verb =
                    if step.subresource == Some(Subresource::Resize) { "resize" } else { "edit" };
                format!("{verb} {} {}", step.target, edits[0].path)
            }
            Action::Evict | Action::Restart => step.to_string().trim().to_owned(),
        })
        .collect()
}

#[track_caller]
fn check(fault: Fault, evidence: &Evidence, expected: &[&str]) {
    assert_eq!(written(&plans(fault, evidence)[0]), expected, "{}", evidence.subject);
}

fn wrong_tag(kind: Kind) -> Evidence {
    scene::wrong_tag(kind, &[("shop/web:1.3", "revision 1", true)])
}

#[test]
fn a_wrong_tag_is_replaced_where_the_image_may_be_changed() {
    let template = "/spec/template/spec/containers/0/image";
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet] {
        check(
            Fault::ImageNotFound,
            &wrong_tag(kind),
            &[&format!("edit {kind} shop/web {template}")],
        );
    }
    check(
        Fault::ImageNotFound,
        &wrong_tag(Kind::ReplicaSet),
        &[&format!("edit ReplicaSet shop/web {template}"), "evict Pod shop/web-1"],
    );
    check(
        Fault::ImageNotFound,
        &wrong_tag(Kind::CronJob),
        &[
            "edit CronJob shop/web /spec/jobTemplate/spec/template/spec/containers/0/image",
            "edit Pod shop/web-1 /spec/containers/0/image",
        ],
    );
    check(
        Fault::ImageNotFound,
        &wrong_tag(Kind::Job),
        &["edit Pod shop/web-1 /spec/containers/0/image"],
    );
    check(
        Fault::ImageNotFound,
        &wrong_tag(Kind::Pod),
        &["edit Pod shop/web /spec/containers/0/image"],
    );
}

#[test]
fn a_broken_pod_of_an_ordered_set_is_evicted_so_that_it_follows_the_edit() {
    for mut evidence in [wrong_tag(Kind::StatefulSet), scene::rolled_out(Kind::StatefulSet)] {
        evidence.workload.ordered = true;

        check(
            Fault::ImageNotFound,
            &evidence,
            &[
                "edit StatefulSet shop/web /spec/template/spec/containers/0/image",
                "evict Pod shop/web-1",
            ],
        );
    }
}

#[test]
fn memory_is_raised_in_the_template_or_by_a_resize() {
    let limit = "resources/limits/memory";
    check(
        Fault::OomKilled,
        &scene::out_of_memory(Kind::DaemonSet, "64Mi"),
        &[&format!("edit DaemonSet shop/web /spec/template/spec/containers/0/{limit}")],
    );
    check(
        Fault::OomKilled,
        &scene::out_of_memory(Kind::CronJob, "64Mi"),
        &[&format!(
            "edit CronJob shop/web /spec/jobTemplate/spec/template/spec/containers/0/{limit}"
        )],
    );
    // What is down may not get it, and the next run has it; where it runs, or none is near, it is resized.
    let mut runs = scene::out_of_memory(Kind::CronJob, "64Mi");
    runs.containers[0].state.running_since = Some(scene::at(scene::NOW));
    let mut rests = scene::out_of_memory(Kind::CronJob, "64Mi");
    rests.workload.next_run = None;
    for evidence in [runs, rests] {
        check(
            Fault::OomKilled,
            &evidence,
            &[
                &format!(
                    "edit CronJob shop/web /spec/jobTemplate/spec/template/spec/containers/0/{limit}"
                ),
                &format!("resize Pod shop/web-1 /spec/containers/0/{limit}"),
            ],
        );
    }
    check(
        Fault::OomKilled,
        &scene::out_of_memory(Kind::Pod, "64Mi"),
        &[&format!("resize Pod shop/web /spec/containers/0/{limit}")],
    );
}

#[test]
fn an_init_container_is_written_in_its_own_list() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].role = ContainerRole::Init;
    evidence.containers[0].index = 2;

    check(
        Fault::OomKilled,
        &evidence,
        &["edit Deployment shop/web /spec/template/spec/initContainers/2/resources/limits/memory"],
    );
}

#[test]
fn what_cannot_be_changed_in_place_is_advice_with_the_exact_edit() {
    let mut evidence = scene::out_of_memory(Kind::Job, "64Mi");
    evidence.kubernetes_minor = Some(33);
    let plan = plans(Fault::OomKilled, &evidence).remove(0);

    assert_eq!(plan.risk, Risk::Advice);
    assert_eq!(
        written(&plan),
        ["edit Job shop/web /spec/template/spec/containers/0/resources/limits/memory"]
    );
}

#[test]
fn a_pod_that_nothing_would_make_again_is_not_evicted() {
    for kind in [Kind::Pod, Kind::Job, Kind::CronJob] {
        assert_eq!(plans(Fault::CrashLoopBackOff, &scene::evidence(kind)), vec![], "{kind}");
    }
}

#[test]
fn pods_that_their_template_does_not_reach_are_resized_where_they_run() {
    let limit = "resources/limits/memory";
    let resized = format!("resize Pod shop/web-1 /spec/containers/0/{limit}");
    for kind in [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet] {
        let mut evidence = scene::out_of_memory(kind, "64Mi");
        evidence.workload.on_delete = kind != Kind::ReplicaSet;
        let edited = format!("edit {kind} shop/web /spec/template/spec/containers/0/{limit}");

        check(Fault::OomKilled, &evidence, &[&edited, &resized]);
        evidence.kubernetes_minor = Some(33);
        check(Fault::OomKilled, &evidence, &[&edited, "evict Pod shop/web-1"]);
    }
    check(Fault::OomKilled, &scene::out_of_memory(Kind::Job, "64Mi"), &[&resized]);
}

#[test]
fn a_pod_that_does_not_run_is_not_resized() {
    let mut evidence = scene::out_of_memory(Kind::ReplicaSet, "64Mi");
    "Failed".clone_into(&mut evidence.pods[0].phase);

    check(
        Fault::OomKilled,
        &evidence,
        &[
            "edit ReplicaSet shop/web /spec/template/spec/containers/0/resources/limits/memory",
            "evict Pod shop/web-1",
        ],
    );
}

#[test]
fn a_request_that_a_pod_has_by_default_is_resized_with_its_limit() {
    let plan = plans(Fault::OomKilled, &scene::out_of_memory(Kind::ReplicaSet, "64Mi")).remove(0);

    let Action::Edit(edits) = &plan.steps[1].action else { panic!("{plan}") };
    let paths: Vec<_> = edits.iter().map(|it| it.path.to_string()).collect();
    assert_eq!(
        paths,
        ["limits", "requests"].map(|it| format!("/spec/containers/0/resources/{it}/memory"))
    );
}
