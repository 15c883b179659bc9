//! Two owners who take turns, and what only looks so.

use std::fmt::Write as _;

use crate::casebook::gathered;

const IMAGE: &str = "/spec/template/spec/containers/0/image";
const MEMORY: &str = "/spec/template/spec/containers/0/resources/limits/memory";

/// A template: the tag of its image, its memory, and an annotation of its pods.
#[derive(Clone, Copy)]
struct Wanted(&'static str, &'static str, &'static str);

const GOOD: Wanted = Wanted("1", "128Mi", "a");
const SMALL: Wanted = Wanted("1", "40Mi", "b");

impl Wanted {
    fn template(self) -> String {
        let Self(tag, memory, mark) = self;
        format!(
            "{{metadata: {{labels: {{app: web}}, annotations: {{built: {mark}}}}}, spec: {{containers: [{{name: app, \
             image: 'shop/web:{tag}', resources: {{limits: {{memory: {memory}}}}}}}]}}}}"
        )
    }
}

/// What is turned back in a workload of this kind: its template, who wrote its memory last, and its revisions.
fn turned_back(kind: &str, now: Wanted, writer: &str, revisions: &str) -> Vec<String> {
    let page = format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: {kind} web}}
---
apiVersion: apps/v1
kind: {kind}
metadata:
  name: web
  namespace: shop
  uid: web
  managedFields:
    - manager: {writer}
      operation: Update
      fieldsV1: {{f:spec: {{f:template: {{f:spec: {{f:containers: {{'k:{{\"name\":\"app\"}}': {{f:resources: {{f:limits: {{f:memory: {{}}}}}}}}}}}}}}}}}}
spec:
  replicas: 1
  serviceName: web
  selector: {{matchLabels: {{app: web}}}}
  template: {}
{revisions}",
        now.template()
    );
    gathered(&page).workload.turned_back
}

/// ReplicaSets: the numbers that each had, the newest first.
fn sets(sets: &[(&str, Wanted)]) -> String {
    let mut text = String::new();
    for (number, (numbers, wanted)) in sets.iter().enumerate() {
        let (newest, history) = numbers.split_once(' ').unwrap_or((numbers, ""));
        let template = wanted.template();
        write!(
            text,
            "---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-{number}
  namespace: shop
  uid: web-{number}
  annotations: {{deployment.kubernetes.io/revision: '{newest}', deployment.kubernetes.io/revision-history: '{history}'}}
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: web, uid: web}}]
spec: {{selector: {{matchLabels: {{app: web}}}}, template: {template}}}
"
        )
        .unwrap();
    }
    text
}

/// ControllerRevisions with these numbers, in the order in which they were made.
fn revisions(revisions: &[(i64, Wanted)]) -> String {
    let mut text = String::new();
    for (minute, (number, wanted)) in revisions.iter().enumerate() {
        let template = wanted.template();
        write!(
            text,
            "---
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: web-{minute}
  namespace: shop
  uid: web-{minute}
  creationTimestamp: 2026-11-24T02:{minute:02}:00Z
  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: StatefulSet, name: web, uid: web}}]
revision: {number}
data: {{spec: {{template: {template}}}}}
"
        )
        .unwrap();
    }
    text
}

#[track_caller]
fn check_sets(now: Wanted, turns: &[(&str, Wanted)], expected: &[&str]) {
    assert_eq!(turned_back("Deployment", now, "vpa-script", &sets(turns)), expected);
}

#[track_caller]
fn check_revisions(now: Wanted, turns: &[(i64, Wanted)], expected: &[&str]) {
    assert_eq!(turned_back("StatefulSet", now, "vpa-script", &revisions(turns)), expected);
}

#[test]
fn a_value_that_comes_back_after_it_was_turned_away_is_told() {
    check_sets(SMALL, &[("3 1", GOOD), ("4 2", SMALL)], &[MEMORY]);
    check_sets(SMALL, &[("5 3,1", GOOD), ("6 4,2", SMALL)], &[MEMORY]);
    // Its controller has not seen yet that it is wanted again.
    check_sets(SMALL, &[("3 1", GOOD), ("2", SMALL)], &[MEMORY]);
    // The good one came back and is broken now.
    check_sets(GOOD, &[("3 1", GOOD), ("2", SMALL)], &[MEMORY]);
    // Who writes it notes each time when.
    let again = Wanted("1", "40Mi", "c");
    check_sets(again, &[("3 1", GOOD), ("2", SMALL), ("4", again)], &[MEMORY]);
}

#[test]
fn the_first_turn_and_something_new_after_a_rollback_are_not() {
    check_sets(SMALL, &[("1", GOOD), ("2", SMALL)], &[]);
    let newer = Wanted("2", "128Mi", "c");
    check_sets(newer, &[("3 1", GOOD), ("2", SMALL), ("4", newer)], &[]);
    // What failed before is tried again with something else.
    let other = Wanted("2", "40Mi", "c");
    check_sets(other, &[("3 1", GOOD), ("2", SMALL), ("4", other)], &[]);
    check_sets(GOOD, &[("1", GOOD)], &[]);
    check_sets(GOOD, &[], &[]);
}

#[test]
fn what_we_put_back_ourselves_is_no_turn_of_others() {
    let more = Wanted("1", "80Mi", "b");
    let turns = sets(&[("1", GOOD), ("4 2", SMALL), ("3", more)]);

    assert!(turned_back("Deployment", SMALL, "k8s-reflexion-agent", &turns).is_empty());
    assert_eq!(turned_back("Deployment", SMALL, "kubectl-set", &turns), [MEMORY]);
}

#[test]
fn numbers_that_no_revision_has_any_more_tell_of_turns() {
    check_revisions(SMALL, &[(3, GOOD), (4, SMALL)], &[MEMORY]);
    check_revisions(SMALL, &[(13, GOOD), (14, SMALL)], &[MEMORY]);
    check_revisions(SMALL, &[(3, GOOD), (2, SMALL)], &[MEMORY]);
}

#[test]
fn a_set_that_was_rolled_back_once_and_gets_something_new_is_none() {
    let newer = Wanted("2", "128Mi", "c");
    check_revisions(SMALL, &[(1, GOOD), (2, SMALL)], &[]);
    check_revisions(newer, &[(3, GOOD), (2, SMALL), (4, newer)], &[]);
    let newest = Wanted("3", "128Mi", "d");
    check_revisions(newest, &[(5, GOOD), (2, SMALL), (4, newer), (6, newest)], &[]);
}

#[test]
fn where_revisions_were_dropped_their_numbers_tell_nothing() {
    let tags = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let mut kept: Vec<_> = (5..).zip(tags.map(|it| Wanted(it, "128Mi", "a"))).collect();
    kept.push((15, SMALL));

    check_revisions(SMALL, &kept, &[]);
}

#[test]
fn an_image_that_is_set_back_and_forth_is_told() {
    let bad = Wanted("1-b77", "128Mi", "a");

    check_sets(bad, &[("3 1", GOOD), ("4 2", bad)], &[IMAGE]);
}
