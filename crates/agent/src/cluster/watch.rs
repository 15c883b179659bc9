//! The watch: one stream for each kind, into the caches and into the queue of changes. Nothing is polled.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Service};
use kube::api::ListParams;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client};
use prometheus_client::metrics::counter::Counter;
use service::health::Probes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use types::ObjectRef;

use super::caches::Caches;
use super::changes::{Change, Counters, Seen};
use super::kept::Parcel;
use super::kube::{READ, within};
use super::refusals::refuses_streaming;
use super::store::Key;
use super::watched::Watched;

/// The kinds that are watched, as `/readyz` names them.
pub const WATCHED: [&str; 10] = [
    Pod::PLURAL,
    Deployment::PLURAL,
    ReplicaSet::PLURAL,
    StatefulSet::PLURAL,
    DaemonSet::PLURAL,
    Job::PLURAL,
    CronJob::PLURAL,
    Service::PLURAL,
    Event::PLURAL,
    Node::PLURAL,
];

/// The API server ends each watch after this time, and we go on where it stopped. A connection that died
/// without a word is noticed a little later.
const WATCH_SECONDS: u32 = 120;
/// A watch that was started again and says nothing bad for this long is taken as good: an API server
/// that refuses does so at once, one that cannot be reached fails before.
const QUIET: Duration = Duration::from_secs(3);
/// The first wait after a failure, and the longest: ten watches trouble nobody at this pace.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How often the API server is asked whether it still is where the watch is. A server that was restored from
/// a backup counts anew, and a watch from its future would wait in silence.
const STILL_THERE: Duration = Duration::from_mins(1);
/// Lists are read in pages of this size where streaming is not known.
const PAGE: u32 = 500;

/// Where the watch writes to.
#[derive(Clone)]
pub(super) struct Sinks {
    pub(super) caches: Arc<Caches>,
    pub(super) counters: Arc<Counters>,
    pub(super) changes: mpsc::Sender<Change>,
    pub(super) probes: Probes,
    pub(super) restarts: Counter,
}

/// Watches everything until the receiver of changes is dropped or the set is.
pub(super) fn start(client: &Client, sinks: &Sinks) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    // Owners first: a pod whose owner is known needs no second look.
    tasks.spawn(follow::<Deployment>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<ReplicaSet>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<StatefulSet>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<DaemonSet>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<CronJob>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<Job>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<Pod>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<Service>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<Event>(client.clone(), sinks.clone()));
    tasks.spawn(follow::<Node>(client.clone(), sinks.clone()));
    tasks
}

type Item<K> = watcher::Result<watcher::Event<K>>;

/// Watches one kind: streaming lists where the API server knows them, else lists and watches.
async fn follow<K: Watched>(client: Client, sinks: Sinks) {
    let api = Api::<K>::all(client);
    let paged = watcher::Config::default().timeout(WATCH_SECONDS).page_size(PAGE);
    let mut config = watcher::Config::default().timeout(WATCH_SECONDS).streaming_lists();
    let mut line = Line::new(sinks);
    loop {
        match line.run(&api, watcher(api.clone(), config.clone())).await {
            Ended::NobodyListens => return,
            Ended::NoStreaming => {
                tracing::info!(
                    kind = K::PLURAL,
                    "the API server knows no streaming lists; reading pages"
                );
                config = paged.clone();
            }
            Ended::WentBack => {
                tracing::warn!(
                    kind = K::PLURAL,
                    "the API server went back in time, as after a restore; everything is read anew"
                );
                line.newest = 0;
            }
        }
    }
}

/// Why a watch is over.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody reads the changes any more: the process stops.
    NobodyListens,
    /// This API server has to be asked the old way.
    NoStreaming,
    /// The API server is at an older version than what it told before.
    WentBack,
}

/// One kind on its way into the caches.
struct Line<K: Watched> {
    sinks: Sinks,
    /// What a list that is being read holds so far.
    list: Vec<(Key, Parcel<K>)>,
    synced: bool,
    healthy: bool,
    /// The newest version that an object had.
    newest: u64,
    back_off: ExponentialBackoff,
}

fn back_off() -> ExponentialBackoff {
    let (first, longest) = BACK_OFF;
    let builder = ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
    builder.with_jitter().without_max_times().build()
}

impl<K: Watched> Line<K> {
    fn new(sinks: Sinks) -> Self {
        let back_off = back_off();
        Self { sinks, list: vec![], synced: false, healthy: false, newest: 0, back_off }
    }

    async fn run(&mut self, api: &Api<K>, stream: impl Stream<Item = Item<K>> + Send) -> Ended {
        let mut stream = std::pin::pin!(stream);
        let mut still_there = tokio::time::interval(STILL_THERE);
        still_there.set_missed_tick_behavior(MissedTickBehavior::Delay);
        still_there.reset();
        loop {
            let next = tokio::select! {
                next = stream.next() => next,
                () = self.sinks.changes.closed() => return Ended::NobodyListens,
                _ = still_there.tick() => {
                    if self.went_back(api).await {
                        return Ended::WentBack;
                    }
                    continue;
                }
                () = tokio::time::sleep(QUIET), if self.synced && !self.healthy => {
                    if self.went_back(api).await {
                        return Ended::WentBack;
                    }
                    self.recovered();
                    continue;
                }
            };
            match next {
                Some(Ok(event)) => self.take(event).await,
                Some(Err(error)) if refuses_streaming(&error) && !self.synced => {
                    return Ended::NoStreaming;
                }
                Some(Err(error)) => self.failed(&error).await,
                None => return Ended::NobodyListens,
            }
        }
    }

    /// Whether the API server is at an older version than an object that it told before. Versions are compared
    /// as numbers, as KEP-5504 allows; where they are none, this is never so.
    async fn went_back(&self, api: &Api<K>) -> bool {
        let one = ListParams::default().limit(1);
        let list = within(READ, K::PLURAL, api.list_metadata(&one)).await;
        let now = list.ok().and_then(|it| it.metadata.resource_version?.parse::<u64>().ok());
        now.is_some_and(|now| now < self.newest)
    }

    async fn take(&mut self, event: watcher::Event<K>) {
        if let watcher::Event::InitApply(it) | watcher::Event::Apply(it) = &event {
            let version = it.meta().resource_version.as_deref().and_then(|it| it.parse().ok());
            self.newest = self.newest.max(version.unwrap_or(0));
        }
        match event {
            watcher::Event::Init => {
                self.list = vec![];
                return;
            }
            watcher::Event::InitApply(object) => {
                object.note(&self.sinks.caches);
                let object = object.arrived();
                self.list.push(K::store(&self.sinks.caches).parcel(&object));
                return;
            }
            watcher::Event::InitDone => self.listed().await,
            watcher::Event::Apply(object) => self.changed(object.arrived()).await,
            watcher::Event::Delete(object) => self.deleted(&object).await,
        }
        K::bound(&self.sinks.caches);
        self.recovered();
    }

    async fn listed(&mut self) {
        let list = std::mem::take(&mut self.list);
        let gone = K::store(&self.sinks.caches).replace(list);
        self.synced = true;
        self.sinks.counters.bump_all();
        for object in gone {
            self.tell_gone(&object).await;
        }
        self.tell(Seen::Relisted).await;
    }

    async fn changed(&mut self, object: Arc<K>) {
        object.note(&self.sinks.caches);
        K::store(&self.sinks.caches).put(&object);
        if let Some(root) = object.root(&self.sinks.caches) {
            self.sinks.counters.bump(&root);
        }
        if let Some(seen) = K::seen(&object) {
            self.tell(seen).await;
        }
    }

    async fn deleted(&mut self, object: &K) {
        object.note(&self.sinks.caches);
        K::store(&self.sinks.caches).remove(object);
        self.tell_gone(object).await;
    }

    async fn tell_gone(&mut self, object: &K) {
        let root: Option<ObjectRef> = object.root(&self.sinks.caches);
        let Some(root) = root else { return };
        self.sinks.counters.bump(&root);
        self.tell(Seen::Gone(root)).await;
    }

    /// Waits while the queue is full: then the API server keeps what is not yet read.
    async fn tell(&mut self, seen: Seen) {
        let change = Change { seen, seen_at: Timestamp::now() };
        if self.sinks.changes.send(change).await.is_err() {
            tracing::debug!(kind = K::PLURAL, "nobody reads the changes any more");
        }
    }

    fn recovered(&mut self) {
        if self.synced && !self.healthy {
            tracing::info!(
                kind = K::PLURAL,
                n_objects = K::store(&self.sinks.caches).len(),
                "watching"
            );
            self.sinks.probes.ready(K::PLURAL);
            self.healthy = true;
            self.back_off = back_off();
        }
    }

    async fn failed(&mut self, error: &watcher::Error) {
        let words = service::telemetry::chain(error);
        if self.healthy {
            tracing::warn!(
                kind = K::PLURAL,
                error = words,
                "the watch broke off; starting it again"
            );
        }
        self.sinks.probes.not_ready(K::PLURAL, words);
        self.sinks.restarts.inc();
        self.healthy = false;
        tokio::time::sleep(self.back_off.next().unwrap_or(BACK_OFF.1)).await;
    }
}
