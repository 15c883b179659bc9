//! The stage: the cluster in this process, agent and reflexion as processes of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::Arguments;
use crate::terminal::Terminal;

/// How long anything on the stage may take before the show is called off.
const LIMIT: Duration = Duration::from_mins(1);
/// The policy of the show: the default's gates, with the caps of a cluster whose clock runs faster.
const POLICY: &str = include_str!("policy.yaml");

/// Everything that runs.
pub(crate) struct Stage {
    cluster: sandbox::Sandbox,
    services: Vec<Child>,
    http: reqwest::Client,
    /// The agent's address.
    pub(crate) agent: String,
    /// Reflexion's address.
    pub(crate) reflexion: String,
    /// Lets a person in.
    pub(crate) admin_token: String,
    /// For `kubectl`.
    pub(crate) kubeconfig: PathBuf,
    /// Data and logs of this run.
    pub(crate) folder: PathBuf,
}

impl Stage {
    /// Starts the cluster, then the agent, then reflexion, each when the one before is ready.
    pub(crate) async fn set(
        arguments: &Arguments,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Self> {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            bail!("the provider of cryptography was chosen before");
        }
        free(arguments.agent, "--agent")?;
        free(arguments.reflexion, "--reflexion")?;
        let folder =
            std::env::temp_dir().join(format!("k8s-reflexion-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let options = sandbox::Options { speed: arguments.speed, ..sandbox::Options::default() };
        let cluster = sandbox::start(options).await?;
        let kubeconfig = folder.join("kubeconfig.yaml");
        std::fs::write(&kubeconfig, cluster.kubeconfig())?;
        let mut stage = Self {
            cluster,
            services: Vec::new(),
            http: reqwest::Client::builder().no_proxy().build()?,
            agent: format!("http://{}", arguments.agent),
            reflexion: format!("http://{}", arguments.reflexion),
            admin_token: token()?,
            kubeconfig,
            folder,
        };
        terminal.line("A cluster of three nodes is up.");
        stage.start_services(arguments, terminal).await?;
        Ok(stage)
    }

    async fn start_services(
        &mut self,
        arguments: &Arguments,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        let order = token()?;
        let tokens = format!("order reflexion {order}\nadmin operator {}\n", self.admin_token);
        let (tokens_file, token_file) =
            (self.folder.join("tokens"), self.folder.join("reflexion.token"));
        std::fs::write(&tokens_file, tokens)?;
        std::fs::write(&token_file, order)?;
        let policy = self.folder.join("policy.yaml");
        std::fs::write(&policy, POLICY)?;

        let mut agent = self.command("agent")?;
        agent.args([
            "--listen",
            &arguments.agent.to_string(),
            "--mode",
            "auto",
            "--cluster",
            "demo",
        ]);
        agent.arg("--kubeconfig").arg(&self.kubeconfig).arg("--policy").arg(policy);
        agent.arg("--data").arg(self.folder.join("agent")).arg("--tokens-file").arg(&tokens_file);
        // Health has to last for a second, as it would for twenty on a cluster with a real clock.
        agent.args(["--settle-seconds", "1.5", "--verify-seconds", "20"]);
        let url = self.agent.clone();
        self.start(agent, "agent", &url).await?;
        terminal.line(&format!(
            "The agent is up at {} (mode auto, in labelled namespaces).",
            self.agent
        ));

        let mut reflexion = self.command("reflexion")?;
        reflexion
            .args(["--listen", &arguments.reflexion.to_string()])
            .env("AGENT_URL", &self.agent);
        reflexion.arg("--data").arg(self.folder.join("reflexion"));
        reflexion.arg("--agent-token-file").arg(&token_file).arg("--tokens-file").arg(&tokens_file);
        let url = self.reflexion.clone();
        self.start(reflexion, "reflexion", &url).await?;
        let model = if std::env::var_os("OPENAI_API_KEY").is_some() { "a" } else { "no" };
        terminal.line(&format!("Reflexion is up at {} ({model} model).", self.reflexion));
        Ok(())
    }

    /// The program beside this one, its log in the folder of this run.
    fn command(&self, name: &str) -> anyhow::Result<Command> {
        let here = std::env::current_exe()?;
        let program = here.parent().unwrap_or(Path::new(".")).join(name);
        if !program.exists() {
            bail!("{} is not built; run scripts/demo.sh", program.display());
        }
        let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        // A group of their own: Ctrl-C reaches the show first, which then stops them in order.
        command.process_group(0);
        Ok(command)
    }

    /// Starts a service and waits until it is ready.
    async fn start(&mut self, mut command: Command, name: &str, url: &str) -> anyhow::Result<()> {
        let mut service = command.spawn().with_context(|| format!("{name} does not start"))?;
        let ready = format!("{url}/readyz");
        let up = async {
            loop {
                if let Some(status) = service.try_wait()? {
                    bail!("{name} ended ({status}): {}", self.last_words(name));
                }
                let answer = self.http.get(&ready).send().await;
                if answer.is_ok_and(|it| it.status().is_success()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let up = tokio::time::timeout(LIMIT, up).await;
        self.services.push(service);
        up.with_context(|| format!("{ready} does not answer"))?
    }

    /// The end of a service's log.
    fn last_words(&self, name: &str) -> String {
        let log = std::fs::read_to_string(self.folder.join(format!("{name}.log")));
        log.unwrap_or_default().lines().last().unwrap_or("without a word").to_owned()
    }

    /// Creates a namespace in which the agent may act by itself.
    pub(crate) async fn create_namespace(&self, name: &str) -> anyhow::Result<()> {
        let object = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"k8s-reflexion.io/managed": "true"}},
        });
        let url = format!("{}/api/v1/namespaces", self.cluster.url());
        self.send(self.http.post(url).json(&object)).await.map(drop)
    }

    /// Creates an object.
    pub(crate) async fn create(
        &self,
        plural: &str,
        namespace: &str,
        object: &Value,
    ) -> anyhow::Result<()> {
        let url = self.object_url(plural, namespace, "");
        self.send(self.http.post(url).json(object)).await.map(drop)
    }

    /// Patches an object as `kubectl patch` does.
    pub(crate) async fn patch(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> anyhow::Result<()> {
        let url = self.object_url(plural, namespace, name);
        let request =
            self.http.patch(url).header("Content-Type", "application/strategic-merge-patch+json");
        self.send(request.body(patch.to_string())).await.map(drop)
    }

    /// Reads an object.
    pub(crate) async fn get(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<Value> {
        self.send(self.http.get(self.object_url(plural, namespace, name))).await
    }

    /// Asks one of the services, as the operator.
    pub(crate) fn ask(&self, url: &str) -> reqwest::RequestBuilder {
        self.http.get(url).bearer_auth(&self.admin_token)
    }

    /// Sends a request; what is no success is an error with the answer's words.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.send().await?;
        let (status, url) = (response.status(), response.url().clone());
        let body = response.text().await?;
        if !status.is_success() {
            bail!("{url}: {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }

    fn object_url(&self, plural: &str, namespace: &str, name: &str) -> String {
        let group = if plural == "configmaps" { "api/v1" } else { "apis/apps/v1" };
        let url = format!("{}/{group}/namespaces/{namespace}/{plural}", self.cluster.url());
        if name.is_empty() { url } else { format!("{url}/{name}") }
    }

    /// Waits until all wanted replicas of the newest template are ready.
    pub(crate) async fn wait_until_healthy(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<()> {
        let healthy = async {
            loop {
                if is_healthy(&self.get(plural, namespace, name).await?) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let healthy = tokio::time::timeout(LIMIT, healthy).await;
        healthy.with_context(|| format!("{plural} {namespace}/{name} does not become healthy"))?
    }

    /// Stops everything, the last first. The folder is kept when something went wrong.
    pub(crate) async fn clear(mut self, well: bool) {
        while let Some(mut service) = self.services.pop() {
            if let Some(pid) = service.id().and_then(|it| i32::try_from(it).ok()) {
                terminate(pid).await;
            }
            let ended = tokio::time::timeout(Duration::from_secs(10), service.wait()).await;
            if ended.is_err() && service.kill().await.is_err() {
                // It ended by itself in between.
            }
        }
        self.cluster.stop().await;
        if well && std::fs::remove_dir_all(&self.folder).is_err() {
            // Left in the folder for temporary files, where it does no harm.
        }
    }
}

/// Whether an owner has all that it wants, of its newest template.
fn is_healthy(object: &Value) -> bool {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let observed = number("/status/observedGeneration") == number("/metadata/generation");
    let wanted = number("/spec/replicas").or_else(|| number("/status/desiredNumberScheduled"));
    let ready = number("/status/readyReplicas").or_else(|| number("/status/numberReady"));
    let updated =
        number("/status/updatedReplicas").or_else(|| number("/status/updatedNumberScheduled"));
    observed && wanted.is_some_and(|it| 0 < it) && ready == wanted && updated == wanted
}

/// Says so when the address of a service is taken: whoever is there would be taken for ours.
fn free(address: SocketAddr, flag: &str) -> anyhow::Result<()> {
    std::net::TcpListener::bind(address)
        .map(drop)
        .with_context(|| format!("{address} cannot be listened on; choose another with {flag}"))
}

/// Asks a process to end, as a supervisor does.
async fn terminate(pid: i32) {
    let asked = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status().await;
    if asked.is_err() {
        // Without `kill` the process is ended the hard way a moment later.
    }
}

/// 24 bytes of chance from the system, in hexadecimal.
fn token() -> anyhow::Result<String> {
    use std::fmt::Write;
    use std::io::Read;
    let mut bytes = [0_u8; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
