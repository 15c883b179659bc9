//! `GET /api/v1/incidents/stream`: incidents and executions as server-sent events, resumable.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures::Stream;
use service::auth::Reader;
use service::shutdown::Goodbye;
use tokio::sync::broadcast::error::RecvError;
use types::StreamEvent;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Agent;
use crate::fix::Fixer;
use crate::incidents::{Message, Subscription};

/// After so much silence a comment is sent, so that both ends know that the other is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(follow);
}

/// Incidents and executions, live, as server-sent events.
///
/// Each message is `id: <sequence>`, `event: incident|execution`, `data: <StreamEvent>`. A reader
/// that comes back with `Last-Event-ID` gets what it missed; one that comes for the first time, or
/// too late, gets all open incidents and unfinished executions first.
#[utoipa::path(
    operation_id = "follow_incidents",
    tag = "incidents",
    params(("Last-Event-ID" = Option<u64>, Header, description = "The last id that was read")),
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent))
)]
#[get("/api/v1/incidents/stream")]
async fn follow(
    _: Reader,
    request: HttpRequest,
    agent: web::Data<Agent>,
    fixer: web::Data<Fixer>,
    goodbye: web::Data<Goodbye>,
) -> HttpResponse {
    let last_seen = request.headers().get("Last-Event-ID");
    let last_seen = last_seen.and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok());
    let subscription = agent.feed.subscribe(last_seen);
    let first = beginning(&subscription, &agent, &fixer);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(messages(
            first,
            subscription,
            Ends { goodbye: Goodbye::clone(&goodbye), fixer: fixer.into_inner() },
        ))
}

/// What a reader gets before anything live: what it missed, or the whole state.
fn beginning(subscription: &Subscription, agent: &Agent, fixer: &Fixer) -> String {
    // A comment comes first, so that the reader sees that it is connected.
    let mut text = ": connected\n\n".to_owned();
    if let Some(missed) = &subscription.missed {
        text.extend(missed.iter().map(|it| numbered(it)));
        return text;
    }
    let incidents = agent.incidents.open().into_iter().map(Box::new).map(StreamEvent::Incident);
    let executions = fixer.unfinished().into_iter().map(Box::new).map(StreamEvent::Execution);
    let state: Vec<_> = incidents.chain(executions).collect();
    for (index, event) in state.iter().enumerate() {
        // Only the last one carries the number: a reader that breaks off before starts over.
        let number = (index + 1 == state.len()).then_some(subscription.newest);
        text.push_str(&message(event, number));
    }
    text
}

fn numbered(it: &Message) -> String {
    message(&it.event, Some(it.sequence))
}

fn message(event: &StreamEvent, number: Option<u64>) -> String {
    let name = match event {
        StreamEvent::Incident(_) => "incident",
        StreamEvent::Execution(_) => "execution",
    };
    // JSON has no raw line breaks, so nothing in the data can end the message early.
    match (serde_json::to_string(event), number) {
        (Ok(data), Some(number)) => format!("id: {number}\nevent: {name}\ndata: {data}\n\n"),
        (Ok(data), None) => format!("event: {name}\ndata: {data}\n\n"),
        (Err(error), _) => format!(": not serialised: {error}\n\n"),
    }
}

/// What ends a stream: the reader comes back to the next life of the process, or to the replica that leads by then.
struct Ends {
    goodbye: Goodbye,
    fixer: Arc<Fixer>,
}

impl Ends {
    async fn come(&self) {
        tokio::select! {
            () = self.goodbye.said() => {}
            () = self.fixer.lead().until_lost() => {}
        }
    }
}

fn messages(
    first: String,
    subscription: Subscription,
    ends: Ends,
) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    let state = (Some(first), subscription.live, ends);
    futures::stream::unfold(state, async |(first, mut live, ends)| {
        if let Some(first) = first {
            return Some((Ok(Bytes::from(first)), (None, live, ends)));
        }
        let next = tokio::select! {
            next = tokio::time::timeout(HEARTBEAT, live.recv()) => next,
            () = ends.come() => return None,
        };
        match next {
            Ok(Ok(message)) => Some((Ok(text(&message)), (None, live, ends))),
            Err(_) => Some((Ok(Bytes::from_static(b": still here\n\n")), (None, live, ends))),
            // A reader that is too slow is let go: it comes back and resumes from what it saw last.
            Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => None,
        }
    })
}

fn text(message: &Arc<Message>) -> Bytes {
    Bytes::from(numbered(message))
}
