//! What the log of a container says: its lines, the trouble that they tell of, its last words, and whether the program
//! is still at work or waits.
//!
//! Text in, words out: nothing here knows what was observed beside the log. Evidence and analyzers both ask it.

pub(crate) mod at_work;
pub(crate) mod last_words;
pub(crate) mod left;
pub(crate) mod line;
pub(crate) mod reading;
pub(crate) mod waits;
pub(crate) mod wedged;
