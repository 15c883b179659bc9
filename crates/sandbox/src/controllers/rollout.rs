//! The arithmetic of a rolling update.

use serde_json::Value;

/// A `ReplicaSet` in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// How many pods it should have.
    pub(super) wanted: i64,
    /// How many of them are available.
    pub(super) available: i64,
}

/// What a deployment allows while it is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) desired: i64,
    pub(super) surge: i64,
    pub(super) unavailable: i64,
}

impl Bounds {
    /// A quarter each way, unless the strategy says otherwise.
    pub(super) fn new(desired: i64, strategy: &Value) -> Self {
        let resolve = |field: &str, up: bool| {
            let value = strategy.pointer(&format!("/rollingUpdate/{field}"));
            let percent = match value {
                Some(Value::Number(number)) => return number.as_i64().unwrap_or(0).max(0),
                Some(Value::String(text)) => text.trim_end_matches('%').parse().unwrap_or(25),
                Some(_) | None => 25_i64,
            };
            let share = desired * percent.max(0);
            if up { (share + 99) / 100 } else { share / 100 }
        };
        let (surge, mut unavailable) =
            (resolve("maxSurge", true), resolve("maxUnavailable", false));
        if surge == 0 && unavailable == 0 {
            // Otherwise nothing could ever change.
            unavailable = 1;
        }
        Self { desired, surge, unavailable: unavailable.min(desired) }
    }

    /// How many pods the new set should have.
    pub(super) fn grow(self, new: Size, old: &[Size]) -> i64 {
        if self.desired <= new.wanted {
            return self.desired;
        }
        let all: i64 = new.wanted + old.iter().map(|it| it.wanted).sum::<i64>();
        let room = (self.desired + self.surge - all).max(0);
        new.wanted + room.min(self.desired - new.wanted)
    }

    /// How many pods each old set should have, oldest set first.
    pub(super) fn shrink(self, new: Size, old: &[Size]) -> Vec<i64> {
        let mut res: Vec<i64> = old.iter().map(|it| it.wanted).collect();
        let least = self.desired - self.unavailable;
        let all: i64 = new.wanted + res.iter().sum::<i64>();
        let mut spare = all - least - (new.wanted - new.available);
        if spare <= 0 {
            return res;
        }
        for (wanted, set) in res.iter_mut().zip(old) {
            let sick = (set.wanted - set.available).clamp(0, spare);
            *wanted -= sick;
            spare -= sick;
        }
        let available: i64 = new.available + old.iter().map(|it| it.available).sum::<i64>();
        let mut healthy = (available - least).max(0);
        for wanted in &mut res {
            let down = (*wanted).min(healthy);
            *wanted -= down;
            healthy -= down;
        }
        res
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn size(wanted: i64, available: i64) -> Size {
        Size { wanted, available }
    }

    #[test]
    fn percentages_round_in_favour_of_availability() {
        let bounds =
            Bounds::new(3, &json!({"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}));

        assert_eq!(bounds, Bounds { desired: 3, surge: 1, unavailable: 0 });
        assert_eq!(
            Bounds::new(2, &json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}))
                .unavailable,
            1
        );
    }

    #[test]
    fn a_bad_rollout_keeps_the_old_pods() {
        let bounds = Bounds { desired: 3, surge: 1, unavailable: 0 };

        assert_eq!(bounds.grow(size(0, 0), &[size(3, 3)]), 1);
        assert_eq!(bounds.shrink(size(1, 0), &[size(3, 3)]), [3]);
        assert_eq!(bounds.grow(size(1, 0), &[size(3, 3)]), 1);
    }

    #[test]
    fn a_good_rollout_moves_on_one_by_one() {
        let bounds = Bounds { desired: 3, surge: 1, unavailable: 0 };

        assert_eq!(bounds.shrink(size(1, 1), &[size(3, 3)]), [2]);
        assert_eq!(bounds.grow(size(1, 1), &[size(2, 2)]), 2);
        assert_eq!(bounds.shrink(size(3, 3), &[size(1, 1)]), [0]);
    }

    #[test]
    fn sick_old_pods_go_first() {
        let bounds = Bounds { desired: 4, surge: 1, unavailable: 1 };

        assert_eq!(bounds.shrink(size(1, 0), &[size(2, 0), size(2, 2)]), [1, 2]);
    }
}
