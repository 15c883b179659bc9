//! Deployments with their ReplicaSets and pods.

use serde_json::{Value, json};

use super::pods::{self, Birth, template};
use super::statuses::Trouble;
use super::{DEPLOYMENTS_EACH, Draw, REVISIONS, SYSTEM, owner, team, written_by};

const HOUR: usize = 60 * 60;
/// The age of the youngest app and of the oldest, in hours.
const AGES: (usize, usize) = (2, 1000);
/// One Deployment of so many is broken.
const BROKEN: usize = 33;
const WORDS: [&str; 10] = [
    "checkout",
    "catalog",
    "payments",
    "inventory",
    "notifications",
    "frontend",
    "search",
    "recommendations",
    "identity",
    "reports",
];

/// The Service of the name servers, as every cluster calls it.
const NAME_SERVERS: &str = "kube-dns";

/// One application: a workload and what belongs to it.
pub(super) struct App {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) replicas: usize,
    pub(super) version: usize,
    pub(super) trouble: Option<Trouble>,
    /// How old it is, in seconds.
    pub(super) age: usize,
    /// Whether a second container runs beside it.
    pub(super) sidecar: bool,
    /// Whether its Service gives the addresses of its pods, each with a name of its own.
    pub(super) headless: bool,
    /// The account of its pods.
    pub(super) account: String,
}

impl App {
    /// The application of this number, with its share of the pods that are left.
    pub(super) fn draw(draw: &mut Draw, n: usize, pods_left: usize) -> Self {
        let apps_left = draw.size.deployments.saturating_sub(n).max(1);
        let mean = pods_left / apps_left;
        let replicas = if apps_left == 1 {
            pods_left
        } else {
            (1 + draw.chance.below(2 * mean.max(1) - 1)).min(pods_left)
        };
        let word = word(draw);
        let is_furnished = draw.size.is_furnished(n);
        let own = |it: Self| {
            if is_furnished { Self { account: it.name.clone(), ..it } } else { it }
        };
        if n == 0 {
            // What everybody asks for names.
            let app = Self::new(draw, SYSTEM.to_owned(), NAME_SERVERS.to_owned());
            return own(Self { replicas, trouble: None, ..app });
        }
        let app = Self::new(draw, team(n / DEPLOYMENTS_EACH), format!("{word}-{n}"));
        own(Self { replicas, ..app })
    }

    /// An application of one pod.
    pub(super) fn new(draw: &mut Draw, namespace: String, name: String) -> Self {
        let broken = draw.chance.below(BROKEN) == 0;
        Self {
            namespace,
            name,
            replicas: 1,
            version: 2 + draw.chance.below(30),
            trouble: broken.then(|| Trouble::draw(&mut draw.chance)),
            age: HOUR * (AGES.0 + draw.chance.below(AGES.1 - AGES.0)),
            sidecar: draw.chance.below(5) == 0,
            headless: false,
            account: "default".to_owned(),
        }
    }

    /// What its pods are found by.
    pub(super) fn selector(&self) -> Value {
        json!({"app.kubernetes.io/name": self.name, "app.kubernetes.io/instance": self.name})
    }

    /// What all its objects carry.
    pub(super) fn labels(&self) -> Value {
        json!({"app.kubernetes.io/name": self.name, "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/version": format!("1.{}.0", self.version),
            "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": format!("{}-0.9.1", self.name)})
    }

    /// So many of its replicas are ready.
    pub(super) fn ready(&self) -> usize {
        if self.trouble.is_some() { 0 } else { self.replicas }
    }
}

/// What an application is for.
pub(super) fn word(draw: &mut Draw) -> &'static str {
    draw.chance.one_of(&WORDS, "web")
}

/// Puts the Deployment, its ReplicaSets and its pods.
pub(super) fn put(draw: &mut Draw, app: &App) {
    let deployment = deployment(draw, app);
    let owned = owner(&deployment);
    draw.put("deployments", deployment);
    for back in (0..REVISIONS).rev() {
        let set = replica_set(draw, app, (&owned, back));
        let owned = owner(&set);
        let hash = set["metadata"]["labels"]["pod-template-hash"].as_str().unwrap_or_default();
        let hash = hash.to_owned();
        draw.put("replicasets", set);
        let replicas = if back == 0 { app.replicas } else { 0 };
        let mut template = template(app, 0);
        template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
        for _ in 0..replicas {
            let prefix = format!("{}-{hash}-", app.name);
            let name = format!("{prefix}{}", draw.chance.letters(5));
            let birth = Birth { prefix, ..Birth::of(&owned, name) };
            pods::put(draw, app, &template, &birth);
        }
    }
}

fn deployment(draw: &mut Draw, app: &App) -> Value {
    let spec = json!({
        "replicas": app.replicas, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        "selector": {"matchLabels": app.selector()},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "template": template(app, 0),
    });
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["generation"] = json!(app.version);
    metadata["labels"] = app.labels();
    let applied =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec});
    metadata["annotations"] = json!({
        "deployment.kubernetes.io/revision": app.version.to_string(),
        "meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace,
        "kubectl.kubernetes.io/last-applied-configuration": applied.to_string(),
    });
    let mut object =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec});
    let (ready, at) = (app.ready(), draw.ago(app.age));
    let (available, why) = if app.trouble.is_none() {
        ("True", "MinimumReplicasAvailable")
    } else {
        ("False", "MinimumReplicasUnavailable")
    };
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": at, "lastTransitionTime": at})
    };
    let status = json!({
        "observedGeneration": app.version, "replicas": app.replicas, "updatedReplicas": app.replicas,
        "readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": app.replicas - ready,
        "conditions": [
            condition("Available", available, why, "Deployment has minimum availability or not."),
            condition("Progressing", "True", "NewReplicaSetAvailable",
                &format!("ReplicaSet \"{}\" has successfully progressed.", app.name)),
        ],
    });
    written_by(&mut object, "helm", ("kube-controller-manager", status));
    object
}

/// The ReplicaSet of a revision that lies so many steps back.
fn replica_set(draw: &mut Draw, app: &App, (owned, back): (&Value, usize)) -> Value {
    let hash = draw.chance.letters(10);
    let name = format!("{}-{hash}", app.name);
    let replicas = if back == 0 { app.replicas } else { 0 };
    let ready = if back == 0 { app.ready() } else { 0 };
    let mut template = template(app, back);
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut metadata = draw.metadata(&app.namespace, &name, app.age);
    metadata["generation"] = json!(2);
    metadata["labels"] = template["metadata"]["labels"].clone();
    metadata["ownerReferences"] = owned.clone();
    metadata["annotations"] = json!({
        "deployment.kubernetes.io/desired-replicas": app.replicas.to_string(),
        "deployment.kubernetes.io/max-replicas": (app.replicas + app.replicas.div_ceil(4)).to_string(),
        "deployment.kubernetes.io/revision": (app.version - back.min(1)).to_string(),
        "meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace,
    });
    let mut selector = app.selector();
    selector["pod-template-hash"] = json!(hash);
    let spec =
        json!({"replicas": replicas, "selector": {"matchLabels": selector}, "template": template});
    let mut object =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec});
    let mut status = json!({"observedGeneration": 2, "replicas": replicas});
    if 0 < replicas {
        status["fullyLabeledReplicas"] = json!(replicas);
        status["readyReplicas"] = json!(ready);
        status["availableReplicas"] = json!(ready);
    }
    written_by(&mut object, "kube-controller-manager", ("kube-controller-manager", status));
    object
}
