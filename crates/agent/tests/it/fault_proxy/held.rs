//! A request that is held on its way, or its answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::agent_process::eventually;

/// A request that a fault was meant for.
#[derive(Clone)]
pub(crate) struct Held(Arc<(Mutex<Phase>, Condvar, AtomicBool)>);

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Awaited,
    Here,
    LetGo,
}

impl Held {
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(Phase::Awaited), Condvar::new(), AtomicBool::new(false))))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Waits until the request is where it is held.
    pub(crate) async fn here(&self) {
        let (phase, ..) = &*self.0;
        eventually("a request is held", || *phase.lock().unwrap() != Phase::Awaited).await;
    }

    /// Lets it go on.
    pub(crate) fn let_go(&self) {
        let (phase, changed, _) = &*self.0;
        *phase.lock().unwrap() = Phase::LetGo;
        changed.notify_all();
    }

    /// Whether the cluster refused what was held on its way there: somebody else wrote the object meanwhile.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.2.load(Ordering::SeqCst)
    }

    pub(super) fn refuse(&self) {
        self.0.2.store(true, Ordering::SeqCst);
    }

    pub(super) fn hold(&self) {
        let (phase, changed, _) = &*self.0;
        let mut phase = phase.lock().unwrap();
        if *phase == Phase::Awaited {
            *phase = Phase::Here;
        }
        drop(changed.wait_while(phase, |it| *it != Phase::LetGo).unwrap());
    }
}
