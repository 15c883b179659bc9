//! The agent's stream, as the show follows it.

use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::stage::Stage;

/// More events than this are never waiting: the story reads faster than the agent writes.
const WAITING: usize = 1024;

/// Events of the agent's stream, in order.
pub(crate) struct Follower {
    events: mpsc::Receiver<Value>,
}

impl Follower {
    /// Connects to the stream; events are read from now on.
    pub(crate) async fn start(stage: &Stage) -> anyhow::Result<Self> {
        let url = format!("{}/api/v1/incidents/stream", stage.agent);
        let response = stage.ask(&url).send().await?.error_for_status()?;
        let (send, events) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut bytes = response.bytes_stream();
            let mut text = Vec::new();
            while let Some(Ok(more)) = bytes.next().await {
                text.extend_from_slice(&more);
                while let Some(event) = next_event(&mut text) {
                    if send.send(event).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { events })
    }

    /// The next event.
    pub(crate) async fn next(&mut self, limit: Duration) -> anyhow::Result<Value> {
        tokio::time::timeout(limit, self.events.recv())
            .await
            .context("nothing more happened")?
            .context("the agent closed its stream")
    }
}

/// Takes the first whole message out of `text`; its data as JSON. Messages without data are passed over.
fn next_event(text: &mut Vec<u8>) -> Option<Value> {
    loop {
        let end = text.windows(2).position(|it| it == b"\n\n")?;
        let message: Vec<u8> = text.drain(..end + 2).collect();
        let message = String::from_utf8_lossy(&message);
        let data: String = message.lines().filter_map(|it| it.strip_prefix("data:")).collect();
        if let Ok(event) = serde_json::from_str(data.trim()) {
            return Some(event);
        }
    }
}
