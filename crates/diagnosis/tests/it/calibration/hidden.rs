//! What a cluster may not tell: facts that are taken away from what is known of a case.

use std::sync::Arc;

use diagnosis::{AllPods, Objects, Root, Snapshot};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};

/// A class of facts that nobody tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    /// The API server has forgotten the events, as it does after an hour.
    Events,
    /// No log can be read.
    Logs,
    /// How containers ended before is gone with their pods, and so are the logs from then.
    Endings,
    /// Nobody kept the revisions of before, nor saw them ready.
    Revisions,
    /// What else there is could not be read: the names that could have been meant, and the images that run.
    Names,
    /// The nodes could not be read.
    Nodes,
    /// The kubelet has not yet told of the wait that its containers are in.
    Waits,
}

/// Each of them.
pub(super) const ALL: [Hidden; 7] = [
    Hidden::Events,
    Hidden::Logs,
    Hidden::Endings,
    Hidden::Revisions,
    Hidden::Names,
    Hidden::Nodes,
    Hidden::Waits,
];

/// Each of them alone, then each two of them.
pub(super) fn all_and_pairs() -> Vec<Vec<Hidden>> {
    let pairs = ALL.iter().enumerate().flat_map(|(n, first)| {
        let later = ALL.iter().skip(n + 1);
        later.map(move |second| vec![*first, *second])
    });
    ALL.iter().map(|it| vec![*it]).chain(pairs).collect()
}

impl Hidden {
    /// Takes these facts from what is known around one root.
    pub(super) fn of_root(self, objects: &mut Objects) {
        match self {
            Self::Events => objects.events.clear(),
            Self::Logs => objects.logs.clear(),
            Self::Endings => {
                objects.logs.retain(|it| !it.previous);
                each_pod(objects, |it| it.last_state = None);
            }
            Self::Revisions => forget_revisions(objects),
            Self::Names => forget_names(objects),
            Self::Nodes => objects.nodes = None,
            Self::Waits => each_pod(objects, one_step_back),
        }
    }

    /// Takes these facts from what is known of a cluster.
    pub(super) fn of_cluster(self, snapshot: &mut Snapshot) {
        match self {
            Self::Events => snapshot.events.clear(),
            Self::Endings => each(&mut snapshot.pods, |it| it.last_state = None),
            Self::Names => {
                snapshot.config_maps = None;
                snapshot.service_accounts = None;
                snapshot.storage_classes = None;
                snapshot.ingress_classes = None;
                snapshot.gateway_classes = None;
                snapshot.issuers = None;
            }
            Self::Nodes => snapshot.nodes.clear(),
            Self::Waits => each(&mut snapshot.pods, one_step_back),
            Self::Logs | Self::Revisions => {}
        }
    }
}

/// Leaves the revision that is wanted now alone.
fn forget_revisions(objects: &mut Objects) {
    let number = |it: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| {
        let annotations = it.annotations.as_ref()?;
        annotations.get("deployment.kubernetes.io/revision")?.parse::<i64>().ok()
    };
    if matches!(objects.root, Root::Deployment(_)) {
        let newest = objects.replica_sets.iter().filter_map(|it| number(&it.metadata)).max();
        objects.replica_sets.retain(|it| number(&it.metadata) == newest);
    }
    let newest = objects.controller_revisions.iter().map(|it| it.revision).max();
    objects.controller_revisions.retain(|it| Some(it.revision) == newest);
    objects.ready_revisions.clear();
    objects.longest_ready.clear();
}

fn forget_names(objects: &mut Objects) {
    objects.config_maps = None;
    objects.claims = None;
    objects.service_accounts = None;
    objects.services = objects.services.take().filter(|_| matches!(objects.root, Root::Service(_)));
    objects.priority_classes = None;
    objects.runtime_classes = None;
    objects.all_pods = Arc::new(AllPods::new(vec![]));
    let own: Vec<_> = objects.pods.iter().filter_map(|it| it.metadata.uid.clone()).collect();
    // What a Service takes pods by is looked for among all of them.
    if !matches!(objects.root, Root::Service(_)) {
        let is_own = |it: &Arc<Pod>| it.metadata.uid.as_ref().is_some_and(|it| own.contains(it));
        objects.namespace_pods.retain(is_own);
        objects.workloads.retain(|it| it == &objects.root);
    }
}

fn each_pod(objects: &mut Objects, change: impl Fn(&mut ContainerStatus) + Copy) {
    each(&mut objects.pods, change);
    each(&mut objects.namespace_pods, change);
}

fn each(pods: &mut [Arc<Pod>], change: impl Fn(&mut ContainerStatus)) {
    for pod in pods {
        let Some(status) = Arc::make_mut(pod).status.as_mut() else { continue };
        let first = status.init_container_statuses.iter_mut().flatten();
        first.chain(status.container_statuses.iter_mut().flatten()).for_each(&change);
    }
}

/// What waits after an end was seen to end last; of what waits for the first time nothing is known.
fn one_step_back(status: &mut ContainerStatus) {
    if status.state.as_ref().is_some_and(|it| it.waiting.is_some()) {
        status.state = status.last_state.take();
    }
}

#[test]
fn what_is_hidden_is_gone() {
    let text = "
{taken_at: 2026-11-24T03:00:00Z, root: Pod web, logs: [{pod: web, container: app, text: hello}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: web-1}
spec: {containers: [{name: app, image: 'busybox:1.36'}]}
status:
  phase: Running
  containerStatuses:
    - name: app
      image: busybox:1.36
      imageID: ''
      ready: false
      restartCount: 3
      state: {waiting: {reason: CrashLoopBackOff}}
      lastState: {terminated: {exitCode: 1}}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: shop}
involvedObject: {kind: Pod, name: web, uid: web-1}
reason: BackOff
type: Warning";
    let seen = |hidden: Hidden| {
        let mut objects = crate::casebook::scene::objects(text);
        hidden.of_root(&mut objects);
        let of_event = |it: &Arc<Event>| it.reason.clone().unwrap();
        let events: Vec<_> = objects.events.iter().map(of_event).collect();
        let status = objects.pods[0].status.as_ref().unwrap();
        let container = &status.container_statuses.as_ref().unwrap()[0];
        let waits = container.state.as_ref().is_some_and(|it| it.waiting.is_some());
        (events.len(), objects.logs.len(), waits, container.last_state.is_some())
    };

    assert_eq!(seen(Hidden::Nodes), (1, 1, true, true));
    assert_eq!(seen(Hidden::Events), (0, 1, true, true));
    assert_eq!(seen(Hidden::Logs), (1, 0, true, true));
    assert_eq!(seen(Hidden::Endings), (1, 1, true, false));
    assert_eq!(seen(Hidden::Waits), (1, 1, false, false));
}
