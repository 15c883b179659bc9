//! Counsel: a question that ends in something usable, or in a reason why rules have to do.

use std::sync::Arc;

use learning::{Advice, AnswerError, Lesson, Prompt};

use super::{Llm, LlmError};
use crate::metrics::Meters;

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
}

impl Counsel {
    /// Counsel by this model.
    pub fn new(model: Arc<dyn Llm>, meters: Meters) -> Self {
        Self { model, meters }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// Why the model cannot be asked now.
    pub fn unavailable(&self) -> Option<String> {
        self.model.unavailable()
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
        let error = match self.call(&prompt).await {
            Err(error) => return Outcome { answer: Err(error), calls: 1 },
            Ok(text) => match parse(&text) {
                Ok(answer) => return Outcome { answer: Ok(answer), calls: 1 },
                Err(error) => error,
            },
        };
        let again = learning::correct(&prompt, &error);
        let answer = match self.call(&again).await {
            Err(error) => Err(error),
            Ok(text) => parse(&text).map_err(|it| LlmError::Unusable(it.0)),
        };
        Outcome { answer, calls: 2 }
    }

    async fn call(&self, prompt: &Prompt) -> Result<String, LlmError> {
        let answer = self.model.ask(prompt).await;
        self.meters.model_call(prompt.name, answer.is_ok());
        answer
    }
}
