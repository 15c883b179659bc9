//! Commands that write, read and arrange text and files.

use super::super::process::{Act, BOUNDLESS};
use super::commands::{number, size};
use super::{Flow, Input, Shell};

impl Shell<'_> {
    /// Commands that write something short.
    pub(super) fn say(&mut self, name: &str, rest: &[String]) -> Flow {
        let text = match name {
            "printf" => printf(rest),
            "echo" => {
                let plain = rest.first().is_some_and(|it| it == "-n");
                let words = rest.iter().filter(|it| !matches!(it.as_str(), "-n" | "-e"));
                let text = words.map(String::as_str).collect::<Vec<_>>().join(" ");
                if plain { text } else { text + "\n" }
            }
            "hostname" => {
                let name = self.vars.get("HOSTNAME").cloned().unwrap_or_default();
                name + "\n"
            }
            // There is no clock to read ahead of time.
            "date" => "Thu Jan  1 00:00:00 UTC 1970\n".to_owned(),
            "seq" => {
                // Longer lists than this are in nobody's manifest.
                const LONGEST: i32 = 1_000;
                let numbers: Vec<_> = rest.iter().map(|it| number(it)).collect();
                let (first, last) = match numbers.as_slice() {
                    [last] => (1, *last),
                    [first, last, ..] => (*first, *last),
                    [] => (1, 0),
                };
                (first..=last.min(first.saturating_add(LONGEST)))
                    .map(|it| format!("{it}\n"))
                    .collect()
            }
            _ => super::words::arithmetic(&rest.concat(), &self.vars).to_string() + "\n",
        };
        self.write(&text);
        self.done(0)
    }

    /// Commands that read files or what is piped into them.
    pub(super) fn read(&mut self, name: &str, rest: &[String], input: &Input) -> Flow {
        let zero = rest.iter().any(|it| matches!(it.as_str(), "/dev/zero" | "/dev/urandom"));
        match name {
            "dd" => return self.copy(rest),
            "tail" | "sort" if zero || 0 < input.zeros => {
                // Without a line's end there is nothing that it could forget.
                let bytes = if zero { BOUNDLESS } else { input.zeros };
                self.act(Act::Use(bytes));
                return if bytes == BOUNDLESS { Flow::Forever } else { self.done(0) };
            }
            "head" if zero => {
                let bytes =
                    rest.iter().find_map(|it| size(it.trim_start_matches("-c"))).unwrap_or(0);
                if !self.caught.is_empty() {
                    self.act(Act::Use(bytes));
                }
                return self.done(0);
            }
            "cat" if zero => {
                if !self.caught.is_empty() {
                    self.act(Act::Use(BOUNDLESS));
                }
                return Flow::Forever;
            }
            "tail" if rest.iter().any(|it| it == "-f" || it == "-F") => return Flow::Forever,
            _ => {}
        }
        let mut words: Vec<_> = rest.iter().filter(|it| !it.starts_with('-')).collect();
        let pattern =
            if name == "grep" && !words.is_empty() { Some(words.remove(0)) } else { None };
        words.retain(|it| it.parse::<u64>().is_err());
        let mut text = if words.is_empty() { input.text.clone() } else { String::new() };
        let mut status = 0;
        for path in words {
            if let Some(found) = self.files.get(path) {
                text.push_str(found);
            } else if path.starts_with("/dev/") || path.starts_with("/proc/") {
            } else {
                self.complain(
                    &format!("{name}: can't open '{path}': No such file or directory"),
                    1,
                );
                status = 1;
            }
        }
        if let Some(pattern) = pattern {
            let kept: String = text
                .lines()
                .filter(|it| it.contains(pattern.as_str()))
                .map(|it| format!("{it}\n"))
                .collect();
            status = status.max(i32::from(kept.is_empty()));
            text = if rest.iter().any(|it| it.starts_with("-q")) { String::new() } else { kept };
        }
        if !text.is_empty() && !text.ends_with('\n') && self.caught.is_empty() {
            text.push('\n');
        }
        self.write(&text);
        self.done(status)
    }

    /// `dd` holds one block in memory, and all of it when it writes to a file system in memory.
    fn copy(&mut self, rest: &[String]) -> Flow {
        let field = |key: &str| rest.iter().find_map(|it| it.strip_prefix(key));
        let block = field("bs=").and_then(size).unwrap_or(512);
        let count = field("count=").and_then(size);
        let target = field("of=").unwrap_or_default().to_owned();
        if target.starts_with("/dev/shm") {
            self.act(Act::Use(block.saturating_mul(count.unwrap_or(BOUNDLESS))));
        } else {
            self.act(Act::Use(block));
        }
        let endless = count.is_none() && field("if=").is_some_and(|it| it.starts_with("/dev/"));
        if endless { Flow::Forever } else { self.done(0) }
    }

    /// Commands that make, move and remove files.
    pub(super) fn arrange(&mut self, name: &str, rest: &[String]) -> Flow {
        let paths: Vec<_> = rest.iter().filter(|it| !it.starts_with('-')).cloned().collect();
        match (name, paths.as_slice()) {
            ("touch", paths) => {
                for path in paths {
                    let text = self.files.get(path).cloned().unwrap_or_default();
                    self.make(path, &text);
                }
            }
            ("rm", paths) => paths.iter().for_each(|it| self.unmake(it)),
            ("mv" | "cp", [from, to]) => {
                let Some(text) = self.files.get(from).cloned() else {
                    let text = format!("{name}: can't stat '{from}': No such file or directory");
                    return self.complain(&text, 1);
                };
                self.make(to, &text);
                if name == "mv" {
                    self.unmake(from);
                }
            }
            _ => {}
        }
        self.done(0)
    }

    fn unmake(&mut self, path: &str) {
        if self.files.remove(path).is_some() {
            self.act(Act::Remove(path.to_owned()));
        }
    }
}

/// The `%s`, `%d` and escapes that scripts use.
fn printf(words: &[String]) -> String {
    let Some((format, rest)) = words.split_first() else { return String::new() };
    let mut values = rest.iter();
    let mut res = String::new();
    let mut chars = format.chars();
    while let Some(it) = chars.next() {
        match it {
            '\\' => match chars.next() {
                Some('n') => res.push('\n'),
                Some('t') => res.push('\t'),
                Some(other) => res.push(other),
                None => {}
            },
            '%' => match chars.next() {
                Some('s' | 'd' | 'i') => res.push_str(values.next().map_or("", String::as_str)),
                Some('%') => res.push('%'),
                Some(_) | None => {}
            },
            it => res.push(it),
        }
    }
    res
}
