//! Who set a field last, and who most of the rest.

use std::fmt::Write as _;

use types::OtherHand;

use crate::casebook::gathered;

const IMAGE: &str = "/spec/template/spec/containers/0/image";
/// Fields of the spec as `managedFields` tells them: most of it, one in the container, and others.
const MOST: &str = "f:selector: {}, f:strategy: {f:type: {}}, f:revisionHistoryLimit: {}, f:template: {f:spec: {f:dnsPolicy: {}, f:schedulerName: {}}}";
const ITS_IMAGE: &str =
    "f:template: {f:spec: {f:containers: {'k:{\"name\":\"app\"}': {f:image: {}}}}}";
const REPLICAS: &str = "f:replicas: {}";
const MARK: &str = "f:template: {f:metadata: {f:annotations: {'f:synced-at': {}}}}";

/// The hands in a Deployment whose fields these managers hold.
fn hands(managers: &[(&str, &str)]) -> Vec<OtherHand> {
    let mut entries = String::new();
    for (manager, fields) in managers {
        let (manager, subresource) = manager.split_once('/').unwrap_or((manager, ""));
        let subresource = if subresource.is_empty() { "null" } else { subresource };
        writeln!(
            entries,
            "    - {{manager: {manager}, operation: Update, subresource: {subresource}, fieldsV1: {{f:spec: {{{fields}}}}}}}"
        )
        .unwrap();
    }
    let page = format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: web
  managedFields:
{entries}spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, image: 'shop/web:1'}}]}}}}
"
    );
    gathered(&page).workload.other_hands
}

#[track_caller]
fn check(managers: &[(&str, &str)], expected: &[(&str, &str, &str)]) {
    let told = hands(managers);
    let told: Vec<_> = told.iter().map(|it| (&*it.name, &*it.rest, it.fields.join(" "))).collect();
    let expected: Vec<_> = expected.iter().map(|it| (it.0, it.1, it.2.to_owned())).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_field_that_another_one_set_than_the_rest_is_of_two_hands() {
    let bot = ("config-bot", ITS_IMAGE);

    check(&[("kubectl-client-side-apply", MOST), bot], &[("config-bot", "kubectl", IMAGE)]);
    check(&[("release-tool", MOST), bot], &[("config-bot", "release-tool", IMAGE)]);
    // Nobody wrote most of it.
    let halves = [("config-bot", ITS_IMAGE), ("other-bot", "f:paused: {}")];
    check(
        &halves,
        &[("config-bot", "other-bot", IMAGE), ("other-bot", "config-bot", "/spec/paused")],
    );
}

#[test]
fn a_hand_that_is_called_by_no_name_is_still_another() {
    let hostile = "'<!channel> password=hunter2'";

    check(&[("kubectl-client-side-apply", MOST), (hostile, ITS_IMAGE)], &[("?", "kubectl", IMAGE)]);
}

#[test]
fn one_person_and_one_tool_are_one_hand_each() {
    for manager in ["kubectl-edit", "kubectl-patch", "kubectl-set", "kubectl"] {
        check(&[("kubectl-client-side-apply", MOST), (manager, ITS_IMAGE)], &[]);
        // What a person sets in what a tool made was meant.
        check(&[("release-tool", MOST), (manager, ITS_IMAGE)], &[]);
    }
    check(&[("before-first-apply", MOST), ("kubectl-edit", ITS_IMAGE)], &[]);
    check(&[("release-tool", MOST), ("release-tool", ITS_IMAGE)], &[]);
    check(&[("release-tool", ITS_IMAGE)], &[]);
    check(&[], &[]);
}

#[test]
fn our_own_writes_and_those_of_controllers_and_autoscalers_are_no_other_hand() {
    let person = ("kubectl-client-side-apply", MOST);

    check(&[person, ("k8s-reflexion-agent", ITS_IMAGE)], &[]);
    check(&[person, ("kube-controller-manager", ITS_IMAGE)], &[]);
    check(&[person, ("keda-operator", REPLICAS)], &[]);
    check(&[person, ("kube-controller-manager/scale", REPLICAS)], &[]);
    check(&[person, ("some-operator/status", ITS_IMAGE)], &[]);
    check(&[person, ("reloader", MARK)], &[]);
}

#[test]
fn who_holds_more_fields_than_are_listed_may_hold_any() {
    let many: Vec<String> = (0..300).map(|it| format!("f:x{it}: {{}}")).collect();
    let many = many.join(", ");

    check(
        &[("config-bot", &many), ("release-tool", &many)],
        &[("config-bot", "release-tool", "/spec"), ("release-tool", "config-bot", "/spec")],
    );
}

#[test]
fn the_port_of_a_service_is_of_the_hand_that_set_it() {
    let page = "{taken_at: 2026-11-24T03:00:00Z, root: Service web}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  uid: web
  managedFields:
    - {manager: kubectl-create, operation: Update, fieldsV1: {f:spec: {f:selector: {}, f:type: {}, f:ports: {'k:{\"port\":80,\"protocol\":\"TCP\"}': {.: {}, f:port: {}, f:protocol: {}}}}}}
    - {manager: mesh-operator, operation: Update, fieldsV1: {f:spec: {f:ports: {'k:{\"port\":80,\"protocol\":\"TCP\"}': {f:targetPort: {}}}}}}
spec:
  selector: {app: web}
  ports: [{port: 80, protocol: TCP, targetPort: https}]
";
    let hands = gathered(page).workload.other_hands;

    assert_eq!(hands.len(), 1, "{hands:?}");
    assert_eq!((&*hands[0].name, &*hands[0].rest), ("mesh-operator", "kubectl"));
    assert_eq!(hands[0].fields, ["/spec/ports/0/targetPort"]);
}
