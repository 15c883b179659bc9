//! What people say: yes, no, and take it back.

use agent::journal::Journal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::fault_proxy::{Fault, rehearsal, write};
use crate::stage::{RAISE, Stage, code, hungry, state, until};

const SUGGEST: [&str; 2] = ["--mode", "suggest"];

async fn say(agent: &AgentBinary, execution: &Value, word: &str) -> (u16, Value) {
    let id = execution["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/{word}"), &json!({})).await
}

/// A fix that waits for a yes.
async fn proposal(stage: &Stage) -> (AgentBinary, Value) {
    let agent = stage.agent_with(&SUGGEST).await;
    stage.run_hungry("web", "128Mi").await;
    let proposed = agent.fix("web", RAISE).await;
    assert_eq!(state(&proposed), ("proposed", "needs_approval"), "{proposed:#}");
    assert_eq!(stage.proxy.n_seen(rehearsal) + stage.proxy.n_seen(write), 0);
    (agent, proposed)
}

/// A fix that helped.
async fn verified(stage: &Stage) -> (AgentBinary, Value) {
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    (agent, end)
}

#[actix_web::test]
async fn a_yes_counts_once() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let answers =
        futures::future::join_all([(); 4].map(|()| say(&agent, &proposed, "approve"))).await;
    let end = agent.end_of(&proposed).await;

    let n_yes = answers.iter().filter(|it| it.1["state"] == "verifying").count();
    assert_eq!((n_yes, state(&end), stage.n_writes()), (1, ("verified", ""), 1), "{answers:#?}");
    assert_eq!(say(&agent, &proposed, "approve").await.0, 409);
    assert_eq!(say(&agent, &proposed, "reject").await.0, 409);
}

#[actix_web::test]
async fn after_a_no_nothing_is_written() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let (status, rejected) = say(&agent, &proposed, "reject").await;

    assert_eq!((status, state(&rejected)), (200, ("rejected", "rejected")));
    assert_eq!(say(&agent, &proposed, "approve").await.0, 409);
    assert_eq!(stage.proxy.n_seen(write), 0);
}

#[actix_web::test]
async fn a_yes_to_what_has_changed_since_is_none() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let other = json!({"spec": {"template": {"spec": hungry("96Mi")}}});
    stage.cluster.change("deployments/web", &other).await;
    let (status, problem) = say(&agent, &proposed, "approve").await;

    assert_eq!((status, code(&problem)), (409, "changed"), "{problem}");
    assert_eq!((stage.limit("web").as_str(), stage.proxy.n_seen(write)), ("96Mi", 0));
}

#[actix_web::test]
async fn a_yes_is_to_the_workload_as_it_was_shown_and_to_no_other() {
    let changes = [
        json!({"metadata": {"annotations": {"on-call": "kim"}}}),
        json!({"metadata": {"labels": {"tier": "gold"}}}),
        json!({"spec": {"replicas": 2}}),
        json!({"spec": {"minReadySeconds": 5}}),
    ];
    for change in changes {
        let stage = Stage::open().await;
        let (agent, proposed) = proposal(&stage).await;

        stage.cluster.change("deployments/web", &change).await;
        let (status, problem) = say(&agent, &proposed, "approve").await;

        assert_eq!((status, code(&problem)), (409, "changed"), "{change}: {problem}");
        assert_eq!((stage.limit("web").as_str(), stage.proxy.n_seen(write)), ("128Mi", 0));
        let end = agent.end_of(&proposed).await;
        assert_eq!(state(&end), ("rejected", "superseded"), "{end:#}");
    }
}

#[actix_web::test]
async fn a_yes_holds_where_the_status_moved_since_it_was_shown() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let store = stage.cluster.sandbox.store();
    let written = store.update_status("deployments", "shop", "web", |it| {
        it["status"]["unavailableReplicas"] = json!(7);
        Ok(())
    });
    written.unwrap();
    let (_, answer) = say(&agent, &proposed, "approve").await;

    assert_eq!(state(&answer), ("verifying", ""), "{answer:#}");
}

/// Says yes while this happens between the decision and the write.
async fn approved_while(
    stage: &Stage,
    agent: &AgentBinary,
    fix: &Value,
    change: fn(&Stage),
) -> Value {
    let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
    let meanwhile = async {
        held.here().await;
        change(stage);
        held.let_go();
    };
    let ((_, answer), ()) = tokio::join!(say(agent, fix, "approve"), meanwhile);
    answer
}

#[actix_web::test]
async fn a_yes_holds_while_nothing_but_the_status_is_written() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let answer = approved_while(&stage, &agent, &proposed, |stage| {
        let store = stage.cluster.sandbox.store();
        let written = store.update_status("deployments", "shop", "web", |it| {
            it["status"]["unavailableReplicas"] = json!(7);
            Ok(())
        });
        written.unwrap();
    })
    .await;

    assert_eq!(state(&answer), ("verifying", ""), "{answer:#}");
    assert_eq!(stage.n_writes(), 1);
}

#[actix_web::test]
async fn a_yes_is_none_where_the_spec_is_changed_before_the_write() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let answer = approved_while(&stage, &agent, &proposed, |stage| {
        let store = stage.cluster.sandbox.store();
        let written = store.update("deployments", "shop", "web", |it| {
            it["spec"]["replicas"] = json!(2);
            Ok(())
        });
        written.unwrap();
    })
    .await;

    assert_eq!(state(&answer), ("refused", "stale"), "{answer:#}");
    assert_eq!((stage.limit("web").as_str(), stage.proxy.n_seen(write)), ("128Mi", 0));
}

#[actix_web::test]
async fn a_yes_that_comes_too_late_is_none() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;
    agent.kill();
    let journal = Journal::open(&stage.data.path().join("agent")).await.unwrap();
    let id = proposed["id"].as_str().unwrap().parse().unwrap();
    let mut old = journal.find(id).await.unwrap().unwrap();
    old.execution.requested_at -= SignedDuration::from_mins(16);
    journal.update(&old, None).await.unwrap();
    journal.close().await;

    let agent = stage.agent_with(&SUGGEST).await;
    let (status, problem) = say(&agent, &proposed, "approve").await;

    assert_eq!((status, code(&problem)), (409, "expired"), "{problem}");
    let end = agent.end_of(&proposed).await;
    assert_eq!(state(&end), ("rejected", "expired"), "{end:#}");
    assert_eq!(stage.proxy.n_seen(write), 0);
}

/// Two proposals, of which the first was carried out so long ago that a cap still bars the second.
async fn barred_by_a_cap(stage: &Stage) -> (AgentBinary, Value) {
    stage.set_policy("caps: {namespace_per_60s: 1}");
    let (agent, first) = proposal(stage).await;
    stage.run_hungry("api", "128Mi").await;
    let second = agent.fix("api", RAISE).await;
    say(&agent, &first, "approve").await;
    agent.end_of(&first).await;
    agent.kill();
    let journal = Journal::open(&stage.data.path().join("agent")).await.unwrap();
    let id = first["id"].as_str().unwrap().parse().unwrap();
    let mut earlier = journal.find(id).await.unwrap().unwrap();
    earlier.execution.applied_at = Some(Timestamp::now() - SignedDuration::from_secs(45));
    journal.update(&earlier, None).await.unwrap();
    journal.close().await;

    let agent = stage.agent_with(&SUGGEST).await;
    agent.ready().await;
    (agent, second)
}

#[actix_web::test]
async fn a_yes_that_a_cap_puts_off_is_kept() {
    let stage = Stage::open().await;
    let (agent, second) = barred_by_a_cap(&stage).await;

    let (status, answer) = say(&agent, &second, "approve").await;
    let end = agent.end_of(&second).await;

    assert_eq!((status, state(&answer)), (200, ("proposed", "too_often")), "{answer:#}");
    assert_eq!((state(&end), &end["decided_by"]), (("verified", ""), &json!("alice")), "{end:#}");
}

#[actix_web::test]
async fn a_yes_that_is_kept_outlives_the_process_and_counts_once() {
    let stage = Stage::open().await;
    let (agent, second) = barred_by_a_cap(&stage).await;
    let (_, answer) = say(&agent, &second, "approve").await;
    assert_eq!(state(&answer), ("proposed", "too_often"), "{answer:#}");

    agent.kill();
    let agent = stage.agent_with(&SUGGEST).await;
    let end = agent.end_of(&second).await;

    assert_eq!((state(&end), &end["decided_by"]), (("verified", ""), &json!("alice")), "{end:#}");
    // One for each of the two, and none more after another start.
    assert_eq!(stage.n_writes(), 2);
    agent.kill();
    let agent = stage.agent_with(&SUGGEST).await;
    agent.ready().await;
    assert_eq!(say(&agent, &second, "approve").await.0, 409);
    assert_eq!(stage.n_writes(), 2);
}

#[actix_web::test]
async fn a_yes_that_was_kept_is_none_to_what_has_changed_since() {
    let stage = Stage::open().await;
    let (agent, second) = barred_by_a_cap(&stage).await;
    say(&agent, &second, "approve").await;

    agent.kill();
    let other = json!({"spec": {"template": {"spec": hungry("96Mi")}}});
    stage.cluster.change("deployments/api", &other).await;
    let agent = stage.agent_with(&SUGGEST).await;
    let end = agent.end_of(&second).await;

    assert_eq!(state(&end), ("rejected", "superseded"), "{end:#}");
    assert_eq!((stage.limit("api").as_str(), stage.n_writes()), ("96Mi", 1));
}

/// What is read of the namespace before the guard answers.
fn is_enrolment(request: &str) -> bool {
    let path = request.split([' ', '?']).nth(1).unwrap_or_default();
    request.starts_with("GET ") && path.ends_with("/namespaces/shop")
}

#[actix_web::test]
async fn a_yes_during_which_the_process_is_killed_is_carried_out_by_its_next_life() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    let held = stage.proxy.next(is_enrolment, Fault::HoldRequest);
    {
        let said = std::pin::pin!(say(&agent, &proposed, "approve"));
        let here = std::pin::pin!(held.here());
        futures::future::select(said, here).await;
    }
    assert_eq!(stage.proxy.n_seen(write), 0);
    agent.kill();
    held.let_go();
    let agent = stage.agent_with(&SUGGEST).await;
    let end = agent.end_of(&proposed).await;

    assert_eq!((state(&end), &end["decided_by"]), (("verified", ""), &json!("alice")), "{end:#}");
    assert_eq!(stage.n_writes(), 1);
}

#[actix_web::test]
async fn a_yes_that_came_to_nothing_is_not_tried_again_after_a_restart() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;
    agent.set_mode("observe").await;
    let (_, answer) = say(&agent, &proposed, "approve").await;
    assert_eq!(state(&answer), ("proposed", "observing"), "{answer:#}");
    agent.set_mode("suggest").await;

    agent.kill();
    let journal = Journal::open(&stage.data.path().join("agent")).await.unwrap();
    let kept = journal.kept_yeses().await.unwrap();

    assert_eq!((kept, stage.proxy.n_seen(write)), (vec![], 0));
}

#[actix_web::test]
async fn a_yes_while_the_agent_only_observes_waits_for_another() {
    let stage = Stage::open().await;
    let (agent, proposed) = proposal(&stage).await;

    agent.set_mode("observe").await;
    let (_, answer) = say(&agent, &proposed, "approve").await;

    assert_eq!(state(&answer), ("proposed", "observing"), "{answer:#}");
    assert_eq!(stage.proxy.n_seen(write), 0);
    agent.set_mode("suggest").await;
    let (_, answer) = say(&agent, &proposed, "approve").await;
    assert_eq!(state(&answer), ("verifying", ""), "{answer:#}");
}

#[actix_web::test]
async fn a_person_can_take_a_fix_back_that_helped_and_once() {
    let stage = Stage::open().await;
    let (agent, fix) = verified(&stage).await;

    let answers = futures::future::join_all([(); 4].map(|()| say(&agent, &fix, "undo"))).await;
    let end = agent.in_state(&fix, "undone").await;

    assert_eq!(answers.iter().filter(|it| it.0 == 200).count(), 1, "{answers:#?}");
    assert_eq!((&end["requested_by"], &end["undone_by"]), (&json!("alice"), &json!("alice")));
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 2));
}

#[actix_web::test]
async fn an_undo_leaves_alone_what_somebody_else_changed_meanwhile() {
    let stage = Stage::open().await;
    let (agent, fix) = verified(&stage).await;

    let other = json!({"metadata": {"annotations": {"note": "mine"}}, "spec": {"replicas": 2}});
    stage.cluster.change("deployments/web", &other).await;
    say(&agent, &fix, "undo").await;
    agent.in_state(&fix, "undone").await;

    let web = stage.object("deployments", "web").unwrap();
    assert_eq!(stage.limit("web"), "128Mi");
    assert_eq!(
        (&web["spec"]["replicas"], &web["metadata"]["annotations"]["note"]),
        (&json!(2), &json!("mine"))
    );
}

#[actix_web::test]
async fn an_undo_never_overwrites_the_value_that_a_person_set_meanwhile() {
    let stage = Stage::open().await;
    stage.set_policy("caps: {workload_per_5min: 9}");
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;
    let order = agent.order_for("web", RAISE).await;

    // Between the verdict and the undo: the undo has read the object, and its write is on the way.
    let held = stage.proxy.second(write, Fault::HoldRequest);
    let fix = agent.carry_out(&order).await;
    held.here().await;
    let mine = json!({"spec": {"template": {"spec": hungry("112Mi")}}});
    stage.cluster.change("deployments/web", &mine).await;
    held.let_go();
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("stranded", "stranded"), "{end:#}");
    assert!(end["refusal"]["detail"].as_str().unwrap().contains("somebody changed"), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("112Mi", 1));
    // A machine keeps away from now on.
    assert_eq!(state(&agent.fix("web", RAISE).await), ("proposed", "stranded"));
}

#[actix_web::test]
async fn whoever_describes_the_workload_reads_what_was_done_to_it() {
    let stage = Stage::open().await;
    let (agent, end) = verified(&stage).await;
    until("both are told", || stage.told("web") == ["FixApplied", "FixVerified"]).await;

    let id = end["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/undo"), &json!({})).await;
    agent.in_state(&end, "undone").await;

    until("the undo is told", || stage.told("web").last().unwrap() == "FixUndone").await;
}
