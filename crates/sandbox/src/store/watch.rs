//! What changed, in order: a bounded history, and cursors that follow it.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::Store;

/// How many changes can be read back; a watch that asks for older ones lists again.
pub(super) const HISTORY: usize = 4_000;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is different.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version of the store that this change made.
    pub version: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// Which resource.
    pub plural: &'static str,
    /// Where; empty for objects without a namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object after the change, or its last state when it is gone.
    pub object: Arc<Value>,
    /// The object before the change: a watch with a selector has to know what leaves it.
    pub previous: Option<Arc<Value>>,
}

/// The history does not reach back to the version asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// The version asked for.
    pub asked: u64,
    /// The oldest version that can still be followed.
    pub oldest: u64,
}

/// The last changes, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    changes: VecDeque<Arc<Change>>,
    forgotten: u64,
}

impl History {
    pub(super) fn push(&mut self, change: Change) {
        if HISTORY <= self.changes.len()
            && let Some(oldest) = self.changes.pop_front()
        {
            self.forgotten = oldest.version;
        }
        self.changes.push_back(Arc::new(change));
    }

    fn after(&self, since: u64) -> Result<impl Iterator<Item = &Arc<Change>>, Expired> {
        if since < self.forgotten {
            return Err(Expired { asked: since, oldest: self.forgotten });
        }
        let from = self.changes.partition_point(|it| it.version <= since);
        Ok(self.changes.range(from..))
    }
}

/// A cursor over the changes of one resource, in one namespace or in all.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    versions: tokio::sync::watch::Receiver<u64>,
    plural: Option<&'static str>,
    namespace: Option<String>,
    seen: u64,
}

impl Watch {
    /// The version up to which everything was delivered.
    pub fn version(&self) -> u64 {
        self.seen
    }

    /// The changes that are there and were not delivered, without waiting.
    pub fn ready(&mut self) -> Result<Vec<Arc<Change>>, Expired> {
        let state = self.store.state();
        let changes = state
            .history
            .after(self.seen)?
            .filter(|it| self.plural.is_none_or(|plural| it.plural == plural))
            .filter(|it| self.namespace.as_ref().is_none_or(|namespace| it.namespace == *namespace))
            .map(Arc::clone)
            .collect();
        self.seen = state.version.max(self.seen);
        Ok(changes)
    }

    /// Waits for changes; a slow reader falls out of the history and is told so.
    pub async fn next(&mut self) -> Result<Vec<Arc<Change>>, Expired> {
        loop {
            self.versions.borrow_and_update();
            let changes = self.ready()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            if self.versions.changed().await.is_err() {
                // The store is gone, so nothing can change any more.
                return std::future::pending().await;
            }
        }
    }
}

impl Store {
    /// Follows one resource from a version on; `None` for the namespace means all of them.
    pub fn watch(
        &self,
        plural: &str,
        namespace: Option<&str>,
        since: u64,
    ) -> Result<Watch, Expired> {
        let plural = crate::resources::by_plural(plural).map_or("", |it| it.plural);
        self.follow(Some(plural), namespace, since)
    }

    /// Follows every resource from a version on.
    pub fn watch_all(&self, since: u64) -> Result<Watch, Expired> {
        self.follow(None, None, since)
    }

    fn follow(
        &self,
        plural: Option<&'static str>,
        namespace: Option<&str>,
        since: u64,
    ) -> Result<Watch, Expired> {
        drop(self.state().history.after(since)?);
        Ok(Watch {
            store: self.clone(),
            versions: self.versions(),
            plural,
            namespace: namespace.map(str::to_owned),
            seen: since,
        })
    }
}
