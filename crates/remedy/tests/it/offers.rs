//! What is offered for which trouble, word for word.

use types::{Evidence, Fault, Kind, ProbeKind, ReferenceKind, Risk};

use crate::scene::{self, plans, quantity};

/// Compares the offers, one line each: strategy, who may say yes, and the value that is written last.
#[track_caller]
fn check(fault: Fault, evidence: &Evidence, expected: &[&str]) {
    let offered: Vec<String> = plans(fault, evidence)
        .iter()
        .map(|it| {
            let written = it.to_string().lines().last().unwrap_or_default().trim().to_owned();
            let written = if it.writes() { written } else { String::new() };
            let written = written.split_once(": ").map_or(written.as_str(), |it| it.1);
            format!("{} {} {written}", it.strategy.key(), it.risk).trim_end().to_owned()
        })
        .collect();
    assert_eq!(offered, expected);
}

#[test]
fn a_wrong_tag_is_replaced_by_own_ones_first_then_by_the_nearest() {
    let evidence = scene::wrong_tag(
        Kind::Deployment,
        &[
            ("shop/web:9.9", "Deployment shop/api", false),
            ("shop/web:1.44", "Deployment shop/api", false),
            ("docker.io/shop/web:1.5", "Deployment other/api", false),
            ("shop/web:1.0", "revision 2", true),
            ("other/web:1.4.1", "revision 1", true),
        ],
    );

    check(
        Fault::ImageNotFound,
        &evidence,
        &[
            r#"replace_image_tag auto "shop/web:1.4" -> "shop/web:1.0""#,
            r#"replace_image_tag auto "shop/web:1.4" -> "shop/web:1.44""#,
            r#"replace_image_tag ask "shop/web:1.4" -> "shop/web:1.5""#,
        ],
    );
}

#[test]
fn another_version_that_only_others_run_is_asked_for() {
    let known = [("shop/web:1.3", "Deployment shop/api", false)];
    let evidence = scene::wrong_tag(Kind::Deployment, &known);

    let expected = [r#"replace_image_tag ask "shop/web:1.4" -> "shop/web:1.3""#];
    check(Fault::ImageNotFound, &evidence, &expected);
}

#[test]
fn a_registry_that_throttles_is_waited_for() {
    let mut evidence = scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "revision 1", true)]);
    evidence.containers[0].state.waiting_message =
        Some("429 Too Many Requests: toomanyrequests".to_owned());
    evidence.revisions = scene::rolled_out(Kind::Deployment).revisions;

    check(Fault::ImageNotPullable, &evidence, &["wait auto"]);
}

#[test]
fn a_registry_that_denies_leads_back_to_what_ran() {
    let mut evidence = scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "revision 3", true)]);
    evidence.containers[0].state.waiting_message = Some("pull access denied".to_owned());
    evidence.revisions = scene::rolled_out(Kind::Deployment).revisions;

    check(
        Fault::ImageNotPullable,
        &evidence,
        &[
            r#"replace_image_tag ask "shop/web:1.4" -> "shop/web:1.3""#,
            r#"roll_back auto "shop/web:1.4" -> "shop/web:1.3""#,
        ],
    );
}

#[test]
fn a_memory_limit_grows_by_half_or_to_double() {
    check(
        Fault::OomKilled,
        &scene::out_of_memory(Kind::Deployment, "128Mi"),
        &[
            r#"raise_memory_limit@1.5 auto "128Mi" -> "192Mi""#,
            r#"raise_memory_limit@2 auto "128Mi" -> "256Mi""#,
        ],
    );
}

#[test]
fn for_a_job_that_is_made_anew_by_hand_double_stands_first() {
    let plans = plans(Fault::OomKilled, &scene::out_of_memory(Kind::Job, "128Mi"));
    let keys: Vec<_> = plans.iter().map(|it| it.strategy.key()).collect();
    assert_eq!(keys, ["raise_memory_limit@2", "raise_memory_limit@1.5"]);
}

#[test]
fn a_memory_limit_that_lost_its_unit_goes_to_what_was_meant_after_a_yes() {
    for (limit, meant) in [("256m", "256Mi"), ("512", "512Mi"), ("1", "1024Mi")] {
        check(
            Fault::OomKilled,
            &scene::out_of_memory(Kind::Deployment, limit),
            &[&format!(r#"raise_memory_limit@meant ask "{limit}" -> "{meant}""#)],
        );
    }
}

#[test]
fn what_was_too_little_is_followed_by_more_and_never_by_less() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let offered = |evidence: &Evidence, expected: &[&str]| {
        check(Fault::OomKilled, evidence, expected);
    };
    evidence.failed = vec![scene::failed_raise("raise_memory_limit@2", "128Mi")];
    offered(&evidence, &[r#"raise_memory_limit@4 auto "64Mi" -> "256Mi""#]);

    evidence.failed.push(scene::failed_raise("raise_memory_limit@4", "256Mi"));
    offered(&evidence, &[r#"raise_memory_limit@8 auto "64Mi" -> "512Mi""#]);

    evidence.failed = vec![scene::failed_raise("raise_memory_limit@1.5", "96Mi")];
    offered(&evidence, &[r#"raise_memory_limit@2 auto "64Mi" -> "128Mi""#]);

    let both = [
        r#"raise_memory_limit@1.5 auto "64Mi" -> "96Mi""#,
        r#"raise_memory_limit@2 auto "64Mi" -> "128Mi""#,
    ];
    evidence.failed[0].again = false;
    offered(&evidence, &both);
    evidence.failed[0].again = true;
    "of another spec".clone_into(&mut evidence.failed[0].spec_hash);
    offered(&evidence, &both);
}

#[test]
fn a_request_that_equals_the_limit_grows_with_it() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "1Gi");
    evidence.containers[0].memory_request = Some(quantity("1024Mi"));

    let plan = plans(Fault::OomKilled, &evidence).remove(0);

    assert_eq!(
        plan.steps[0].to_string(),
        "  edit Deployment shop/web\n    /spec/template/spec/containers/0/resources/limits/memory: \
         \"1Gi\" -> \"1536Mi\"\n    /spec/template/spec/containers/0/resources/requests/memory: \
         \"1024Mi\" -> \"1536Mi\""
    );
}

#[test]
fn more_memory_than_two_gibibytes_is_asked_for_and_more_than_a_node_has_is_not_offered() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "1500Mi");
    check(
        Fault::OomKilled,
        &evidence,
        &[
            r#"raise_memory_limit@1.5 ask "1500Mi" -> "2250Mi""#,
            r#"raise_memory_limit@2 ask "1500Mi" -> "3000Mi""#,
        ],
    );

    evidence.nodes.as_mut().unwrap().largest_memory = 2500 << 20;
    check(Fault::OomKilled, &evidence, &[r#"raise_memory_limit@1.5 ask "1500Mi" -> "2250Mi""#]);
}

#[test]
fn a_bad_rollout_leads_back_to_the_revision_that_was_ready() {
    check(
        Fault::CrashLoopBackOff,
        &scene::rolled_out(Kind::Deployment),
        &[r#"roll_back auto "shop/web:1.4" -> "shop/web:1.3""#],
    );
}

#[test]
fn a_revision_that_was_ready_before_is_not_what_broke() {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[0].was_ready = true;

    check(Fault::CrashLoopBackOff, &evidence, &["restart_pod ask evict Pod shop/web-1"]);
}

#[test]
fn a_rollback_goes_at_most_three_revisions_back() {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[0].revision = 9;
    evidence.revisions.extend(
        (6..9).map(|it| {
            scene::revision(it, false, vec![scene::edit("/spec/template/spec/x", 1, it)])
        }),
    );

    check(Fault::ImageNotFound, &evidence, &[]);
}

#[test]
fn requests_shrink_to_what_fits_and_unasked_only_when_less_was_shown_to_be_enough() {
    let mut evidence = scene::unschedulable(Kind::Deployment, "3Gi");
    // A gibibyte is free, and half of that stays so.
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests ask "3Gi" -> "512Mi""#]);

    // Less than what is used, and a quarter more, is not asked for: then less stays free.
    evidence.containers[0].memory_used = Some(500 << 20);
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests auto "3Gi" -> "625Mi""#]);

    evidence.containers[0].memory_used = Some(900 << 20);
    check(Fault::Unschedulable, &evidence, &[]);

    evidence.containers[0].memory_used = None;
    let request = format!("{}/resources/requests/memory", scene::APP);
    evidence.revisions =
        vec![scene::revision(1, true, vec![scene::edit(&request, "3Gi", "800Mi")])];
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests auto "3Gi" -> "800Mi""#]);

    evidence.revisions[0].edits[0].to = Some("1100Mi".into());
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests ask "3Gi" -> "512Mi""#]);
}

#[test]
fn a_request_leaves_a_tenth_of_the_largest_node_free_and_at_most_half_of_what_is() {
    let mut evidence = scene::unschedulable(Kind::Deployment, "9Gi");
    let free = |evidence: &mut Evidence, mebi: u64| {
        evidence.nodes.as_mut().unwrap().free_memory = mebi << 20;
    };
    free(&mut evidence, 8000);
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests ask "9Gi" -> "7180Mi""#]);
    free(&mut evidence, 1300);
    check(Fault::Unschedulable, &evidence, &[r#"lower_requests ask "9Gi" -> "1152Mi""#]);
    free(&mut evidence, 1151);
    check(Fault::Unschedulable, &evidence, &[]);
}

#[test]
fn a_request_never_shrinks_below_an_eighth() {
    check(Fault::Unschedulable, &scene::unschedulable(Kind::Deployment, "9Gi"), &[]);
}

#[test]
fn a_start_that_was_cut_off_gets_four_times_the_time() {
    let evidence = scene::probed(ProbeKind::Liveness, "connection refused");

    let plan = plans(Fault::LivenessProbeFailing, &evidence).remove(0);

    assert_eq!(
        plan.to_string(),
        "give the probe more time (auto): The probe gives up before the container answers.\n  edit \
         Deployment shop/web\n    \
         /spec/template/spec/containers/0/livenessProbe/initialDelaySeconds: 5 -> 20\n    \
         /spec/template/spec/containers/0/livenessProbe/failureThreshold: 3 -> 12"
    );
}

#[test]
fn a_near_miss_that_bears_the_mark_of_somebody_else_is_asked_about() {
    let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "app-confg", "app-config");
    check(Fault::ConfigNotFound, &evidence, &[r#"fix_reference auto "app-confg" -> "app-config""#]);

    evidence.references[0].belongs_to = Some("team=finance".to_owned());
    check(Fault::ConfigNotFound, &evidence, &[r#"fix_reference ask "app-confg" -> "app-config""#]);
}

#[test]
fn a_probe_that_is_answered_with_no_is_not_about_time() {
    for kind in [ProbeKind::Liveness, ProbeKind::Startup] {
        let fault = match kind {
            ProbeKind::Startup => Fault::StartupProbeFailing,
            ProbeKind::Liveness | ProbeKind::Readiness => Fault::LivenessProbeFailing,
        };
        check(fault, &scene::probed(kind, "HTTP probe failed with statuscode: 404"), &[]);
    }
}

#[test]
fn a_readiness_probe_gets_more_time_only_when_the_answer_comes_too_late() {
    let late = scene::probed(ProbeKind::Readiness, "context deadline exceeded");
    check(Fault::ReadinessProbeFailing, &late, &["relax_probe auto 1 -> 4"]);

    let refused = scene::probed(ProbeKind::Readiness, "connection refused");
    check(Fault::ReadinessProbeFailing, &refused, &[]);
}

#[test]
fn a_probe_that_asks_where_nobody_listens_asks_the_declared_port() {
    let mut evidence = scene::probed(ProbeKind::Readiness, "connection refused");
    evidence.containers[0].probes[0].port = Some("8081".to_owned());
    check(Fault::ReadinessProbeFailing, &evidence, &["fix_probe_port auto 8081 -> 8080"]);

    evidence.containers[0].ports.push(("metrics".to_owned(), 9090));
    check(Fault::ReadinessProbeFailing, &evidence, &[]);
}

/// The kubelet says that it ran out of time of every gRPC connection that comes to nothing.
#[test]
fn a_grpc_probe_that_finds_nobody_gets_neither_more_time_nor_a_port_of_something_else() {
    let said =
        "timeout: failed to connect service \"10.0.0.7:9090\" within 1s: context deadline exceeded";
    for kind in [ProbeKind::Liveness, ProbeKind::Startup] {
        let mut evidence = scene::probed(kind, said);
        evidence.containers[0].probes[0].action = "gRPC :9090".to_owned();
        evidence.containers[0].probes[0].port = Some("9090".to_owned());
        let fault = match kind {
            ProbeKind::Startup => Fault::StartupProbeFailing,
            ProbeKind::Liveness | ProbeKind::Readiness => Fault::LivenessProbeFailing,
        };
        check(fault, &evidence, &[]);

        evidence.containers[0].ports = vec![("grpc".to_owned(), 50051)];
        check(fault, &evidence, &["fix_probe_port auto 9090 -> 50051"]);
    }
}

#[test]
fn a_probe_with_a_host_of_its_own_is_not_about_time_or_ports_of_the_container() {
    let mut evidence = scene::probed(ProbeKind::Liveness, "connection refused");
    evidence.containers[0].probes[0].host = Some("127.0.0.1".to_owned());
    evidence.containers[0].probes[0].port = Some("8081".to_owned());

    check(Fault::LivenessProbeFailing, &evidence, &[]);
}

#[test]
fn a_typo_in_a_reference_is_mended_asked_for_where_data_change_hands_and_shown_where_rights_do() {
    for (kind, wrong, near, expected) in [
        (ReferenceKind::ConfigMap, "web-cofig", "web-config", "auto"),
        (ReferenceKind::Secret, "web-secert", "web-secret", "auto"),
        (ReferenceKind::Secret, "db-1", "db-2", "ask"),
        (ReferenceKind::Secret, "db-creds", "db-cred", "ask"),
        (ReferenceKind::ConfigMap, "db-settin", "db-setting", "auto"),
        (ReferenceKind::Claim, "dat", "data", "ask"),
        (ReferenceKind::ServiceAccount, "wbe", "web", "advice"),
    ] {
        let expected = format!("fix_reference {expected} \"{wrong}\" -> \"{near}\"");
        let evidence = scene::dangling(kind, wrong, near);
        check(Fault::ConfigNotFound, &evidence, &[expected.as_str()]);
    }
}

#[test]
fn a_wrong_key_is_mended_as_a_key() {
    let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web-config", "port");
    evidence.references[0].key = Some("prot".to_owned());
    evidence.references[0].path = format!("{}/env/0/valueFrom/configMapKeyRef/key", scene::APP);

    check(Fault::ConfigNotFound, &evidence, &[r#"fix_reference auto "prot" -> "port""#]);
}

#[test]
fn a_key_in_another_style_of_writing_is_the_same_key_and_a_longer_one_is_not() {
    for (near, expected) in [
        ("api-base-url", Some(r#"fix_reference auto "API_BASE_URL" -> "api-base-url""#)),
        ("apiBaseUrl", Some(r#"fix_reference auto "API_BASE_URL" -> "apiBaseUrl""#)),
        ("api-base-urls", None),
    ] {
        let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web-config", near);
        evidence.references[0].key = Some("API_BASE_URL".to_owned());
        evidence.references[0].path = format!("{}/env/0/valueFrom/configMapKeyRef/key", scene::APP);

        check(Fault::ConfigNotFound, &evidence, expected.as_slice());
    }
}

#[test]
fn a_hanging_pod_of_a_workload_that_was_ready_is_evicted_unasked() {
    let mut evidence = scene::evidence(Kind::Deployment);
    evidence.workload.was_ready = true;

    check(
        Fault::ReadinessProbeFailing,
        &evidence,
        &[
            "restart_pod auto evict Pod shop/web-1",
            "restart_rollout ask restart Deployment shop/web",
        ],
    );
}

#[test]
fn nothing_is_offered_for_what_is_paused_on_purpose() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "128Mi");
    evidence.workload.paused = true;

    check(Fault::OomKilled, &evidence, &[]);
}

#[test]
fn the_same_strategy_is_offered_once_and_advice_stands_last() {
    let mut evidence = scene::out_of_memory(Kind::Job, "128Mi");
    evidence.kubernetes_minor = None;
    evidence.images = scene::wrong_tag(Kind::Job, &[("shop/web:1.3", "revision 1", true)]).images;
    let diagnoses =
        [Fault::OomKilled, Fault::ImageNotFound, Fault::OomKilled].map(scene::diagnosis);

    let plans = remedy::plans(&diagnoses, &evidence);

    let risks: Vec<Risk> = plans.iter().map(|it| it.risk).collect();
    assert_eq!(risks, [Risk::Auto, Risk::Advice, Risk::Advice]);
}
