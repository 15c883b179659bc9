//! A model that is left alone when it fails, and asked no oftener than its budget allows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use learning::Prompt;

use super::{Llm, LlmError};

/// So many failures in a row open the circuit.
const FAILURES: u32 = 5;
/// After this long one call is let through; its outcome decides.
const REST: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);

/// Wraps a model with a circuit breaker and a budget.
pub struct Guarded {
    inner: Arc<dyn Llm>,
    calls_per_hour: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    rested_from: Option<Instant>,
    calls: VecDeque<Instant>,
}

impl Guarded {
    /// A guard around `inner` that lets so many calls through in any hour.
    pub fn new(inner: Arc<dyn Llm>, calls_per_hour: u32) -> Self {
        Self { inner, calls_per_hour, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, now: Instant) -> Result<(), LlmError> {
        let mut state = self.state();
        state.refused(now, self.calls_per_hour).map_or(Ok(()), Err)?;
        state.calls.push_back(now);
        if state.rested_from.is_some() {
            // Half open: the next caller waits for the outcome of this call.
            state.rested_from = Some(now);
        }
        Ok(())
    }

    fn leave(&self, answered: bool) {
        let mut state = self.state();
        if answered {
            state.failures = 0;
            state.rested_from = None;
        } else {
            state.failures += 1;
            if FAILURES <= state.failures {
                state.rested_from = Some(Instant::now());
            }
        }
    }
}

impl State {
    fn refused(&mut self, now: Instant, calls_per_hour: u32) -> Option<LlmError> {
        if self.rested_from.is_some_and(|it| now.duration_since(it) < REST) {
            return Some(LlmError::Resting(self.failures));
        }
        while self.calls.front().is_some_and(|it| HOUR < now.duration_since(*it)) {
            self.calls.pop_front();
        }
        let made = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        (calls_per_hour <= made).then_some(LlmError::Spent(made))
    }
}

impl Llm for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<String, LlmError>> {
        async move {
            self.enter(Instant::now())?;
            let answer = self.inner.ask(prompt).await;
            self.leave(answer.is_ok());
            answer
        }
        .boxed()
    }

    fn unavailable(&self) -> Option<String> {
        let refused = self.state().refused(Instant::now(), self.calls_per_hour);
        refused.map(|it| it.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Llm for Nobody {
        fn name(&self) -> &'static str {
            "nobody"
        }

        fn ask<'a>(&'a self, _: &'a Prompt) -> BoxFuture<'a, Result<String, LlmError>> {
            async { Err(LlmError::Failed("nobody there".to_owned())) }.boxed()
        }
    }

    #[test]
    fn five_failures_in_a_row_open_the_circuit_for_a_while() {
        let guarded = Guarded::new(Arc::new(Nobody), 100);
        for _ in 0..FAILURES {
            assert!(guarded.enter(Instant::now()).is_ok());
            guarded.leave(false);
        }

        assert!(matches!(guarded.enter(Instant::now()), Err(LlmError::Resting(5))));
        let later = Instant::now() + REST;
        assert!(guarded.enter(later).is_ok());
        assert!(matches!(guarded.enter(later), Err(LlmError::Resting(5))), "one call is enough");
    }

    #[test]
    fn an_answer_closes_the_circuit() {
        let guarded = Guarded::new(Arc::new(Nobody), 100);
        for _ in 0..FAILURES {
            guarded.leave(false);
        }

        guarded.leave(true);

        assert!(guarded.enter(Instant::now()).is_ok());
    }

    #[test]
    fn the_budget_is_counted_over_the_last_hour() {
        let guarded = Guarded::new(Arc::new(Nobody), 2);
        let now = Instant::now();
        assert!(guarded.enter(now).is_ok());
        assert!(guarded.enter(now).is_ok());

        assert!(matches!(guarded.enter(now), Err(LlmError::Spent(2))));
        assert!(guarded.enter(now + HOUR + Duration::from_secs(1)).is_ok());
    }
}
