//! Reads bodies in Protocol Buffers, which kubectl sends when it creates objects.
//!
//! `protobuf/messages.txt` names the fields of each message: `number:name=type`, where `s` is text,
//! `i` a whole number, `b` yes or no and `y` bytes; `[` a list and `{` a map of what follows. `?` keeps
//! a zero, which otherwise stands for a field that was left out. The name `-` is a message whose
//! fields stand in the one around it. Statuses are left out: no client writes them this way.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::json::{object, set};

const TABLE: &str = include_str!("protobuf/messages.txt");
/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// Objects are not deeper than this.
const DEEPEST: usize = 40;

/// A field's name and type, by its number.
type Message = BTreeMap<u64, (&'static str, &'static str)>;

static MESSAGES: LazyLock<BTreeMap<&str, Message>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(name, fields)| (name, fields.split(' ').filter_map(field).collect())).collect()
});

fn field(text: &'static str) -> Option<(u64, (&'static str, &'static str))> {
    let (number, rest) = text.split_once(':')?;
    Some((number.parse().ok()?, rest.split_once('=')?))
}

/// The object in a body; `None` when it is not in Protocol Buffers, or of a kind that is unknown.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    let envelope = Parts(body.strip_prefix(MAGIC)?);
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, part) in envelope {
        let Part::Bytes(bytes) = part else { continue };
        match number {
            1 => {
                for (number, part) in Parts(bytes) {
                    let text = part.text();
                    if number == 1 { version = text } else { kind = text }
                }
            }
            2 => raw = bytes,
            _ => {}
        }
    }
    let mut object = message(MESSAGES.get(kind.as_str())?, raw, DEEPEST);
    set(&mut object, "apiVersion", version);
    set(&mut object, "kind", kind);
    Some(object)
}

/// One field as it is written.
#[derive(Clone, Copy)]
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Part<'_> {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Number(number) => number.cast_signed(),
            Self::Bytes(_) => 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Number(_) => &[],
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The fields of a message, one after the other; ends at the first that cannot be read.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = (u64, Part<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let part = match tag & 7 {
            0 => Part::Number(self.varint()?),
            1 => Part::Bytes(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Part::Bytes(self.take(length)?)
            }
            5 => Part::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((tag >> 3, part))
    }
}

impl<'a> Parts<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut res = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            res |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(res);
            }
        }
        None
    }
}

fn message(fields: &Message, bytes: &[u8], depth: usize) -> Value {
    let mut res = json!({});
    if depth == 0 {
        return res;
    }
    for (number, part) in Parts(bytes) {
        let Some(&(name, kind)) = fields.get(&number) else { continue };
        if let Some(kind) = kind.strip_prefix('[') {
            let list = object(&mut res).entry(name).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(value(kind, part, depth).unwrap_or_else(|| json!("")));
            }
        } else if let Some(kind) = kind.strip_prefix('{') {
            let (key, value) = pair(kind, part, depth);
            object(object(&mut res).entry(name).or_insert_with(|| json!({}))).insert(key, value);
        } else if let Some(value) = value(kind, part, depth) {
            match (name, value) {
                ("-", Value::Object(inner)) => object(&mut res).extend(inner),
                (name, value) => drop(object(&mut res).insert(name.to_owned(), value)),
            }
        }
    }
    res
}

/// An entry of a map is a message of a key and a value.
fn pair(kind: &str, part: Part<'_>, depth: usize) -> (String, Value) {
    let mut res = (String::new(), json!(""));
    for (number, part) in Parts(part.bytes()) {
        if number == 1 {
            res.0 = part.text();
        } else if let Some(value) = value(kind, part, depth) {
            res.1 = value;
        }
    }
    res
}

/// A value; `None` for one that stands for nothing.
fn value(kind: &str, part: Part<'_>, depth: usize) -> Option<Value> {
    let (plain, kept) = kind.strip_suffix('?').map_or((kind, false), |it| (it, true));
    Some(match plain {
        "s" => json!(Some(part.text()).filter(|it| kept || !it.is_empty())?),
        "i" => json!(Some(part.number()).filter(|it| kept || *it != 0)?),
        "b" => json!(Some(part.number() != 0).filter(|it| kept || *it)?),
        "y" => base64(part.bytes()),
        "Quantity" => json!(Parts(part.bytes()).next().map(|it| it.1.text())?),
        "Time" | "MicroTime" => time(part.bytes())?,
        "IntOrString" => int_or_string(part.bytes()),
        name => message(MESSAGES.get(name)?, part.bytes(), depth - 1),
    })
}

fn base64(bytes: &[u8]) -> Value {
    let bytes = k8s_openapi::ByteString(bytes.to_vec());
    serde_json::to_value(bytes).unwrap_or_default()
}

fn time(bytes: &[u8]) -> Option<Value> {
    let seconds = Parts(bytes).find(|it| it.0 == 1)?.1.number();
    Some(json!(jiff::Timestamp::from_second(seconds).ok()?.to_string()))
}

fn int_or_string(bytes: &[u8]) -> Value {
    let parts: Map<String, Value> = Parts(bytes)
        .map(|(number, part)| {
            let value = if number == 3 { json!(part.text()) } else { json!(part.number()) };
            (number.to_string(), value)
        })
        .collect();
    let member = if parts.get("1") == Some(&json!(1)) { "3" } else { "2" };
    parts.get(member).cloned().unwrap_or_else(|| json!(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{MESSAGES, read};

    /// What `kubectl create configmap foo --from-literal=a=b` sends.
    fn config_map() -> Vec<u8> {
        let metadata = b"\n\x13\n\x03foo\x12\x00\x1a\x00\"\x00*\x002\x008\x00B\x00";
        let data = b"\x12\x06\n\x01a\x12\x01b";
        let object = [metadata.as_slice(), data].concat();
        let length = u8::try_from(object.len()).unwrap();
        let kind = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12";
        [kind.as_slice(), &[length], &object].concat()
    }

    #[test]
    fn what_kubectl_sends_is_read() {
        let object = read(&config_map()).unwrap();

        let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foo"}});
        assert_eq!(object["metadata"], wanted["metadata"]);
        assert_eq!((&object["kind"], &object["data"]), (&wanted["kind"], &json!({"a": "b"})));
    }

    #[test]
    fn every_message_that_is_named_is_there() {
        for (name, fields) in MESSAGES.iter() {
            for (field, kind) in fields.values() {
                let kind = kind.trim_start_matches(['[', '{']).trim_end_matches('?');
                let known = ["s", "i", "b", "y", "Quantity", "Time", "MicroTime", "IntOrString"];
                assert!(known.contains(&kind) || MESSAGES.contains_key(kind), "{name}.{field}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body = [b"k8s\0\n\x09\x12\x03Pod\x12".as_slice(), &bytes].concat();
            drop(read(&body));
            drop(read(&bytes));
        }
    }
}
