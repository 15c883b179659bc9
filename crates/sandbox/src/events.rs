//! Writes events, and counts those that happen again instead of writing them twice.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fields::{Fields, put};
use crate::store::Store;

/// Whether an event is good news or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Normal,
    Warning,
}

impl Tone {
    fn word(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// After this many events of one reason that differ in their words, the rest are told as one.
const SIMILAR: usize = 10;
/// Objects whose similar events are counted; when there are more, counting begins anew.
const REMEMBERED: usize = 4_096;

/// Writes events in the name of one component.
#[derive(Debug)]
pub(crate) struct Recorder {
    store: Store,
    component: &'static str,
    similar: Mutex<BTreeMap<(String, String), Vec<u64>>>,
}

/// What an event says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    pub(crate) tone: Tone,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

impl Recorder {
    pub(crate) fn new(store: &Store, component: &'static str) -> Self {
        Self { store: store.written_by(component), component, similar: Mutex::default() }
    }

    /// Good news.
    pub(crate) fn normal(&self, about: &Value, reason: &str, message: &str) {
        self.note(&reference(about), "", Note { tone: Tone::Normal, reason, message });
    }

    /// Bad news.
    pub(crate) fn warning(&self, about: &Value, reason: &str, message: &str) {
        self.note(&reference(about), "", Note { tone: Tone::Warning, reason, message });
    }

    /// Writes an event about the object of a reference, or counts it when it was there before.
    /// Events are best effort: what cannot be written is left out.
    pub(crate) fn note(&self, about: &Value, host: &str, note: Note<'_>) {
        let message = self.combined(about, note);
        let id = digest(&(
            about.to_string(),
            note.reason,
            note.tone.word(),
            self.component,
            message.key,
        ));
        let namespace = match about.text("/namespace") {
            "" => "default",
            namespace => namespace,
        };
        let name = format!("{}.{id:016x}", about.text("/name"));
        let now = now();
        let counted = self.store.update("events", namespace, &name, |event| {
            let count = event.number("/count").unwrap_or(1);
            put(event, &["count"], json!(count + 1));
            put(event, &["lastTimestamp"], json!(now));
            put(event, &["message"], json!(message.text));
            Ok(())
        });
        if counted.is_ok() {
            return;
        }
        let mut source = json!({"component": self.component});
        if !host.is_empty() {
            put(&mut source, &["host"], json!(host));
        }
        let event = json!({
            "metadata": {"name": name}, "involvedObject": about, "type": note.tone.word(),
            "reason": note.reason, "message": message.text, "source": source, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now, "eventTime": null,
            "reportingComponent": self.component, "reportingInstance": host,
        });
        // The namespace may be on its way out, and takes the news along.
        drop(self.store.create("events", namespace, event));
    }

    /// Writes an event in the newer form, which counts in a series.
    pub(crate) fn note_in_series(&self, about: &Value, action: &str, note: Note<'_>) {
        let about = reference(about);
        let id = digest(&(about.text("/uid"), note.reason, note.message, self.component));
        let (namespace, name) =
            (about.text("/namespace"), format!("{}.{id:016x}", about.text("/name")));
        let now = micros();
        let counted = self.store.update("events", namespace, &name, |event| {
            let count = event.number("/series/count").unwrap_or(1);
            put(event, &["series"], json!({"count": count + 1, "lastObservedTime": now}));
            Ok(())
        });
        if counted.is_ok() {
            return;
        }
        let event = json!({
            "metadata": {"name": name}, "involvedObject": about, "type": note.tone.word(),
            "reason": note.reason, "message": note.message, "source": {}, "action": action,
            "firstTimestamp": null, "lastTimestamp": null, "eventTime": now,
            "reportingComponent": self.component, "reportingInstance": self.component,
        });
        drop(self.store.create("events", namespace, event));
    }

    fn combined(&self, about: &Value, note: Note<'_>) -> Message {
        let own = digest(&note.message);
        let mut similar = self.similar.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED <= similar.len() {
            similar.clear();
        }
        let key = (about.text("/uid").to_owned(), note.reason.to_owned());
        let seen = similar.entry(key).or_default();
        if seen.contains(&own) {
            return Message { text: note.message.to_owned(), key: own };
        }
        if seen.len() < SIMILAR {
            seen.push(own);
            return Message { text: note.message.to_owned(), key: own };
        }
        Message { text: format!("(combined from similar events): {}", note.message), key: 0 }
    }
}

struct Message {
    text: String,
    key: u64,
}

/// How an event points at an object.
pub(crate) fn reference(object: &Value) -> Value {
    let mut reference = json!({
        "kind": object.text("/kind"), "name": object.name(), "uid": object.uid(),
        "apiVersion": object.text("/apiVersion"),
        "resourceVersion": object.text("/metadata/resourceVersion"),
    });
    if !object.namespace().is_empty() {
        put(&mut reference, &["namespace"], json!(object.namespace()));
    }
    // The version says when the event began, and would make two of one that happens again.
    crate::fields::remove(&mut reference, &["resourceVersion"]);
    reference
}

/// The present moment in whole seconds.
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn micros() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
