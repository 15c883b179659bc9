//! Whether a pod fits on a node, and the words for why not.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::{Fields, expression_holds, thousandths};
use crate::store::Change;
use crate::world::World;

/// What pods ask for, in thousandths, by resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Load(BTreeMap<String, i128>);

impl Load {
    /// What a pod asks for: its containers together, or its greediest init container.
    pub(super) fn of(pod: &Value) -> Self {
        let mut sum = Self::default();
        for container in pod.list("/spec/containers") {
            sum.add(&Self::asked(container));
        }
        for container in pod.list("/spec/initContainers") {
            let asked = Self::asked(container);
            if container.text("/restartPolicy") == "Always" {
                sum.add(&asked);
                continue;
            }
            for (resource, amount) in asked.0 {
                let held = sum.0.entry(resource).or_default();
                *held = amount.max(*held);
            }
        }
        sum.0.insert("pods".to_owned(), 1_000);
        sum
    }

    fn asked(container: &Value) -> Self {
        let requests = container.at("/resources/requests").as_object().into_iter().flatten();
        Self(requests.filter_map(|(key, it)| Some((key.clone(), thousandths(it)?))).collect())
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (resource, amount) in &other.0 {
            *self.0.entry(resource.clone()).or_default() += amount;
        }
    }

    pub(super) fn sub(&mut self, other: &Self) {
        for (resource, amount) in &other.0 {
            *self.0.entry(resource.clone()).or_default() -= amount;
        }
    }
}

/// Why a node refuses a pod, and whether the removal of other pods could change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    why: String,
    final_word: bool,
}

/// How well a pod fits on a node, or everything that is against it.
pub(super) fn check(
    pod: &Value,
    node: &Value,
    wanted: &Load,
    held: &Load,
) -> Result<f64, Vec<Refusal>> {
    let fixed = |why: String| Err(vec![Refusal { why, final_word: true }]);
    if node.is_true("/spec/unschedulable") && !tolerates_cordon(pod) {
        return fixed("node(s) were unschedulable".to_owned());
    }
    if !matches_node(pod, node) {
        return fixed("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    let tainted = node
        .list("/spec/taints")
        .iter()
        .find(|it| matches!(it.text("/effect"), "NoSchedule" | "NoExecute") && !tolerates(pod, it));
    if let Some(taint) = tainted {
        let words = taint_words(taint);
        return fixed(format!("node(s) had untolerated taint(s) {words}"));
    }
    let mut refusals = Vec::new();
    let mut room = 0.0;
    for (resource, amount) in &wanted.0 {
        let all = thousandths(node.at("/status/allocatable").get(resource).unwrap_or(&Value::Null))
            .unwrap_or(0);
        let used = held.0.get(resource).copied().unwrap_or(0);
        if 0 < *amount && all - used < *amount {
            let why = match resource.as_str() {
                "pods" => "Too many pods".to_owned(),
                resource => format!("Insufficient {resource}"),
            };
            refusals.push(Refusal { why, final_word: all < *amount });
        }
    }
    for resource in ["cpu", "memory", "pods"] {
        room += free_share(node, wanted, held, resource);
    }
    if refusals.is_empty() { Ok(room) } else { Err(refusals) }
}

fn free_share(node: &Value, wanted: &Load, held: &Load, resource: &str) -> f64 {
    let all = thousandths(node.at("/status/allocatable").get(resource).unwrap_or(&Value::Null))
        .unwrap_or(0);
    let taken = [wanted, held].iter().filter_map(|it| it.0.get(resource)).sum::<i128>();
    // In millionths, so that the numbers are small enough for a fraction.
    let share = (all - taken) * 1_000_000 / all.max(1);
    f64::from(i32::try_from(share).unwrap_or(0))
}

fn matches_node(pod: &Value, node: &Value) -> bool {
    let labels = node.at("/metadata/labels");
    let selector = pod.texts("/spec/nodeSelector");
    let chosen =
        selector.iter().all(|(key, it)| labels.get(key).and_then(Value::as_str) == Some(it));
    let required =
        pod.at("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    let terms = required.list("/nodeSelectorTerms");
    let fields = serde_json::json!({"metadata.name": node.name()});
    let fits = |term: &Value| {
        term.list("/matchExpressions").iter().all(|it| expression_holds(it, labels))
            && term.list("/matchFields").iter().all(|it| expression_holds(it, &fields))
    };
    chosen && (terms.is_empty() || terms.iter().any(fits))
}

/// Whether a node takes pods of this kind, were there room enough.
pub(crate) fn takes(pod: &Value, node: &Value) -> bool {
    let nothing = Load::default();
    check(pod, node, &nothing, &nothing).is_ok()
}

/// Whether a pod bears a taint.
pub(crate) fn tolerates(pod: &Value, taint: &Value) -> bool {
    pod.list("/spec/tolerations").iter().any(|it| {
        let (key, effect) = (it.text("/key"), it.text("/effect"));
        (effect.is_empty() || effect == taint.text("/effect"))
            && (key.is_empty() && it.text("/operator") == "Exists" || key == taint.text("/key"))
            && (it.text("/operator") == "Exists" || it.text("/value") == taint.text("/value"))
    })
}

fn tolerates_cordon(pod: &Value) -> bool {
    let taint =
        serde_json::json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    tolerates(pod, &taint)
}

fn taint_words(taint: &Value) -> String {
    let (key, value) = (taint.text("/key"), taint.text("/value"));
    if value.is_empty() { format!("{{{key}}}") } else { format!("{{{key}: {value}}}") }
}

/// What is wrong with the claims of a pod, if anything is.
pub(super) fn claims(world: &World, pod: &Value) -> Option<String> {
    for volume in pod.list("/spec/volumes") {
        let name = volume.text("/persistentVolumeClaim/claimName");
        if name.is_empty() {
            continue;
        }
        let Some(claim) = world.store.get("persistentvolumeclaims", pod.namespace(), name) else {
            return Some(format!("persistentvolumeclaim {name:?} not found."));
        };
        if claim.is_going() {
            return Some(format!("persistentvolumeclaim {name:?} is being deleted."));
        }
        if claim.text("/status/phase") != "Bound" {
            return Some("pod has unbound immediate PersistentVolumeClaims.".to_owned());
        }
    }
    None
}

/// Whether a change of a node could make a place for a pod; a heartbeat could not.
pub(super) fn is_news(change: &Change) -> bool {
    let Some(before) = &change.previous else { return true };
    ["/spec", "/metadata/labels", "/status/allocatable"]
        .iter()
        .any(|it| before.at(it) != change.object.at(it))
}

/// Why no node takes a pod.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    whys: BTreeMap<String, usize>,
    hopeless: usize,
    hopeful: usize,
}

impl Refusals {
    pub(super) fn add(&mut self, refusals: &[Refusal]) {
        for refusal in refusals {
            *self.whys.entry(refusal.why.clone()).or_default() += 1;
        }
        if refusals.iter().any(|it| it.final_word) {
            self.hopeless += 1;
        } else {
            self.hopeful += 1;
        }
    }

    /// The sentence of the scheduler.
    pub(super) fn words(&self, nodes: usize) -> String {
        if nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut whys: Vec<_> = self.whys.iter().map(|it| format!("{} {}", it.1, it.0)).collect();
        whys.sort();
        let mut help = Vec::new();
        if 0 < self.hopeful {
            help.push(format!("{} No preemption victims found for incoming pod", self.hopeful));
        }
        if 0 < self.hopeless {
            help.push(format!("{} Preemption is not helpful for scheduling", self.hopeless));
        }
        format!(
            "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} \
             nodes are available: {}.",
            whys.join(", "),
            help.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refusal(pod: &Value, node: &Value) -> String {
        let mut refusals = Refusals::default();
        refusals.add(&check(pod, node, &Load::of(pod), &Load::default()).unwrap_err());
        refusals.words(1)
    }

    fn node() -> Value {
        json!({"metadata": {"name": "node-1", "labels": {}},
            "status": {"allocatable": {"cpu": "2", "memory": "8Gi", "pods": "110"}}})
    }

    #[test]
    fn the_words_are_those_of_the_real_scheduler() {
        let pod = json!({"spec": {"containers": [
            {"resources": {"requests": {"cpu": "50", "memory": "64Gi"}}}]}});

        assert_eq!(
            refusal(&pod, &node()),
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to \
             deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for \
             scheduling."
        );
        assert_eq!(
            refusal(&json!({"spec": {"nodeSelector": {"disk": "ssd"}, "containers": []}}), &node()),
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new \
             claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful \
             for scheduling."
        );
    }

    #[test]
    fn a_taint_keeps_away_who_does_not_bear_it() {
        let mut node = node();
        node["spec"] = json!({"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]});
        let stranger = json!({"spec": {"containers": []}});
        let friend = json!({"spec": {"containers": [], "tolerations": [{"key": "gpu", "operator": "Exists"}]}});

        assert!(
            refusal(&stranger, &node).contains("1 node(s) had untolerated taint(s) {gpu: yes}")
        );
        assert!(check(&friend, &node, &Load::of(&friend), &Load::default()).is_ok());
    }
}
