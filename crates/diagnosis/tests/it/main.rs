//! What the crate promises to those who use it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod casebook;
mod causes;
mod last_words;
mod fields;
mod files;
mod slips;
mod demanded;
mod sources;
mod spoken;
mod surplus;
mod tails;
mod unsaid;
mod peer_cases;
mod redaction;
mod planted;
mod templates;
mod known;
mod judging;
mod behind;
mod past_probe;
mod node_mates;
mod owners;
mod keys;
mod brought;
mod probed;
mod pulls;
mod twins;
mod turned_back;
mod hands;
mod barren_jobs;
mod killed_below;
mod lasting;
mod unasked;
mod same_words;
mod named_in;
