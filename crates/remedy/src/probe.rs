//! What is known of a probe that fails: what its failures mean, and which port or path it should ask. The plans and
//! the guard both ask it.

mod absent;
mod failing;
mod listed;
mod path;
mod port;

pub(crate) use self::failing::{Answer, SURE, answer, failing_probes};
pub(crate) use self::listed::{is_beside_answered, path as listed_path};
pub(crate) use self::path::{Agreed, agreed_path, answered_paths};
pub(crate) use self::port::{begun_name, called, is_heard_port, is_of_another, listened};
