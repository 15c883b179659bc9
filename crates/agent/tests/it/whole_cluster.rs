//! The agent beside a cluster in which workloads really start, fail and heal.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use types::{Fault, IncidentState, Kind};

use crate::agent_process::{AgentProcess, Stream};
use crate::cluster::{Cluster, container};

async fn agent(cluster: &Cluster) -> AgentProcess {
    let agent = AgentProcess::with(&cluster.sandbox.kubeconfig(), &[]).await;
    agent.ready(200).await;
    agent
}

/// Reads until each of these subjects had an incident; answers with the fault that it had first.
async fn first_faults(stream: &mut Stream, n_subjects: usize) -> BTreeMap<String, Fault> {
    let mut faults = BTreeMap::new();
    while faults.len() < n_subjects {
        let incident = stream.incident().await;
        faults.entry(incident.subject.to_string()).or_insert(incident.fault);
    }
    faults
}

#[actix_web::test]
async fn every_kind_of_workload_is_seen_at_the_object_that_could_be_mended() {
    let cluster = Cluster::start().await;
    let agent = agent(&cluster).await;
    let mut stream = agent.stream(None).await;

    cluster.run(Kind::Deployment, "well", &container("nginx:1.27")).await;
    cluster.run(Kind::Deployment, "typo", &container("nginx:1.72")).await;
    let mut hungry = container("registry.example/shop/web:2.1");
    hungry["containers"][0]["resources"] = json!({"limits": {"memory": "128Mi"}});
    cluster.run(Kind::StatefulSet, "hungry", &hungry).await;
    let mut lost = container("nginx:1.27");
    lost["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "nowhere"}}]);
    cluster.run(Kind::DaemonSet, "lost", &lost).await;
    let mut broken = container("registry.example/shop/web:2.4");
    broken["restartPolicy"] = json!("OnFailure");
    cluster.run(Kind::Job, "broken", &broken).await;
    let mut huge = container("nginx:1.27");
    huge["containers"][0]["resources"] = json!({"requests": {"cpu": "64"}});
    cluster.run(Kind::Pod, "huge", &huge).await;

    let faults = first_faults(&mut stream, 5).await;

    let expected = [
        ("DaemonSet shop/lost", Fault::ConfigNotFound),
        ("Deployment shop/typo", Fault::ImageNotFound),
        ("Job shop/broken", Fault::CrashLoopBackOff),
        ("Pod shop/huge", Fault::Unschedulable),
        ("StatefulSet shop/hungry", Fault::OomKilled),
    ];
    assert_eq!(faults, expected.map(|(subject, fault)| (subject.to_owned(), fault)).into());
}

#[actix_web::test]
async fn a_bad_rollout_is_an_incident_that_names_the_way_back_and_ends_with_it() {
    let cluster = Cluster::start().await;
    let agent = agent(&cluster).await;
    let mut stream = agent.stream(None).await;
    cluster.run(Kind::Deployment, "web", &container("registry.example/shop/web:2.0")).await;
    let started = async {
        while agent.get("/api/v1/recent-events?reason=Started").await.1["count"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), started).await.unwrap();

    cluster.set_image("web", "registry.example/shop/web:9.9").await;
    let opened = stream.incident().await;

    assert_eq!(opened.fault, Fault::ImageNotFound);
    let diffs: Vec<_> = opened.offers.iter().map(|it| it.diff.as_str()).collect();
    assert!(diffs.iter().any(|it| it.contains("web:2.0")), "{diffs:?}");

    cluster.set_image("web", "registry.example/shop/web:2.0").await;
    loop {
        let incident = stream.incident().await;
        assert_eq!(incident.id, opened.id);
        if incident.state == IncidentState::Resolved {
            break;
        }
    }
}
