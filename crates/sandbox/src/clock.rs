//! The cluster's own time: it passes `speed` times as fast as that of the wall.

use std::time::{Duration, Instant};

/// Time since the cluster's start, as the cluster feels it.
pub(crate) type Moment = Duration;

/// Translates between the cluster's time and that of the wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    speed: f64,
}

/// Faster than this, a probe's period would be less than the time it takes to note its result.
const FASTEST: f64 = 1_000.0;

impl Clock {
    /// A clock that starts now; a speed that is no positive number is taken as 1.
    pub(crate) fn start(speed: f64) -> Self {
        let speed = if speed.is_finite() && 0.0 < speed { speed.min(FASTEST) } else { 1.0 };
        Self { start: Instant::now(), speed }
    }

    /// What time it is in the cluster.
    pub(crate) fn now(&self) -> Moment {
        self.start.elapsed().mul_f64(self.speed)
    }

    /// How long somebody outside waits for a span of the cluster's time.
    pub(crate) fn outside(&self, span: Duration) -> Duration {
        span.div_f64(self.speed)
    }

    /// Sleeps until a moment of the cluster's time, or for ever.
    pub(crate) async fn until(&self, moment: Option<Moment>) {
        let Some(moment) = moment else { return std::future::pending().await };
        let due = self.start + self.outside(moment);
        tokio::time::sleep_until(due.into()).await;
    }
}
