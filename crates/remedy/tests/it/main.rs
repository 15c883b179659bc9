//! Claims about what is offered, what is let through, and what is written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod scene;
mod offers;
mod rollbacks;
mod agreed;
mod later;
mod anew;
mod places;
mod attacks;
mod attacked;
mod causes;
mod shown;
mod killed_jobs;
mod callee;
mod stray;
mod room;
mod given;
mod unsure;
mod refused;
mod labels;
mod probed;
mod relaxed;
mod twins;
mod together;
mod leftovers;
mod held_up;
mod wedged;
mod returned;
mod requests;
mod gates;
mod bounds;
mod windows;
mod repeats;
mod just_changed;
mod patches;
mod policy;
mod oracle;
mod chance;
mod sliding;
mod rights;
mod traffic;
mod commit;
mod commands;
mod crossed;
