//! Leave to write: asked for right before a request is sent, since all that is prepared for it takes its time.

use std::fmt;
use std::sync::Arc;

use remedy::Writer;

use super::ClusterError;

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
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

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
}
