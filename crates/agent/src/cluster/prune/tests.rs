//! What is cut from objects, and what stays.

use super::*;

#[test]
fn of_a_declaration_the_replicas_are_kept_and_of_a_command_the_program() {
    let declared = r#"{"spec": {"replicas": 3, "template": {"password": "hunter2"}}}"#;
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "annotations": {LAST_APPLIED: declared}},
        "spec": {"containers": [{"name": "app", "command": ["sh", "-c", "login hunter2"]}]},
    }))
    .unwrap();

    pod.prune();

    let left = serde_json::to_string(&pod).unwrap();
    assert!(!left.contains("hunter2"), "{left}");
    assert!(left.contains("replicas") && left.contains(r#"["sh"]"#), "{left}");
}

#[test]
fn a_pod_keeps_what_it_refers_to_and_loses_literal_values() {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "managedFields": [{"manager": "kubectl"}],
            "annotations": {LAST_APPLIED: "{}", "kept": "yes"}},
        "spec": {
            "containers": [{"name": "app", "volumeMounts": [{"name": "keys", "mountPath": "/keys"}], "env": [
                {"name": "PASSWORD", "value": "hunter2"},
                {"name": "URL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}}]}],
            "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "keys", "secret": {"secretName": "keys"}},
                {"name": "unused", "secret": {"secretName": "db-cred"}}]},
    }))
    .unwrap();

    // It is cut again where it was packed meanwhile.
    let pod = Pod::clone(&pod.arrived()).pruned();

    let left = serde_json::to_string(&*pod).unwrap();
    for gone in ["hunter2", "managedFields", "last-applied", "emptyDir", "db-cred"] {
        assert!(!left.contains(gone), "{gone} in {left}");
    }
    for kept in ["PASSWORD", "settings", "kept", "secretName"] {
        assert!(left.contains(kept), "{kept} not in {left}");
    }
}

#[test]
fn of_a_literal_value_the_address_of_a_service_stays_without_its_user() {
    let mut deployment: Deployment = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "app", "env": [
            {"name": "DATABASE_URL", "value": "postgres://shop:hunter2@db:5432/shop"},
            {"name": "GREETING", "value": "hello"}]}]}}},
    }))
    .unwrap();

    deployment.prune();

    let left = serde_json::to_string(&deployment).unwrap();
    assert!(left.contains("db:5432"), "{left}");
    assert!(!left.contains("hunter2") && !left.contains("hello"), "{left}");
}

#[test]
fn a_pod_keeps_the_mark_of_a_vertical_autoscaler_and_no_other_annotation() {
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web-1",
            "annotations": {"vpaUpdates": "Pod resources updated by web", "other": "gone"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1"}]},
        "spec": {"containers": [{"name": "app"}]},
    }))
    .unwrap();

    pod.prune();

    let left = pod.metadata.annotations.unwrap();
    assert_eq!(left.keys().collect::<Vec<_>>(), ["vpaUpdates"]);
}

#[test]
fn a_pod_that_is_well_keeps_the_names_of_secrets_and_claims() {
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u"}]},
        "spec": {
            "containers": [{"name": "app", "ports": [{"containerPort": 80}], "env": [
                {"name": "URL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]}],
            "volumes": [{"name": "a", "configMap": {"name": "settings"}},
                {"name": "b", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "c", "secret": {"secretName": "tls"}}]},
    }))
    .unwrap();

    thin_pod(&mut pod);

    let left = serde_json::to_string(&pod).unwrap();
    assert!(!left.contains("settings"), "{left}");
    for kept in ["keys", "data", "tls", "containerPort"] {
        assert!(left.contains(kept), "{kept} not in {left}");
    }
}

#[test]
fn a_pod_that_is_well_keeps_what_it_may_use_and_asks_for_and_whether_it_was_changed() {
    let (limits, requests) = (json!({"cpu": "100m", "memory": "64Mi"}), json!({"cpu": "20m"}));
    let resources = json!({"limits": limits, "requests": requests, "claims": [{"name": "gpu"}]});
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "generation": 2, "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u"}]},
        "spec": {"containers": [{"name": "app", "resources": resources}],
            "initContainers": [{"name": "proxy", "resources": resources}]},
    }))
    .unwrap();

    pod.prune();
    thin_pod(&mut pod);

    let kept = json!({"limits": limits, "requests": requests});
    let spec = pod.spec.unwrap();
    assert_eq!(json!(spec.containers[0].resources), kept);
    assert_eq!(json!(spec.init_containers.unwrap()[0].resources), kept);
    assert_eq!(pod.metadata.generation, Some(2));
}

#[test]
fn of_how_a_container_is_confined_only_what_takes_no_room_stays_and_of_owned_pods_nothing() {
    let spec = json!({"containers": [{"name": "app",
        "securityContext": {"privileged": true, "capabilities": {"add": ["NET_ADMIN"]}},
        "volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b", "subPath": "b"}]}]});
    let pod = |metadata| -> Pod {
        let mut pod: Pod =
            serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
        pod.prune();
        pod
    };
    let first = |it: &Pod| it.spec.as_ref().unwrap().containers[0].clone();

    let own = first(&pod(json!({"name": "web"})));
    let owned = first(&pod(json!({"name": "web", "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u"}]})));

    assert_eq!(json!(own.security_context), json!({"privileged": true}));
    assert_eq!(own.volume_mounts.unwrap().len(), 1);
    assert_eq!((owned.security_context, owned.volume_mounts), (None, None));
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let mut event = Event { message: Some("é".repeat(MAX_MESSAGE)), ..Event::default() };

    event.prune();

    assert_eq!(event.message.unwrap().len(), MAX_MESSAGE);
}

#[test]
fn of_tolerations_those_stay_that_name_a_taint_of_somebody() {
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"containers": [], "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
            {"operator": "Exists"},
            {"key": "maintenance", "operator": "Exists"}]},
    }))
    .unwrap();

    pod.prune();

    let left: Vec<_> = pod.spec.iter().flat_map(|it| it.tolerations.iter().flatten()).collect();
    assert_eq!(json!(left), json!([{"key": "maintenance", "operator": "Exists"}]));
}

#[test]
fn of_a_node_the_tagged_names_of_its_images_stay_as_people_write_them() {
    let mut node: Node = serde_json::from_value(json!({"status": {"images": [
        {"names": ["docker.io/library/nginx@sha256:0123", "docker.io/library/nginx:1.27"], "sizeBytes": 3_134_273},
        {"names": ["docker.io/library/nginx:1.25", "docker.io/library/nginx:1.27"], "sizeBytes": 3_134_272},
        {"names": ["docker.io/shop/web:1.4"], "sizeBytes": 3_123_998},
        {"names": ["<none>@<none>", "<none>:<none>"], "sizeBytes": 7},
        {"sizeBytes": 7}]}}))
    .unwrap();

    node.prune();

    let kept = json!([{"names": ["nginx:1.25", "nginx:1.27", "shop/web:1.4"]}]);
    assert_eq!(json!(node.status.as_ref().unwrap().images), kept);
    node.prune();
    assert_eq!(json!(node.status.unwrap().images), kept);
}

#[test]
fn a_node_with_a_great_many_images_takes_no_more_room() {
    let image = |it| json!({"names": [format!("registry.example/shop/web:{it}")]});
    let images: Vec<_> = (0..10 * MAX_IMAGES).map(image).collect();
    let status = json!({"status": {"images": images}});
    let mut node: Node = serde_json::from_value(status).unwrap();

    node.prune();

    let images = node.status.unwrap().images.unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].names.as_ref().unwrap().len(), MAX_IMAGES);
}

#[test]
fn a_node_without_images_keeps_no_list_of_them() {
    let mut node: Node =
        serde_json::from_value(json!({"status": {"images": [{"sizeBytes": 7}]}})).unwrap();

    node.prune();

    assert_eq!(node.status.unwrap().images, None);
}

#[test]
fn of_where_a_pod_may_stand_only_beside_whom_it_must_not_stays_and_of_one_that_is_well_nothing() {
    let term = json!([{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]);
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u"}]},
        "spec": {"containers": [], "affinity": {
            "podAntiAffinity": {required: term},
            "podAffinity": {required: term}}},
    }))
    .unwrap();

    pod.prune();
    let affinity = |it: &Pod| json!(it.spec.as_ref().unwrap().affinity);
    assert_eq!(affinity(&pod), json!({"podAntiAffinity": {required: term}}));

    thin_pod(&mut pod);
    assert_eq!(affinity(&pod), json!(null));
}
