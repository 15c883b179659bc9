//! `agent scan`: what it tells, in which form, and with which exit code.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use types::Kind;

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer, status};
use crate::cluster::{Cluster, container};

/// A cluster, and where its kubeconfig lies.
struct Scanned {
    cluster: Cluster,
    folder: TempDir,
}

impl Scanned {
    async fn start() -> Self {
        let scanned =
            Self { cluster: Cluster::start().await, folder: tempfile::tempdir().unwrap() };
        std::fs::write(scanned.path("kubeconfig"), scanned.cluster.sandbox.kubeconfig()).unwrap();
        scanned
    }

    /// One workload that cannot pull its image, another one that runs.
    async fn with_a_typo() -> Self {
        let scanned = Self::start().await;
        scanned.cluster.run(Kind::Deployment, "well", &container("nginx:1.27")).await;
        scanned.cluster.run(Kind::Deployment, "typo", &container("nginx:1.72")).await;
        let is_seen = || {
            let pods = scanned.cluster.sandbox.store().list("pods", Some("shop")).0;
            let state = |it: &Value| it["status"]["containerStatuses"][0].clone();
            pods.iter().any(|it| state(it)["ready"] == true)
                && pods.iter().any(|it| !state(it)["state"]["waiting"]["message"].is_null())
        };
        crate::stage::until("one runs and one does not", is_seen).await;
        scanned
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn scan(&self, arguments: &[&str]) -> Output {
        scan(&self.path("kubeconfig"), arguments).await
    }
}

async fn scan(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_agent"));
    command.arg("scan").args(arguments).env("KUBECONFIG", kubeconfig).kill_on_drop(true);
    command.output().await.unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32) -> String {
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{told}{error}");
    told + &error
}

#[actix_web::test]
async fn a_cluster_without_trouble_is_exit_code_0() {
    let scanned = Scanned::start().await;

    let told = check(&scanned.scan(&[]).await, 0);

    assert!(told.starts_with("nothing wrong among "), "{told}");
}

#[actix_web::test]
async fn what_is_critical_is_told_in_a_table_and_is_exit_code_4() {
    let scanned = Scanned::with_a_typo().await;

    let told = check(&scanned.scan(&[]).await, 4);

    let head: Vec<_> = told.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["SEVERITY", "OBJECT", "FAULT", "FINGERPRINT"]);
    assert!(told.contains("\ncritical  Deployment shop/typo  ImageNotFound"), "{told}");
    assert!(told.contains("at /spec/template/spec/containers/0/image\n"), "{told}");
    assert!(!told.contains("Deployment shop/well") && !told.contains('\u{1b}'), "{told}");
}

#[actix_web::test]
async fn a_program_reads_the_same_as_json_and_as_yaml() {
    let scanned = Scanned::with_a_typo().await;

    let json = check(&scanned.scan(&["-o", "json", "-n", "shop"]).await, 4);
    let yaml = check(&scanned.scan(&["-o", "yaml", "--namespace", "shop"]).await, 4);

    let json: types::ScanResponse = serde_json::from_str(&json).unwrap();
    let yaml: types::ScanResponse = serde_yaml_ng::from_str(&yaml).unwrap();
    assert_eq!(json.findings[0].fault.as_str(), "ImageNotFound");
    assert_eq!(json.findings[0].fingerprint, yaml.findings[0].fingerprint);
}

#[actix_web::test]
async fn what_is_accepted_in_a_file_stands_last_and_counts_no_more() {
    let scanned = Scanned::with_a_typo().await;
    let found = check(&scanned.scan(&["-o", "json"]).await, 4);
    let found: Value = serde_json::from_str(&found).unwrap();
    let fingerprint = &found["findings"][0]["fingerprint"];
    let accepted = |until: &str| {
        let one =
            json!({"fingerprint": fingerprint, "reason": "known", "by": "ops", "until": until});
        std::fs::write(scanned.path("accepted"), json!({"suppressions": [one]}).to_string())
            .unwrap();
        scanned.path("accepted").to_str().unwrap().to_owned()
    };

    let file = accepted("2999-01-01T00:00:00Z");
    let told = check(&scanned.scan(&["--accepted", &file]).await, 0);
    assert!(told.contains("accepted  Deployment shop/typo"), "{told}");
    assert!(told.contains("until 2999-01-01 by ops: known"), "{told}");

    let file = accepted("2001-01-01T00:00:00Z");
    check(&scanned.scan(&["--accepted", &file]).await, 4);
}

#[actix_web::test]
async fn only_what_was_asked_for_is_told() {
    let scanned = Scanned::with_a_typo().await;

    for arguments in [&["-n", "default"][..], &["-k", "svc"], &["-l", "app=well"]] {
        check(&scanned.scan(arguments).await, 0);
    }
    for arguments in [&["-k", "services,deploy"][..], &["-l", "app in (typo,other)"]] {
        check(&scanned.scan(arguments).await, 4);
    }
}

#[actix_web::test]
async fn how_a_cluster_is_hardened_is_told_to_those_who_ask_for_notices() {
    let scanned = Scanned::start().await;
    let mut privileged = container("nginx:1.27");
    privileged["containers"][0]["securityContext"] = json!({"privileged": true});
    scanned.cluster.run(Kind::Deployment, "strong", &privileged).await;

    let asked = check(&scanned.scan(&["--notices", "-k", "Deployment"]).await, 0);
    let unasked = check(&scanned.scan(&["-k", "Deployment"]).await, 0);

    assert!(asked.contains("notice    Deployment shop/strong  PodNotConfined"), "{asked}");
    assert!(asked.contains("/containers/0/securityContext/privileged"), "{asked}");
    assert!(!unasked.contains("PodNotConfined"), "{unasked}");
}

#[actix_web::test]
async fn who_may_do_what_is_read_where_somebody_is_refused_something() {
    let scanned = Scanned::start().await;
    let group = "rbac.authorization.k8s.io";
    let named = |name: &str| json!({"name": name, "namespace": "shop"});
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named("reaper")});
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]);
    let role = json!({"apiVersion": format!("{group}/v1"), "kind": "Role",
        "metadata": named("reader"), "rules": rules});
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
        "metadata": named("reads"),
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "raeper", "namespace": "shop"}]});
    let said = r#"pods is forbidden: User "system:serviceaccount:shop:reaper" cannot list resource "pods" in API group "" in the namespace "shop""#;
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": named("refused"),
        "involvedObject": {"apiVersion": "v1", "kind": "ServiceAccount", "name": "reaper", "namespace": "shop"},
        "type": "Warning", "reason": "Refused", "message": said});
    let rights = format!("/apis/{group}/v1/namespaces/shop");
    let core = "/api/v1/namespaces/shop";
    for (path, object) in [
        (format!("{core}/serviceaccounts"), &account),
        (format!("{rights}/roles"), &role),
        (format!("{rights}/rolebindings"), &binding),
        (format!("{core}/events"), &event),
    ] {
        scanned.cluster.create(&path, object).await;
    }

    let told = check(&scanned.scan(&[]).await, 3);

    assert!(told.contains("RoleBinding shop/reads"), "{told}");
    assert!(told.contains("/subjects/0/name"), "{told}");
}

#[actix_web::test]
async fn a_finding_about_what_nobody_writes_carries_its_patch_and_writes_nothing() {
    let scanned = Scanned::start().await;
    let service = json!({"metadata": {"name": "front-end"}, "spec": {"ports": [{"port": 80}]}});
    let backend = json!({"service": {"name": "fornt-end", "port": {"number": 80}}});
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": "shop"});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "labels": labels}, "spec": {"defaultBackend": backend}});
    let ingresses = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
    scanned.cluster.create("/api/v1/namespaces/shop/services", &service).await;
    scanned.cluster.create(ingresses, &ingress).await;

    let told = check(&scanned.scan(&["-o", "json"]).await, 4);
    let shown = check(&scanned.scan(&["--patches"]).await, 4);
    let pointed = check(&scanned.scan(&[]).await, 4);

    let told: types::ScanResponse = serde_json::from_str(&told).unwrap();
    let mut findings = told.findings.iter();
    let finding = findings.find(|it| it.fault.as_str() == "IngressBackendMissing").unwrap();
    let file: Value = serde_yaml_ng::from_str(finding.patch.as_ref().unwrap()).unwrap();
    let target = json!({"group": "networking.k8s.io", "kind": "Ingress", "name": "web", "namespace": "shop"});
    assert_eq!(file["patches"][0]["target"], target);
    let operations = file["patches"][0]["patch"].as_str().unwrap();
    let operations: Value = serde_yaml_ng::from_str(operations).unwrap();
    let path = "/spec/defaultBackend/service/name";
    let expected = json!([{"op": "test", "path": path, "value": "fornt-end"},
        {"op": "replace", "path": path, "value": "front-end"}]);
    assert_eq!(operations, expected);
    assert_eq!(finding.owner.as_deref(), Some("flux"));
    assert!(shown.contains(r#"- {"op":"replace","path":"/spec/defaultBackend"#), "{shown}");
    assert!(pointed.contains("patch: --patches or -o yaml shows it"), "{pointed}");
    assert!(pointed.contains("flux keeps it"), "{pointed}");
    let now = scanned.cluster.sandbox.store().list("ingresses", Some("shop")).0;
    assert_eq!(now[0]["spec"]["defaultBackend"], backend);
}

#[actix_web::test]
async fn what_is_wrong_with_the_question_or_the_way_is_said() {
    let scanned = Scanned::start().await;
    let nobody = scanned.path("nobody");
    let url = scanned.cluster.sandbox.url();
    let elsewhere = scanned.cluster.sandbox.kubeconfig().replace(&url, "http://127.0.0.1:1");
    std::fs::write(&nobody, elsewhere).unwrap();

    let told = check(&scan(&nobody, &[]).await, 1);
    assert!(told.contains("127.0.0.1:1") && told.contains("cannot be read"), "{told}");

    let told = check(&scan(&scanned.path("missing"), &[]).await, 1);
    assert!(told.contains("kubeconfig"), "{told}");
    let told = check(&scanned.scan(&["-l", "app in web"]).await, 2);
    assert!(told.contains("--labels"), "{told}");
    let told = check(&scanned.scan(&["-k", "Deployment,deploymint"]).await, 2);
    assert!(told.contains("--kinds: `deploymint` is no kind"), "{told}");
    assert!(told.contains("Deployment (deploy)"), "{told}");
    let told = check(&scanned.scan(&["-n", "shpo"]).await, 2);
    assert!(told.contains("--namespace: there is no namespace `shpo`"), "{told}");
    let told = check(&scanned.scan(&["--accepted", "/nowhere"]).await, 1);
    assert!(told.contains("--accepted: /nowhere"), "{told}");
    check(&scanned.scan(&["-o", "xml"]).await, 2);
}

#[actix_web::test]
async fn a_scan_that_may_not_read_everything_and_finds_nothing_is_exit_code_1() {
    let api = ApiServer::start(ANY_PORT);
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, api.kubeconfig()).unwrap();
    let list = "GET /apis/networking.k8s.io/v1/ingresses";
    let of = |arguments: &'static [&'static str]| scan(&kubeconfig, arguments);

    api.answer_once(list, 403, status(403, "ingresses is forbidden"));
    let refused = of(&["-o", "json"]).await;
    api.answer_once(list, 404, status(404, "not found"));
    let absent = of(&[]).await;

    let told = check(&refused, 1);
    assert!(told.contains("\nnot read: ingresses: "), "{told}");
    assert!(told.ends_with("so nobody knows whether all is well\n"), "{told}");
    assert!(!check(&absent, 0).contains("not read"));
}

#[actix_web::test]
async fn a_question_for_nothing_that_there_is_is_refused_by_a_running_agent() {
    let api = ApiServer::start(ANY_PORT);
    let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    api.put("/api/v1/namespaces", &shop);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    for (question, status, reason) in [
        (json!({"kinds": ["deploymint"]}), 400, "unknown-kind"),
        (json!({"labels": "app in web"}), 400, "bad-labels"),
        (json!({"namespace": "shpo"}), 404, "no-namespace"),
        (json!({"namespace": "shop", "kinds": ["po", "pvc"]}), 200, ""),
    ] {
        let (code, answer) = agent.post("/api/v1/scan", &question.to_string()).await;
        assert_eq!(code, status, "{question}: {answer}");
        assert!(answer.to_string().contains(reason), "{question}: {answer}");
    }
}

/// A caller in `shop` of what does not run in `far`, and a workload in `away` that nobody calls and that fails as well.
async fn with_three_namespaces(folder: &Path) -> Cluster {
    let cluster = Cluster::audited(Some(folder.join("audit"))).await;
    for (space, name) in [("far", "api"), ("away", "other")] {
        let metadata = json!({"name": space});
        cluster.create("/api/v1/namespaces", &json!({"metadata": metadata})).await;
        let labels = json!({"app": name});
        let template = json!({"metadata": {"labels": labels}, "spec": container("nginx:1.72")});
        let deployment = json!({"metadata": {"name": name},
            "spec": {"selector": {"matchLabels": labels}, "template": template}});
        cluster.create(&format!("/apis/apps/v1/namespaces/{space}/deployments"), &deployment).await;
        let service = json!({"metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80}]}});
        cluster.create(&format!("/api/v1/namespaces/{space}/services"), &service).await;
    }
    let mut caller = container("busybox:1.36");
    let last_words = "echo 'dial tcp: connect to api.far:80: connection refused'; exit 1";
    caller["containers"][0]["command"] = json!(["sh", "-c", last_words]);
    cluster.run(Kind::Deployment, "caller", &caller).await;
    let waits = |space: &str, reason: &str| {
        let pods = cluster.sandbox.store().list("pods", Some(space)).0;
        let reasons = pods.iter().map(|it| &it["status"]["containerStatuses"][0]["state"]);
        reasons.into_iter().any(|it| it["waiting"]["reason"] == reason)
    };
    let is_seen = || {
        let fails = |space| waits(space, "ImagePullBackOff");
        waits("shop", "CrashLoopBackOff") && fails("far") && fails("away")
    };
    crate::stage::until("all three fail", is_seen).await;
    cluster
}

#[actix_web::test]
async fn a_scan_of_a_namespace_reads_of_others_only_what_may_be_a_cause() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = with_three_namespaces(folder.path()).await;
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.sandbox.kubeconfig()).unwrap();

    let told = check(&scan(&kubeconfig, &["-n", "shop", "-o", "json"]).await, 4);

    let told: types::ScanResponse = serde_json::from_str(&told).unwrap();
    let found: Vec<_> = told.findings.iter().map(|it| it.subject.to_string()).collect();
    assert_eq!(found, ["Deployment far/api"], "{told:#?}");
    let explained: Vec<_> = told.findings[0].explains.iter().map(ToString::to_string).collect();
    assert!(explained.contains(&"Deployment shop/caller".to_owned()), "{explained:?}");
    let audit = std::fs::read_to_string(folder.path().join("audit")).unwrap();
    let reads = |path: &str| audit.lines().any(|it| it.contains("\"get\"") && it.contains(path));
    assert!(reads("/namespaces/shop/deployments/caller"), "{audit}");
    assert!(reads("/namespaces/far/deployments/api"), "{audit}");
    assert!(!reads("/namespaces/away/"), "{audit}");
}

/// An API server that takes connections and never answers.
#[actix_web::test]
async fn a_scan_that_takes_long_tells_a_pipe_nothing_of_its_way() {
    let silent = std::net::TcpListener::bind(SocketAddr::from(ANY_PORT)).unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();

    let told = check(&scan(&kubeconfig, &["--timeout", "3"]).await, 1);

    assert!(told.contains("was not read within 3 s"), "{told}");
    assert!(!told.contains("reading the cluster") && !told.contains('\x1b'), "{told}");
}
