//! What is offered for pods that a quota or a limit range refuses.

use types::{ContainerRole, Evidence, Fault, Kind, ResourceRoom, RoomFacts};

use crate::scene;

/// `app` asks for this and is limited to that, in a namespace with this room for memory.
fn refused(request: &str, limit: Option<&str>, memory: ResourceRoom) -> Evidence {
    let mut evidence = scene::evidence(Kind::Deployment);
    evidence.containers.retain(|it| it.role == ContainerRole::App);
    evidence.containers.truncate(1);
    let app = &mut evidence.containers[0];
    app.memory_request = Some(scene::quantity(request));
    app.memory_limit = limit.map(scene::quantity);
    (app.cpu_request, app.cpu_limit) = (None, None);
    evidence.workload.desired = 3;
    evidence.workload.surge = 1;
    evidence.room = Some(RoomFacts { memory, cpu: ResourceRoom::default() });
    evidence
}

fn offered(evidence: &Evidence) -> Vec<String> {
    let all = scene::plans(Fault::FailedCreate, evidence);
    let ours = all.iter().filter(|it| it.strategy.name() == "lower_requests");
    let step = |it: &types::FixPlan| it.steps[0].to_string().replace(scene::APP, "");
    ours.map(|it| format!("{}\n{}", it.risk, step(it))).collect()
}

#[test]
fn a_limit_above_that_of_the_limit_range_is_shown_lowered_and_written_by_nobody() {
    let range = ResourceRoom { container_max: Some(1 << 30), ..ResourceRoom::default() };

    let shown = offered(&refused("2Gi", Some("4Gi"), range));
    assert_eq!(
        shown,
        [
            "advice\n  edit Deployment shop/web\n    /resources/requests/memory: \"2Gi\" -> \"1024Mi\"\n    \
          /resources/limits/memory: \"4Gi\" -> \"1024Mi\""
        ]
    );
    // What the range allows is no reason, and a twentieth of what was asked for is no answer.
    assert_eq!(offered(&refused("512Mi", Some("1Gi"), range)), Vec::<String>::new());
    assert_eq!(offered(&refused("20Gi", Some("20Gi"), range)), Vec::<String>::new());
}

#[test]
fn requests_are_lowered_to_what_a_quota_leaves_for_all_pods_and_for_those_of_a_rollout() {
    let left =
        |mebi: u64| ResourceRoom { requests_left: Some(mebi << 20), ..ResourceRoom::default() };
    let mut evidence = refused("500Mi", None, left(200));
    let (first, second) = (scene::pod("web-1"), scene::pod("web-2"));
    evidence.pods = vec![first, second];

    // Two pods hold 1000Mi of 1200Mi: the third and one of a rollout come before an old one may go.
    let line =
        "ask\n  edit Deployment shop/web\n    /resources/requests/memory: \"500Mi\" -> \"100Mi\"";
    assert_eq!(offered(&evidence), [line]);

    evidence.room = Some(RoomFacts { memory: left(50), ..RoomFacts::default() });
    assert_eq!(offered(&evidence), Vec::<String>::new());
    evidence.room = Some(RoomFacts { memory: left(900), ..RoomFacts::default() });
    evidence.pods.clear();
    let line =
        "ask\n  edit Deployment shop/web\n    /resources/requests/memory: \"500Mi\" -> \"300Mi\"";
    assert_eq!(offered(&evidence), [line]);
    evidence.room = None;
    assert_eq!(offered(&evidence), Vec::<String>::new());
}
