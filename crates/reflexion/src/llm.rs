//! A language model, as reflexion sees it: a question with a schema in, text out, and nothing believed.

mod counsel;
mod guarded;
mod openai;

use std::time::Duration;

use futures::future::BoxFuture;
use learning::Prompt;

pub use counsel::{Counsel, Outcome};
pub use guarded::Guarded;
pub use openai::OpenAi;

/// What can be asked of a model.
pub trait Llm: Send + Sync + 'static {
    /// The model's name, for people.
    fn name(&self) -> &str;

    /// Its answer, as text that should be JSON.
    fn ask<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<String, LlmError>>;

    /// Why it cannot be asked now; `None` when it can.
    fn unavailable(&self) -> Option<String> {
        None
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The endpoint could not be reached, or answered with an error.
    #[error("the model did not answer: {0}")]
    Failed(String),
    /// The endpoint did not answer in time.
    #[error("the model did not answer: no answer within {0:?}")]
    TimedOut(Duration),
    /// It answered more than is read.
    #[error("the model's answer is longer than {0} bytes")]
    TooLong(usize),
    /// It failed too often and is left alone for a while.
    #[error("the model is left alone after {0} failures in a row")]
    Resting(u32),
    /// It was asked as often as the budget allows.
    #[error("the model was asked {0} times within the hour: the budget is spent")]
    Spent(u32),
    /// It answered with something that cannot be used.
    #[error("the model's answer cannot be used: {0}")]
    Unusable(String),
}

impl LlmError {
    /// The outcome as one word, as it is counted.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::TimedOut(_) => "timed_out",
            Self::TooLong(_) => "too_long",
            Self::Resting(_) => "resting",
            Self::Spent(_) => "spent",
            Self::Unusable(_) => "unusable",
        }
    }

    /// Whether the model was asked at all.
    pub fn was_asked(&self) -> bool {
        match self {
            Self::Failed(_) | Self::TimedOut(_) | Self::TooLong(_) | Self::Unusable(_) => true,
            Self::Resting(_) | Self::Spent(_) => false,
        }
    }
}
