//! A command that does nothing but sleep: somebody paused a container to look at it, and left it so.

use k8s_openapi::api::core::v1::Container;

/// A sleep of so many seconds is no pause between two tries.
const LONG_SECS: f64 = 600.0;
/// Bytes of a command that are read.
const MAX_BYTES: usize = 4 << 10;
/// What a script may do beside, and still do nothing.
const IDLE: [&str; 7] = ["echo", "printf", "date", ":", "true", "set", "trap"];

/// The words that sleep: `sleep 86400`, `tail -f /dev/null`; `None` where the command does anything else.
pub(super) fn fact(container: &Container) -> Option<String> {
    let words: Vec<&str> =
        container.command.iter().chain(&container.args).flatten().map(String::as_str).collect();
    let is_short = words.iter().map(|it| it.len()).sum::<usize>() <= MAX_BYTES;
    let script = match words.as_slice() {
        [shell, option, script] if is_shell(shell) && option.ends_with('c') => (*script).to_owned(),
        words => words.join(" "),
    };
    let mut statements = script.split([';', '\n', '&']).map(str::trim).filter(|it| !it.is_empty());
    let mut found = None;
    let is_idle = statements.all(|it| {
        let is_long = is_long_sleep(it);
        if is_long {
            found.get_or_insert_with(|| it.trim_start_matches("exec ").to_owned());
        }
        is_long || it.split_whitespace().next().is_some_and(|it| IDLE.contains(&it))
    });
    found.filter(|_| is_short && is_idle)
}

fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"))
}

/// Whether this statement alone keeps a container for longer than anybody waits.
fn is_long_sleep(statement: &str) -> bool {
    let words: Vec<&str> = statement.split_whitespace().filter(|it| *it != "exec").collect();
    match words.as_slice() {
        ["sleep" | "/bin/sleep" | "/usr/bin/sleep", times @ ..] => {
            // Anything else is no sleep, and might be a secret.
            let times: Option<Vec<f64>> = times.iter().map(|it| seconds(it)).collect();
            times.is_some_and(|it| LONG_SECS <= it.iter().sum())
        }
        ["tail", "-f" | "-F", "/dev/null"] | ["pause" | "/pause"] => true,
        _ => false,
    }
}

/// `90`, `2m`, `1.5h`, `1d` in seconds; `infinity` as well.
fn seconds(time: &str) -> Option<f64> {
    if ["infinity", "inf"].contains(&time) {
        return Some(f64::INFINITY);
    }
    let (number, unit) = match time.char_indices().last()? {
        (at, 's') => (time.get(..at)?, 1.0),
        (at, 'm') => (time.get(..at)?, 60.0),
        (at, 'h') => (time.get(..at)?, 3600.0),
        (at, 'd') => (time.get(..at)?, 86_400.0),
        _ => (time, 1.0),
    };
    number.parse::<f64>().ok().map(|it| it * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &[&str], expected: Option<&str>) {
        let container = Container {
            command: Some(command.iter().map(|it| (*it).to_owned()).collect()),
            ..Container::default()
        };
        assert_eq!(fact(&container).as_deref(), expected, "{command:?}");
    }

    #[test]
    fn a_command_that_only_sleeps_is_told_from_one_that_works() {
        check(&["sleep", "86400"], Some("sleep 86400"));
        check(&["sleep", "infinity"], Some("sleep infinity"));
        check(&["tail", "-f", "/dev/null"], Some("tail -f /dev/null"));
        check(&["sh", "-c", "echo debug; exec sleep 2h"], Some("sleep 2h"));
        check(&["/bin/sh", "-c", "date\nsleep 1d"], Some("sleep 1d"));

        check(&["sleep", "30"], None);
        check(&["sleep", "86400", "hunter2"], None);
        check(&["sh", "-c", "migrate && sleep 3600"], None);
        check(&["sh", "-c", "until nc -z db 5432; do sleep 2; done"], None);
        check(&["sh", "-c", "sleep 5"], None);
        check(&[], None);
    }
}
