//! Amounts that a quota wants stated: where they come from, and when none is shown.

use types::{Evidence, SlipFacts, SlipKind};

use crate::casebook::gathered;

const SAID: &str =
    r#"pods "web-2-x" is forbidden: failed quota: team: must specify limits.memory for: side"#;
const SIDE: &str = "/spec/template/spec/containers/1/resources";

/// A Deployment of two containers, whose newest pods are refused and whose revision before was ready.
struct Page {
    said: String,
    /// The resources of `side`, now and in the revision before.
    side: &'static str,
    before: &'static str,
    /// Of `team`: what is used of a gibibyte of limits and of requests.
    used: &'static str,
    replicas: u32,
    beside: String,
}

fn page(side: &'static str, before: &'static str) -> Page {
    Page { said: SAID.to_owned(), side, before, used: "128Mi", replicas: 1, beside: String::new() }
}

fn set(number: u32, side: &str, said: Option<&str>) -> String {
    let conditions = said.map_or(String::new(), |it| {
        format!(", conditions: [{{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: '{it}'}}]")
    });
    format!(
        "---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-{number}
  namespace: shop
  uid: web-{number}
  creationTimestamp: 2026-11-24T02:0{number}:00Z
  annotations: {{deployment.kubernetes.io/revision: '{number}'}}
  labels: {{app: web, pod-template-hash: '{number}'}}
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]
spec:
  replicas: 0
  selector: {{matchLabels: {{app: web, pod-template-hash: '{number}'}}}}
  template: {{metadata: {{labels: {{app: web, pod-template-hash: '{number}'}}}}, spec: {}}}
status: {{replicas: 0{conditions}}}
",
        spec(side)
    )
}

fn spec(side: &str) -> String {
    format!(
        "{{containers: [{{name: app, image: 'shop/web:1', resources: {{limits: {{memory: 64Mi}}}}}}, \
         {{name: side, image: 'shop/side:1'{side}}}]}}"
    )
}

fn ready(name: &str, limits: &str) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop, uid: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: x, image: 'shop/side:1', resources: {{limits: {limits}}}}}]}}}}
status: {{replicas: 1, updatedReplicas: 1, readyReplicas: 1}}
"
    )
}

fn facts(page: &Page) -> Evidence {
    let Page { said, side, before, used, replicas, beside } = page;
    let objects = format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment web, ready_revisions: [web-1]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, annotations: {{deployment.kubernetes.io/revision: '2'}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {}}}
status: {{replicas: 0}}
{}{}---
apiVersion: v1
kind: ResourceQuota
metadata: {{name: team, namespace: shop}}
status: {{hard: {{limits.memory: 1Gi, requests.memory: 1Gi}}, used: {{limits.memory: {used}, requests.memory: {used}}}}}
---
apiVersion: v1
kind: Node
metadata: {{name: node1}}
status: {{allocatable: {{cpu: '2', memory: 12Gi, pods: '200'}}, conditions: [{{type: Ready, status: 'True'}}]}}
{beside}",
        spec(side),
        set(1, before, None),
        set(2, side, Some(said)),
    );
    gathered(&objects)
}

fn slip(page: &Page) -> Option<SlipFacts> {
    facts(page).slips.into_iter().find(|it| it.kind == SlipKind::Amount)
}

#[track_caller]
fn check(page: &Page, expected: &[&str], said: &str) {
    let slip = slip(page);
    let edits: Vec<_> =
        slip.iter().flat_map(|it| &it.edits).map(|it| it.to_string().replace(SIDE, "")).collect();
    assert_eq!(edits, expected);
    assert_eq!(slip.map(|it| it.shown_by).unwrap_or_default(), said);
}

const LIMITED: &str = ", resources: {limits: {memory: 96Mi}}";
const ASKS: &str = ", resources: {requests: {memory: 32Mi}}";

#[test]
fn what_the_container_stated_in_a_revision_that_was_ready_comes_first() {
    let said = "Container side stated what the quota wants in revision 1, which was ready.";
    check(&page("", LIMITED), &[r#"/limits/memory: nothing -> "96Mi""#], said);
    check(&page(ASKS, LIMITED), &[r#"/limits/memory: nothing -> "96Mi""#], said);
    let beside = Page { beside: ready("a", "{memory: 64Mi}"), ..page("", LIMITED) };
    check(&beside, &[r#"/limits/memory: nothing -> "96Mi""#], said);
    // A limit below what it asks for now is none.
    let above = page(", resources: {requests: {memory: 128Mi}}", LIMITED);
    assert!(slip(&above).unwrap().shown_by.starts_with("Nobody knows"));
}

#[test]
fn where_others_of_the_image_do_not_agree_the_least_of_those_that_are_ready_is_shown() {
    let of = |beside: &[String]| Page { beside: beside.concat(), ..page("", "") };
    let (a, b) = (ready("a", "{memory: 192Mi}"), ready("b", "{memory: 128Mi}"));
    let down = ready("c", "{memory: 16Mi}").replace("readyReplicas: 1", "readyReplicas: 0");
    check(
        &of(std::slice::from_ref(&a)),
        &[r#"/limits/memory: nothing -> "192Mi""#],
        "Deployment a runs the same image and states what the quota wants.",
    );
    check(
        &of(&[a, b, down]),
        &[r#"/limits/memory: nothing -> "128Mi""#],
        "Deployment b is ready with the same image and states what the quota wants, the least of several.",
    );
}

#[test]
fn a_limit_that_nobody_knows_is_what_the_container_asks_for() {
    let words = "Nobody knows how much container side needs beyond what it asks for: with a limit of that it may be \
                 slowed down, or killed for more memory.";
    check(&page(ASKS, ""), &[r#"/limits/memory: nothing -> "32Mi""#], words);
    let nothing = page("", "");
    assert_eq!(slip(&nothing), None);
    let of_requests =
        Page { said: SAID.replace("limits.memory", "requests.memory"), ..page("", "") };
    assert_eq!(slip(&of_requests), None);
}

#[test]
fn all_that_is_missing_stands_in_one_patch_or_nothing_does() {
    let both = SAID.replace("for: side", "for: app,side");
    // One of the two states it by now.
    assert_eq!(slip(&Page { said: both, ..page("", LIMITED) }), None);
    let gone = SAID.replace("for: side", "for: other,side");
    assert_eq!(slip(&Page { said: gone, ..page("", LIMITED) }), None);
    let two = SAID
        .replace("limits.memory for: side", "limits.cpu for: app,side; limits.memory for: side");
    assert_eq!(slip(&Page { said: two.clone(), ..page("", LIMITED) }), None);
    let beside = [
        ready("a", "{memory: 128Mi, cpu: 200m}"),
        ready("b", "{memory: 64Mi, cpu: 300m}").replace("shop/side:1", "shop/web:1"),
    ];
    let known = Page { said: two, beside: beside.concat(), ..page("", "") };
    let edits: Vec<_> = slip(&known).unwrap().edits.iter().map(ToString::to_string).collect();
    assert_eq!(
        edits,
        [
            r#"/spec/template/spec/containers/0/resources/limits/cpu: nothing -> "300m""#,
            r#"/spec/template/spec/containers/1/resources/limits/cpu: nothing -> "200m""#,
            r#"/spec/template/spec/containers/1/resources/limits/memory: nothing -> "128Mi""#,
        ]
    );
}

#[test]
fn nothing_is_shown_that_the_quota_or_a_limit_range_would_refuse() {
    let of = |used, replicas| slip(&Page { used, replicas, ..page("", LIMITED) }).is_some();
    // A pod has 64Mi and 96Mi.
    assert!(of("864Mi", 1));
    assert!(!of("865Mi", 1));
    assert!(of("384Mi", 4));
    assert!(!of("385Mi", 4));
    let range = |bounds: &str| {
        let beside = format!(
            "---
apiVersion: v1
kind: LimitRange
metadata: {{name: bounds, namespace: shop}}
spec: {{limits: [{{type: Container, {bounds}}}]}}
"
        );
        slip(&Page { beside, ..page(ASKS, LIMITED) }).map(|it| it.edits[0].to.clone().unwrap())
    };
    assert_eq!(range("max: {memory: 96Mi}").unwrap(), "96Mi");
    // What it had is too much, and what it asks for is not.
    assert_eq!(range("max: {memory: 95Mi}").unwrap(), "32Mi");
    assert_eq!(range("maxLimitRequestRatio: {memory: '2'}").unwrap(), "32Mi");
    assert_eq!(range("max: {memory: 31Mi}"), None);
}
