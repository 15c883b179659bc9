//! Every object of the cluster in memory, with versions, a bounded history and the rules of its life.
//!
//! A handle is cheap to clone. Controllers take one that writes in their own name
//! ([`Store::written_by`]); a rehearsal ([`Store::rehearsal`]) does everything but keep the result.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{broadcast, watch as latest};

use crate::resources::{self, Resource};
use crate::status::StatusError;

mod births;
mod deletion;
mod logs;
mod objects;
mod usage;
mod watch;

pub(crate) use births::now;
pub use deletion::{Deletion, Propagation};
pub use logs::{LogLine, Run};
pub(crate) use usage::{PodUsage, Usage};
pub use watch::{Change, ChangeKind, Expired, Watch};

use logs::Logs;
use objects::State;
use usage::Measured;

/// Wake-ups kept for a slow controller; one that lags looks at everything again.
const WAKE_UPS: usize = 4_096;

/// A handle to the objects of one cluster.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
    manager: Option<Arc<str>>,
    rehearsal: bool,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    logs: Mutex<Logs>,
    measured: Mutex<Measured>,
    versions: latest::Sender<u64>,
    wake_ups: broadcast::Sender<Touched>,
}

/// Which object changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Which resource.
    pub plural: &'static str,
    /// Where; empty for objects without a namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty cluster: its own namespaces, and nothing in them.
    pub fn new() -> Self {
        let inner = Inner {
            state: Mutex::default(),
            logs: Mutex::default(),
            measured: Mutex::default(),
            versions: latest::Sender::new(0),
            wake_ups: broadcast::Sender::new(WAKE_UPS),
        };
        let store = Self { inner: Arc::new(inner), manager: None, rehearsal: false };
        births::seed(&store);
        store
    }

    /// A handle whose writes are recorded in `metadata.managedFields` under this name.
    #[must_use]
    pub fn written_by(&self, manager: &str) -> Self {
        Self { manager: Some(Arc::from(manager)), ..self.clone() }
    }

    /// A handle that answers as if it wrote, and writes nothing.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        Self { rehearsal: true, ..self.clone() }
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.state().version
    }

    /// The objects of one resource by namespace and name, and the version they were read at.
    /// `None` for the namespace means all of them.
    pub fn list(&self, plural: &str, namespace: Option<&str>) -> (Vec<Arc<Value>>, u64) {
        let state = self.state();
        (state.list(plural, namespace), state.version)
    }

    /// One object; the namespace is empty for objects without one.
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.state().get(plural, namespace, name)
    }

    /// Adds an object: gives it a name, uid, version and generation, and fills in defaults.
    pub fn create(
        &self,
        plural: &str,
        namespace: &str,
        object: Value,
    ) -> Result<Arc<Value>, StatusError> {
        let resource = known(plural)?;
        let mut state = self.state();
        let object = births::prepare(&state, resource, namespace, object, self.manager.as_deref())?;
        if self.rehearsal {
            return Ok(Arc::new(object));
        }
        let created = state.insert(resource, object);
        births::company(&mut state, resource, &created);
        self.wake(state);
        Ok(created)
    }

    /// Puts an object where it belongs, as it is, as from a backup: only its version is new. One of a resource that
    /// is not served is left out.
    pub fn restore(&self, plural: &str, object: Value) {
        let Some(resource) = resources::by_plural(plural) else { return };
        let mut state = self.state();
        state.insert(resource, object);
        self.wake(state);
    }

    /// Changes an object. The generation counts changes of the spec; a change that changes
    /// nothing makes no event. `status` is left as it was for kinds with a status of their own.
    pub fn update(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), StatusError>,
    ) -> Result<Arc<Value>, StatusError> {
        self.change((plural, "", Part::Main), namespace, name, change)
    }

    /// Changes an object's `status` (and annotations); everything else stays as it was.
    pub fn update_status(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), StatusError>,
    ) -> Result<Arc<Value>, StatusError> {
        self.change((plural, "status", Part::Status), namespace, name, change)
    }

    /// Changes an object through one of its other subresources, such as `scale` or `resize`.
    pub fn update_through(
        &self,
        (plural, subresource): (&str, &str),
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), StatusError>,
    ) -> Result<Arc<Value>, StatusError> {
        self.change((plural, subresource, Part::Whole), namespace, name, change)
    }

    /// Wakes up whoever listens on any change of any object.
    pub fn subscribe(&self) -> broadcast::Receiver<Touched> {
        self.inner.wake_ups.subscribe()
    }

    fn change(
        &self,
        (plural, subresource, part): (&str, &str, Part),
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), StatusError>,
    ) -> Result<Arc<Value>, StatusError> {
        let resource = known(plural)?;
        let mut state = self.state();
        let before = state
            .get(plural, namespace, name)
            .ok_or_else(|| StatusError::not_found(&resource.qualified(), name))?;
        let mut after = Value::clone(&before);
        change(&mut after)?;
        objects::settle(resource, part, &before, &mut after);
        if *before == after {
            return Ok(before);
        }
        if let Some(manager) = &self.manager {
            crate::managed::record(&before, &mut after, manager, subresource);
        }
        if self.rehearsal {
            return Ok(Arc::new(after));
        }
        let after = if deletion::is_over(&after) {
            state.take(resource, namespace, name, after)
        } else {
            state.replace(resource, &before, after)
        };
        self.wake(state);
        Ok(after)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves whole objects behind: each change is one insert.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measured_kept(&self) -> MutexGuard<'_, Measured> {
        self.inner.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logs_kept(&self) -> MutexGuard<'_, Logs> {
        self.inner.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn versions(&self) -> latest::Receiver<u64> {
        self.inner.versions.subscribe()
    }

    /// Lets go of the lock, then tells everyone what was done under it.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let touched = std::mem::take(&mut state.touched);
        let version = state.version;
        drop(state);
        self.inner.versions.send_if_modified(|it| {
            let newer = *it < version;
            *it = version.max(*it);
            newer
        });
        for it in touched {
            if it.1 == ChangeKind::Deleted && it.0.plural == "pods" {
                self.logs_kept().forget(&it.0.namespace, &it.0.name);
                self.measured_kept().forget(&it.0.namespace, &it.0.name);
            }
            // Nobody listens: nothing to wake.
            drop(self.inner.wake_ups.send(it.0));
        }
    }
}

/// Which part of an object a write may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All but the status.
    Main,
    /// The status alone.
    Status,
    /// Spec and status, as a subresource with rules of its own needs.
    Whole,
}

/// The objects of one resource, by namespace and name.
type Shelf = BTreeMap<(String, String), Arc<Value>>;

fn known(plural: &str) -> Result<&'static Resource, StatusError> {
    resources::by_plural(plural).ok_or_else(StatusError::not_served)
}
