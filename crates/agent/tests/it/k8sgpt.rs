//! A `k8sgpt` beside the agent: one that answers, and those that hang, fail or say rubbish.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use agent::k8sgpt::{K8sgpt, looked_up};
use diagnosis::Redactor;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer, status};

/// Where the operator's results are.
const RESULTS: &str = "/apis/core.k8sgpt.ai/v1alpha1/results";
/// Longer than a script of a test takes.
const AMPLE: Duration = Duration::from_secs(30);

/// A program that does this.
fn script(folder: &TempDir, body: &str) -> PathBuf {
    let path = folder.path().join("k8sgpt");
    std::fs::write(&path, format!("#!/bin/bash\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A program that reports this of an object.
fn reporting(kind: &str, name: &str, text: &str) -> String {
    let result = json!({"kind": kind, "name": name, "error": [{"Text": text, "Sensitive": []}],
        "details": "", "parentObject": ""});
    let output = json!({"provider": "", "errors": null, "status": "ProblemDetected", "problems": 1,
        "results": [result]});
    format!("cat <<'END'\n{output}\nEND")
}

async fn scanned(agent: &AgentProcess, request: &Value) -> Value {
    agent.ready(200).await;
    let (status, answer) = agent.post("/api/v1/scan", &request.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn complaint(body: &str, limit: Duration) -> String {
    let folder = tempfile::tempdir().unwrap();
    let k8sgpt = K8sgpt::new(script(&folder, body), None, limit);
    let answer = k8sgpt.analyze(None, &Redactor::new([0; 32])).await;
    answer.expect_err("it has something to say").to_string()
}

#[actix_web::test]
async fn what_a_k8sgpt_reports_is_told_as_its_own() {
    let api = ApiServer::start(ANY_PORT);
    let folder = tempfile::tempdir().unwrap();
    let binary = script(&folder, &reporting("Ingress", "shop/web", "password=hunter22 is bad"));
    let flags = ["--k8sgpt-binary", binary.to_str().unwrap()];
    let agent = AgentProcess::with(&api.kubeconfig(), &flags).await;

    let unasked = scanned(&agent, &json!({})).await;
    let answer = scanned(&agent, &json!({"notices": true})).await;

    assert_eq!(unasked["findings"], json!([]), "{unasked}");
    let finding = &answer["findings"][0];
    assert_eq!(finding["source"], "k8sgpt", "{answer}");
    assert_eq!(finding["fault"], "ReportedByK8sgpt");
    assert_eq!(finding["subject"]["name"], "web");
    assert_eq!((&finding["severity"], &finding["confidence"]), (&json!("notice"), &json!(0.5)));
    assert!(!answer.to_string().contains("hunter22"), "{answer}");
    assert_eq!(answer["unread"], Value::Null);
}

#[actix_web::test]
async fn it_is_asked_about_the_namespace_with_our_kubeconfig_and_nothing_else_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let body = format!("echo \"$@\" > {0}; env >> {0}; echo '{{}}'", told.display());
    let k8sgpt = K8sgpt::new(script(&folder, &body), Some("/some/kubeconfig".into()), AMPLE);

    let found = k8sgpt.analyze(Some("shop"), &Redactor::new([0; 32])).await.unwrap();

    let told = std::fs::read_to_string(told).unwrap();
    assert_eq!(found, []);
    assert_eq!(told.lines().next(), Some("analyze --output json --namespace=shop"));
    assert!(told.lines().any(|it| it == "KUBECONFIG=/some/kubeconfig"), "{told}");
    // Whoever runs the tests has one of these.
    assert!(!told.contains("CARGO"), "{told}");
}

#[actix_web::test]
async fn one_that_hangs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let body = format!("echo $$ > {}; exec sleep 600", pid.display());
    let k8sgpt = K8sgpt::new(script(&folder, &body), None, Duration::from_secs(2));

    let error = k8sgpt.analyze(None, &Redactor::new([0; 32])).await.unwrap_err();

    assert_eq!(error.to_string(), "k8sgpt: no answer for 2 seconds");
    let pid = std::fs::read_to_string(pid).unwrap();
    let process = PathBuf::from(format!("/proc/{}/cmdline", pid.trim()));
    let is_gone = async {
        while std::fs::read_to_string(&process).is_ok_and(|it| it.contains("sleep")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(AMPLE, is_gone).await.expect("it still runs");
}

#[actix_web::test]
async fn what_is_no_analysis_is_said_to_be_none() {
    let said = complaint("echo 'Error: no cluster'", AMPLE).await;
    assert!(said.starts_with("k8sgpt: what it says is no analysis: "), "{said}");
}

#[actix_web::test]
async fn one_that_fails_says_why_without_secrets() {
    let said = complaint("echo 'token=abcdef1234567890 refused' >&2; exit 3", AMPLE).await;

    assert!(said.starts_with("k8sgpt: it ended with exit status: 3: token=[redacted:"), "{said}");
}

#[actix_web::test]
async fn one_that_never_stops_talking_is_not_heard_out() {
    let said = complaint("yes", AMPLE).await;
    assert_eq!(said, "k8sgpt: more than 8388608 bytes");
}

#[actix_web::test]
async fn one_that_is_not_there_fails_no_scan() {
    let api = ApiServer::start(ANY_PORT);
    let flags = ["--k8sgpt-binary", "/nowhere/k8sgpt"];
    let agent = AgentProcess::with(&api.kubeconfig(), &flags).await;

    let answer = scanned(&agent, &json!({})).await;

    let unread = answer["unread"][0].as_str().unwrap();
    assert!(unread.starts_with("k8sgpt: it cannot be started: "), "{answer}");
}

#[actix_web::test]
async fn results_of_the_operator_are_taken_in_or_said_to_be_unread() {
    let api = ApiServer::start(ANY_PORT);
    let result = json!({"apiVersion": "core.k8sgpt.ai/v1alpha1", "kind": "Result",
        "metadata": {"name": "shopweb", "namespace": "k8sgpt"},
        "spec": {"backend": "", "kind": "Ingress", "name": "shop/web", "details": "",
            "error": [{"text": "Ingress uses the ingress class nginx which does not exist."}],
            "parentObject": ""}});
    api.put(RESULTS, &result);
    let agent = AgentProcess::beside(&api).await;

    let taken = scanned(&agent, &json!({"namespace": "shop", "notices": true})).await;
    api.answer_once(&format!("GET {RESULTS}"), 403, status(403, "not allowed"));
    let refused = scanned(&agent, &json!({})).await;
    api.answer_once(&format!("GET {RESULTS}"), 404, status(404, "not found"));
    let absent = scanned(&agent, &json!({})).await;

    assert_eq!(taken["findings"][0]["source"], "k8sgpt", "{taken}");
    let unread = refused["unread"][0].as_str().unwrap();
    assert!(unread.starts_with("results: "), "{refused}");
    assert_eq!((&absent["findings"], &absent["unread"]), (&json!([]), &Value::Null));
}

#[test]
fn it_is_looked_up_only_where_path_names_a_folder_from_the_root_on() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(here.path().join("k8sgpt"), "no program").unwrap();
    let program = script(&there, "true");
    let path = |parts: &[&std::path::Path]| std::env::join_paths(parts).unwrap();
    let relative = std::path::Path::new("target");

    assert_eq!(looked_up(&path(&[relative, here.path(), there.path()])), Some(program));
    assert_eq!(looked_up(&path(&[relative, here.path()])), None);
    assert_eq!(looked_up(std::ffi::OsStr::new("")), None);
}

#[actix_web::test]
async fn what_the_operator_reports_of_a_failing_pod_is_a_clue_of_its_analysis() {
    let api = ApiServer::start(ANY_PORT);
    let waiting = json!({"reason": "ErrImagePull", "message": "nginx:1.72: not found"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "resourceVersion": "5"},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "nginx:1.72"}]},
        "status": {"phase": "Pending",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [{"name": "app", "image": "nginx:1.72", "imageID": "", "ready": false,
                "restartCount": 0, "state": {"waiting": waiting}}]}});
    api.put("/api/v1/pods", &pod);
    let result = |name: &str, of: &str, text: &str| {
        json!({"apiVersion": "core.k8sgpt.ai/v1alpha1", "kind": "Result",
            "metadata": {"name": name, "namespace": "k8sgpt"},
            "spec": {"kind": "Pod", "name": of, "error": [{"text": text}], "parentObject": ""}})
    };
    api.put(RESULTS, &result("shopweb1", "shop/web-1", "cannot pull\nwith password=hunter22"));
    api.put(RESULTS, &result("otherweb1", "other/web-1", "somebody else's"));
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    let question = json!({"pod_name": "web-1", "namespace": "shop"}).to_string();
    let (_, answer) = agent.post("/api/v1/k8sgpt-analyze", &question).await;
    let (_, again) = agent.post("/api/v1/k8sgpt-analyze", &question).await;

    let clues = answer["analysis"]["diagnoses"][0]["clues"].as_array().unwrap();
    let theirs: Vec<_> = clues.iter().filter(|it| it["fact"] == "k8sgpt").collect();
    assert_eq!(theirs.len(), 1, "{answer}");
    let said = theirs[0]["value"].as_str().unwrap();
    assert!(said.starts_with("cannot pull with password=[redacted:"), "{said}");
    assert_eq!(answer["analysis"]["diagnoses"], again["analysis"]["diagnoses"]);
    // However many ask, and however often: triage as well.
    assert_eq!(api.n_seen(&format!("GET {RESULTS}")), 1);
}
