//! What the agent says at its start of the rights that it and those who write for it have, or lack.

use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::stage::{Stage, until};

/// A cluster in which what `agent rbac` prints with these flags was applied.
async fn with_roles(flags: &[&str]) -> Stage {
    let stage = Stage::open().await;
    let store = stage.cluster.sandbox.store();
    for name in ["k8s-reflexion", "other"] {
        store.create("namespaces", "", json!({"metadata": {"name": name}})).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.arg("rbac").args(flags).arg("--policy").arg(stage.data.path().join("policy"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let objects = serde_yaml_ng::Deserializer::from_str(&text);
    for object in objects.map(|it| Value::deserialize(it).unwrap()).filter(|it| !it.is_null()) {
        apply(&stage, object);
    }
    let token = sandbox::token("system:serviceaccount:k8s-reflexion:agent", "the API server");
    let path = stage.data.path().join("kubeconfig");
    let kubeconfig = std::fs::read_to_string(&path).unwrap();
    let kubeconfig = kubeconfig.replace("user: {}", &format!("user: {{token: {token}}}"));
    std::fs::write(&path, kubeconfig).unwrap();
    stage
}

fn apply(stage: &Stage, object: Value) {
    let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    stage.cluster.sandbox.store().create(&plural, &namespace, object).unwrap();
}

fn delete(stage: &Stage, plural: &str, namespace: &str, name: &str) {
    let options = sandbox::store::Deletion::default();
    stage.cluster.sandbox.store().delete(plural, namespace, name, &options).unwrap();
}

/// Gives somebody a right more, in one namespace or in all.
fn give(
    stage: &Stage,
    account: &str,
    namespace: &str,
    (group, resource, verb): (&str, &str, &str),
) {
    let rule = json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]});
    let name = format!("{account}-{verb}");
    let subject = json!({"kind": "ServiceAccount", "namespace": "k8s-reflexion", "name": account});
    let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    apply(stage, json!({"kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]}));
    apply(
        stage,
        json!({"kind": kind, "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": [subject]}),
    );
}

/// What it says is missing, and what is too much.
async fn said(stage: &Stage) -> (String, String) {
    let flags = ["--executor", "k8s-reflexion/executor", "--mode", "observe"];
    let agent = stage.agent_with(&flags).await;
    let list = |agent: &AgentBinary, field: &str| {
        let lines: Vec<Value> =
            agent.log().lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
        let found = lines.iter().find_map(|it| it[field].as_str());
        found.unwrap_or_default().to_owned()
    };
    let is_said = |agent: &AgentBinary| {
        let log = agent.log();
        ["rights are missing", "may do what it never does", "and no more\""]
            .iter()
            .any(|it| log.contains(it))
    };
    until("it knows its rights", || is_said(&agent)).await;
    // What is too much is said right after what is missing.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    (list(&agent, "missing"), list(&agent, "excess"))
}

fn nothing() -> (String, String) {
    (String::new(), String::new())
}

#[actix_web::test]
async fn of_the_roles_that_are_printed_nothing_is_missing_and_nothing_is_too_much() {
    for flags in [&[][..], &["--only", "shop,other"]] {
        assert_eq!(said(&with_roles(flags).await).await, nothing(), "{flags:?}");
    }
}

#[actix_web::test]
async fn what_is_missing_is_named_with_who_misses_it_and_where() {
    let stage = with_roles(&["--only", "shop,other"]).await;
    delete(&stage, "rolebindings", "other", "k8s-reflexion-restorer");
    delete(&stage, "clusterroles", "", "k8s-reflexion-executor");
    delete(&stage, "rolebindings", "k8s-reflexion", "k8s-reflexion-observer-stop");

    let (missing, excess) = said(&stage).await;

    assert_eq!(excess, "");
    for words in [
        "agent: watch configmaps k8s-reflexion-stop in k8s-reflexion",
        "executor: patch apps/deployments in other",
        "executor: patch apps/deployments in shop",
    ] {
        assert!(missing.contains(words), "{words}: {missing}");
    }
    assert!(!missing.contains("restorer"), "it has its role in the shop: {missing}");

    let without = with_roles(&[]).await;
    delete(&without, "serviceaccounts", "k8s-reflexion", "restorer");
    let (missing, _) = said(&without).await;
    assert!(missing.contains("restorer: ") && missing.contains("agent rbac"), "{missing}");
}

#[actix_web::test]
async fn what_is_too_much_is_named_with_who_has_it_and_where() {
    let stage = with_roles(&[]).await;
    give(&stage, "agent", "", ("apps", "deployments", "patch"));
    give(&stage, "executor", "shop", ("", "secrets", "get"));
    give(&stage, "restorer", "", ("", "pods/exec", "create"));
    let (missing, excess) = said(&stage).await;
    assert_eq!(missing, "");
    let all: Vec<&str> = excess.split(", ").collect();
    assert_eq!(
        all,
        [
            "agent: patch apps/deployments",
            "executor: get secrets in shop",
            "restorer: create pods/exec",
        ]
    );

    // The roles of a policy under which more was on.
    let stage = with_roles(&[]).await;
    stage.set_policy("strategies: {roll_back: off, fix_selector: off, fix_service_port: off}");
    let (missing, excess) = said(&stage).await;
    assert_eq!(missing, "");
    assert!(excess.contains("executor: patch services"), "{excess}");
    assert!(
        excess.contains("agent: create serviceaccounts/token restorer in k8s-reflexion"),
        "{excess}"
    );
}
