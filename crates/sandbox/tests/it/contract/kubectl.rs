//! kubectl itself, with what it was made for.

use rstest::rstest;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{deployment, pod, shell};

/// kubectl, aimed at the namespace of a claim.
struct Kubectl {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Kubectl {
    /// `None` when kubectl is not installed or there is no such cluster, which is said aloud.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    async fn on(side: Side) -> Option<Self> {
        let found =
            tokio::process::Command::new("kubectl").args(["version", "--client"]).output().await;
        if found.is_err() {
            eprintln!("SKIPPED: kubectl is not installed, so nobody tried it on this cluster.");
            return None;
        }
        let cluster = side.open().await?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), &cluster.kubeconfig).unwrap();
        Some(Self { cluster, folder })
    }

    /// Runs it, and answers with whether it went well and what it said on both channels.
    async fn run(&self, command: &str) -> (bool, String) {
        let output = tokio::process::Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.folder.path().join("kubeconfig"))
            .arg("--cache-dir")
            .arg(self.folder.path())
            .args(["--namespace", &self.cluster.namespace])
            .args(command.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .await
            .unwrap();
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.success(), said.concat())
    }

    /// Runs it, and what it says has to be this.
    async fn says(&self, command: &str, wanted: &str) {
        let (_, said) = self.run(command).await;
        // Newer ones add where something was deleted.
        let place = format!(" from {} namespace", self.cluster.namespace);
        assert_eq!(said.trim_end().replace(&place, ""), wanted, "kubectl {command}");
    }

    /// Runs it, and what it says has to contain all of this.
    async fn shows(&self, command: &str, wanted: &[&str]) {
        let (well, said) = self.run(command).await;
        assert!(well, "kubectl {command}: {said}");
        for it in wanted {
            assert!(said.contains(it), "kubectl {command} does not show {it:?}:\n{said}");
        }
    }

    fn write(&self, file: &str, object: &Value) {
        std::fs::write(self.folder.path().join(file), object.to_string()).unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn it_creates_what_it_has_commands_for(#[values(Sandbox, Live)] side: Side) {
    let Some(kubectl) = Kubectl::on(side).await else { return };

    kubectl
        .says("create configmap settings --from-literal=a=b", "configmap/settings created")
        .await;
    kubectl.says("create secret generic keys --from-literal=a=b", "secret/keys created").await;
    kubectl
        .says(
            "create deployment web --image=busybox:1.36 -- sleep 100000",
            "deployment.apps/web created",
        )
        .await;
    kubectl.says("create job once --image=busybox:1.36 -- true", "job.batch/once created").await;
    kubectl.says("create serviceaccount robot", "serviceaccount/robot created").await;
    kubectl
        .says(
            "create role reader --verb=get --resource=pods",
            "role.rbac.authorization.k8s.io/reader created",
        )
        .await;
    kubectl.says("create quota small --hard=pods=9", "resourcequota/small created").await;
    let budget = "create poddisruptionbudget one --selector=app=web --min-available=1";
    kubectl.says(budget, "poddisruptionbudget.policy/one created").await;
    kubectl.says("expose deployment web --port=80", "service/web exposed").await;
    let again = "error: failed to create configmap: configmaps \"settings\" already exists";
    kubectl.says("create configmap settings", again).await;
    kubectl.says("get secret keys -o jsonpath={.data.a}", "Yg==").await;
    kubectl.says("get quota small -o jsonpath={.spec.hard.pods}", "9").await;
    kubectl
        .says(
            "wait --for=condition=complete job/once --timeout=60s",
            "job.batch/once condition met",
        )
        .await;
}

#[rstest]
#[tokio::test]
async fn it_rolls_out_back_and_on(#[values(Sandbox, Live)] side: Side) {
    let Some(kubectl) = Kubectl::on(side).await else { return };
    kubectl.write("web.json", &deployment("web", json!({})));

    kubectl.says("apply -f web.json", "deployment.apps/web created").await;
    kubectl.says("apply -f web.json", "deployment.apps/web unchanged").await;
    let done = ["deployment \"web\" successfully rolled out"];
    kubectl.shows("rollout status deployment/web --timeout=60s", &done).await;
    kubectl
        .says("set image deployment/web app=busybox:latest", "deployment.apps/web image updated")
        .await;
    kubectl.shows("rollout status deployment/web --timeout=60s", &done).await;
    kubectl.shows("rollout history deployment/web", &["REVISION", "1 ", "2 "]).await;
    kubectl.says("rollout undo deployment/web", "deployment.apps/web rolled back").await;
    kubectl.shows("rollout status deployment/web --timeout=60s", &done).await;
    let image = "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}";
    kubectl.says(image, "busybox:1.36").await;
    kubectl.says("rollout restart deployment/web", "deployment.apps/web restarted").await;
    kubectl.says("scale deployment/web --replicas=2", "deployment.apps/web scaled").await;
    kubectl
        .says(
            "wait --for=jsonpath={.status.availableReplicas}=2 deployment/web --timeout=60s",
            "deployment.apps/web condition met",
        )
        .await;
    kubectl.shows("delete deployment web", &["deployment.apps \"web\" deleted"]).await;
}

#[rstest]
#[tokio::test]
async fn it_changes_objects_piece_by_piece(#[values(Sandbox, Live)] side: Side) {
    let Some(kubectl) = Kubectl::on(side).await else { return };
    let mut object = deployment("web", json!({}));
    object["spec"]["replicas"] = json!(0);
    kubectl.write("web.json", &object);

    kubectl.says("apply --server-side -f web.json", "deployment.apps/web serverside-applied").await;
    kubectl.says("annotate deployment web note=yes", "deployment.apps/web annotated").await;
    kubectl.says("label deployment web tier=front", "deployment.apps/web labeled").await;
    let patch = "patch deployment web --type=merge -p {\"spec\":{\"minReadySeconds\":1}}";
    kubectl.says(patch, "deployment.apps/web patched").await;
    kubectl.says(patch, "deployment.apps/web patched (no change)").await;
    kubectl.says("set env deployment/web A=1", "deployment.apps/web env updated").await;
    kubectl
        .says(
            "set resources deployment/web --limits=memory=64Mi",
            "deployment.apps/web resource requirements updated",
        )
        .await;
    let env = "get deployment web -o jsonpath={.spec.template.spec.containers[0].env[0].value}";
    kubectl.says(env, "1").await;
    kubectl
        .says(
            "delete deployment web --dry-run=server",
            "deployment.apps \"web\" deleted (server dry run)",
        )
        .await;
    kubectl.says("replace -f web.json", "deployment.apps/web replaced").await;
    kubectl.says(env, "").await;
}

#[rstest]
#[tokio::test]
async fn it_shows_what_is_there(#[values(Sandbox, Live)] side: Side) {
    let Some(kubectl) = Kubectl::on(side).await else { return };
    let mut object = pod("talker", shell("echo hello; sleep 100000"));
    (object["apiVersion"], object["kind"]) = (json!("v1"), json!("Pod"));
    kubectl.write("talker.json", &object);
    kubectl.says("create -f talker.json", "pod/talker created").await;
    kubectl
        .says("wait --for=condition=Ready pod/talker --timeout=60s", "pod/talker condition met")
        .await;
    kubectl.cluster.until_log("pods/talker/log", "hello").await;

    kubectl
        .shows(
            "get pods",
            &["NAME     READY   STATUS    RESTARTS   AGE", "talker   1/1     Running   0"],
        )
        .await;
    kubectl.shows("get pods -o wide", &["NODE", "NOMINATED NODE", "READINESS GATES"]).await;
    kubectl.shows("get all", &["pod/talker"]).await;
    kubectl.says("logs talker", "hello").await;
    let described = [
        "Name:             talker",
        "Status:           Running",
        "Image:         busybox:1.36",
        "Events:",
        "Started",
    ];
    kubectl.shows("describe pod talker", &described).await;
    kubectl.shows("events", &["Scheduled", "Pod/talker"]).await;
    kubectl
        .shows(
            "api-resources --namespaced=true",
            &["deployments", "deploy", "apps/v1", "Deployment"],
        )
        .await;
    kubectl.shows("get nodes", &["Ready"]).await;
    kubectl.says("auth can-i get pods", "yes").await;
    let missing = "Error from server (NotFound): pods \"nope\" not found";
    kubectl.says("get pod nope", missing).await;
    kubectl
        .shows(
            "explain deployment",
            &["GROUP:      apps", "KIND:       Deployment", "VERSION:    v1"],
        )
        .await;
    kubectl.shows("delete pod talker --grace-period=1", &["pod \"talker\" deleted"]).await;
}
