//! Enough of a shell to do what the commands in manifests say.
//!
//! A script is played ahead of time: what it writes, makes and waits for becomes a list of acts.
//! Loops are unrolled up to a budget of steps; what is longer goes on for ever without another act.

use std::collections::BTreeMap;
use std::time::Duration;

use super::process::{Act, Beat, Launch, Life, OnTerm};

mod commands;
mod expand;
mod files;
mod parse;
mod play;
mod words;

/// How many commands of a script are played; enough for an hour of a loop that sleeps for seconds.
const BUDGET: usize = 3_000;

/// How a script goes on after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// With the next one.
    Next,
    /// It leaves the innermost loop.
    Break,
    /// It starts the innermost loop's next round.
    Continue,
    /// It ends.
    Exit(i32),
    /// It never goes on.
    Forever,
}

/// The state of a script while it is played.
#[derive(Debug)]
struct Shell<'a> {
    launch: &'a Launch<'a>,
    vars: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    now: Duration,
    beats: Vec<Beat>,
    status: i32,
    left: usize,
    on_term: OnTerm,
    strict: bool,
    /// Where output is caught instead of being written, innermost last.
    caught: Vec<String>,
    /// How many redirections away complaints go.
    quiet: usize,
    /// When the commands in the background end; `None` for one that never does.
    background: Vec<Option<Duration>>,
}

/// What a command reads: text, or nothing but zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Input {
    text: String,
    zeros: u64,
}

impl<'a> Shell<'a> {
    fn new(launch: &'a Launch<'a>) -> Self {
        Self {
            launch,
            vars: launch.env.clone(),
            files: launch.files.clone(),
            now: Duration::ZERO,
            beats: Vec::new(),
            status: 0,
            left: BUDGET,
            on_term: OnTerm::Ignore,
            strict: false,
            caught: Vec::new(),
            quiet: 0,
            background: Vec::new(),
        }
    }

    fn act(&mut self, act: Act) {
        self.beats.push(Beat { at: self.now, act });
    }

    /// Standard output.
    fn write(&mut self, text: &str) {
        if let Some(caught) = self.caught.last_mut() {
            caught.push_str(text);
            return;
        }
        for line in text.lines() {
            self.act(Act::Line(line.to_owned()));
        }
    }

    /// Standard error, and the status that goes with it.
    fn complain(&mut self, text: &str, status: i32) -> Flow {
        if self.quiet == 0 {
            self.act(Act::Line(text.to_owned()));
        }
        self.done(status)
    }

    fn done(&mut self, status: i32) -> Flow {
        self.status = status;
        Flow::Next
    }
}

/// The life of a container that runs this command.
pub(super) fn live(launch: &Launch<'_>, argv: &[String]) -> Life {
    let mut shell = Shell::new(launch);
    match shell.command(argv, &Input::default()) {
        Flow::Next | Flow::Break | Flow::Continue => shell.act(Act::Exit(shell.status)),
        Flow::Exit(code) => shell.act(Act::Exit(code)),
        Flow::Forever => {}
    }
    shell.beats.sort_by_key(|it| it.at);
    Life { beats: shell.beats, on_term: shell.on_term }
}

/// What a command run inside a container answers: its output and exit code.
/// `None` when it does not end within the limit.
pub(super) fn ask(launch: &Launch<'_>, argv: &[String], limit: Duration) -> Option<(String, i32)> {
    let life = live(launch, argv);
    let mut output = String::new();
    for Beat { at, act } in life.beats {
        if limit < at {
            return None;
        }
        match act {
            Act::Line(line) => {
                output.push_str(&line);
                output.push('\n');
            }
            Act::Exit(code) => return Some((output, code)),
            Act::Make(..) | Act::Remove(_) | Act::Listen(_) | Act::Hang | Act::Use(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::{Catalogue, Reference};

    fn play(script: &str) -> Life {
        let catalogue = Catalogue::default();
        let image = catalogue.image(&Reference::parse("busybox").unwrap()).unwrap();
        let services = BTreeSet::from(["db".to_owned()]);
        let argv = ["sh", "-c", script].map(str::to_owned);
        let launch = Launch {
            argv: argv.to_vec(),
            env: BTreeMap::from([("NAME".to_owned(), "web".to_owned())]),
            files: BTreeMap::from([("/etc/app/conf".to_owned(), "a=1\n".to_owned())]),
            services: &services,
            image,
            behaviour: None,
        };
        live(&launch, &argv)
    }

    #[track_caller]
    fn check(script: &str, lines: &[&str], end: Option<(u64, i32)>) {
        let life = play(script);
        let written: Vec<_> = life
            .beats
            .iter()
            .filter_map(|it| match &it.act {
                Act::Line(line) => Some(line.as_str()),
                Act::Use(_)
                | Act::Exit(_)
                | Act::Make(..)
                | Act::Remove(_)
                | Act::Listen(_)
                | Act::Hang => None,
            })
            .collect();
        let ended = life.beats.iter().find_map(|it| match it.act {
            Act::Exit(code) => Some((it.at.as_secs(), code)),
            Act::Use(_)
            | Act::Line(_)
            | Act::Make(..)
            | Act::Remove(_)
            | Act::Listen(_)
            | Act::Hang => None,
        });
        assert_eq!((written.as_slice(), ended), (lines, end), "{script}");
    }

    #[test]
    fn a_script_writes_waits_and_ends() {
        check("echo FATAL >&2; exit 1", &["FATAL"], Some((0, 1)));
        check("echo hi; sleep 3; exit 3", &["hi"], Some((3, 3)));
        check("printf 'a %s\\n' b", &["a b"], Some((0, 0)));
        check("false && echo no || echo yes", &["yes"], Some((0, 0)));
        check("sleep 1m", &[], Some((60, 0)));
        check("sleep infinity", &[], None);
        check("set -e; false; echo never", &[], Some((0, 1)));
        check("nosuch", &["sh: nosuch: not found"], Some((0, 127)));
    }

    #[test]
    fn a_script_looks_at_its_surroundings() {
        check(
            "cat /nofile",
            &["cat: can't open '/nofile': No such file or directory"],
            Some((0, 1)),
        );
        check("cat /etc/app/conf", &["a=1"], Some((0, 0)));
        check(
            "test -n \"$NAME\" && echo \"$NAME is ${MISSING:-unset}\"",
            &["web is unset"],
            Some((0, 0)),
        );
        check("[ -f /etc/app/conf ] || exit 7", &[], Some((0, 0)));
        check("if [ -z \"$DB\" ]; then echo no DB; exit 2; fi; echo on", &["no DB"], Some((0, 2)));
        check(
            "nc -z db 5432 && echo up; nc -z mq 1",
            &["up", "nc: bad address 'mq'"],
            Some((0, 1)),
        );
        check("x=$(cat /etc/app/conf); echo got $x", &["got a=1"], Some((0, 0)));
        check(": \"${KEY:?must be set}\"", &["sh: KEY: must be set"], Some((0, 2)));
    }

    #[test]
    fn loops_are_played_until_they_end() {
        check(
            "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); sleep 2; done",
            &["0", "1", "2"],
            Some((6, 0)),
        );
        check("for x in a b; do echo $x; done", &["a", "b"], Some((0, 0)));
        check("while true; do sleep 1000; done", &[], None);
        check("until [ -f /tmp/x ]; do touch /tmp/x; done; echo done", &["done"], Some((0, 0)));
    }

    #[test]
    fn memory_is_counted_where_it_is_taken() {
        let used = |script: &str| {
            play(script).beats.iter().find_map(|it| match it.act {
                Act::Use(bytes) => Some((it.at.as_secs(), bytes)),
                Act::Line(_)
                | Act::Exit(_)
                | Act::Make(..)
                | Act::Remove(_)
                | Act::Listen(_)
                | Act::Hang => None,
            })
        };
        assert_eq!(used("sleep 2; exec tail /dev/zero"), Some((2, u64::MAX)));
        assert_eq!(used("head -c 100m /dev/zero | tail"), Some((0, 100 << 20)));
        assert_eq!(used("stress --vm 1 --vm-bytes 50M"), None, "busybox has no stress");
        assert_eq!(used("dd if=/dev/zero of=/dev/null bs=64M count=1"), Some((0, 64 << 20)));
        assert_eq!(used("x=$(head -c 30m /dev/zero)"), Some((0, 30 << 20)));
    }

    #[test]
    fn a_trap_decides_how_a_script_stops() {
        assert_eq!(play("trap 'exit 0' TERM; sleep 1000").on_term, OnTerm::Exit(0));
        assert_eq!(play("sleep 1000").on_term, OnTerm::Ignore);
    }
}
