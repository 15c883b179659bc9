//! When to stop: the signals of a person at a terminal and of a supervisor.

use tokio::signal::unix::{SignalKind, signal};

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
