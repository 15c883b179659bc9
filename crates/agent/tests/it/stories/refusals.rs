//! What may not be is not done: each gate once closed, and once open beside it.

use serde_json::{Value, json};

use crate::api_server::status;
use crate::fault_proxy::{Fault, rehearsal, write};
use crate::stage::{RAISE, Stage, hungry, state};

#[actix_web::test]
async fn what_admission_refuses_is_tried_once_and_told_with_its_reason() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let words = "admission webhook \"limits.example\" denied the request: too much memory";
    stage.proxy.every(rehearsal, Fault::Answer(403, status(403, words)));
    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), ("refused", "refused_by_cluster"), "{end:#}");
    assert!(end["refusal"]["detail"].as_str().unwrap().contains(words), "{end:#}");
    assert_eq!((stage.proxy.n_seen(rehearsal), stage.proxy.n_seen(write)), (1, 0));
    stage.proxy.heal();
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

#[actix_web::test]
async fn what_is_told_of_a_trouble_goes_on_after_its_fix_was_refused() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;
    stage.proxy.every(rehearsal, Fault::Answer(403, status(403, "denied: too much memory")));
    assert_eq!(state(&agent.carry_out(&order).await), ("refused", "refused_by_cluster"));

    let template = json!({"spec": {"template": {"spec": hungry("64Mi")}}});
    stage.cluster.change("deployments/web", &template).await;

    let says = |body: &Value| {
        let incident = body["incidents"].as_array()?.first()?;
        incident["offers"].to_string().contains("64Mi").then_some(())
    };
    agent.until("/api/v1/incidents?state=open", says).await;
}

#[actix_web::test]
async fn a_write_that_is_refused_after_its_rehearsal_is_not_repeated() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let mut invalid = status(422, "spec.template.spec.containers[0].resources: Invalid value");
    invalid["details"] = json!({"causes": [{"field": "spec.template.spec.containers[0].resources",
        "reason": "FieldValueInvalid", "message": "too much"}]});
    stage.proxy.every(write, Fault::Answer(422, invalid));
    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), ("refused", "refused_by_cluster"), "{end:#}");
    assert_eq!((stage.proxy.n_seen(write), stage.n_writes()), (1, 0));
    assert_eq!(stage.limit("web"), "128Mi");
}

#[actix_web::test]
async fn an_undo_that_the_cluster_refuses_is_left_to_a_person() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;
    let order = agent.order_for("web", RAISE).await;

    stage.proxy.after_first(write, Fault::Answer(403, status(403, "patch is forbidden")));
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("stranded", "stranded"), "{end:#}");
    let words = end["refusal"]["detail"].as_str().unwrap();
    assert!(words.contains("do it by hand: patch is forbidden"), "{words}");
    assert_eq!((stage.limit("web").as_str(), stage.proxy.n_seen(write)), ("96Mi", 2));
}

#[actix_web::test]
async fn a_fix_whose_undo_admission_would_refuse_is_asked_about_first() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    // The fix itself would be let through.
    let words = "ValidatingAdmissionPolicy 'least' denied request: so little memory is not given";
    let mut denied = status(422, words);
    denied["details"] = json!({"causes": [{"message": words}]});
    stage.proxy.after_first(rehearsal, Fault::Answer(422, denied));
    let fix = agent.carry_out(&order).await;

    assert_eq!(state(&fix), ("proposed", "needs_approval"), "{fix:#}");
    let told = fix["refusal"]["detail"].as_str().unwrap();
    assert!(told.contains("could not be undone") && told.contains(words), "{told}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 0));
    stage.proxy.heal();
    let path = format!("/api/v1/executions/{}/approve", fix["id"].as_str().unwrap());
    assert_eq!(agent.post(&path, &json!({})).await.0, 200);
    assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));
    assert_eq!(stage.limit("web"), "192Mi");
}

#[actix_web::test]
async fn a_secret_in_a_refusal_does_not_leave_the_agent() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let words = "denied: DB_PASSWORD=correct-horse-battery is no limit";
    stage.proxy.every(rehearsal, Fault::Answer(403, status(403, words)));
    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), ("refused", "refused_by_cluster"));
    let journal = std::fs::read(stage.data.path().join("agent/journal.db-wal")).unwrap();
    let seen = [end.to_string(), agent.log(), String::from_utf8_lossy(&journal).into_owned()];
    for text in seen {
        assert!(!text.contains("correct-horse"), "{text}");
    }
}

#[actix_web::test]
async fn a_dry_run_writes_nothing_and_says_what_it_would_write() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let mut order = agent.order_for("web", RAISE).await;
    order["dry_run"] = json!(true);

    let (_, answer) = agent.post("/api/v1/execute-fix", &order).await;

    assert_eq!(
        (&answer["success"], &answer["result"]["state"]),
        (&json!(true), &json!("proposed"))
    );
    assert!(
        answer["result"]["diff"].as_str().unwrap().contains(r#""128Mi" -> "192Mi""#),
        "{answer}"
    );
    assert_eq!((stage.proxy.n_seen(rehearsal), stage.proxy.n_seen(write)), (1, 0));
    let id = answer["execution_id"].as_str().unwrap();
    let (status, _) = agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;
    assert_eq!((status, stage.limit("web").as_str()), (409, "128Mi"));
}

/// What is refused before the cluster is asked leaves no trace there, not even of a rehearsal.
async fn check_silence(closed: &Value, open: &Value, expected: (&str, &str)) {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    stage.cluster.change("deployments/web", closed).await;
    let order = agent.order_for("web", RAISE).await;

    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), expected, "{end:#}");
    assert_eq!(stage.proxy.n_seen(rehearsal) + stage.proxy.n_seen(write), 0);
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 0));
    stage.cluster.change("deployments/web", open).await;
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

fn annotated(name: &str, value: &Value) -> Value {
    json!({"metadata": {"annotations": {name: value}}})
}

#[actix_web::test]
async fn a_workload_that_asks_to_be_left_alone_is_left_alone() {
    let name = "k8s-reflexion.io/opt-out";
    let (closed, open) = (annotated(name, &json!("true")), annotated(name, &Value::Null));
    check_silence(&closed, &open, ("refused", "opted_out")).await;
}

#[actix_web::test]
async fn a_workload_of_a_gitops_tool_is_not_written() {
    let name = "argocd.argoproj.io/tracking-id";
    let (closed, open) = (annotated(name, &json!("shop:web")), annotated(name, &Value::Null));
    check_silence(&closed, &open, ("refused", "owned_elsewhere")).await;
}

#[actix_web::test]
async fn a_namespace_that_does_not_take_part_gets_a_proposal() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.cluster.enrol("false").await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let proposed = agent.carry_out(&order).await;

    assert_eq!(state(&proposed), ("proposed", "namespace_not_enrolled"), "{proposed:#}");
    assert_eq!(stage.proxy.n_seen(rehearsal) + stage.proxy.n_seen(write), 0);
    stage.cluster.enrol("true").await;
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

#[actix_web::test]
async fn a_field_that_another_manager_applies_is_not_written() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let labels = json!({"app": "web"});
    let whole = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": hungry("128Mi")}}});
    stage.cluster.apply("deployments/web", "pipeline", &whole).await;
    let order = agent.order_for("web", RAISE).await;

    let end = agent.carry_out(&order).await;

    assert_eq!(state(&end), ("refused", "owned_elsewhere"), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 0));
}

#[actix_web::test]
async fn caps_hold_over_a_restart() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("a", "128Mi").await;
    stage.run_hungry("b", "128Mi").await;
    stage.run_hungry("c", "128Mi").await;
    for name in ["a", "b"] {
        let fix = agent.fix(name, RAISE).await;
        assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));
    }
    assert_eq!(state(&agent.fix("c", RAISE).await), ("refused", "too_often"));

    agent.kill();
    let agent = stage.agent().await;
    let refused = agent.fix("c", RAISE).await;

    assert_eq!(state(&refused), ("refused", "too_often"), "{refused:#}");
    let words = refused["refusal"]["detail"].as_str().unwrap();
    assert!(words.contains("namespace_per_60s"), "{words}");
    assert_eq!(stage.n_writes(), 2);
}

#[actix_web::test]
async fn a_strategy_that_failed_on_this_spec_is_not_tried_again_after_a_restart() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;
    let fix = agent.fix("web", RAISE).await;
    assert_eq!(state(&agent.end_of(&fix).await), ("undone", ""));

    agent.kill();
    let agent = stage.agent().await;

    assert_eq!(state(&agent.fix("web", RAISE).await), ("refused", "failed_before"));
    assert_eq!(stage.n_writes(), 2);
}

#[actix_web::test]
async fn amounts_wait_for_a_person_where_vertical_autoscalers_could_not_be_read() {
    let listed = |it: &str| it.contains("/verticalpodautoscalers");
    let known = |it: &str| it.split([' ', '?']).nth(1) == Some("/apis/autoscaling.k8s.io/v1");
    let kinds = json!({"kind": "APIResourceList", "groupVersion": "autoscaling.k8s.io/v1", "resources": []});
    for (code, is_installed, expected) in [
        (403, true, ("proposed", "needs_approval")),
        // Nobody has the right, and nobody has the kind.
        (403, false, ("verifying", "")),
    ] {
        let stage = Stage::open().await;
        stage.proxy.every(listed, Fault::Answer(code, status(code, "forbidden")));
        if is_installed {
            stage.proxy.every(known, Fault::Answer(200, kinds.clone()));
        }
        let agent = stage.agent().await;
        stage.run_hungry("web", "128Mi").await;

        let fix = agent.fix("web", RAISE).await;

        assert_eq!(state(&fix), expected, "{fix:#}");
    }
}
