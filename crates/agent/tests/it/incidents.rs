//! From a pod that fails to an incident that is published, and to its end.

use types::{Fault, IncidentState, Kind};

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer};
use crate::shop::{DEPLOYMENTS, PODS, Shop};

fn web(api: &ApiServer, replicas: usize) -> Shop<'_> {
    Shop { api, name: "web", replicas }
}

#[actix_web::test]
async fn a_failing_pod_is_an_incident_of_its_deployment_until_health_has_lasted() {
    let api = ApiServer::start(ANY_PORT);
    let agent = AgentProcess::beside(&api).await;
    let shop = web(&api, 1);
    shop.open(0);
    agent.ready(200).await;
    let mut stream = agent.stream(None).await;

    api.put(PODS, &shop.failing(0));
    let opened = stream.incident().await;

    assert_eq!((opened.state, opened.fault), (IncidentState::Open, Fault::ImageNotFound));
    assert_eq!((opened.subject.kind, opened.subject.name.as_str()), (Kind::Deployment, "web"));
    assert_eq!(opened.error_type, "ImagePullBackOff");
    assert_eq!(opened.pod.as_deref(), Some("web-1-0"));
    assert!(opened.evidence.is_none());
    let (_, shown) = agent.get(&format!("/api/v1/incidents/{}", opened.id)).await;
    assert_eq!(shown["evidence"]["containers"][0]["waiting"], "ImagePullBackOff");

    api.put(PODS, &shop.ready(0));
    api.put(DEPLOYMENTS, &shop.deployment(1));
    let resolved = stream.incident().await;

    assert_eq!((resolved.id, resolved.state), (opened.id, IncidentState::Resolved));
    assert_eq!(agent.get("/api/v1/incidents?state=open").await.1["count"], 0);
}

#[actix_web::test]
async fn what_fails_already_when_the_agent_starts_is_seen() {
    let api = ApiServer::start(ANY_PORT);
    let shop = web(&api, 1);
    shop.open(0);
    api.put(PODS, &shop.failing(0));

    let agent = AgentProcess::beside(&api).await;
    let opened = agent.stream(None).await.incident().await;

    assert_eq!(opened.fault, Fault::ImageNotFound);
}

#[actix_web::test]
async fn a_deployment_that_is_deleted_is_gone_and_not_healed() {
    let api = ApiServer::start(ANY_PORT);
    let shop = web(&api, 1);
    shop.open(0);
    api.put(PODS, &shop.failing(0));
    let agent = AgentProcess::beside(&api).await;
    let mut stream = agent.stream(None).await;
    let opened = stream.incident().await;

    api.delete(DEPLOYMENTS, &shop.deployment(0));

    let closed = stream.incident().await;
    assert_eq!((closed.id, closed.state), (opened.id, IncidentState::Gone));
}

#[actix_web::test]
async fn a_thousand_failing_pods_of_one_owner_are_one_incident() {
    let api = ApiServer::start(ANY_PORT);
    let shop = web(&api, 1000);
    shop.open(0);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    let mut stream = agent.stream(None).await;

    for number in 0..1000 {
        api.put(PODS, &shop.failing(number));
    }
    let storm = stream.incident().await;
    // A second owner comes last: all that was published before it was about the storm.
    let other = Shop { api: &api, name: "other", replicas: 1 };
    other.open(0);
    api.put(PODS, &other.failing(0));
    let next = stream.incident().await;

    assert_eq!(storm.subject.name, "web");
    assert_eq!(next.subject.name, "other");
    assert_eq!(agent.get("/api/v1/incidents").await.1["count"], 2);
}

#[actix_web::test]
async fn a_reader_that_comes_back_gets_what_it_missed_and_no_more() {
    let api = ApiServer::start(ANY_PORT);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    let shops = ["a", "b", "c"].map(|name| Shop { api: &api, name, replicas: 1 });
    for shop in shops {
        shop.open(0);
    }
    let mut first = agent.stream(None).await;
    api.put(PODS, &shops[0].failing(0));
    let (id, _) = first.next().await;
    drop(first);

    api.put(PODS, &shops[1].failing(0));
    let mut again = agent.stream(id.as_deref()).await;
    assert_eq!(again.incident().await.subject.name, "b");
    api.put(PODS, &shops[2].failing(0));
    assert_eq!(again.incident().await.subject.name, "c");
}

#[actix_web::test]
async fn a_reader_with_an_id_that_nobody_knows_gets_all_that_is_open() {
    let api = ApiServer::start(ANY_PORT);
    let shop = web(&api, 1);
    shop.open(0);
    api.put(PODS, &shop.failing(0));
    let agent = AgentProcess::beside(&api).await;
    agent.stream(None).await.incident().await;

    for id in ["1", "99999999999999999999", "nonsense"] {
        assert_eq!(agent.stream(Some(id)).await.incident().await.subject.name, "web", "{id}");
    }
}

#[actix_web::test]
async fn each_incident_is_published_among_a_thousand_pods() {
    let api = ApiServer::start(ANY_PORT);
    for number in 0..1000 {
        let shop = Shop { api: &api, name: "steady", replicas: 1000 };
        if number == 0 {
            shop.open(1000);
        }
        api.put(PODS, &shop.ready(number));
    }
    let names: Vec<_> = (0..20).map(|it| format!("web{it}")).collect();
    let shops = names.iter().map(|name| Shop { api: &api, name, replicas: 1 });
    let shops: Vec<_> = shops.inspect(|it| it.open(0)).collect();
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    let mut stream = agent.stream(None).await;

    for shop in shops {
        api.put(PODS, &shop.failing(0));
        let incident = stream.incident().await;

        assert_eq!(incident.subject.name, shop.name);
    }
}
