//! What single commands do.

use std::time::Duration;

use super::super::process::{self, Act, BOUNDLESS, OnTerm, seconds};
use super::parse::Command;
use super::play::assignment;
use super::{Flow, Input, Shell};
use crate::catalogue::Behaviour;

impl Shell<'_> {
    /// Runs a program with its arguments.
    pub(super) fn command(&mut self, argv: &[String], input: &Input) -> Flow {
        let Some((name, rest)) = argv.split_first() else { return self.done(0) };
        let image = self.launch.image;
        let builtin = BUILTINS.contains(&name.as_str());
        let Some(name) = process::program(image, name).or(builtin.then_some(name.as_str())) else {
            let why = if name.starts_with('/') { "No such file or directory" } else { "not found" };
            return self.complain(&format!("sh: {name}: {why}"), 127);
        };
        if image.programs.iter().any(|it| it == name) {
            return self.own(name, rest);
        }
        match name {
            "sh" | "bash" | "ash" => self.shell(rest),
            "exec" | "env" | "timeout" => self.wrapped(name, rest, input),
            "exit" => Flow::Exit(rest.first().map_or(self.status, |it| number(it))),
            "sleep" => self.sleep(rest),
            "echo" | "printf" | "date" | "hostname" | "seq" | "expr" => self.say(name, rest),
            "cat" | "head" | "tail" | "sort" | "grep" | "dd" | "wc" => self.read(name, rest, input),
            "touch" | "rm" | "mv" | "cp" | "mkdir" => self.arrange(name, rest),
            "test" | "[" | "[[" => self.test(rest),
            "nc" | "wget" | "curl" | "nslookup" => self.call(name, rest),
            "export" | "set" | "trap" | "wait" | "break" | "continue" => self.special(name, rest),
            "httpd" => self.listen(&Behaviour::server(&[80])),
            "yes" => Flow::Forever,
            "false" => self.done(1),
            _ => self.done(0),
        }
    }

    /// The program that the image is made for.
    fn own(&mut self, name: &str, rest: &[String]) -> Flow {
        match name {
            "stress" => {
                let bytes = option(rest, "--vm-bytes").and_then(size).unwrap_or(256 << 20);
                let workers =
                    option(rest, "--vm").map_or(1, |it| u64::from(number(it).unsigned_abs()));
                self.act(Act::Use(bytes.saturating_mul(workers)));
                let limit = option(rest, "--timeout").or_else(|| option(rest, "-t"));
                limit.map_or(Flow::Forever, |it| self.pass(span(it)))
            }
            "redis-cli" | "pg_isready" | "psql" => self.done(0),
            _ => self.listen(&self.launch.image.behaviour),
        }
    }

    /// Becomes the program that a behaviour describes.
    fn listen(&mut self, behaviour: &Behaviour) -> Flow {
        let life = process::live(behaviour, self.launch);
        self.on_term = life.on_term;
        for mut beat in life.beats {
            if let Act::Exit(code) = beat.act {
                self.now += beat.at;
                self.status = code;
                return Flow::Exit(code);
            }
            beat.at += self.now;
            self.beats.push(beat);
        }
        Flow::Forever
    }

    fn shell(&mut self, rest: &[String]) -> Flow {
        let Some(at) = rest.iter().position(|it| it.starts_with('-') && it.ends_with('c')) else {
            // A shell with nothing to read ends; a script file is not looked into.
            return match rest.iter().find(|it| !it.starts_with('-')) {
                Some(path) if !self.files.contains_key(path) => {
                    self.complain(&format!("sh: can't open '{path}': No such file or directory"), 2)
                }
                Some(path) => {
                    let text = self.files.get(path).cloned().unwrap_or_default();
                    self.script_text(&text)
                }
                None => self.done(0),
            };
        };
        self.strict |= rest.iter().take(at + 1).any(|it| it.starts_with('-') && it.contains('e'));
        let script = rest.get(at + 1).cloned().unwrap_or_default();
        for (number, word) in rest.iter().skip(at + 2).enumerate() {
            self.vars.insert(number.to_string(), word.clone());
        }
        self.script_text(&script)
    }

    fn wrapped(&mut self, name: &str, rest: &[String], input: &Input) -> Flow {
        let mut rest = rest;
        if name == "timeout" {
            rest = rest.get(1..).unwrap_or_default();
        }
        while name == "env"
            && let Some((key, value)) = rest.first().and_then(|it| assignment(it))
        {
            self.vars.insert(key.to_owned(), value.to_owned());
            rest = rest.get(1..).unwrap_or_default();
        }
        if rest.is_empty() {
            if name == "env" {
                let lines: String =
                    self.vars.iter().map(|it| format!("{}={}\n", it.0, it.1)).collect();
                self.write(&lines);
            }
            return self.done(0);
        }
        let flow = self.command(rest, input);
        if name == "exec" && flow == Flow::Next { Flow::Exit(self.status) } else { flow }
    }

    fn sleep(&mut self, rest: &[String]) -> Flow {
        match rest.first().map(String::as_str) {
            Some("infinity" | "inf") => Flow::Forever,
            Some(word) => self.pass(span(word)),
            None => self.complain("sleep: missing operand", 1),
        }
    }

    fn pass(&mut self, span: Duration) -> Flow {
        self.now += span;
        self.done(0)
    }

    fn special(&mut self, name: &str, rest: &[String]) -> Flow {
        match name {
            "break" => return Flow::Break,
            "continue" => return Flow::Continue,
            "wait" => {
                let ends = std::mem::take(&mut self.background);
                let Some(ends) = ends.into_iter().collect::<Option<Vec<_>>>() else {
                    return Flow::Forever;
                };
                self.now = ends.into_iter().max().unwrap_or_default().max(self.now);
            }
            "set" => self.strict |= rest.iter().any(|it| it.starts_with('-') && it.contains('e')),
            "export" => {
                for (key, value) in rest.iter().filter_map(|it| assignment(it)) {
                    self.vars.insert(key.to_owned(), value.to_owned());
                }
            }
            _ => self.trap(rest),
        }
        self.done(0)
    }

    fn trap(&mut self, rest: &[String]) {
        let Some((action, signals)) = rest.split_first() else { return };
        if !signals.iter().any(|it| matches!(it.trim_start_matches("SIG"), "TERM" | "15")) {
            return;
        }
        self.on_term = match action.rsplit_once("exit") {
            Some((_, code)) => OnTerm::Exit(number(code.trim())),
            None => OnTerm::Ignore,
        };
    }

    fn test(&mut self, rest: &[String]) -> Flow {
        let words: Vec<_> =
            rest.iter().map(String::as_str).filter(|it| !matches!(*it, "]" | "]]")).collect();
        let holds = self.holds(&words);
        self.done(i32::from(!holds))
    }

    fn holds(&self, words: &[&str]) -> bool {
        for sign in ["-o", "||", "-a", "&&"] {
            let Some(at) = words.iter().position(|it| *it == sign) else { continue };
            let (left, right) = words.split_at(at);
            let right = self.holds(right.get(1..).unwrap_or_default());
            return if matches!(sign, "-o" | "||") {
                self.holds(left) || right
            } else {
                self.holds(left) && right
            };
        }
        match words {
            ["!", rest @ ..] => !self.holds(rest),
            ["-n", text] | [text] => !text.is_empty(),
            ["-z", text] => text.is_empty(),
            ["-f" | "-e" | "-r" | "-x", path] => self.files.contains_key(*path),
            ["-s", path] => self.files.get(*path).is_some_and(|it| !it.is_empty()),
            ["-d", path] => {
                let folder = format!("{}/", path.trim_end_matches('/'));
                self.files.keys().any(|it| it.starts_with(&folder))
            }
            [left, "=" | "==", right] => left == right,
            [left, "!=", right] => left != right,
            [left, sign, right] => {
                let (left, right) = (number(left), number(right));
                match *sign {
                    "-eq" => left == right,
                    "-ne" => left != right,
                    "-lt" => left < right,
                    "-le" => left <= right,
                    "-gt" => right < left,
                    "-ge" => right <= left,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Asks a service by name; in the sandbox there is nothing else to reach.
    fn call(&mut self, name: &str, rest: &[String]) -> Flow {
        let Some(target) =
            rest.iter().find(|it| !it.starts_with('-') && it.parse::<f64>().is_err())
        else {
            return self.done(1);
        };
        let host = target.split("://").last().unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let local = matches!(host, "localhost" | "127.0.0.1" | "kubernetes.default");
        if local || self.launch.services.contains(host) {
            return self.done(0);
        }
        let (text, status) = match name {
            "wget" => (format!("wget: bad address '{host}'"), 1),
            "curl" => (format!("curl: (6) Could not resolve host: {host}"), 6),
            "nslookup" => (format!("** server can't find {host}: NXDOMAIN"), 1),
            _ => (format!("nc: bad address '{host}'"), 1),
        };
        self.complain(&text, status)
    }

    /// How many zeros a command writes into a pipe, if that is what it does.
    pub(super) fn zeros(&mut self, command: &Command) -> Option<u64> {
        let Command::Simple { words, .. } = command else { return None };
        let zero = words.iter().any(|it| matches!(it.as_str(), "/dev/zero" | "if=/dev/zero"));
        let name = words.first()?.as_str();
        match name {
            "cat" | "tail" if zero => Some(BOUNDLESS),
            "yes" => Some(BOUNDLESS),
            "head" if zero => words.iter().find_map(|it| size(it.trim_start_matches("-c"))),
            "dd" if zero => {
                let field = |key: &str| words.iter().find_map(|it| size(it.strip_prefix(key)?));
                Some(
                    field("bs=")
                        .unwrap_or(512)
                        .saturating_mul(field("count=").unwrap_or(BOUNDLESS)),
                )
            }
            _ => None,
        }
    }
}

const BUILTINS: &[&str] = &[
    "exec", "exit", "set", "export", "trap", "wait", "break", "continue", ":", "[[", "cd", "unset",
    "ulimit", "umask", "shift", "read", "local", "return",
];

/// The word behind an option, or glued to it by `=`.
fn option<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|it| it.split('=').next() == Some(name))?;
    let word = words.get(at)?;
    word.split_once('=').map(|it| it.1).or_else(|| words.get(at + 1).map(String::as_str))
}

pub(super) fn number(word: &str) -> i32 {
    word.trim().parse().unwrap_or(0)
}

/// A number of bytes such as `100m`, `50M` or `1GiB`.
pub(super) fn size(word: &str) -> Option<u64> {
    let end = word.find(|it: char| !it.is_ascii_digit()).unwrap_or(word.len());
    let (digits, unit) = word.split_at(end);
    let shift = match unit.to_ascii_lowercase().chars().next() {
        None | Some('b') => 0,
        Some('k') => 10,
        Some('m') => 20,
        Some('g') => 30,
        Some(_) => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A span of time such as `3`, `0.5` or `1m`.
fn span(word: &str) -> Duration {
    let (digits, unit) = match word.chars().last() {
        Some('m') => (word.trim_end_matches('m'), 60.0),
        Some('h') => (word.trim_end_matches('h'), 3_600.0),
        Some('d') => (word.trim_end_matches('d'), 86_400.0),
        _ => (word.trim_end_matches('s'), 1.0),
    };
    seconds(digits.parse::<f64>().unwrap_or(0.0) * unit)
}
