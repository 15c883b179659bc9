//! Hostile facts buy no plan, or one that the guard would let through for honest ones too.

use types::{Evidence, Fault, FixPlan, Kind, ProbeKind, ReferenceKind, Risk, Strategy};

use crate::scene::{self, plans, quantity};

/// No plan of this strategy is made.
#[track_caller]
fn check(fault: Fault, evidence: &Evidence, name: &str) {
    let made: Vec<FixPlan> =
        plans(fault, evidence).into_iter().filter(|it| it.strategy.name() == name).collect();
    assert_eq!(made, vec![]);
}

#[test]
fn an_image_of_elsewhere_is_no_candidate() {
    for image in [
        "evil.example/shop/web:1.3",
        "shop/web:1.3\nshop/web:1.2",
        "shop/web:-rf",
        "shop/web:",
        "shop/web",
        "shop/web:1.3@sha256:0",
        "shop/web/../evil:1.3",
        "http://shop/web:1.3",
        "",
        &format!("shop/web:{}", "1".repeat(200)),
        &format!("shop/web:{}", "1".repeat(1 << 20)),
    ] {
        let evidence = scene::wrong_tag(Kind::Deployment, &[(image, "revision 1", true)]);
        check(Fault::ImageNotFound, &evidence, "replace_image_tag");
    }
}

#[test]
fn a_tag_of_a_registry_that_is_none_or_of_elsewhere_is_no_candidate() {
    let honest = scene::listed_tag(Kind::Deployment);
    assert_eq!(plans(Fault::ImageNotFound, &honest).len(), 1);
    for tag in [
        "1.4/../../evil",
        "1.4@sha256:0",
        "1.4\n",
        "1.4 ",
        "-rf",
        "",
        "latest",
        "v1.4",
        "v1.5",
        &"1".repeat(129),
        &"1".repeat(1 << 20),
    ] {
        let mut evidence = honest.clone();
        let listed = evidence.registry_tags.as_mut().unwrap();
        listed.tags.push(tag.to_owned());
        listed.meant = Some(tag.to_owned());
        check(Fault::ImageNotFound, &evidence, "replace_image_tag");
    }
    let broken: [fn(&mut Evidence); 6] = [
        |it| it.registry_tags.as_mut().unwrap().repository = "evil.example/shop/web".to_owned(),
        |it| it.registry_tags.as_mut().unwrap().container = "sidecar".to_owned(),
        |it| it.registry_tags.as_mut().unwrap().tags.clear(),
        |it| it.registry_tags.as_mut().unwrap().meant = None,
        |it| it.containers[0].image = "shop/web:v1.4@sha256:ab".to_owned(),
        |it| it.containers[0].state.waiting = Some("ErrImageNeverPull".to_owned()),
    ];
    for change in broken {
        let mut evidence = honest.clone();
        change(&mut evidence);
        check(Fault::ImageNotFound, &evidence, "replace_image_tag");
    }
    // What nobody can pull for another reason is not mended by another tag.
    check(Fault::ImageNotPullable, &honest, "replace_image_tag");
    check(Fault::InvalidImageName, &honest, "replace_image_tag");
}

#[test]
fn where_a_tag_ran_here_the_registry_is_not_believed() {
    let mut evidence = scene::listed_tag(Kind::Deployment);
    evidence.images =
        scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "revision 1", true)]).images;
    let made = plans(Fault::ImageNotFound, &evidence);
    let tags: Vec<_> = made.iter().map(|it| it.strategy.to_string()).collect();
    assert_eq!(tags, ["replace the image tag by 1.3"]);
    let wrong = [scene::diagnosis(Fault::ImageNotFound)];
    assert!(remedy::unknown_image(&wrong, &evidence).is_none());
    assert!(remedy::unknown_image(&wrong, &scene::listed_tag(Kind::Deployment)).is_some());
}

#[test]
fn a_wanted_image_that_is_none_is_not_replaced() {
    for wanted in ["", "evil/../shop/web:1", "shop/web:1.4\n", ":1", "a b"] {
        let mut evidence =
            scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "revision 1", true)]);
        evidence.containers[0].image = wanted.to_owned();

        let made = plans(Fault::InvalidImageName, &evidence);
        let images = made.iter().filter_map(|it| {
            let Strategy::ReplaceImageTag { new_tag } = &it.strategy else { return None };
            Some(new_tag.as_str())
        });
        assert!(
            images.clone().all(|it| wanted.starts_with("shop/web:") && it == "1.3"),
            "{wanted:?}"
        );
    }
}

#[test]
fn a_name_that_is_no_typo_of_the_wrong_one_is_not_put_in_its_place() {
    for near in ["../web", "a/b", "web-config\n", "", "quite-another", &"a".repeat(1 << 16)] {
        let evidence = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", near);
        check(Fault::ConfigNotFound, &evidence, "fix_reference");
    }
}

#[test]
fn a_reference_whose_field_is_no_pointer_is_left_alone() {
    for path in ["", "spec", "/~", "../../name"] {
        let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config");
        evidence.references[0].path = path.to_owned();
        check(Fault::ConfigNotFound, &evidence, "fix_reference");
    }
}

#[test]
fn an_amount_that_is_none_is_not_raised() {
    for limit in ["-128Mi", "0", "", "lots", "1e99", "16E", "9223372036854775807", "1\n2"] {
        let evidence = scene::out_of_memory(Kind::Deployment, limit);
        assert_eq!(plans(Fault::OomKilled, &evidence), vec![], "{limit:?}");
    }
}

#[test]
fn an_amount_without_its_unit_is_raised_to_what_was_meant_by_nobody_unasked() {
    let made = plans(Fault::OomKilled, &scene::out_of_memory(Kind::Deployment, "128"));

    let made: Vec<_> = made.iter().map(|it| (it.strategy.key(), it.risk)).collect();
    assert_eq!(made, [("raise_memory_limit@meant".to_owned(), Risk::Ask)]);
}

#[test]
fn an_amount_that_is_none_is_not_lowered() {
    for request in ["-3Gi", "0", "", "lots", "16E", "1e99"] {
        check(
            Fault::Unschedulable,
            &scene::unschedulable(Kind::Deployment, request),
            "lower_requests",
        );
    }
    let mut evidence = scene::unschedulable(Kind::Deployment, "3Gi");
    evidence.containers[0].memory_used = Some(u64::MAX);
    check(Fault::Unschedulable, &evidence, "lower_requests");
    let mut sidecar = scene::container("sidecar", "shop/sidecar:1");
    sidecar.memory_request = Some(quantity("-2Gi"));
    let mut evidence = scene::unschedulable(Kind::Deployment, "3Gi");
    evidence.containers.push(sidecar);
    check(Fault::Unschedulable, &evidence, "lower_requests");
}

#[test]
fn a_time_that_is_too_large_to_double_stays() {
    let mut evidence = scene::probed(ProbeKind::Liveness, "context deadline exceeded");
    let probe = &mut evidence.containers[0].probes[0];
    (probe.timeout_secs, probe.failure_threshold) = (Some(u32::MAX), Some(u32::MAX / 2 + 1));

    check(Fault::LivenessProbeFailing, &evidence, "relax_probe");
}

#[test]
fn a_revision_that_changes_nothing_or_was_never_ready_is_no_aim() {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].was_ready = false;
    check(Fault::ImageNotFound, &evidence, "roll_back");

    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].edits.clear();
    check(Fault::ImageNotFound, &evidence, "roll_back");

    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].revision = i64::MAX;
    check(Fault::ImageNotFound, &evidence, "roll_back");
}

#[test]
fn a_ready_pod_or_one_without_uid_is_not_evicted() {
    let mut hanging = scene::evidence(Kind::Deployment);
    hanging.workload.was_ready = true;
    assert_eq!(plans(Fault::Unknown, &hanging)[0].strategy, Strategy::RestartPod);

    let mut evidence = hanging.clone();
    evidence.pods[0].uid.clear();
    check(Fault::Unknown, &evidence, "restart_pod");

    let mut evidence = hanging;
    evidence.pods[0].ready = true;
    check(Fault::Unknown, &evidence, "restart_pod");
}

#[test]
fn an_index_beyond_all_lists_does_not_get_past_the_guard() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].index = usize::MAX;
    let plan = plans(Fault::OomKilled, &evidence).remove(0);
    evidence.containers[0].index = 0;

    let refusal = remedy::approve(plan, &remedy::Policy::default(), &scene::world(&evidence, &[]))
        .unwrap_err();

    assert_eq!(refusal.code(), "out_of_scope");
}

#[test]
fn no_plan_repeats_a_line_break_of_the_facts() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi\n");
    evidence.containers[0].name = "app\nforged: line".to_owned();
    evidence.images = scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "x\ny", false)]).images;
    let mut diagnoses = Fault::ALL.map(scene::diagnosis);
    for diagnosis in &mut diagnoses {
        diagnosis.container = Some(evidence.containers[0].name.clone());
        let plans = remedy::plans(std::slice::from_ref(diagnosis), &evidence);
        assert!(plans.iter().all(|it| !it.because.contains('\n')));
    }
}
