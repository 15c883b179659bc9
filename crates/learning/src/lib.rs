//! What experience says: records are folds over episodes, a choice is made from records, and an outcome becomes a
//! lesson.
//!
//! Pure: no IO, no clock, no chance. Random numbers, time and a model's words come in as values.

#![deny(clippy::disallowed_methods)]

mod beta;
mod prior;
mod record;
mod recall;
mod choose;
mod observe;
mod reflect;
mod correct;
mod fence;
mod prompt;
mod answer;
mod progress;
#[cfg(test)]
mod fixture;

pub use answer::{Advice, AnswerError, Lesson, RankedOffer, parse_advice, parse_lesson};
pub use choose::{Choice, Decision, Question, choose};
pub use correct::corrected;
pub use fence::fence;
pub use observe::{Attempt, observe};
pub use prior::is_believed;
pub use progress::Progress;
pub use prompt::{Prompt, advise, correct, meta_reflect, reflect};
pub use recall::{lessons, similar, typical_secs};
pub use record::{Experience, Known, Ledger, Posterior, STRONG_MEAN};
pub use reflect::reflect_by_rules;
