//! Tables: the columns that `kubectl get` shows, as the real server defines them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::json::{at, entries, list, text};
use crate::resources::Resource;

mod cluster;
mod columns;
mod pods;
mod workloads;

/// A column: its name, its type, and whether it is only shown in wide tables.
type Column = (&'static str, &'static str, u8);

/// What is shown where there is nothing.
const NONE: &str = "<none>";
/// What is shown where something should be, but is not yet.
const UNSET: &str = "<unset>";

/// The definitions of a resource's columns.
pub(crate) fn columns(resource: &Resource) -> Value {
    let columns = shape(resource.plural);
    let definitions = columns.iter().map(|(name, kind, priority)| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({"name": name, "type": kind, "format": format, "priority": priority, "description": ""})
    });
    Value::Array(definitions.collect())
}

/// One row.
pub(crate) fn cells(resource: &Resource, object: &Value) -> Value {
    let name = at(object, "metadata.name").clone();
    let rest = match resource.plural {
        "pods" => pods::cells(object),
        "events" => return cluster::event(object),
        "deployments"
        | "replicasets"
        | "replicationcontrollers"
        | "statefulsets"
        | "daemonsets"
        | "jobs"
        | "cronjobs"
        | "controllerrevisions" => workloads::cells(resource.plural, object),
        "limitranges" | "roles" | "clusterroles" => {
            json!([at(object, "metadata.creationTimestamp")])
        }
        plural => cluster::cells(plural, object),
    };
    let mut cells = vec![name];
    if let Value::Array(rest) = rest {
        cells.extend(rest);
    }
    Value::Array(cells)
}

fn shape(plural: &str) -> &'static [Column] {
    match plural {
        "pods" => pods::COLUMNS,
        "deployments" => workloads::DEPLOYMENTS,
        "replicasets" | "replicationcontrollers" => workloads::REPLICA_SETS,
        "statefulsets" => workloads::STATEFUL_SETS,
        "daemonsets" => workloads::DAEMON_SETS,
        "jobs" => workloads::JOBS,
        "cronjobs" => workloads::CRON_JOBS,
        "controllerrevisions" => workloads::REVISIONS,
        "limitranges" | "roles" | "clusterroles" => {
            &[("Name", "string", 0), ("Created At", "date", 0)]
        }
        plural => columns::columns(plural),
    }
}

/// How long ago something was, as `kubectl` says it.
fn age(value: &Value, path: &str) -> String {
    match text(value, path).parse::<Timestamp>() {
        Ok(at) => span(Timestamp::now().duration_since(at).as_secs()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// A duration with at most two units, coarser as it grows.
fn span(secs: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |(big, unit): (i64, &str), (small, rest): (i64, &str)| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{rest}") }
    };
    let secs = secs.max(0);
    match secs {
        it if it < 2 * MINUTE => format!("{it}s"),
        it if it < 10 * MINUTE => two((it / MINUTE, "m"), (it % MINUTE, "s")),
        it if it < 3 * HOUR => format!("{}m", it / MINUTE),
        it if it < 8 * HOUR => two((it / HOUR, "h"), (it % HOUR / MINUTE, "m")),
        it if it < 2 * DAY => format!("{}h", it / HOUR),
        it if it < 8 * DAY => two((it / DAY, "d"), (it % DAY / HOUR, "h")),
        it if it < 2 * YEAR => format!("{}d", it / DAY),
        it if it < 8 * YEAR => two((it / YEAR, "y"), (it % YEAR / DAY, "d")),
        it => format!("{}y", it / YEAR),
    }
}

/// One member of each item of a list, joined by commas.
fn joined(value: &Value, path: &str, member: &str) -> String {
    let all: Vec<_> = list(value, path).iter().map(|it| text(it, member)).collect();
    all.join(",")
}

/// The text, or a word for its absence.
fn or<'a>(text: &'a str, absent: &'a str) -> &'a str {
    if text.is_empty() { absent } else { text }
}

/// How many entries a map has.
fn size(value: &Value, path: &str) -> usize {
    entries(value, path).count()
}
