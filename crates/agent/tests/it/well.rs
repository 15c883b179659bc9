//! What a scan tells of pods that are well: how they were made, and how busy they are.

use serde_json::{Value, json};

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer, status};
use crate::shop::{DEPLOYMENTS, PODS, Shop};

/// What all pods use.
const OF_ALL: &str = "GET /apis/metrics.k8s.io/v1beta1/pods";
/// What the pods of a namespace use.
const OF_SHOP: &str = "GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods";

/// A Deployment whose template allows a CPU; its pods were made with half of one.
async fn agent_with_a_busy_shop() -> (ApiServer, AgentProcess) {
    let api = ApiServer::start(ANY_PORT);
    let node = json!({"metadata": {"name": "n1", "resourceVersion": "2"}, "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi"},
        "conditions": [{"type": "Ready", "status": "True"}]}});
    api.put("/api/v1/nodes", &node);
    let shop = Shop { api: &api, name: "web", replicas: 2 };
    shop.open(2);
    let mut deployment = shop.deployment(2);
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"] =
        json!({"limits": {"cpu": "1"}});
    api.put(DEPLOYMENTS, &deployment);
    for number in 1..=2 {
        let mut pod = shop.ready(number);
        let long_ago = json!("2026-01-01T00:00:00Z");
        pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = long_ago;
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "500m"}});
        api.put(PODS, &pod);
    }
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    (api, agent)
}

/// What a metrics server says of two pods, the second of which has nothing to do, and of one that nobody knows.
fn measured(cpu: &str) -> Value {
    let of = |name: &str, cpu: &str| {
        let usage = json!({"cpu": cpu, "memory": "20Mi"});
        json!({"metadata": {"namespace": "shop", "name": name}, "timestamp": "2026-01-01T00:00:00Z",
            "window": "15s", "containers": [{"name": "app", "usage": usage}]})
    };
    let items = [of("web-1-1", "499000000n"), of("web-1-2", cpu), of("gone", "500000000n")];
    json!({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})
}

async fn scanned(agent: &AgentProcess, request: &Value) -> Value {
    let (status, answer) = agent.post("/api/v1/scan", &request.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn found<'a>(answer: &'a Value, fault: &str) -> Option<&'a Value> {
    answer["findings"].as_array().unwrap().iter().find(|it| it["fault"] == fault)
}

#[actix_web::test]
async fn containers_at_their_cpu_limit_are_told_to_those_who_ask_for_notices() {
    let (api, agent) = agent_with_a_busy_shop().await;

    api.answer_once(OF_ALL, 200, measured("480000000n"));
    let busy = scanned(&agent, &json!({"notices": true})).await;
    api.answer_once(OF_SHOP, 200, measured("480000000n"));
    let here = scanned(&agent, &json!({"notices": true, "namespace": "shop"})).await;
    api.answer_once(OF_ALL, 200, measured("20000000n"));
    let calm = scanned(&agent, &json!({"notices": true})).await;
    let n_asked = api.n_seen("metrics.k8s.io");
    let unasked = scanned(&agent, &json!({})).await;

    let finding = found(&busy, "AtCpuLimit").unwrap_or_else(|| panic!("{busy}"));
    assert_eq!(
        (&finding["severity"], &finding["subject"]["name"]),
        (&json!("notice"), &json!("web"))
    );
    assert_eq!(finding["field"], "/spec/template/spec/containers/0/resources/limits/cpu");
    assert!(finding["cause"].as_str().unwrap().contains("499m of its limit of 500m"), "{finding}");
    assert!(found(&here, "AtCpuLimit").is_some(), "{here}");
    assert!(found(&calm, "AtCpuLimit").is_none(), "{calm}");
    assert!(found(&unasked, "AtCpuLimit").is_none(), "{unasked}");
    assert_eq!(api.n_seen("metrics.k8s.io"), n_asked);
}

#[actix_web::test]
async fn a_metrics_server_that_is_not_there_is_no_matter_and_one_that_may_not_be_asked_is_unread() {
    let (api, agent) = agent_with_a_busy_shop().await;

    let without = scanned(&agent, &json!({"notices": true})).await;
    api.answer_once(OF_ALL, 403, status(403, "pods.metrics.k8s.io is forbidden"));
    let forbidden = scanned(&agent, &json!({"notices": true})).await;

    assert!(!without["unread"].to_string().contains("metrics"), "{without}");
    assert!(forbidden["unread"].to_string().contains("metrics.k8s.io is forbidden"), "{forbidden}");
}

#[actix_web::test]
async fn pods_that_are_well_and_were_made_with_less_than_their_template_says_are_told() {
    let (_api, agent) = agent_with_a_busy_shop().await;

    let asked = scanned(&agent, &json!({"notices": true})).await;
    let unasked = scanned(&agent, &json!({})).await;

    let finding = found(&asked, "PodsNotAsTemplate").unwrap_or_else(|| panic!("{asked}"));
    assert!(
        finding["cause"].as_str().unwrap().contains("500m instead of 1 (limits/cpu)"),
        "{finding}"
    );
    assert!(found(&unasked, "PodsNotAsTemplate").is_none(), "{unasked}");
}
