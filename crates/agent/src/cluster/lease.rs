//! The Lease by which replicas of the agent agree who writes, and what they tell each other in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};

use super::kube::within;
use super::{ClusterError, KubeCluster};

/// How long a call may take: several have to fit between two renewals that are due.
const CALL: Duration = Duration::from_secs(3);
/// Under which name the Lease is written in `managedFields`: its writes are no fixes.
const MANAGER: &str = "k8s-reflexion-lease";
/// Where the holder keeps what the next one has to know.
const SHARED: &str = "k8s-reflexion.io/shared";
/// Where a replica that has something to finish asks for its turn.
const WANTED_BY: &str = "k8s-reflexion.io/wanted-by";

/// Which Lease: `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::str::FromStr for LeaseName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/');
        let named = parts.filter(|(namespace, name)| {
            types::names::is_namespace(namespace) && types::names::is_pod_name(name)
        });
        let (namespace, name) = named.ok_or("write it as NAMESPACE/NAME")?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl std::fmt::Display for LeaseName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A Lease as it was read, or as it is to be written over what was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeaseRecord {
    object: Lease,
}

impl LeaseRecord {
    /// Who holds it; nobody where it was let go.
    pub fn holder(&self) -> Option<&str> {
        let holder = self.object.spec.as_ref()?.holder_identity.as_deref();
        holder.filter(|it| !it.is_empty())
    }

    /// When its holder renewed it last, by his clock.
    pub fn renewed(&self) -> Option<Timestamp> {
        Some(self.object.spec.as_ref()?.renew_time.as_ref()?.0)
    }

    /// How long its holder wants to be believed when he is silent; no time where he does not say.
    pub fn lasts(&self) -> Duration {
        let seconds = self.object.spec.as_ref().and_then(|it| it.lease_duration_seconds);
        Duration::from_secs(seconds.and_then(|it| u64::try_from(it).ok()).unwrap_or(0))
    }

    /// The same, with its holder wanting to be believed for so long, in whole seconds.
    #[must_use]
    pub fn lasting(&self, lease: Duration) -> Self {
        let mut next = self.clone();
        let spec = next.object.spec.get_or_insert_with(LeaseSpec::default);
        spec.lease_duration_seconds = Some(i32::try_from(lease.as_secs()).unwrap_or(i32::MAX));
        next
    }

    /// What the holder keeps in it for the next one.
    pub fn shared(&self) -> Option<&str> {
        self.annotation(SHARED)
    }

    /// Who asks for his turn.
    pub fn wanted_by(&self) -> Option<&str> {
        self.annotation(WANTED_BY).filter(|it| !it.is_empty())
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.object.metadata.annotations.as_ref()?.get(key).map(String::as_str)
    }

    fn annotate(&mut self, key: &str, value: String) {
        let annotations = self.object.metadata.annotations.get_or_insert_default();
        annotations.insert(key.to_owned(), value);
    }

    /// The same, held by this replica from now on, with this for the next one.
    #[must_use]
    pub fn held_by(&self, me: &str, shared: String, now: Timestamp) -> Self {
        let mut next = self.clone();
        let is_new = self.holder() != Some(me);
        let spec = next.object.spec.get_or_insert_with(LeaseSpec::default);
        if is_new {
            spec.acquire_time = Some(MicroTime(now));
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
        }
        spec.holder_identity = Some(me.to_owned());
        spec.renew_time = Some(MicroTime(now));
        next.annotate(SHARED, shared);
        if next.wanted_by() == Some(me) {
            next.annotate(WANTED_BY, String::new());
        }
        next
    }

    /// The same without a holder. What is kept in it stays.
    #[must_use]
    pub fn let_go(&self, shared: String) -> Self {
        let mut next = self.clone();
        if let Some(spec) = &mut next.object.spec {
            spec.holder_identity = None;
        }
        next.annotate(SHARED, shared);
        next
    }

    /// The same, with this replica asking for its turn.
    #[must_use]
    pub fn asked_for_by(&self, me: &str) -> Self {
        let mut next = self.clone();
        next.annotate(WANTED_BY, me.to_owned());
        next
    }

    /// The same, with nobody asking for a turn.
    #[must_use]
    pub fn asked_for_by_nobody(&self) -> Self {
        self.asked_for_by("")
    }
}

/// The Lease in the cluster: who reads the cluster reads it, and who writes there writes it.
pub struct KubeLease {
    cluster: Arc<KubeCluster>,
    name: LeaseName,
}

impl KubeLease {
    /// The Lease of this name.
    pub fn new(cluster: Arc<KubeCluster>, name: LeaseName) -> Self {
        Self { cluster, name }
    }

    /// Its name.
    pub fn name(&self) -> &LeaseName {
        &self.name
    }

    /// The Lease as it is now; `None` where there is none.
    pub async fn read(&self) -> Result<Option<LeaseRecord>, ClusterError> {
        let client = self.cluster.client.clone();
        let api = Api::<Lease>::namespaced(client, &self.name.namespace);
        match within(CALL, &self.what(), api.get(&self.name.name)).await {
            Ok(object) => Ok(Some(LeaseRecord { object })),
            Err(ClusterError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it over the version that it was made from, or makes it; `Conflict` where somebody was faster.
    pub async fn write(&self, record: LeaseRecord) -> Result<LeaseRecord, ClusterError> {
        let client = tokio::time::timeout(CALL, self.cluster.writer()).await;
        let client =
            client.map_err(|_| ClusterError::Unreachable("no token came".to_owned()))??;
        let api = Api::<Lease>::namespaced(client, &self.name.namespace);
        let params = PostParams { dry_run: false, field_manager: Some(MANAGER.to_owned()) };
        let mut object = record.object;
        let what = self.what();
        let object = if object.metadata.resource_version.is_some() {
            within(CALL, &what, api.replace(&self.name.name, &params, &object)).await?
        } else {
            let annotations = object.metadata.annotations.take();
            let name = Some(self.name.name.clone());
            object.metadata = ObjectMeta { name, annotations, ..ObjectMeta::default() };
            within(CALL, &what, api.create(&params, &object)).await?
        };
        Ok(LeaseRecord { object })
    }

    fn what(&self) -> String {
        format!("Lease {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_it_over_counts_and_who_renews_it_does_not() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = LeaseRecord::default().held_by("a", "{}".to_owned(), at(1));
        let renewed = first.held_by("a", "{}".to_owned(), at(2));
        let taken = renewed.held_by("b", "{}".to_owned(), at(3));

        let spec = |it: &LeaseRecord| it.object.spec.clone().unwrap();
        assert_eq!(spec(&renewed).lease_transitions, Some(1));
        assert_eq!(spec(&renewed).acquire_time, Some(MicroTime(at(1))));
        assert_eq!(renewed.renewed(), Some(at(2)));
        assert_eq!(spec(&taken).lease_transitions, Some(2));
        assert_eq!(taken.holder(), Some("b"));
        assert_eq!(taken.let_go(String::new()).holder(), None);
    }

    #[test]
    fn who_asked_for_a_turn_and_gets_it_asks_no_more() {
        let held = LeaseRecord::default().held_by("a", "{}".to_owned(), Timestamp::UNIX_EPOCH);
        let asked = held.asked_for_by("b");

        assert_eq!(asked.wanted_by(), Some("b"));
        let renewed = asked.held_by("a", "{}".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!(renewed.wanted_by(), Some("b"));
        let taken = renewed.held_by("b", "{}".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!(taken.wanted_by(), None);
    }

    #[test]
    fn a_lease_is_a_namespace_and_a_name() {
        let name: LeaseName = "k8s-reflexion/agent".parse().unwrap();

        assert_eq!(name.to_string(), "k8s-reflexion/agent");
        for text in ["agent", "/agent", "k8s-reflexion/", "a/b/c", "A/b", "a/../b"] {
            assert!(text.parse::<LeaseName>().is_err(), "{text}");
        }
    }
}
