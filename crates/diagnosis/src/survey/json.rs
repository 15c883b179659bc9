//! What rules read in objects that are known as JSON only.

use jiff::Timestamp;
use serde_json::Value;
use types::Subject;

use super::scene::Scene;

/// How long a controller may take to say a first word, in seconds.
const PATIENCE_SECS: i64 = 60;
/// How long an address may take, in seconds: load balancers of clouds take minutes.
const ADDRESS_SECS: i64 = 180;
/// Reasons that are part of an ordinary start.
const ON_ITS_WAY: [&str; 3] = ["Pending", "AddressNotAssigned", "Waiting"];

/// The text at a JSON Pointer; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON Pointer; empty where there is none.
pub(super) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The object of this kind.
pub(super) fn subject(kind: &str, object: &Value) -> Subject {
    Subject::new(kind, text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// A condition that is not as it should be.
pub(super) struct Trouble<'v> {
    /// Which one.
    pub(super) condition: &'v str,
    /// `False` or `Unknown`, or `True` of one that should not be.
    pub(super) status: &'v str,
    /// Why, in one word.
    pub(super) reason: &'v str,
    /// Why, in a sentence.
    pub(super) message: &'v str,
}

/// The first of these conditions that is not true, though its object is old enough. What is said of an older
/// generation of the object says nothing.
pub(super) fn trouble<'v>(
    object: &Value,
    conditions: &'v [Value],
    wanted: &[&str],
    scene: &Scene<'_>,
) -> Option<Trouble<'v>> {
    let found =
        wanted.iter().filter_map(|name| conditions.iter().find(|it| text(it, "/type") == *name));
    let mut bad = found.filter(|it| text(it, "/status") != "True" && !is_outdated(object, it));
    let first = bad.next()?;
    let status = text(first, "/status");
    let reason = text(first, "/reason");
    let created: Option<Timestamp> = text(object, "/metadata/creationTimestamp").parse().ok();
    // Without a status the condition is the default that the definition of the kind brings along.
    let patience = match (status, ON_ITS_WAY.contains(&reason)) {
        ("False", false) => 0,
        ("False", true) => ADDRESS_SECS,
        _ => PATIENCE_SECS,
    };
    let is_new = created.is_some_and(|it| scene.age_secs(Some(it)) < patience);
    (!is_new).then(|| Trouble {
        condition: text(first, "/type"),
        status,
        reason,
        message: text(first, "/message"),
    })
}

/// Whether a condition is about an earlier generation of its object.
pub(super) fn is_outdated(object: &Value, condition: &Value) -> bool {
    let number = |value: &Value, pointer| value.pointer(pointer).and_then(Value::as_i64);
    let observed = number(condition, "/observedGeneration").filter(|it| 0 < *it);
    let generation = number(object, "/metadata/generation");
    observed.zip(generation).is_some_and(|(observed, generation)| observed < generation)
}
