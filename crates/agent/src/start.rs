//! Puts the parts together and lets them run until somebody wants them to stop.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use backon::{ExponentialBuilder, Retryable};
use diagnosis::Redactor;
use jiff::{SignedDuration, Timestamp};
use remedy::Policy;
use service::auth::Tokens;
use service::health::Probes;
use service::lock::Lock;
use service::metrics::Metrics;
use service::shutdown::Goodbye;
use tokio::task::JoinHandle;

use crate::Agent;
use crate::cluster::{
    self, ClusterError, KubeCluster, KubeLease, KubeReviewer, RightsWanted, WATCHED,
};
use crate::config::{Auth, Config, PatienceError};
use crate::fix::{self, Fixer, OpenError};
use crate::hooks::{self, HookSetting, HooksError};
use crate::http::Services;
use crate::journal::Journal;
use crate::k8sgpt::K8sgpt;
use crate::lead::Lead;
use crate::measures::{LeadingNow, Measures, ModeNow, RightsMeasures};
use crate::registry::Registries;
use crate::secret_key;
use crate::triage::{Times, Triage};

/// Threads that serve HTTP: the work is small, and each costs memory.
const WORKERS: usize = 2;
/// How often the journal is asked whether it can be written.
const JOURNAL_LOOK: Duration = Duration::from_secs(15);
/// How often the journal is made thin.
const DAY: Duration = Duration::from_hours(24);
/// The longest pause between two questions for our rights.
const RIGHTS_PAUSE: Duration = Duration::from_secs(30);
/// How many rights are named that are missing or too much.
const MOST_RIGHTS: usize = 40;
/// The journal, as `/readyz` names it.
const JOURNAL: &str = "journal";
/// How long open requests may take when the process stops; streams are cut.
const GOODBYE_SECONDS: u64 = 2;

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Listening there without tokens is refused.
    #[error(transparent)]
    Listen(#[from] service::listen::ListenRefused),
    /// The tokens file cannot be used.
    #[error(transparent)]
    Tokens(#[from] service::auth::TokensError),
    /// Another process uses the data folder.
    #[error(transparent)]
    Lock(#[from] service::lock::LockError),
    /// The cluster is not configured.
    #[error(transparent)]
    Connect(#[from] cluster::ConnectError),
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be used")]
    Data {
        /// The directory.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Under these times no fix could ever count.
    #[error(transparent)]
    Patience(#[from] PatienceError),
    /// The journal, the policy or the mode cannot be used; each says so itself.
    #[error(transparent)]
    Fixer(#[from] OpenError),
    /// The webhooks cannot be used.
    #[error(transparent)]
    Hooks(#[from] HooksError),
    /// No client for registries can be made on this system.
    #[error("registries cannot be asked from here")]
    Client(#[source] reqwest::Error),
    /// The address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] service::listen::BindError),
    /// The server cannot begin.
    #[error("the server cannot begin")]
    Serve(#[source] std::io::Error),
}

/// An agent that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its parts share.
    pub agent: Agent,
    server: Server,
    /// What runs besides.
    tasks: Vec<JoinHandle<()>>,
    stand: JoinHandle<()>,
    fixer: Arc<Fixer>,
    cluster: Arc<KubeCluster>,
    goodbye: Goodbye,
    /// Nobody else uses the data folder as long as this is kept.
    lock: Lock,
}

/// What is known before anything is opened.
struct Settled {
    tokens: Tokens,
    hooks: Vec<HookSetting>,
    listener: TcpListener,
}

/// What can be known to be wrong before anything is opened, written or watched; else what was read, and the
/// address, taken.
fn settle_settings(config: &Config) -> Result<Settled, StartError> {
    config.check_patience()?;
    let tokens = match &config.tokens_file {
        Some(path) => Tokens::load(path)?,
        None => Tokens::none(),
    };
    service::listen::check(config.listen, config.authenticates(), config.allow_insecure_listen)?;
    fix::check_settings(config)?;
    let hooks = config.hooks_file.as_deref().map(hooks::read).transpose()?.unwrap_or_default();
    Ok(Settled { tokens, hooks, listener: service::listen::bind(config.listen)? })
}

/// Starts everything. An API server that cannot be reached is no reason not to: it is waited for.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let Settled { tokens, hooks, listener } = settle_settings(config)?;
    let registries = Registries::configured(&config.registries).map_err(StartError::Client)?;
    let clients = cluster::connect(config.kubeconfig.as_deref()).await?;
    let lock = service::lock::data_folder(&config.data)?;
    let key = secret_key::load_or_make(&config.data)
        .map_err(|source| StartError::Data { path: config.data.display().to_string(), source })?;

    let probes = Probes::waiting_for(WATCHED);
    let measures = Measures::default();
    let name = Arc::from(config.cluster.as_str());
    tracing::info!(cluster = %config.cluster, url = clients.url, "watching the cluster");
    let watching = KubeCluster::watch(
        clients,
        name,
        config.accounts(),
        probes.clone(),
        measures.watch_restarts.clone(),
    );
    let cluster = Arc::clone(&watching.cluster);
    let agent = Agent {
        measures: Arc::new(measures),
        k8sgpt: K8sgpt::configured(config.k8sgpt_binary.clone(), config.kubeconfig.clone())
            .map(Arc::new),
        registries: registries.map(Arc::new),
        ..Agent::new(&config.cluster, Arc::clone(&cluster) as _, Redactor::new(key))
    };
    let lead = lead(config, &cluster);
    let fixer = Fixer::open(agent.clone(), config, lead).await?;
    let (journal, agent_probes) = (fixer.journal().clone(), probes.clone());
    let review = tokio::spawn(review_rights(
        Arc::clone(&cluster),
        fixer.policy().clone(),
        config.clone(),
        agent.measures.rights.clone(),
    ));
    let stand = tokio::spawn(Arc::clone(&fixer).stand());
    let hooks = hooks::run(Arc::clone(&fixer), hooks, agent.measures.hooks.clone());
    let hooks = tokio::spawn(hooks);
    let stop = cluster.stop_object(&stop_namespace(config));
    let obey = tokio::spawn(Arc::clone(&fixer).obey(stop));
    let metrics = Metrics::new("agent");
    agent.measures.register(&metrics);
    ModeNow(Arc::clone(&fixer)).register(&metrics);
    LeadingNow(Arc::clone(&fixer)).register(&metrics);

    let tokens = ask_cluster(tokens, config, &cluster);
    let services = Services::new(agent.clone(), Arc::clone(&fixer), Arc::clone(&watching.caches));
    let services = Services { probes, tokens: Arc::new(tokens), metrics, ..services };
    let goodbye = services.goodbye.clone();
    let (address, server) = serve(listener, services).map_err(StartError::Serve)?;
    let times = Times { settle: config.settle(), service: config.service_patience() };
    let triage = Triage::new(agent.clone(), watching.caches, times);
    let triage = tokio::spawn(triage.run(watching.changes));
    let thin = tokio::spawn(thin_journal(journal.clone(), config.journal_days));
    let watch = tokio::spawn(watch_journal(journal, agent_probes));
    let tasks = vec![triage, thin, watch, review, obey, hooks];
    Ok(Running { address, agent, server, tasks, stand, fixer, cluster, goodbye, lock })
}

/// Who leads: this process, or whichever replica holds the Lease.
fn lead(config: &Config, cluster: &Arc<KubeCluster>) -> Lead {
    let Some(name) = config.lease.clone() else { return Lead::alone() };
    let lasts = Duration::from_secs(config.lease_seconds);
    Lead::with(KubeLease::new(Arc::clone(cluster), name), lasts)
}

/// The tokens, and for others the API server, where it is to be asked.
fn ask_cluster(tokens: Tokens, config: &Config, cluster: &Arc<KubeCluster>) -> Tokens {
    match config.auth {
        Auth::File => tokens,
        Auth::TokenReview => {
            tokens.and_ask(Arc::new(KubeReviewer::new(cluster, &config.token_audience)))
        }
    }
}

fn stop_namespace(config: &Config) -> String {
    let set = config.stop_namespace.clone().or_else(fix::own_namespace);
    set.unwrap_or_else(|| "k8s-reflexion".to_owned())
}

/// Says once what the agent may not do and should, and the other way round. An API server that does not
/// answer is asked again.
async fn review_rights(
    cluster: Arc<KubeCluster>,
    policy: Policy,
    config: Config,
    measured: RightsMeasures,
) {
    let stop_namespace = stop_namespace(&config);
    let wanted = RightsWanted {
        policy: &policy,
        lease: config.lease.as_ref(),
        reviews: config.auth == Auth::TokenReview,
        stop_namespace: &stop_namespace,
    };
    let ask = || async { cluster.rights(&wanted).await };
    let patience = ExponentialBuilder::default().with_max_delay(RIGHTS_PAUSE).without_max_times();
    let is_away = |it: &ClusterError| it.is_in_doubt();
    match ask.retry(patience).when(is_away).await {
        Ok(report) => {
            measured.set(&report);
            if !report.missing.is_empty() {
                tracing::warn!(
                    missing = first(&report.missing),
                    "rights are missing; `agent rbac` prints what is needed"
                );
            }
            if !report.excess.is_empty() {
                tracing::warn!(
                    excess = first(&report.excess),
                    "the agent may do what it never does; give it the roles of `agent rbac` and no others"
                );
            }
            if report.is_right() {
                tracing::info!("the agent may do what it has to do, and no more");
            }
        }
        Err(error) => tracing::warn!(
            error = service::telemetry::chain(&error),
            "the API server does not say what the agent may do"
        ),
    }
}

/// As many of them as somebody reads.
fn first(words: &[String]) -> String {
    let shown = words.get(..MOST_RIGHTS).unwrap_or(words).join(", ");
    match words.len().saturating_sub(MOST_RIGHTS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Says on `/readyz` whether intents can be kept: without that nothing is written to the cluster.
async fn watch_journal(journal: Journal, probes: Probes) {
    let mut pause = tokio::time::interval(JOURNAL_LOOK);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pause.tick().await;
        match journal.check().await {
            Ok(()) => probes.ready(JOURNAL),
            Err(error) => {
                let words = format!("cannot be written: {}", service::telemetry::chain(&error));
                probes.not_ready(JOURNAL, words);
            }
        }
    }
}

/// Keeps what ended so many days ago thin, once a day.
async fn thin_journal(journal: Journal, days: u16) {
    if days == 0 {
        return;
    }
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    let mut pause = tokio::time::interval(DAY);
    loop {
        pause.tick().await;
        match journal.thin(Timestamp::now() - kept).await {
            Ok(0) => {}
            Ok(executions) => tracing::info!(executions, days, "the journal keeps them thin now"),
            Err(error) => {
                let error = service::telemetry::chain(&error);
                tracing::warn!(error, "the journal was not made thin; tomorrow it is tried again");
            }
        }
        match journal.give_back().await {
            Ok(0) => {}
            Ok(pages) => tracing::info!(pages, "the journal's file is so much shorter now"),
            Err(error) => {
                let error = service::telemetry::chain(&error);
                tracing::warn!(error, "the journal's file was not made shorter");
            }
        }
    }
}

fn serve(listener: TcpListener, services: Services) -> std::io::Result<(SocketAddr, Server)> {
    let address = listener.local_addr()?;
    let app = move || {
        let services = services.clone();
        App::new()
            .wrap(from_fn(service::head::answer))
            .wrap(from_fn(service::origin::check))
            .wrap(from_fn(service::metrics::count))
            .configure(move |it| services.install(it))
            .default_service(web::to(service::problem::not_found))
    };
    let server = HttpServer::new(app)
        .workers(WORKERS)
        .shutdown_timeout(GOODBYE_SECONDS)
        .client_request_timeout(service::listen::HEADER_TIME)
        .keep_alive(service::listen::KEEP_ALIVE)
        .disable_signals()
        .listen(listener)?;
    Ok((address, server.run()))
}

impl Running {
    /// Serves until `stop` is over, then ends in order: no new requests, no more triage, no more watches. Another
    /// replica can lead from the first moment on.
    pub async fn until(self, stop: impl Future<Output = &'static str>) -> std::io::Result<()> {
        let handle = self.server.handle();
        let server = tokio::spawn(self.server);
        let reason = stop.await;
        tracing::info!(reason, "stopping");
        // First of all, so that another replica can take over while this one is still busy ending.
        self.stand.abort();
        self.fixer.lead().release().await;
        self.goodbye.say();
        handle.stop(true).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        drop(self.fixer);
        drop(self.cluster);
        let served = server.await.map_err(std::io::Error::other)?;
        drop(self.lock);
        served
    }
}
