//! Somebody else is faster.

use serde_json::{Value, json};

use crate::fault_proxy::{Fault, rehearsal, write};
use crate::stage::{RAISE, Stage, hungry, state, until};

const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

fn note(word: &str) -> Value {
    json!({"metadata": {"annotations": {"note": word}}})
}

#[actix_web::test]
async fn an_object_that_changes_between_plan_and_write_is_planned_for_anew() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
    let change = async {
        held.here().await;
        stage.cluster.change("deployments/web", &note("mine")).await;
        held.let_go();
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), change);
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
    assert_eq!(
        stage.object("deployments", "web").unwrap()["metadata"]["annotations"]["note"],
        "mine"
    );
}

#[actix_web::test]
async fn an_object_that_keeps_changing_is_left_to_whoever_changes_it() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let tries = [(); 10].map(|()| stage.proxy.next(rehearsal, Fault::HoldRequest));
    let changes = async {
        for (number, held) in tries.iter().enumerate() {
            held.here().await;
            stage.cluster.change("deployments/web", &note(&number.to_string())).await;
            held.let_go();
        }
    };
    let (end, ()) = tokio::join!(agent.carry_out(&order), changes);

    assert_eq!(state(&end), ("refused", "stale"), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 0));
    assert_eq!((stage.proxy.n_seen(rehearsal), stage.proxy.n_seen(write)), (10, 0));
    assert_eq!(stage.object("deployments", "web").unwrap()["metadata"]["annotations"]["note"], "9");
}

#[actix_web::test]
async fn a_workload_that_somebody_healed_meanwhile_is_left_alone_and_the_fix_ends() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
    let heal = async {
        held.here().await;
        let mended = json!({"spec": {"template": {"spec": hungry("256Mi")}}});
        stage.cluster.change("deployments/web", &mended).await;
        until("it is well", || {
            let status = &stage.object("deployments", "web").unwrap()["status"];
            status["readyReplicas"] == 1 && status["replicas"] == 1
        })
        .await;
        held.let_go();
    };
    let (end, ()) = tokio::join!(agent.carry_out(&order), heal);

    assert_eq!(state(&end), ("refused", "stale"), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("256Mi", 0));
    assert_eq!(agent.get("/api/v1/executions?state=applying").await.1["count"], 0);
}

#[actix_web::test]
async fn a_workload_that_goes_before_the_write_ends_the_fix_as_gone() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(write, Fault::HoldRequest);
    let delete = async {
        held.here().await;
        stage.cluster.delete(WEB).await;
        held.let_go();
    };
    let (end, ()) = tokio::join!(agent.carry_out(&order), delete);

    assert_eq!(state(&end), ("refused", "gone"), "{end:#}");
    assert_eq!((stage.object("deployments", "web"), stage.n_writes()), (None, 0));
}

#[actix_web::test]
async fn a_workload_that_goes_while_its_fix_is_verified_is_no_success_and_not_made_again() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "64Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let fix = agent.carry_out(&order).await;
    stage.cluster.delete(WEB).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", "gone"), &Value::Null), "{end:#}");
    assert_eq!((stage.object("deployments", "web"), stage.n_writes()), (None, 1));
}

#[actix_web::test]
async fn a_workload_of_the_same_name_is_not_the_one_that_was_fixed() {
    let stage = Stage::open().await;
    stage.set_policy("caps: {workload_per_5min: 2}");
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "64Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let fix = agent.carry_out(&order).await;
    stage.cluster.delete(WEB).await;
    stage.run_hungry("web", "96Mi").await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", "gone"), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("96Mi", 1));
    // Nor does the one that is gone keep it from being fixed.
    let again = agent.fix("web", RAISE).await;
    assert_eq!(state(&again), ("verifying", ""), "{again:#}");
}
