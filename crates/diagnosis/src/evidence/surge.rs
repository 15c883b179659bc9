//! A rollout whose new pod waits for what only one pod may have, and an old one of its own has: it takes none away
//! first.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};
use types::{Edit, FieldPath, SlipFacts, SlipKind};

use super::{company::unschedulable, pods::is_ready};
use crate::{Objects, Root};

/// What is said where a pod waits for what another one has: a volume, a port of the node, a node for itself.
const HELD: [&str; 4] = [
    "Multi-Attach error",
    "ReadWriteOncePod access mode",
    "didn't have free ports",
    "didn't match pod anti-affinity rules",
];
/// The label that tells the pods of one revision from those of another.
const REVISION: &str = "pod-template-hash";

/// How the rollout would go on: with none more, and one fewer at a time.
pub(super) fn slip(objects: &Objects) -> Option<SlipFacts> {
    let Root::Deployment(owner) = &objects.root else { return None };
    let (surge, away) = rolling(owner)?;
    let said = objects.pods.iter().filter_map(|it| unschedulable(it));
    let told = objects.events.iter().filter_map(|it| it.message.as_deref());
    let is_held = said.chain(told).any(|it| HELD.iter().any(|mark| it.contains(mark)));
    if !is_held || !replaces(&objects.pods) {
        return None;
    }
    let path = FieldPath::root().child("spec").child("strategy").child("rollingUpdate");
    let edit = |name: &str, from: Value, to: i32| Edit {
        path: path.child(name),
        from: Some(from),
        to: Some(json!(to)),
    };
    Some(SlipFacts {
        container: String::new(),
        kind: SlipKind::Rollout,
        path: path.child("maxUnavailable").to_string(),
        config_map: None,
        shown_by: "The new pod waits for what an old one has, and the rollout takes no old one away first."
            .to_owned(),
        alike: false,
        edits: vec![edit("maxUnavailable", away, 1), edit("maxSurge", surge, 0)],
    })
}

/// How many pods more and how many fewer there may be, where the latter is none.
fn rolling(owner: &Deployment) -> Option<(Value, Value)> {
    let spec = owner.spec.as_ref()?;
    let rolling = spec.strategy.as_ref()?.rolling_update.as_ref()?;
    let (surge, away) = (rolling.max_surge.as_ref()?, rolling.max_unavailable.as_ref()?);
    let replicas = i64::from(spec.replicas.unwrap_or(1));
    let is_none = match away {
        IntOrString::Int(number) => *number == 0,
        // What is less than one pod is none.
        IntOrString::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            percent.saturating_mul(replicas) < 100
        }
    };
    is_none.then(|| (json!(surge), json!(away)))
}

/// Whether ready pods of one revision stand beside one of another that is not.
fn replaces(pods: &[std::sync::Arc<Pod>]) -> bool {
    let of = |ready: bool| {
        let alive = pods.iter().filter(|it| it.metadata.deletion_timestamp.is_none());
        let those = alive.filter(move |it| is_ready(it) == ready);
        those.filter_map(|it| it.metadata.labels.as_ref()?.get(REVISION))
    };
    of(true).any(|old| of(false).any(|new| new != old))
}
