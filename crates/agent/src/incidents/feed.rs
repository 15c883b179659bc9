//! The feed: what was published, numbered, with a bounded memory so that a reader can resume.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use types::StreamEvent;

/// How many messages a reader may be behind and still resume without a replay.
const RING: usize = 1024;

/// One numbered message, serialised once for all readers.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number; grows by one.
    pub sequence: u64,
    /// What it tells.
    pub event: StreamEvent,
}

/// What a reader gets: messages that it missed, or `None` when they are no longer known, and the live ones.
#[derive(Debug)]
pub struct Subscription {
    /// The number of the newest message when the subscription began.
    pub newest: u64,
    /// What was missed, oldest first; `None` when the reader needs a replay of the whole state.
    pub missed: Option<Vec<Arc<Message>>>,
    /// What comes from now on.
    pub live: broadcast::Receiver<Arc<Message>>,
}

/// Publishes incidents and executions to any number of readers, none of which can slow it down.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    live: broadcast::Sender<Arc<Message>>,
}

#[derive(Debug)]
struct Ring {
    newest: u64,
    messages: VecDeque<Arc<Message>>,
}

impl Feed {
    /// An empty feed whose numbers begin after `start`.
    ///
    /// A process passes the time of its start in microseconds: numbers of an earlier life are then
    /// always smaller, and a reader that comes back with one gets a replay.
    pub fn starting_at(start: u64) -> Self {
        let (live, _) = broadcast::channel(RING);
        let ring = Ring { newest: start, messages: VecDeque::with_capacity(RING) };
        Self { ring: Mutex::new(ring), live }
    }

    /// Publishes to everybody who reads, and keeps it for those who come back.
    pub fn publish(&self, event: StreamEvent) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.newest += 1;
        let message = Arc::new(Message { sequence: ring.newest, event });
        if ring.messages.len() == RING {
            ring.messages.pop_front();
        }
        ring.messages.push_back(Arc::clone(&message));
        // Sent under the lock, so that nobody sees two messages in another order. Nobody listening is fine.
        let _ = self.live.send(message);
    }

    /// Reads on after the message that the reader saw last.
    pub fn subscribe(&self, last_seen: Option<u64>) -> Subscription {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = last_seen.filter(|it| ring.knows_all_after(*it)).map(|last| {
            ring.messages.iter().filter(|it| last < it.sequence).map(Arc::clone).collect()
        });
        Subscription { newest: ring.newest, missed, live: self.live.subscribe() }
    }
}

impl Ring {
    fn knows_all_after(&self, last: u64) -> bool {
        let oldest = self.messages.front().map_or(self.newest + 1, |it| it.sequence);
        oldest <= last + 1 && last <= self.newest
    }
}
