//! Watching: first what is there, then every change, until the time is up.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::web::Bytes;
use futures::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::call::Call;
use super::lists::scope;
use super::selectors::Selection;
use super::target::Target;
use super::views::View;
use super::{Answer, Api};
use crate::json::set;
use crate::resources::Resource;
use crate::status::StatusError;
use crate::store::{Change, ChangeKind, Expired, Watch};

/// How long a watch lasts that does not say, as with the real server's least time.
const LASTS: Duration = Duration::from_mins(30);
/// How often a quiet watch says up to which version it has seen everything.
const BOOKMARKS: Duration = Duration::from_secs(10);

/// A watch in progress.
struct Following {
    watch: Watch,
    resource: &'static Resource,
    view: View,
    selection: Selection,
    bookmarks: bool,
    lines: VecDeque<Bytes>,
    until: Instant,
    bookmark_at: Instant,
    over: bool,
}

impl Api {
    /// Answers with a stream of changes.
    pub(super) fn watch(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let resource = target.resource;
        let view = View::of(call)?;
        let mut selection = Selection::of(call, resource)?;
        if let Some(name) = &target.name {
            selection = selection.named(name);
        }
        let initial = call.flag("sendInitialEvents");
        check_initial(call, initial)?;
        let since = match call.param("resourceVersion") {
            None | Some("0") => None,
            Some(text) => Some(version(text)?),
        };
        let from_now = since.is_none() || initial;
        let (objects, now) = self.store.list(resource.plural, scope(target));
        let since = if from_now { now } else { since.unwrap_or(now) };
        let watch = match self.store.watch(resource.plural, scope(target), since) {
            Ok(watch) => watch,
            Err(expired) => return Ok(Answer::lines(Box::pin(stream::iter([Ok(gone(expired))])))),
        };
        let wanted = call.number("timeoutSeconds")?.and_then(|it| u64::try_from(it).ok());
        let lasts = wanted.map_or(LASTS, Duration::from_secs).min(LASTS);
        let mut following = Following {
            watch,
            resource,
            view,
            selection,
            bookmarks: call.flag("allowWatchBookmarks"),
            lines: VecDeque::new(),
            until: Instant::now() + lasts,
            bookmark_at: Instant::now() + BOOKMARKS,
            over: false,
        };
        if from_now {
            let selected: Vec<_> =
                objects.iter().filter(|it| following.selection.takes(it)).collect();
            for object in selected {
                following.say("ADDED", object);
            }
        }
        if initial && following.bookmarks {
            following.bookmark(json!({"k8s.io/initial-events-end": "true"}));
        }
        Ok(Answer::lines(Box::pin(stream::unfold(following, Following::next))))
    }
}

impl Following {
    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        while self.lines.is_empty() && !self.over {
            tokio::select! {
                changes = self.watch.next() => match changes {
                    Ok(changes) => changes.iter().for_each(|it| self.tell(it)),
                    Err(expired) => {
                        self.lines.push_back(gone(expired));
                        self.over = true;
                    }
                },
                () = sleep_until(self.bookmark_at), if self.bookmarks => {
                    self.bookmark(Value::Null);
                    self.bookmark_at = Instant::now() + BOOKMARKS;
                }
                () = sleep_until(self.until) => self.over = true,
            }
        }
        let line = self.lines.pop_front()?;
        Some((Ok(line), self))
    }

    /// Turns a change into what this watch sees of it.
    fn tell(&mut self, change: &Change) {
        let before = change.previous.as_ref().is_some_and(|it| self.selection.takes(it));
        let after = change.kind != ChangeKind::Deleted && self.selection.takes(&change.object);
        match (before, after) {
            (false, false) => {}
            (false, true) => self.say("ADDED", &change.object),
            (true, true) => self.say("MODIFIED", &change.object),
            (true, false) if change.kind == ChangeKind::Deleted => {
                self.say("DELETED", &change.object);
            }
            (true, false) => {
                // The client knows the object as it was selected, so that is what it loses.
                let mut last = change.previous.as_deref().cloned().unwrap_or_default();
                set(&mut last, "metadata.resourceVersion", change.version.to_string());
                self.say("DELETED", &last);
            }
        }
    }

    fn say(&mut self, kind: &str, object: &Value) {
        let object = self.view.object(self.resource, object);
        self.lines.push_back(line(kind, &object));
    }

    fn bookmark(&mut self, annotations: Value) {
        let mut object = json!({
            "kind": self.resource.kind, "apiVersion": self.resource.api_version(),
            "metadata": {"resourceVersion": self.watch.version().to_string(), "creationTimestamp": null},
        });
        set(&mut object, "metadata.annotations", annotations);
        self.lines.push_back(line("BOOKMARK", &object));
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": kind, "object": object}).to_string();
    text.push('\n');
    Bytes::from(text)
}

fn gone(expired: Expired) -> Bytes {
    line("ERROR", &StatusError::expired(expired.to_string()).to_status())
}

/// Reads a version.
pub(super) fn version(text: &str) -> Result<u64, StatusError> {
    text.parse().map_err(|_| {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        let why = format!("resourceVersion: Invalid value: {text:?}: {why}");
        StatusError::plain(500, "", why)
    })
}

/// Initial events are a contract of their own, which has to be asked for by name.
fn check_initial(call: &Call, initial: bool) -> Result<(), StatusError> {
    let matching = call.param("resourceVersionMatch");
    let why = if initial && matching != Some("NotOlderThan") {
        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    } else if call.param("sendInitialEvents").is_none() && matching.is_some() {
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    } else {
        return Ok(());
    };
    let cause = crate::status::Cause::forbidden("resourceVersionMatch", why);
    Err(StatusError::invalid("ListOptions.meta.k8s.io", "", &[cause]))
}
