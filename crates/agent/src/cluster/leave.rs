//! Leave to write: asked for right before a request is sent, since all that is prepared for it takes its time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use remedy::Writer;

use super::ClusterError;

/// How often leave is asked for again while a request is under way.
const LOOK: Duration = Duration::from_millis(100);
/// How long an answer is waited for when leave is taken away: with the look before it less than a second, since a
/// request may still wait for a connection where the one that was there broke.
const GRACE: Duration = Duration::from_millis(500);

/// Says whether a write may be sent now: the stop button is out, and this replica leads.
#[derive(Clone)]
pub struct Leave(Arc<dyn Fn() -> bool + Send + Sync>);

impl Leave {
    /// One that asks this.
    pub fn new(holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    /// Whether it holds now; [`ClusterError::Stopped`] where it does not.
    pub(super) fn ask(&self) -> Result<(), ClusterError> {
        if (self.0)() { Ok(()) } else { Err(ClusterError::Stopped) }
    }
}

impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leave").field(&(self.0)()).finish()
    }
}

/// What a write is sent for, and under whose name.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// The API server only checks it.
    Rehearse(Writer),
    /// It is made, if there still is leave when all is ready.
    Write(Writer, Leave),
}

impl Purpose {
    pub(super) fn is_rehearsal(&self) -> bool {
        match self {
            Self::Rehearse(_) => true,
            Self::Write(..) => false,
        }
    }

    pub(super) fn writer(&self) -> Writer {
        match self {
            Self::Rehearse(writer) | Self::Write(writer, _) => *writer,
        }
    }

    /// The last thing that is asked before the request is sent.
    pub(super) fn ask(&self) -> Result<(), ClusterError> {
        match self {
            Self::Rehearse(_) => Ok(()),
            Self::Write(_, leave) => leave.ask(),
        }
    }

    /// The answer of the request that is sent now. Where leave is taken away and no answer comes, the request is
    /// dropped: what was not sent by then never is, and what was is in doubt.
    pub(super) async fn while_let<T>(
        &self,
        request: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        let taken_away = async {
            loop {
                tokio::time::sleep(LOOK).await;
                if self.ask().is_err() {
                    tokio::time::sleep(GRACE).await;
                    if self.ask().is_err() {
                        break;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            answer = request => answer,
            () = taken_away => {
                Err(ClusterError::Unreachable("the agent was stopped before one came".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicBool, Ordering};

    use kube::{Client, Config};
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn write(armed: bool) -> Purpose {
        Purpose::Write(Writer::Executor, Leave::new(move || armed))
    }

    #[test]
    fn leave_that_was_taken_away_meanwhile_is_none_and_a_rehearsal_wants_none() {
        let armed = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&armed);
        let leave = Leave::new(move || asked.load(Ordering::Relaxed));
        let write = Purpose::Write(Writer::Restorer, leave);
        assert_eq!(write.ask(), Ok(()));

        armed.store(false, Ordering::Relaxed);

        assert_eq!(write.ask(), Err(ClusterError::Stopped));
        assert_eq!(Purpose::Rehearse(Writer::Executor).ask(), Ok(()));
        assert_eq!(write.writer(), Writer::Restorer);
    }

    #[tokio::test]
    async fn an_answer_that_comes_counts_and_one_that_does_not_come_is_waited_for_with_leave_alone()
    {
        let unanswered = pending::<Result<(), ClusterError>>;

        assert_eq!(write(false).while_let(ready(Ok(7))).await, Ok(7));
        let given_up = timeout(SECOND, write(false).while_let(unanswered())).await;
        assert!(given_up.unwrap().is_err_and(|it| it.is_in_doubt()));
        for let_through in [write(true), Purpose::Rehearse(Writer::Executor)] {
            assert!(timeout(SECOND, let_through.while_let(unanswered())).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_request_that_still_waits_for_its_connection_is_not_sent_a_second_after_the_stop() {
        service::client::install_crypto();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let client = Client::try_from(Config::new(url.parse().unwrap())).unwrap();
        let request = http::Request::patch("/api").body(b"{}".to_vec()).unwrap();
        let send = async {
            let sent = client.request::<serde_json::Value>(request).await;
            sent.map_err(|it| ClusterError::Refused(it.to_string()))
        };
        // It never says a word of TLS, and sees when nobody is there any more.
        let answer = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.read_to_end(&mut vec![]).await.unwrap()
        };

        let both = async { tokio::join!(async { write(false).while_let(send).await }, answer) };
        let (given_up, _) = timeout(SECOND, both).await.unwrap();

        assert!(given_up.is_err_and(|it| it.is_in_doubt()));
    }
}
