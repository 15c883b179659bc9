//! Moves a `Deployment` from one `ReplicaSet` to the next.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::children::count;
use super::revisions;
use super::rollout::{Bounds, Size};
use crate::clock::Moment;
use crate::fields::{Fields, put, remove};

mod sets;
mod state;

/// The annotation that numbers the revisions.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation of the numbers that a set had before it was taken up again.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// A deployment and its sets, oldest first.
struct Rollout {
    deployment: Arc<Value>,
    new: Option<Arc<Value>>,
    old: Vec<Arc<Value>>,
}

impl Rollout {
    fn all(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.old.iter().chain(&self.new)
    }

    fn desired(&self) -> i64 {
        count(&self.deployment, "/spec/replicas", 1)
    }

    fn bounds(&self) -> Bounds {
        let strategy = self.deployment.at("/spec/strategy");
        if strategy.text("/type") == "Recreate" {
            return Bounds { desired: self.desired(), surge: 0, unavailable: self.desired() };
        }
        Bounds::new(self.desired(), strategy)
    }
}

fn size(set: &Value) -> Size {
    Size {
        wanted: count(set, "/spec/replicas", 1),
        available: count(set, "/status/availableReplicas", 0),
    }
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let deployment = desk.world.store.get("deployments", namespace, name)?;
    let mut sets = desk.family.of(&desk.world.store, &deployment, "replicasets");
    sets.sort_by_key(|it| (revision(it), it.text("/metadata/creationTimestamp").to_owned()));
    let wanted = revisions::without_hash(deployment.at("/spec/template"));
    let new = sets.iter().find(|it| revisions::without_hash(it.at("/spec/template")) == wanted);
    let new = new.map(Arc::clone);
    let old = sets.into_iter().filter(|it| new.as_ref().is_none_or(|new| new.uid() != it.uid()));
    let mut rollout = Rollout { deployment, old: old.collect(), new };
    if rollout.deployment.is_going() {
        return state::report(desk, &rollout);
    }
    if rollout.deployment.is_true("/spec/paused") {
        if resized(&rollout) {
            desk.scale_all(&rollout);
        }
        return state::report(desk, &rollout);
    }
    desk.settle_new(&mut rollout);
    if rollout.new.is_none() {
        return state::report(desk, &rollout);
    }
    if resized(&rollout) {
        desk.scale_all(&rollout);
    } else if rollout.deployment.text("/spec/strategy/type") == "Recreate" {
        desk.recreate(&rollout);
    } else {
        desk.roll(&rollout);
    }
    desk.prune(&rollout);
    state::report(desk, &rollout)
}

fn revision(set: &Value) -> i64 {
    let text = set.at("/metadata/annotations").get(REVISION).and_then(Value::as_str);
    text.and_then(|it| it.parse().ok()).unwrap_or(0)
}

impl Desk<'_> {
    /// One step of a rolling update.
    fn roll(&self, rollout: &Rollout) {
        let Some(new) = &rollout.new else { return };
        let bounds = rollout.bounds();
        let old: Vec<Size> = rollout.old.iter().map(|it| size(it)).collect();
        let grown = bounds.grow(size(new), &old);
        if grown != size(new).wanted {
            return self.scale(rollout, new, grown);
        }
        for (set, wanted) in rollout.old.iter().zip(bounds.shrink(size(new), &old)) {
            if wanted != size(set).wanted {
                self.scale(rollout, set, wanted);
            }
        }
    }

    /// All old pods go before the first new one comes.
    fn recreate(&self, rollout: &Rollout) {
        let running = rollout.old.iter().filter(|it| 0 < size(it).wanted);
        let mut stopping = false;
        for set in running {
            self.scale(rollout, set, 0);
            stopping = true;
        }
        let left = rollout.old.iter().any(|it| {
            !self
                .family
                .of(&self.world.store, it, "pods")
                .iter()
                .all(|pod| matches!(pod.text("/status/phase"), "Succeeded" | "Failed"))
        });
        if stopping || left {
            return;
        }
        if let Some(new) = &rollout.new
            && size(new).wanted != rollout.desired()
        {
            self.scale(rollout, new, rollout.desired());
        }
    }

    /// Gives a new number of replicas to the sets, in proportion to what they have.
    fn scale_all(&self, rollout: &Rollout) {
        let active: Vec<_> = rollout.all().filter(|it| 0 < size(it).wanted).collect();
        let (desired, bounds) = (rollout.desired(), rollout.bounds());
        if let [only] = active.as_slice() {
            return self.scale(rollout, only, desired);
        }
        let all: i64 = active.iter().map(|it| size(it).wanted).sum();
        let room = if desired == 0 { 0 } else { desired + bounds.surge };
        let mut left = room;
        for (number, set) in active.iter().enumerate() {
            let last = number + 1 == active.len();
            let share = if last { left } else { (size(set).wanted * room / all.max(1)).min(left) };
            left -= share;
            self.scale(rollout, set, share);
        }
    }

    /// Scales one set, and says so.
    fn scale(&self, rollout: &Rollout, set: &Value, wanted: i64) {
        let before = size(set).wanted;
        let most = (rollout.desired() + rollout.bounds().surge).to_string();
        let desired = rollout.desired().to_string();
        let manager = self.world.store.written_by("kube-controller-manager");
        let scaled = manager.update("replicasets", set.namespace(), set.name(), |it| {
            put(it, &["spec", "replicas"], json!(wanted));
            put(it, &["metadata", "annotations", DESIRED], json!(desired));
            put(it, &["metadata", "annotations", MOST], json!(most));
            Ok(())
        });
        if scaled.is_err() || before == wanted {
            return;
        }
        let way = if before < wanted { "up" } else { "down" };
        let text = format!("Scaled {way} replica set {} from {before} to {wanted}", set.name());
        self.world.deployment.normal(&rollout.deployment, "ScalingReplicaSet", &text);
    }

    /// Removes old sets beyond the limit.
    fn prune(&self, rollout: &Rollout) {
        let limit = count(&rollout.deployment, "/spec/revisionHistoryLimit", 10);
        let empty: Vec<_> = rollout
            .old
            .iter()
            .filter(|it| {
                size(it).wanted == 0 && count(it, "/status/replicas", 0) == 0 && !it.is_going()
            })
            .collect();
        let surplus = empty.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        for set in empty.iter().take(surplus) {
            let deletion = crate::store::Deletion::default();
            drop(self.world.store.delete("replicasets", set.namespace(), set.name(), &deletion));
        }
    }

    fn note_progress(&mut self, rollout: &Rollout) {
        self.family.progress.insert(rollout.deployment.uid().to_owned(), self.now);
    }
}

/// Whether somebody changed the number of replicas since the sets were scaled last.
fn resized(rollout: &Rollout) -> bool {
    rollout.all().filter(|it| 0 < size(it).wanted).any(|it| {
        let noted = it.at("/metadata/annotations").get(DESIRED).and_then(Value::as_str);
        noted.is_some_and(|it| it != rollout.desired().to_string())
    })
}

/// The time that a deployment has for its next step.
fn deadline(deployment: &Value) -> Option<Duration> {
    let seconds = deployment.number("/spec/progressDeadlineSeconds").unwrap_or(600);
    // The largest number stands for no deadline.
    (seconds != i64::from(i32::MAX))
        .then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// A copy of annotations without those that are a deployment's own.
fn inherited(annotations: &Value) -> Value {
    let mut res = if annotations.is_object() { annotations.clone() } else { json!({}) };
    let own = [
        REVISION,
        DESIRED,
        MOST,
        HISTORY,
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
    ];
    for key in own {
        remove(&mut res, &[key]);
    }
    res
}
