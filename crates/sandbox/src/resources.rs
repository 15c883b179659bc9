//! The table of every resource that the sandbox serves.

/// One kind of object and how it is addressed.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version inside the group.
    pub version: &'static str,
    /// The kind, such as `Deployment`.
    pub kind: &'static str,
    /// The plural name in URLs; the key under which the store keeps the objects.
    pub plural: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Short names for `kubectl`.
    pub short: &'static [&'static str],
    /// What lies under one object's URL, such as `status` and `scale`.
    pub subresources: &'static [&'static str],
    /// Whether `metadata.generation` counts the changes of the spec.
    pub generation: bool,
}

impl Resource {
    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `deployments.apps`, as error messages call it.
    pub fn qualified(&self) -> String {
        join(self.plural, self.group)
    }

    /// `Pod` or `Deployment.apps`, as validation messages call it.
    pub fn qualified_kind(&self) -> String {
        join(self.kind, self.group)
    }

    /// What can be done with its objects; namespaces go one by one.
    pub fn verbs(&self) -> Vec<&'static str> {
        let all = VERBS.into_iter();
        all.filter(|it| self.plural != "namespaces" || *it != "deletecollection").collect()
    }

    /// Whether `kubectl get all` shows it.
    pub fn in_all(&self) -> bool {
        matches!(
            self.plural,
            "pods"
                | "services"
                | "replicationcontrollers"
                | "deployments"
                | "replicasets"
                | "statefulsets"
                | "daemonsets"
                | "jobs"
                | "cronjobs"
                | "horizontalpodautoscalers"
        )
    }
}

fn join(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// The resource whose objects the store keeps under `plural`.
pub fn by_plural(plural: &str) -> Option<&'static Resource> {
    ALL.iter().find(|it| it.plural == plural)
}

/// The resource at a URL.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    ALL.iter().find(|it| it.group == group && it.version == version && it.plural == plural)
}

/// The resource of an object's `kind`, whatever its group.
pub fn by_kind(kind: &str) -> Option<&'static Resource> {
    ALL.iter().find(|it| it.kind == kind)
}

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const NONE: &[&str] = &[];
const STATUS: &[&str] = &["status"];
const SCALED: &[&str] = &["scale", "status"];
const POD: &[&str] =
    &["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "resize", "status"];

const fn row(
    (group, version, kind, plural): (&'static str, &'static str, &'static str, &'static str),
    namespaced: bool,
    short: &'static [&'static str],
    subresources: &'static [&'static str],
    generation: bool,
) -> Resource {
    Resource { group, version, kind, plural, namespaced, short, subresources, generation }
}

/// Every resource; `events` is served by two groups and stored once, as the core group's.
#[rustfmt::skip]
pub const ALL: &[Resource] = &[
    row(("", "v1", "Pod", "pods"), true, &["po"], POD, true),
    row(("", "v1", "Service", "services"), true, &["svc"], STATUS, false),
    row(("", "v1", "Endpoints", "endpoints"), true, &["ep"], NONE, false),
    row(("", "v1", "ConfigMap", "configmaps"), true, &["cm"], NONE, false),
    row(("", "v1", "Secret", "secrets"), true, NONE, NONE, false),
    row(("", "v1", "Namespace", "namespaces"), false, &["ns"], STATUS, false),
    row(("", "v1", "Node", "nodes"), false, &["no"], STATUS, false),
    row(("", "v1", "Event", "events"), true, &["ev"], NONE, false),
    row(("", "v1", "ServiceAccount", "serviceaccounts"), true, &["sa"], NONE, false),
    row(("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"), true, &["pvc"], STATUS, false),
    row(("", "v1", "PersistentVolume", "persistentvolumes"), false, &["pv"], STATUS, false),
    row(("", "v1", "LimitRange", "limitranges"), true, &["limits"], NONE, false),
    row(("", "v1", "ResourceQuota", "resourcequotas"), true, &["quota"], STATUS, false),
    row(("", "v1", "ReplicationController", "replicationcontrollers"), true, &["rc"], SCALED, true),
    row(("", "v1", "PodTemplate", "podtemplates"), true, NONE, NONE, true),
    row(("apps", "v1", "Deployment", "deployments"), true, &["deploy"], SCALED, true),
    row(("apps", "v1", "ReplicaSet", "replicasets"), true, &["rs"], SCALED, true),
    row(("apps", "v1", "StatefulSet", "statefulsets"), true, &["sts"], SCALED, true),
    row(("apps", "v1", "DaemonSet", "daemonsets"), true, &["ds"], STATUS, true),
    row(("apps", "v1", "ControllerRevision", "controllerrevisions"), true, NONE, NONE, false),
    row(("batch", "v1", "Job", "jobs"), true, NONE, STATUS, true),
    row(("batch", "v1", "CronJob", "cronjobs"), true, &["cj"], STATUS, true),
    row(("events.k8s.io", "v1", "Event", "events"), true, &["ev"], NONE, false),
    row(("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"), true, &["hpa"], STATUS, false),
    row(("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"), true, &["pdb"], STATUS, true),
    row(("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"), true, NONE, NONE, true),
    row(("coordination.k8s.io", "v1", "Lease", "leases"), true, NONE, NONE, false),
    row(("networking.k8s.io", "v1", "Ingress", "ingresses"), true, &["ing"], STATUS, true),
    row(("networking.k8s.io", "v1", "IngressClass", "ingressclasses"), false, NONE, NONE, true),
    row(("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"), true, &["netpol"], NONE, true),
    row(("storage.k8s.io", "v1", "StorageClass", "storageclasses"), false, &["sc"], NONE, false),
    row(("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses"), false, &["pc"], NONE, true),
    row(("rbac.authorization.k8s.io", "v1", "Role", "roles"), true, NONE, NONE, false),
    row(("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"), true, NONE, NONE, false),
    row(("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"), false, NONE, NONE, false),
    row(("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"), false, NONE, NONE, false),
];
