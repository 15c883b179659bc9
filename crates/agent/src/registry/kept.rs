//! What registries said lately, so that a workload that fails again and again asks once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Listed;

/// How long an answer counts.
const ANSWER: Duration = Duration::from_mins(5);
/// How long nobody asks again after none came.
const FAILURE: Duration = Duration::from_secs(30);
/// Repositories that something is kept of.
const MAX_REPOSITORIES: usize = 256;

/// The last answer about each repository.
#[derive(Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, Place>>);

/// What is kept of one repository; who asks holds it, so that others wait for his answer.
struct Place {
    used_at: Instant,
    answer: Arc<tokio::sync::Mutex<Option<Answer>>>,
}

struct Answer {
    at: Instant,
    listed: Option<Arc<Listed>>,
}

impl Answer {
    fn counts(&self, now: Instant) -> bool {
        let lifetime = if self.listed.is_some() { ANSWER } else { FAILURE };
        now.duration_since(self.at) < lifetime
    }
}

impl Kept {
    /// What is known of this repository, else what `ask` brings.
    pub(super) async fn get_or(
        &self,
        repository: &str,
        ask: impl Future<Output = Option<Listed>>,
    ) -> Option<Arc<Listed>> {
        let place = self.place(repository)?;
        let mut answer = place.lock().await;
        if let Some(known) = answer.as_ref().filter(|it| it.counts(Instant::now())) {
            return known.listed.clone();
        }
        // Whoever gives up while he asks leaves a failure behind: the next one is not to hang as well.
        *answer = Some(Answer { at: Instant::now(), listed: None });
        let listed = ask.await.map(Arc::new);
        *answer = Some(Answer { at: Instant::now(), listed: listed.clone() });
        listed
    }

    /// Where its answer is kept. The one that was not used for longest makes room; `None` when all are in use.
    fn place(&self, repository: &str) -> Option<Arc<tokio::sync::Mutex<Option<Answer>>>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.contains_key(repository) && MAX_REPOSITORIES <= places.len() {
            let is_idle = |it: &(&String, &Place)| Arc::strong_count(&it.1.answer) == 1;
            let oldest = places.iter().filter(is_idle).min_by_key(|it| it.1.used_at);
            let oldest = oldest.map(|it| it.0.clone())?;
            places.remove(&oldest);
        }
        let place = places
            .entry(repository.to_owned())
            .or_insert_with(|| Place { used_at: Instant::now(), answer: Arc::default() });
        place.used_at = Instant::now();
        Some(Arc::clone(&place.answer))
    }
}

/// The registries that nothing was heard of lately; no more than the settings name.
#[derive(Default)]
pub(super) struct Silent(Mutex<BTreeMap<String, Instant>>);

impl Silent {
    /// Nothing was heard of this one.
    pub(super) fn note(&self, host: &str) {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        silent.insert(host.to_owned(), Instant::now());
    }

    /// Whether it is left alone for now.
    pub(super) fn counts(&self, host: &str) -> bool {
        let silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        silent.get(host).is_some_and(|it| it.elapsed() < FAILURE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn listed() -> Listed {
        Listed { tags: vec!["1.27".to_owned()], whole: true }
    }

    #[test]
    fn an_answer_counts_for_minutes_and_a_failure_for_seconds() {
        let at = Instant::now();
        let counts = |listed: Option<Listed>, after: Duration| {
            Answer { at, listed: listed.map(Arc::new) }.counts(at + after)
        };
        let moment = Duration::from_millis(1);

        assert!(counts(Some(listed()), ANSWER.saturating_sub(moment)));
        assert!(!counts(Some(listed()), ANSWER));
        assert!(counts(None, FAILURE.saturating_sub(moment)));
        assert!(!counts(None, FAILURE));
    }

    #[actix_web::test]
    async fn of_many_at_once_one_asks() {
        let (kept, asked) = (Kept::default(), AtomicUsize::new(0));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Some(listed())
        };

        let answers =
            futures::future::join_all([(); 8].map(|()| kept.get_or("a.b/web", ask()))).await;

        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(answers.iter().all(|it| it.as_deref() == Some(&listed())));
    }

    #[actix_web::test]
    async fn a_failure_is_not_asked_for_again_at_once() {
        let kept = Kept::default();

        assert_eq!(kept.get_or("a.b/web", async { None }).await, None);
        assert_eq!(kept.get_or("a.b/web", async { Some(listed()) }).await, None);
        assert!(kept.get_or("a.b/api", async { Some(listed()) }).await.is_some());
    }

    #[actix_web::test]
    async fn so_many_repositories_are_kept_and_no_more() {
        let kept = Kept::default();
        for index in 0..=MAX_REPOSITORIES {
            kept.get_or(&format!("a.b/{index}"), async { Some(listed()) }).await;
        }

        assert_eq!(kept.0.lock().unwrap().len(), MAX_REPOSITORIES);
        assert_eq!(kept.get_or("a.b/1", async { None }).await.as_deref(), Some(&listed()));
        assert_eq!(kept.get_or("a.b/0", async { None }).await, None);
    }
}
