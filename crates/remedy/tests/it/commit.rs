//! Plans for people who change the cluster by a commit.

use remedy::{finding_patch, kustomize_patch, owner_of};
use serde_json::{Value, json};
use types::{
    AnyFault, ClusterFault, Edit, Fault, FieldPath, Finding, Kind, Owner, Severity, Subject,
};

use crate::scene;

#[test]
fn an_edit_is_a_test_of_what_was_seen_and_the_change() {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);

    let text = kustomize_patch(&plan, &evidence.containers).unwrap();

    let file: Value = serde_yaml_ng::from_str(&text).unwrap();
    let patch = &file["patches"][0];
    let expected = json!({"group": "apps", "version": "v1", "kind": "Deployment", "name": "web", "namespace": "shop"});
    assert_eq!(patch["target"], expected);
    let operations: Value = serde_yaml_ng::from_str(patch["patch"].as_str().unwrap()).unwrap();
    let first = &operations[0];
    assert_eq!((&first["op"], &first["value"]), (&json!("test"), &json!("64Mi")), "{text}");
    assert_eq!((&operations[1]["op"], &operations[1]["path"]), (&json!("replace"), &first["path"]));
}

#[test]
fn the_patch_leads_a_manifest_to_where_the_plan_leads_the_object() {
    let evidence = scene::rolled_out(Kind::StatefulSet);
    for plan in scene::plans(Fault::CrashLoopBackOff, &evidence) {
        let Some(text) = kustomize_patch(&plan, &evidence.containers) else { continue };
        let file: Value = serde_yaml_ng::from_str(&text).unwrap();
        for patch in file["patches"].as_array().unwrap() {
            let operations: Value =
                serde_yaml_ng::from_str(patch["patch"].as_str().unwrap()).unwrap();
            // A restart is a part of the manifest.
            if operations.is_array() {
                serde_json::from_value::<json_patch::Patch>(operations).unwrap();
            }
        }
    }
}

#[test]
fn a_restart_fits_a_template_without_annotations() {
    let mut evidence = scene::evidence(Kind::Deployment);
    evidence.workload.was_ready = true;
    let plans = scene::plans(Fault::ReadinessProbeFailing, &evidence);
    let restart = plans.iter().find(|it| it.strategy.name() == "restart_rollout").unwrap();

    let file: Value =
        serde_yaml_ng::from_str(&kustomize_patch(restart, &evidence.containers).unwrap()).unwrap();

    let part: Value =
        serde_yaml_ng::from_str(file["patches"][0]["patch"].as_str().unwrap()).unwrap();
    assert_eq!((&part["kind"], &part["metadata"]["name"]), (&json!("Deployment"), &json!("web")));
    let annotations = &part["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations[remedy::RESTARTED_BY_ANNOTATION], json!("now"));
}

#[test]
fn a_finding_has_the_same_form_of_patch_whatever_the_kind_of_its_object() {
    let target = |kind: &str, namespace: &str| {
        let fault = AnyFault::Cluster(ClusterFault::GatewayNotReady);
        let about = Subject::new(kind, namespace, "web");
        let mut finding = Finding::new(about, Severity::Critical, fault, String::new());
        assert_eq!(finding_patch(&finding), None);
        let path = FieldPath::root().child("spec").child("class");
        finding.edits = vec![Edit { path, from: Some(json!("a")), to: Some(json!("b")) }];
        let file: Value = serde_yaml_ng::from_str(&finding_patch(&finding).unwrap()).unwrap();
        let operations = file["patches"][0]["patch"].as_str().unwrap();
        let operations: Vec<Value> = serde_yaml_ng::from_str(operations).unwrap();
        assert_eq!((&operations[0]["op"], operations.len()), (&json!("test"), 2));
        file["patches"][0]["target"].clone()
    };

    let gateway = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "web", "namespace": "shop"});
    assert_eq!(target("Gateway", "shop"), gateway);
    let group = "admissionregistration.k8s.io";
    let kind = "ValidatingWebhookConfiguration";
    assert_eq!(target(kind, ""), json!({"group": group, "kind": kind, "name": "web"}));
    let service = json!({"group": "", "version": "v1", "kind": "Service", "name": "web", "namespace": "shop"});
    assert_eq!(target("Service", "shop"), service);
    let unknown = json!({"kind": "Widget", "name": "web", "namespace": "shop"});
    assert_eq!(target("Widget", "shop"), unknown);
}

#[test]
fn what_stands_in_a_text_never_becomes_a_line_of_the_file() {
    for end in ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{7f}', '\u{feff}'] {
        let fault = AnyFault::Cluster(ClusterFault::AutoscalerCannotScale);
        let about = Subject::new("HorizontalPodAutoscaler", "shop", "web");
        let mut finding = Finding::new(about, Severity::Critical, fault, String::new());
        let path = FieldPath::root().child("spec").child("name");
        let from = format!("web{end}  - target: {{kind: Role}}{end}    patch: x");
        finding.edits = vec![Edit { path, from: Some(json!(from)), to: Some(json!("web")) }];

        let text = finding_patch(&finding).unwrap();

        let file: Value = serde_yaml_ng::from_str(&text).unwrap();
        assert_eq!(file["patches"].as_array().unwrap().len(), 1, "{text}");
        let operations = file["patches"][0]["patch"].as_str().unwrap();
        let operations: Vec<Value> = serde_yaml_ng::from_str(operations).unwrap();
        assert_eq!(operations.len(), 2, "{text}");
        assert_eq!(operations[0]["value"], json!(from), "{text}");
    }
}

#[test]
fn what_edits_no_manifest_has_no_patch() {
    let evidence = scene::rolled_out(Kind::Deployment);
    let plans = scene::plans(Fault::CrashLoopBackOff, &evidence);
    let evictions = plans.iter().filter(|it| it.strategy.name() == "restart_pod");

    assert!(evictions.map(|it| kustomize_patch(it, &[])).all(|it| it.is_none()));
}

#[test]
fn the_owner_of_a_field_is_named_and_nobody_where_there_is_none() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    assert_eq!(owner_of(&plan, &evidence), None);

    let flux = Owner { name: "flux".to_owned(), mark: String::new(), fields: vec![] };
    evidence.workload.owners = vec![flux.clone()];

    assert_eq!(owner_of(&plan, &evidence), Some(&flux));
}
