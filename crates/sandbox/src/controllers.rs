//! Everything that moves the cluster towards what its objects say.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tokio::task::AbortHandle;

use crate::NodeSpec;
use crate::catalogue::{Catalogue, Image};
use crate::clock::{Clock, Moment};
use crate::fields::Fields;
use crate::store::{Change, ChangeKind, Store, Watch};
use crate::world::World;

mod children;
mod cron;
mod cronjob;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod family;
mod garbage;
mod job;
mod nodes;
mod quota;
mod replicaset;
mod revisions;
mod rollout;
mod statefulset;
mod volumes;

use family::Family;

/// The moving parts of a cluster; they move until they are stopped.
#[derive(Debug)]
pub struct Controllers {
    images: Arc<RwLock<Catalogue>>,
    tasks: Vec<AbortHandle>,
}

impl Controllers {
    /// Nothing that moves.
    pub(crate) fn none() -> Self {
        Self { images: Arc::default(), tasks: vec![] }
    }

    /// Adds an image that can be pulled from now on. `false` when the name is no image's name.
    pub fn add_image(&self, name: &str, image: Image) -> bool {
        self.images.write().unwrap_or_else(PoisonError::into_inner).add(name, image)
    }

    /// Stops everything where it is.
    pub fn stop(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Starts the controllers, the scheduler and the kubelets on the current runtime.
pub fn start(store: &Store, speed: f64, nodes: &[NodeSpec]) -> Controllers {
    let images = Arc::new(RwLock::new(Catalogue::default()));
    let world = Arc::new(World::new(store, Clock::start(speed), Arc::clone(&images)));
    crate::kubelet::register(&world, nodes);
    volumes::register(&world);
    let tasks = vec![
        tokio::spawn(crate::kubelet::run(Arc::clone(&world))).abort_handle(),
        tokio::spawn(crate::scheduler::run(Arc::clone(&world))).abort_handle(),
        tokio::spawn(run(world)).abort_handle(),
    ];
    Controllers { images, tasks }
}

/// Who has work to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Endpoints,
    Quota,
    Disruption,
    Volume,
    Node,
    Garbage,
}

impl Who {
    /// The controller of a kind's objects.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "Deployment" => Self::Deployment,
            "ReplicaSet" => Self::ReplicaSet,
            "StatefulSet" => Self::StatefulSet,
            "DaemonSet" => Self::DaemonSet,
            "Job" => Self::Job,
            "CronJob" => Self::CronJob,
            "Service" => Self::Endpoints,
            "ResourceQuota" => Self::Quota,
            "PodDisruptionBudget" => Self::Disruption,
            "PersistentVolumeClaim" => Self::Volume,
            "Node" => Self::Node,
            _ => return None,
        })
    }
}

/// One object that one controller should look at. For the garbage collector the second name is a
/// plural, as its objects are of any kind.
type Task = (Who, String, String);

/// What a controller works with.
struct Desk<'a> {
    world: &'a World,
    family: &'a mut Family,
    now: Moment,
}

#[derive(Debug, Default)]
struct Queue {
    tasks: BTreeSet<Task>,
    timers: BTreeSet<(Moment, Task)>,
}

async fn run(world: Arc<World>) {
    let mut queue = Queue::default();
    let mut family = Family::new(&world.store);
    loop {
        let version = world.store.version();
        let Ok(mut watch) = world.store.watch_all(version) else { continue };
        see_all(&world, &mut family, &mut queue);
        let mut kept_up = true;
        while kept_up {
            kept_up = work(&world, &mut family, &mut queue, &mut watch);
            let next = queue.timers.first().map(|it| it.0);
            let changes = tokio::select! {
                changes = watch.next() => changes,
                () = world.clock.until(next) => Ok(Vec::new()),
            };
            match changes {
                Ok(changes) => see_each(&changes, &world, &mut family, &mut queue),
                Err(_) => kept_up = false,
            }
        }
    }
}

/// Does all the work there is; `false` when the history of changes was lost on the way.
fn work(world: &World, family: &mut Family, queue: &mut Queue, watch: &mut Watch) -> bool {
    let now = world.clock.now();
    while let Some((at, task)) = queue.timers.first().cloned() {
        if now < at {
            break;
        }
        queue.timers.remove(&(at, task.clone()));
        queue.tasks.insert(task);
    }
    while let Some(task) = queue.tasks.pop_first() {
        let mut desk = Desk { world, family, now: world.clock.now() };
        if let Some(again) = reconcile(&mut desk, &task) {
            queue.timers.insert((again, task));
        }
        // What was just written is known before the next controller looks.
        let Ok(changes) = watch.ready() else { return false };
        see_each(&changes, world, family, queue);
    }
    true
}

fn reconcile(desk: &mut Desk<'_>, (who, namespace, name): &Task) -> Option<Moment> {
    match who {
        Who::Deployment => deployment::reconcile(desk, namespace, name),
        Who::ReplicaSet => replicaset::reconcile(desk, namespace, name),
        Who::StatefulSet => statefulset::reconcile(desk, namespace, name),
        Who::DaemonSet => daemonset::reconcile(desk, namespace, name),
        Who::Job => job::reconcile(desk, namespace, name),
        Who::CronJob => cronjob::reconcile(desk, namespace, name),
        Who::Endpoints => endpoints::reconcile(desk, namespace, name),
        Who::Quota => quota::reconcile(desk, namespace, name),
        Who::Disruption => disruption::reconcile(desk, namespace, name),
        Who::Volume => volumes::reconcile(desk, namespace, name),
        Who::Node => nodes::reconcile(desk, name),
        Who::Garbage => garbage::reconcile(desk, namespace, name),
    }
}

/// Looks at every object, as after a start.
fn see_all(world: &World, family: &mut Family, queue: &mut Queue) {
    *family = Family::new(&world.store);
    for resource in crate::resources::ALL {
        for object in world.store.list(resource.plural, None).0 {
            own(&object, queue);
            if !object.list("/metadata/ownerReferences").is_empty() || object.is_going() {
                queue.tasks.insert(garbage::task(resource.plural, &object));
            }
        }
    }
}

fn see_each(changes: &[Arc<Change>], world: &World, family: &mut Family, queue: &mut Queue) {
    for change in changes {
        see(change, world, family, queue);
    }
}

/// Finds out who has to look at what because of a change.
fn see(change: &Change, world: &World, family: &mut Family, queue: &mut Queue) {
    let object = &change.object;
    if change.plural == "events" {
        return;
    }
    family.see(change, world.clock.now());
    let gone = change.kind == ChangeKind::Deleted;
    if gone || object.is_going() || change.previous.is_none() {
        queue.tasks.insert(garbage::task(change.plural, object));
    }
    if gone {
        for owner in object.list("/metadata/ownerReferences") {
            queue.tasks.extend(garbage::task_of_owner(object.namespace(), owner));
        }
    }
    own(object, queue);
    if let Some(owner) = object.controller()
        && let Some(who) = Who::of_kind(owner.text("/kind"))
    {
        queue.tasks.insert((who, object.namespace().to_owned(), owner.text("/name").to_owned()));
    }
    match change.plural {
        "pods" => about_pod(change, world, queue),
        "nodes" => all(world, "daemonsets", Who::DaemonSet, queue),
        _ => {}
    }
}

fn own(object: &Value, queue: &mut Queue) {
    if let Some(who) = Who::of_kind(object.text("/kind")) {
        queue.tasks.insert((who, object.namespace().to_owned(), object.name().to_owned()));
    }
}

fn all(world: &World, plural: &str, who: Who, queue: &mut Queue) {
    for object in world.store.list(plural, None).0 {
        queue.tasks.insert((who, object.namespace().to_owned(), object.name().to_owned()));
    }
}

/// Whether an object, the first, looks at a pod with these labels.
type Concerns = fn(&Value, &Value) -> bool;

/// Services, quotas and budgets look at pods that they do not own.
fn about_pod(change: &Change, world: &World, queue: &mut Queue) {
    let namespace = Some(change.namespace.as_str());
    let labels = change.object.at("/metadata/labels");
    let rows: [(&str, Who, Concerns); 3] = [
        ("services", Who::Endpoints, endpoints::selects),
        ("poddisruptionbudgets", Who::Disruption, |it, labels| {
            crate::fields::selects(it.at("/spec/selector"), labels)
        }),
        ("resourcequotas", Who::Quota, |_, _| true),
    ];
    for (plural, who, concerns) in rows {
        let (objects, _) = world.store.list(plural, namespace);
        for object in objects.iter().filter(|it| concerns(it, labels)) {
            queue.tasks.insert((who, change.namespace.clone(), object.name().to_owned()));
        }
    }
}
