//! Label selectors and field selectors.

use serde_json::Value;

use super::call::Call;
use crate::json::{at, text};
use crate::resources::Resource;
use crate::status::StatusError;

/// Which objects a list or a watch is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    More(i64),
    Less(i64),
}

impl Selection {
    /// Reads the selectors of a request about a list.
    pub(crate) fn of(call: &Call, resource: &Resource) -> Result<Self, StatusError> {
        let labels = labels(call.param("labelSelector").unwrap_or_default())?;
        let text = call.param("fieldSelector").unwrap_or_default();
        let mut fields = Vec::new();
        for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let (key, equal, value) = field(part)?;
            if !supported(resource, &key) {
                return Err(unsupported(resource, &key));
            }
            fields.push((key, equal, value));
        }
        Ok(Self { labels, fields })
    }

    /// Narrows the selection to one name, as a watch on one object does.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.fields.push(("metadata.name".to_owned(), true, name.to_owned()));
        self
    }

    /// Whether an object is selected.
    pub(crate) fn takes(&self, object: &Value) -> bool {
        self.labels.iter().all(|it| it.holds(object))
            && self
                .fields
                .iter()
                .all(|(key, equal, value)| (shown(object, key) == *value) == *equal)
    }
}

fn shown(object: &Value, key: &str) -> String {
    let found = match key {
        "source" => at(object, "source.component"),
        "status.successful" => at(object, "status.succeeded"),
        key => at(object, key),
    };
    match (key, found) {
        ("spec.unschedulable" | "spec.hostNetwork", Value::Null) => "false".to_owned(),
        ("status.replicas" | "status.successful", Value::Null) => "0".to_owned(),
        (_, Value::Null) => String::new(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

impl Requirement {
    fn holds(&self, object: &Value) -> bool {
        let label = at(object, "metadata.labels").get(&self.key).and_then(Value::as_str);
        match &self.test {
            Test::Exists => label.is_some(),
            Test::Absent => label.is_none(),
            Test::In(values) => label.is_some_and(|it| values.iter().any(|value| value == it)),
            Test::NotIn(values) => label.is_none_or(|it| values.iter().all(|value| value != it)),
            Test::More(bound) => number(label).is_some_and(|it| *bound < it),
            Test::Less(bound) => number(label).is_some_and(|it| it < *bound),
        }
    }
}

fn number(label: Option<&str>) -> Option<i64> {
    label?.parse().ok()
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(move |letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|it| !it.is_empty()).collect()
}

fn labels(text: &str) -> Result<Vec<Requirement>, StatusError> {
    split(text).into_iter().map(requirement).collect()
}

fn requirement(text: &str) -> Result<Requirement, StatusError> {
    let of = |key: &str, test: Test| Requirement { key: key.trim().to_owned(), test };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, values)) = text.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let values = values.split(',').map(|it| it.trim().to_owned()).collect();
        let mut words = key.split_whitespace();
        return match (words.next(), words.next()) {
            (Some(key), Some("in")) => Ok(of(key, Test::In(values))),
            (Some(key), Some("notin")) => Ok(of(key, Test::NotIn(values))),
            _ => Err(unreadable(text)),
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Ok(of(key, Test::NotIn(one(value))));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        if value.starts_with('=') {
            let why = "unable to parse requirement: found '=', expected: identifier";
            return Err(StatusError::bad_request(why));
        }
        return Ok(of(key, Test::In(one(value))));
    }
    if let Some((key, value)) = text.split_once('>') {
        return Ok(of(key, Test::More(value.trim().parse().map_err(|_| unreadable(text))?)));
    }
    if let Some((key, value)) = text.split_once('<') {
        return Ok(of(key, Test::Less(value.trim().parse().map_err(|_| unreadable(text))?)));
    }
    let (key, presence) = match text.strip_prefix('!') {
        Some(key) => (key, Test::Absent),
        None => (text, Test::Exists),
    };
    if let Some(second) = key.split_whitespace().nth(1) {
        let why = format!(
            "unable to parse requirement: found '{second}', expected: in, notin, =, ==, !=, gt, lt"
        );
        return Err(StatusError::bad_request(why));
    }
    if key.trim().is_empty() {
        return Err(unreadable(text));
    }
    Ok(of(key, presence))
}

fn unreadable(text: &str) -> StatusError {
    StatusError::bad_request(format!("unable to parse requirement: found '{text}'"))
}

fn field(text: &str) -> Result<(String, bool, String), StatusError> {
    let (key, equal, value) = if let Some((key, value)) = text.split_once("!=") {
        (key, false, value)
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, true, value)
    } else {
        let why = format!("invalid selector: '{text}'; can't understand '{text}'");
        return Err(StatusError::bad_request(why));
    };
    Ok((key.to_owned(), equal, value.to_owned()))
}

fn supported(resource: &Resource, key: &str) -> bool {
    let namespaced = resource.namespaced && key == "metadata.namespace";
    key == "metadata.name" || namespaced || own_fields(resource).contains(&key)
}

/// The fields that only this kind can be selected by.
fn own_fields(resource: &Resource) -> &'static [&'static str] {
    match resource.plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "nodes" => &["spec.unschedulable"],
        "namespaces" => &["status.phase"],
        "secrets" => &["type"],
        "services" => &["spec.clusterIP", "spec.type"],
        "replicasets" | "replicationcontrollers" => &["status.replicas"],
        "jobs" => &["status.successful"],
        _ => &[],
    }
}

/// Kinds with selectors of their own say less of what they know than the others.
fn unsupported(resource: &Resource, key: &str) -> StatusError {
    let own = own_fields(resource);
    StatusError::bad_request(if own.is_empty() {
        format!(
            "{key:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )
    } else {
        format!("field label not supported: {key}")
    })
}

/// Whether a `LabelSelector` object selects an object's labels; an empty one selects all.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    let exact = crate::json::entries(selector, "matchLabels")
        .all(|(key, value)| labels.get(key) == Some(value));
    exact
        && crate::json::list(selector, "matchExpressions").iter().all(|it| {
            let values = || {
                let values = crate::json::list(it, "values").iter();
                values.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let test = match text(it, "operator") {
                "In" => Test::In(values()),
                "NotIn" => Test::NotIn(values()),
                "Exists" => Test::Exists,
                _ => Test::Absent,
            };
            let requirement = Requirement { key: text(it, "key").to_owned(), test };
            requirement.holds(&serde_json::json!({"metadata": {"labels": labels}}))
        })
}
