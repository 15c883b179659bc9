//! A shop in the API server that is played: a Deployment, its ReplicaSet, and pods in any state.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api_server::ApiServer;

pub(crate) const PODS: &str = "/api/v1/pods";
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
pub(crate) const REPLICA_SETS: &str = "/apis/apps/v1/replicasets";

/// A Deployment with its ReplicaSet, whose pods are put one by one.
#[derive(Clone, Copy)]
pub(crate) struct Shop<'a> {
    pub(crate) api: &'a ApiServer,
    pub(crate) name: &'a str,
    pub(crate) replicas: usize,
}

impl Shop<'_> {
    /// The Deployment as it reports so many ready replicas.
    pub(crate) fn deployment(self, n_ready: usize) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": self.name, "uid": format!("d-{}", self.name),
                "resourceVersion": "10", "generation": 1, "creationTimestamp": Timestamp::now()},
            "spec": {"replicas": self.replicas, "selector": {"matchLabels": {"app": self.name}},
                "template": self.template()},
            "status": {"observedGeneration": 1, "replicas": self.replicas,
                "updatedReplicas": self.replicas, "readyReplicas": n_ready,
                "availableReplicas": n_ready}})
    }

    /// Puts the Deployment, reporting so many ready replicas, and its ReplicaSet.
    pub(crate) fn open(self, n_ready: usize) {
        self.api.put(DEPLOYMENTS, &self.deployment(n_ready));
        let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name,
            "uid": format!("d-{}", self.name), "controller": true}]);
        let metadata = json!({"namespace": "shop", "name": self.set(), "uid": self.set(),
            "resourceVersion": "10", "ownerReferences": owner, "labels": {"app": self.name},
            "creationTimestamp": Timestamp::now(),
            "annotations": {"deployment.kubernetes.io/revision": "1"}});
        self.api.put(
            REPLICA_SETS,
            &json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": metadata, "spec": {"replicas": self.replicas, "template": self.template(),
                "selector": {"matchLabels": {"app": self.name}}},
            "status": {"replicas": self.replicas}}),
        );
    }

    /// A pod that cannot pull its image.
    pub(crate) fn failing(self, number: usize) -> Value {
        let message = "Back-off pulling image \"web:typo\": ErrImagePull: not found";
        self.pod(
            number,
            "Pending",
            "False",
            &json!({"waiting": {"reason": "ImagePullBackOff", "message": message}}),
        )
    }

    /// A pod that is ready.
    pub(crate) fn ready(self, number: usize) -> Value {
        self.pod(number, "Running", "True", &json!({"running": {"startedAt": Timestamp::now()}}))
    }

    fn set(self) -> String {
        format!("{}-1", self.name)
    }

    fn template(self) -> Value {
        json!({"metadata": {"labels": {"app": self.name}},
            "spec": {"containers": [{"name": "app", "image": "web:typo"}]}})
    }

    fn pod(self, number: usize, phase: &str, ready: &str, state: &Value) -> Value {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": self.set(),
            "uid": self.set(), "controller": true}]);
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "shop", "name": format!("{}-{number}", self.set()),
                "uid": format!("p-{}-{number}", self.name), "resourceVersion": "20",
                "labels": {"app": self.name}, "ownerReferences": owner,
                "creationTimestamp": Timestamp::now()},
            "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:typo"}]},
            "status": {"phase": phase, "conditions": [
                    {"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "app", "image": "web:typo", "imageID": "",
                    "ready": ready == "True", "started": ready == "True", "restartCount": 0,
                    "state": state}]}})
    }
}
