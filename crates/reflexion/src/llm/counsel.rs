//! Counsel: a question that ends in something usable, or in a reason why rules have to do.

use std::sync::{Arc, Mutex, PoisonError};

use learning::{Advice, AnswerError, Lesson, Prompt};

use super::{Llm, LlmError};
use crate::metrics::Meters;

/// More of a reason than this is not read, in characters.
const MAX_REASON: usize = 160;

/// What came of asking: the answer, and how many calls it took.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The answer, or why there is none.
    pub answer: Result<T, LlmError>,
    /// Calls made.
    pub calls: u32,
}

/// Asks a model, once more with the error when its answer cannot be read.
#[derive(Clone)]
pub struct Counsel {
    model: Arc<dyn Llm>,
    meters: Meters,
    failing: Arc<Mutex<Option<Failing>>>,
}

/// How the model fails, since it last gave something usable.
#[derive(Debug)]
struct Failing {
    times: u32,
    reason: String,
}

impl Counsel {
    /// Counsel by this model.
    pub fn new(model: Arc<dyn Llm>, meters: Meters) -> Self {
        Self { model, meters, failing: Arc::default() }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// Why the model is of no use now: it failed when it was last asked, or it cannot be asked.
    pub fn unavailable(&self) -> Option<String> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = failing.as_ref().map(|it| {
            let (name, times) = (self.name(), it.times);
            format!("{name} is failing, {times} times in a row; {}; rules do meanwhile", it.reason)
        });
        match (self.model.unavailable(), failing) {
            (Some(why), Some(failing)) => Some(format!("{why}; {failing}")),
            (why, failing) => why.or(failing),
        }
    }

    /// A ranking of `offers` offers.
    pub async fn advice(&self, prompt: Prompt, offers: usize) -> Outcome<Advice> {
        self.ask(prompt, |text| learning::parse_advice(text, offers)).await
    }

    /// A lesson.
    pub async fn lesson(&self, prompt: Prompt) -> Outcome<Lesson> {
        self.ask(prompt, learning::parse_lesson).await
    }

    async fn ask<T>(
        &self,
        prompt: Prompt,
        parse: impl Fn(&str) -> Result<T, AnswerError>,
    ) -> Outcome<T> {
        let error = match self.call(&prompt, &parse).await {
            Ok(answer) => return Outcome { answer: Ok(answer), calls: 1 },
            Err(Useless::Model(error)) => {
                let calls = u32::from(error.was_asked());
                return Outcome { answer: Err(error), calls };
            }
            Err(Useless::Answer(error)) => error,
        };
        let again = learning::correct(&prompt, &error);
        match self.call(&again, &parse).await {
            Ok(answer) => Outcome { answer: Ok(answer), calls: 2 },
            Err(Useless::Model(error)) => {
                let calls = 1 + u32::from(error.was_asked());
                Outcome { answer: Err(error), calls }
            }
            Err(Useless::Answer(error)) => {
                Outcome { answer: Err(LlmError::Unusable(error.0)), calls: 2 }
            }
        }
    }

    /// One call, counted under what came of it; a failure is told here, once.
    async fn call<T>(
        &self,
        prompt: &Prompt,
        parse: impl Fn(&str) -> Result<T, AnswerError>,
    ) -> Result<T, Useless> {
        let answer = match self.model.ask(prompt).await {
            Ok(text) => parse(&text).map_err(Useless::Answer),
            Err(error) => Err(Useless::Model(error)),
        };
        let (outcome, reason) = match &answer {
            Ok(_) => ("answered", None),
            Err(Useless::Model(error)) => (error.outcome(), Some(error.to_string())),
            // What a parser says of an answer may repeat it.
            Err(Useless::Answer(_)) => {
                ("unusable", Some("the model's answer does not fit what was asked for".to_owned()))
            }
        };
        self.meters.model_call(prompt.name, outcome);
        let was_asked = !matches!(&answer, Err(Useless::Model(error)) if !error.was_asked());
        match reason.map(|it| learning::fence(&it, MAX_REASON)) {
            None => self.works(),
            Some(reason) if was_asked => {
                tracing::warn!(
                    model = self.name(),
                    purpose = prompt.name,
                    outcome,
                    reason,
                    "the model failed"
                );
                self.fails(reason);
            }
            Some(reason) => {
                tracing::info!(
                    model = self.name(),
                    purpose = prompt.name,
                    outcome,
                    reason,
                    "the model was not asked"
                );
            }
        }
        answer
    }

    fn works(&self) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn fails(&self, reason: String) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failing.as_ref().map_or(0, |it| it.times).saturating_add(1);
        *failing = Some(Failing { times, reason });
    }
}

/// Why a call gave nothing usable.
enum Useless {
    /// There is no answer.
    Model(LlmError),
    /// There is one, and it cannot be read.
    Answer(AnswerError),
}
