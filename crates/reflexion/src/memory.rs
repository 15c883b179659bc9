//! Memory: the store, and the folds over it that every choice reads.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use learning::{Experience, Ledger, Progress};
use tokio::sync::Mutex;
use types::{Episode, Execution, Fault, Incident, Strategy};

use crate::run::Run;
use crate::store::{Cursor, EpisodeFilter, Forgotten, Store, StoreError, What};

/// So many of the newest episodes of a fault are looked at.
const CANDIDATES: u32 = 24;
/// Fewer lessons than this are completed by text search.
const ENOUGH_LESSONS: usize = 2;

/// What is recalled of things like an incident.
#[derive(Debug, Clone, Default)]
pub struct Recalled {
    /// What failed on this very spec.
    pub failed: Vec<Strategy>,
    /// Lessons, the nearest first.
    pub lessons: Vec<String>,
    /// How long a fix that helped took before.
    pub typical_secs: Option<i64>,
}

/// The store and its folds. Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    /// The store.
    pub store: Store,
    folds: Arc<RwLock<Folds>>,
    /// Held while episodes change, so that the folds always are those of what is stored.
    turn: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Folds {
    ledger: Arc<Ledger>,
    progress: Progress,
    episodes: u64,
}

impl Memory {
    /// Folds all that the store holds.
    pub async fn load(store: Store) -> Result<Self, StoreError> {
        let folds = Arc::new(RwLock::new(fold(&store).await?));
        Ok(Self { store, folds, turn: Arc::default() })
    }

    /// The records as they are now.
    pub fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.folds.read().unwrap_or_else(PoisonError::into_inner).ledger)
    }

    /// How learning goes.
    pub fn progress(&self) -> Progress {
        self.folds.read().unwrap_or_else(PoisonError::into_inner).progress.clone()
    }

    /// How many episodes there are.
    pub fn episodes(&self) -> u64 {
        self.folds.read().unwrap_or_else(PoisonError::into_inner).episodes
    }

    /// What happened before to things like this.
    pub async fn recall(&self, incident: &Incident) -> Result<Recalled, StoreError> {
        let mut failed = vec![];
        for fault in faults(incident) {
            failed
                .extend(self.store.failed_on(&incident.subject, &incident.spec_hash, fault).await?);
        }
        let filter = EpisodeFilter { faults: vec![incident.fault], since: None, limit: CANDIDATES };
        let episodes = learning::similar(incident, self.store.episodes(&filter).await?);
        let mut lessons = learning::lessons(&episodes);
        if lessons.len() < ENOUGH_LESSONS
            && let Some(diagnosis) = incident.diagnoses.first()
        {
            let found = self.store.lessons_about(&diagnosis.cause, 3).await?;
            lessons
                .extend(found.into_iter().filter(|it| !lessons.contains(it)).collect::<Vec<_>>());
        }
        Ok(Recalled { failed, typical_secs: learning::typical_secs(&episodes), lessons })
    }

    /// Keeps an episode with its run, and counts it unless it was counted before.
    pub async fn remember(
        &self,
        episode: &Episode,
        run: &Run,
        cursor: Option<&Cursor>,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn.lock().await;
        let added = self.store.remember(episode, run, cursor).await?;
        if added && let Some(experience) = Experience::of(&episode.execution) {
            let mut folds = self.folds.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut folds.ledger).learn(&experience);
            folds.progress.learn(&episode.observation);
            folds.episodes += 1;
        }
        Ok(added)
    }
    /// Corrects the episode of an execution that was taken back after it had been verified, and folds anew.
    ///
    /// Returns the episode as it is now; `None` when there was nothing to correct. `run` is kept with it.
    pub async fn correct(
        &self,
        execution: &Execution,
        run: Option<&Run>,
    ) -> Result<Option<Episode>, StoreError> {
        let _turn = self.turn.lock().await;
        let Some(episode) = self.store.episode_of(execution.id).await? else { return Ok(None) };
        let corrected = learning::corrected(&episode, execution, Timestamp::now());
        let Some(episode) = corrected else { return Ok(None) };
        self.store.correct(&episode, run).await?;
        self.fold_anew().await?;
        Ok(Some(episode))
    }

    /// Forgets on purpose, after a backup, and folds what is left. `None` when there is nothing of the kind.
    pub async fn forget(&self, what: &What) -> Result<Option<Forgotten>, StoreError> {
        let _turn = self.turn.lock().await;
        let forgotten = self.store.forget(what, Timestamp::now()).await?;
        self.fold_anew().await?;
        Ok(forgotten)
    }

    async fn fold_anew(&self) -> Result<(), StoreError> {
        let folds = fold(&self.store).await?;
        *self.folds.write().unwrap_or_else(PoisonError::into_inner) = folds;
        Ok(())
    }
}

/// The faults that the offers of an incident may answer.
fn faults(incident: &Incident) -> BTreeSet<Fault> {
    let of_offers = incident.offers.iter().filter_map(|it| it.fault);
    of_offers.chain([incident.fault]).collect()
}

async fn fold(store: &Store) -> Result<Folds, StoreError> {
    let history = store.history().await?;
    let progress = Progress::fold(history.iter().map(|it| &it.1));
    let episodes = u64::try_from(history.len()).unwrap_or(u64::MAX);
    let ledger = Arc::new(Ledger::fold(history.into_iter().map(|it| it.0)));
    Ok(Folds { ledger, progress, episodes })
}
