//! The logs of containers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::target::Target;
use crate::api::{Answer, Api, Body};
use crate::json::{at, has, list, text};
use crate::status::{Cause, StatusError};
use crate::store::{LogLine, Run, Store};

/// How often a log that is followed is looked at.
const GLANCE: Duration = Duration::from_millis(200);

/// What a client wants of a log.
struct Wanted {
    run: Run,
    tail: Option<usize>,
    limit: Option<usize>,
    since: Option<Timestamp>,
    timestamps: bool,
    follow: bool,
}

impl Api {
    /// Answers with the log of a container.
    pub(in crate::api) fn log(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let wanted = read(call, target.name())?;
        let pod = self.found(target)?;
        let container = choose(&pod, target.name(), call.param("container"))?;
        if text(&pod, "spec.nodeName").is_empty() {
            // Nobody could be asked yet.
            return Ok(Answer { code: 204, ..Answer::text(String::new()) });
        }
        check_state(&pod, &container, wanted.run)?;
        let key = (target.namespace(), target.name());
        let lines = match self.store.logs(key, &container, wanted.run) {
            Some(lines) => lines,
            None if wanted.run == Run::Previous => {
                return Err(no_previous(target.name(), &container));
            }
            None => Vec::new(),
        };
        if wanted.follow && wanted.run == Run::Current {
            return Ok(follow(&self.store, key, container, wanted));
        }
        let mut text: String = pick(&lines, &wanted).iter().map(|it| shown(it, &wanted)).collect();
        if let Some(limit) = wanted.limit {
            let end = (0..=limit.min(text.len())).rev().find(|it| text.is_char_boundary(*it));
            text.truncate(end.unwrap_or(0));
        }
        Ok(Answer::text(text))
    }
}

fn read(call: &Call, pod: &str) -> Result<Wanted, StatusError> {
    let tail = call.number("tailLines")?;
    let limit = call.number("limitBytes")?;
    let seconds = call.number("sinceSeconds")?;
    let bounds = [
        ("tailLines", tail, 0, "must be greater than or equal to 0"),
        ("limitBytes", limit, 1, "must be greater than 0"),
        ("sinceSeconds", seconds, 1, "must be greater than 0"),
    ];
    for (field, value, least, why) in bounds {
        if let Some(value) = value.filter(|it| *it < least) {
            let cause = Cause::invalid(field, &json!(value), why);
            return Err(StatusError::invalid("PodLogOptions", pod, &[cause]));
        }
    }
    let since = seconds.map(|it| Timestamp::now() - SignedDuration::from_secs(it));
    Ok(Wanted {
        run: if call.flag("previous") { Run::Previous } else { Run::Current },
        tail: tail.and_then(|it| usize::try_from(it).ok()),
        limit: limit.and_then(|it| usize::try_from(it).ok()),
        since: since.or_else(|| call.param("sinceTime")?.parse().ok()),
        timestamps: call.flag("timestamps"),
        follow: call.flag("follow"),
    })
}

/// The container asked for, or the only one.
fn choose(pod: &Value, name: &str, asked: Option<&str>) -> Result<String, StatusError> {
    let names =
        |path: &str| -> Vec<&str> { list(pod, path).iter().map(|it| text(it, "name")).collect() };
    let containers = names("spec.containers");
    let initial = names("spec.initContainers");
    match (asked, containers.as_slice()) {
        (Some(asked), known) if known.contains(&asked) || initial.contains(&asked) => {
            Ok(asked.to_owned())
        }
        (Some(asked), _) => {
            Err(StatusError::bad_request(format!("container {asked} is not valid for pod {name}")))
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, several) => {
            let mut why = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                several.join(" ")
            );
            if !initial.is_empty() {
                let initial = initial.join(" ");
                why = format!("{why} or one of the init containers: [{initial}]");
            }
            Err(StatusError::bad_request(why))
        }
    }
}

/// A container that never ran has no log.
fn check_state(pod: &Value, container: &str, run: Run) -> Result<(), StatusError> {
    let name = text(pod, "metadata.name");
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let status = statuses
        .iter()
        .flat_map(|it| list(pod, &format!("status.{it}")))
        .find(|it| text(it, "name") == container);
    let ran = status.is_some_and(|it| has(it, "lastState.terminated"));
    match run {
        Run::Previous if !ran => Err(no_previous(name, container)),
        Run::Previous => Ok(()),
        Run::Current => {
            let waiting = status.map_or(&Value::Null, |it| at(it, "state.waiting"));
            if status.is_some() && (waiting.is_null() || ran) {
                return Ok(());
            }
            let reason =
                waiting.get("reason").and_then(Value::as_str).unwrap_or("ContainerCreating");
            Err(StatusError::bad_request(waits(name, container, reason)))
        }
    }
}

fn waits(pod: &str, container: &str, reason: &str) -> String {
    let who = format!("container {container:?} in pod {pod:?} is waiting to start");
    match reason {
        "ErrImagePull" | "ImagePullBackOff" => {
            format!(
                "{who}: {}",
                if reason == "ErrImagePull" {
                    "image can't be pulled"
                } else {
                    "trying and failing to pull image"
                }
            )
        }
        other => format!("{who}: {other}"),
    }
}

fn no_previous(pod: &str, container: &str) -> StatusError {
    let why = format!("previous terminated container {container:?} in pod {pod:?} not found");
    StatusError::bad_request(why)
}

fn pick<'a>(lines: &'a [Arc<LogLine>], wanted: &Wanted) -> &'a [Arc<LogLine>] {
    let from = wanted.since.map_or(0, |since| lines.partition_point(|it| it.at < since));
    let from = wanted.tail.map_or(from, |tail| from.max(lines.len().saturating_sub(tail)));
    lines.get(from..).unwrap_or_default()
}

fn shown(line: &LogLine, wanted: &Wanted) -> String {
    if wanted.timestamps {
        format!("{} {}\n", line.at, line.text)
    } else {
        format!("{}\n", line.text)
    }
}

/// A log that goes on until the container's pod has gone.
fn follow(
    store: &Store,
    (namespace, pod): (&str, &str),
    container: String,
    wanted: Wanted,
) -> Answer {
    let lines = store.logs((namespace, pod), &container, Run::Current).unwrap_or_default();
    let picked = pick(&lines, &wanted);
    let state = Followed {
        store: store.clone(),
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container,
        seen: lines.last().map(|it| it.at),
        pending: picked.iter().map(|it| shown(it, &wanted)).collect(),
        wanted,
    };
    let body = Body::TextLines(Box::pin(stream::unfold(state, Followed::next)));
    Answer { code: 200, body, warnings: Vec::new() }
}

struct Followed {
    store: Store,
    namespace: String,
    pod: String,
    container: String,
    seen: Option<Timestamp>,
    pending: VecDeque<String>,
    wanted: Wanted,
}

impl Followed {
    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some((Ok(Bytes::from(line)), self));
            }
            let key = (self.namespace.as_str(), self.pod.as_str());
            let pod = self.store.get("pods", key.0, key.1)?;
            let lines = self.store.logs(key, &self.container, Run::Current).unwrap_or_default();
            let from = self.seen.map_or(0, |seen| lines.partition_point(|it| it.at <= seen));
            let new = lines.get(from..).unwrap_or_default();
            self.pending.extend(new.iter().map(|it| shown(it, &self.wanted)));
            self.seen = lines.last().map(|it| it.at).or(self.seen);
            if !self.pending.is_empty() {
                continue;
            }
            if matches!(text(&pod, "status.phase"), "Succeeded" | "Failed") {
                return None;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}
