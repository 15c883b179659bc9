//! A memory limit in which nothing can run.

use types::SpotTopic;

use super::{Look, Spot};

/// Less than a mebibyte: its unit is another one than was meant.
pub(super) fn tiny(look: &Look<'_>) -> Option<Spot> {
    let limit = look.facts.memory_limit.as_ref()?;
    let meant = limit.memory_meant()?;
    let unit = limit.0.trim_start_matches(|it: char| !it.is_ascii_alphabetic());
    let why = match unit {
        "m" => "is thousandths of a byte",
        "" => "is in bytes",
        _ => "is less than a mebibyte",
    };
    let path = look.path.child("resources").child("limits").child("memory");
    let words = format!("; its memory limit of {limit} {why}, and {meant} was probably meant");
    Some(Spot::new(SpotTopic::Memory, path, &limit.0, words))
}
