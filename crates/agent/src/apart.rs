//! Long work on a thread of its own, which is always the same one.
//!
//! Whoever searches with a pattern keeps memory for it, and each thread keeps its own: were it another thread each
//! time, every scan would leave a few megabytes behind.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::thread;

use tokio::sync::{mpsc, oneshot};

type Work = Box<dyn FnOnce() + Send>;

/// Work that waits for its turn. One waits here; whoever comes next waits where it is.
static QUEUE: LazyLock<mpsc::Sender<Work>> = LazyLock::new(|| {
    let (queue, mut due) = mpsc::channel::<Work>(1);
    let work_off = move || {
        while let Some(work) = due.blocking_recv() {
            // What panics has no outcome, and the next one is not kept from its own.
            drop::<Result<(), Box<dyn Any + Send>>>(catch_unwind(AssertUnwindSafe(work)));
        }
    };
    // Without the thread nothing is received, and whoever sends hears that.
    drop(thread::Builder::new().name("apart".to_owned()).spawn(work_off));
    queue
});

/// The work has no outcome: it panicked, or the system gives no thread.
#[derive(Debug, thiserror::Error)]
#[error("it broke off: what it did panicked, or no thread could be started")]
pub struct BrokeOff;

/// Does this after all that was asked for before. It goes on when nobody waits for it any more. What it leaves beside
/// its outcome is let go after that was told: nobody waits until all the memory of a cluster is given back.
pub(crate) async fn done<T: Send + 'static, R>(
    work: impl FnOnce() -> (T, R) + Send + 'static,
) -> Result<T, BrokeOff> {
    let (told, outcome) = oneshot::channel();
    let work = move || {
        let (done, rest) = work();
        drop(told.send(done));
        drop(rest);
    };
    QUEUE.send(Box::new(work)).await.map_err(|_| BrokeOff)?;
    outcome.await.map_err(|_| BrokeOff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_work_is_done_on_one_thread_and_a_panic_ends_only_its_own() {
        let first = done(|| (thread::current().id(), ())).await.unwrap();
        let broken = done(move || (assert_ne!(first, thread::current().id()), ())).await;
        assert!(broken.is_err());
        let second = done(|| (thread::current().id(), ())).await.unwrap();
        assert_eq!(first, second);
        assert_ne!(first, thread::current().id());
    }
}
