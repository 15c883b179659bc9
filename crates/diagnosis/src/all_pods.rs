//! All pods of a cluster in outline, and what is looked up in them: worked out once, however many diagnoses ask.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::PodOutline;

/// All pods of a cluster in outline. What many diagnoses of one moment share, they share with what is worked out of it.
#[derive(Debug, Default)]
pub struct AllPods {
    pods: Vec<Arc<PodOutline>>,
    index: OnceLock<Index>,
}

/// What the pods of one node ask for together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) n_pods: u64,
}

/// The namespaces in which an image runs ready, each with the first pod of it.
pub(crate) type Places = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Index {
    asked: HashMap<String, Asked>,
    images: BTreeMap<String, Places>,
    schedulers: BTreeSet<String>,
    tolerated: BTreeSet<String>,
    with_ports: Vec<Arc<PodOutline>>,
}

impl AllPods {
    /// These pods, in any order.
    pub fn new(pods: Vec<Arc<PodOutline>>) -> Self {
        Self { pods, index: OnceLock::new() }
    }

    /// Each of them.
    pub fn each(&self) -> &[Arc<PodOutline>] {
        &self.pods
    }

    /// What the pods on this node ask for.
    pub(crate) fn asked_of(&self, node: &str) -> Asked {
        self.index().asked.get(node).copied().unwrap_or_default()
    }

    /// The images that run ready, and where: thousands of pods run a few.
    pub(crate) fn images(&self) -> &BTreeMap<String, Places> {
        &self.index().images
    }

    /// The schedulers that gave some pod its node, without the cluster's own.
    pub(crate) fn schedulers(&self) -> &BTreeSet<String> {
        &self.index().schedulers
    }

    /// The keys of taints that some pod tolerates by name.
    pub(crate) fn tolerated(&self) -> &BTreeSet<String> {
        &self.index().tolerated
    }

    /// The pods that have a port on their node.
    pub(crate) fn with_ports(&self) -> &[Arc<PodOutline>] {
        &self.index().with_ports
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            self.pods.iter().for_each(|it| index.add(it));
            index
        })
    }
}

impl Index {
    fn add(&mut self, pod: &Arc<PodOutline>) {
        if let Some(node) = &pod.node {
            let asked = self.asked.entry(node.clone()).or_default();
            asked.cpu_millis = asked.cpu_millis.saturating_add(pod.cpu_millis);
            asked.memory_bytes = asked.memory_bytes.saturating_add(pod.memory_bytes);
            asked.n_pods = asked.n_pods.saturating_add(1);
        }
        for image in &pod.ready_images {
            if !self.images.contains_key(image) {
                self.images.insert(image.clone(), Places::new());
            }
            let Some(places) = self.images.get_mut(image) else { continue };
            match places.get_mut(&pod.namespace) {
                Some(first) if pod.name < *first => first.clone_from(&pod.name),
                Some(_) => {}
                None => drop(places.insert(pod.namespace.clone(), pod.name.clone())),
            }
        }
        self.schedulers.extend(pod.scheduler.clone());
        for key in &pod.tolerated {
            if !self.tolerated.contains(key) {
                self.tolerated.insert(key.clone());
            }
        }
        if pod.node.is_some() && !pod.host_ports.is_empty() {
            self.with_ports.push(Arc::clone(pod));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str, name: &str, change: impl FnOnce(&mut PodOutline)) -> Arc<PodOutline> {
        let mut pod = PodOutline {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..PodOutline::default()
        };
        change(&mut pod);
        Arc::new(pod)
    }

    #[test]
    fn what_a_nodes_pods_ask_for_is_their_sum() {
        let on = |node: &str, cpu_millis| {
            let node = node.to_owned();
            pod("shop", "web", |it| {
                (it.node, it.cpu_millis, it.memory_bytes) = (Some(node), cpu_millis, u64::MAX);
            })
        };
        let pods =
            AllPods::new(vec![on("a", 100), on("b", 7), on("a", 250), pod("x", "y", |_| {})]);

        let sum = Asked { cpu_millis: 350, memory_bytes: u64::MAX, n_pods: 2 };
        assert_eq!(pods.asked_of("a"), sum);
        assert_eq!(pods.asked_of("c"), Asked::default());
    }

    #[test]
    fn of_each_namespace_the_first_pod_of_an_image_is_known_in_any_order() {
        let runs = |namespace: &str, name: &str| {
            pod(namespace, name, |it| it.ready_images = vec!["web:1".to_owned()])
        };
        let mut all = vec![runs("shop", "b"), runs("shop", "a"), runs("cafe", "c")];

        for _ in 0..2 {
            let pods = AllPods::new(all.clone());
            let places: Vec<_> = pods.images()["web:1"].iter().collect();
            let expected =
                [("cafe", "c"), ("shop", "a")].map(|it| (it.0.to_owned(), it.1.to_owned()));
            assert_eq!(places, expected.iter().map(|it| (&it.0, &it.1)).collect::<Vec<_>>());
            all.reverse();
        }
    }

    #[test]
    fn a_port_of_a_node_is_held_by_whom_is_on_one() {
        let wants = |name: &str, node: Option<&str>| {
            let node = node.map(str::to_owned);
            pod("shop", name, |it| (it.node, it.host_ports) = (node, vec![80]))
        };
        let pods = AllPods::new(vec![wants("on", Some("a")), wants("off", None)]);

        let names: Vec<_> = pods.with_ports().iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["on"]);
    }
}
