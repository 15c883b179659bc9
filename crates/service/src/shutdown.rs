//! When to stop, and how a process ends: signals, a goodbye to whoever listens, and an exit code.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Waits for SIGINT or SIGTERM and names the one that came.
pub async fn requested() -> &'static str {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be listened to; stop the process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

/// Told once, when the service stops: answers without end are over then. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Goodbye(watch::Sender<bool>);

impl Goodbye {
    /// The service stops.
    pub fn say(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it was said; at once when it was before.
    pub async fn said(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|it| *it).await;
    }
}

/// The end of `main`: on failure the error and all that led to it in one line on standard error, and no backtrace,
/// which is for mistakes of ours and not of a setting.
pub fn exit_code<E: AsRef<dyn Error + Send + Sync + 'static>>(
    ended: Result<ExitCode, E>,
) -> ExitCode {
    let error = match ended {
        Ok(code) => return code,
        Err(error) => error,
    };
    let words = crate::telemetry::chain(error.as_ref());
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {words}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_goodbye_is_heard_by_who_listened_before_and_by_who_comes_late() {
        let goodbye = Goodbye::default();
        let before = tokio::spawn({
            let goodbye = goodbye.clone();
            async move { goodbye.said().await }
        });

        goodbye.say();

        before.await.unwrap();
        goodbye.said().await;
    }
}
