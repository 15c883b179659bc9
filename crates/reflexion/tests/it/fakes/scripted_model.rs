//! A model that says what a script says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use learning::Prompt;
use reflexion::llm::{Llm, LlmError};

/// Gives one answer after the other, then fails.
#[derive(Default)]
pub(crate) struct ScriptedModel {
    answers: Mutex<VecDeque<String>>,
    pub(crate) asked: Mutex<Vec<&'static str>>,
}

impl ScriptedModel {
    pub(crate) fn new(answers: &[&str]) -> Arc<Self> {
        let answers = Mutex::new(answers.iter().map(|it| (*it).to_owned()).collect());
        Arc::new(Self { answers, asked: Mutex::default() })
    }

    pub(crate) fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }
}

impl Llm for ScriptedModel {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<String, LlmError>> {
        async move {
            self.asked.lock().unwrap().push(prompt.name);
            let answer = self.answers.lock().unwrap().pop_front();
            answer.ok_or_else(|| LlmError::Failed("nothing left to say".to_owned()))
        }
        .boxed()
    }
}
