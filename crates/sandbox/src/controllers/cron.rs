//! When a cron schedule falls due.

/// A schedule of five fields: minute, hour, day of the month, month, day of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule([Vec<u8>; 5]);

/// The calendar's view of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minute {
    pub(super) minute: u8,
    pub(super) hour: u8,
    pub(super) day: u8,
    pub(super) month: u8,
    /// Sunday is 0.
    pub(super) weekday: u8,
}

impl Schedule {
    /// Reads a schedule; `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            text => text,
        };
        let mut words = text.split_whitespace();
        let mut field = |first: u8, last: u8| field(words.next()?, first, last);
        let fields = [field(0, 59)?, field(0, 23)?, field(1, 31)?, field(1, 12)?, field(0, 6)?];
        words.next().is_none().then_some(Self(fields))
    }

    /// Whether the schedule falls due in this minute.
    pub(super) fn is_due(&self, at: Minute) -> bool {
        let values = [at.minute, at.hour, at.day, at.month, at.weekday];
        self.0.iter().zip(values).all(|(allowed, it)| allowed.contains(&it))
    }
}

fn field(text: &str, first: u8, last: u8) -> Option<Vec<u8>> {
    let mut res = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok()?),
            None => (part, 1),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (first, last),
            (_, Some((from, to))) => (from.parse().ok()?, to.parse().ok()?),
            (single, None) => {
                let single: u8 = single.parse().ok()?;
                (single, if part.contains('/') { last } else { single })
            }
        };
        // Sunday may be written as 7.
        let to = if last == 6 && to == 7 { 6 } else { to };
        let from = if last == 6 && from == 7 { 0 } else { from };
        if from < first || last < to || step == 0 {
            return None;
        }
        res.extend((from..=to).step_by(step));
    }
    Some(res)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, minutes: &[u8]) {
        let schedule = Schedule::parse(text).unwrap();
        let due = |minute: &u8| {
            schedule.is_due(Minute { minute: *minute, hour: 12, day: 1, month: 1, weekday: 1 })
        };
        assert_eq!((0..60).filter(due).collect::<Vec<_>>(), minutes, "{text}");
    }

    #[test]
    fn schedules_fall_due_when_they_say() {
        check("*/15 * * * *", &[0, 15, 30, 45]);
        check("5,50-52 * * * 1-5", &[5, 50, 51, 52]);
        check("30 12 * * *", &[30]);
        check("30 13 * * *", &[]);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "* * * *", "60 * * * *", "*/0 * * * *", "a * * * *", "* * * * * *"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
