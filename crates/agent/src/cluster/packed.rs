//! Objects as bytes that take little room: of each is written how it differs from a sample of its kind.
//!
//! Most of an object's JSON is in every other of its kind as well: the names of its fields, defaults, the labels that
//! a chart gives. A dictionary that holds one whole object takes all of that away.

use std::sync::{Arc, OnceLock};

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An object of the kind, as JSON.
type Sample = Box<[u8]>;

/// A larger object is like no other: it says little of what all have.
const MAX_SAMPLE: usize = 16 * 1024;

/// What packs the objects of one kind. The first of usual size is the sample for all that follow.
#[derive(Debug, Default)]
pub(super) struct Press {
    sample: OnceLock<Arc<Sample>>,
}

/// A packed object.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    sample: Arc<Sample>,
    bytes: Arc<[u8]>,
}

impl Press {
    /// The object, packed; `None` where it has no JSON.
    pub(super) fn pack(&self, object: &impl Serialize) -> Option<Packed> {
        let json = serde_json::to_vec(object).ok()?;
        let sample = if json.len() <= MAX_SAMPLE {
            Arc::clone(self.sample.get_or_init(|| Arc::new(json.clone().into())))
        } else {
            self.sample.get().cloned().unwrap_or_default()
        };
        let bytes = compress_prepend_size_with_dict(&json, &sample);
        Some(Packed { sample, bytes: bytes.into() })
    }
}

impl Packed {
    /// The object as it was packed.
    pub(super) fn open<K: DeserializeOwned>(&self) -> anyhow::Result<K> {
        let json = decompress_size_prepended_with_dict(&self.bytes, &self.sample)?;
        Ok(serde_json::from_slice(&json)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str) -> Value {
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [
            {"name": "app", "image": "registry.example.com/shop:1.4", "imagePullPolicy": "IfNotPresent"}]}})
    }

    #[test]
    fn what_was_packed_is_opened_as_it_was() {
        let press = Press::default();
        let objects = [
            pod("web-1"),
            pod("web-2"),
            json!({}),
            json!({"text": "é".repeat(100_000)}),
            pod("web-3"),
        ];

        for object in objects {
            let packed = press.pack(&object).unwrap();

            assert_eq!(packed.open::<Value>().unwrap(), object);
        }
    }

    #[test]
    fn of_what_is_like_the_sample_only_the_difference_takes_room() {
        let press = Press::default();
        let first = serde_json::to_vec(&pod("web-1")).unwrap();
        press.pack(&pod("web-1")).unwrap();

        let packed = press.pack(&pod("db-7")).unwrap();

        assert!(packed.bytes.len() * 4 < first.len(), "{} of {}", packed.bytes.len(), first.len());
    }

    #[test]
    fn one_that_is_large_is_no_sample_and_is_packed_all_the_same() {
        let press = Press::default();
        let large = json!({"text": (0..40_000).map(|it| it.to_string()).collect::<String>()});

        for object in [&large, &pod("web-1"), &large] {
            assert_eq!(press.pack(object).unwrap().open::<Value>().unwrap(), *object);
        }
    }
}
