//! Plays the commands of a script in order.

use super::super::process::Act;
use super::parse::{After, Command, Script, Step, parse};
use super::{Flow, Input, Shell};

impl Shell<'_> {
    /// Plays the text of a script.
    pub(super) fn script_text(&mut self, text: &str) -> Flow {
        let Some(script) = parse(text) else {
            self.complain("sh: syntax error", 2);
            return Flow::Exit(2);
        };
        self.script(&script)
    }

    fn script(&mut self, script: &Script) -> Flow {
        for step in script {
            let runs = match step.after {
                After::Anything => true,
                After::Success => self.status == 0,
                After::Failure => self.status != 0,
            };
            if !runs {
                continue;
            }
            let flow = if step.background { self.aside(step) } else { self.step(step) };
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    }

    /// Plays a command beside the script: its acts count, its end does not.
    fn aside(&mut self, step: &Step) -> Flow {
        let begin = self.now;
        let end = match self.step(step) {
            Flow::Forever => None,
            Flow::Next | Flow::Break | Flow::Continue | Flow::Exit(_) => Some(self.now),
        };
        self.now = begin;
        self.background.push(end);
        self.done(0)
    }

    fn step(&mut self, step: &Step) -> Flow {
        let mut input = Input::default();
        let last = step.pipeline.len().saturating_sub(1);
        for command in step.pipeline.iter().take(last) {
            self.caught.push(String::new());
            let zeros = self.zeros(command);
            let flow = if zeros.is_some() { Flow::Next } else { self.one(command, &input) };
            let text = self.caught.pop().unwrap_or_default();
            if flow == Flow::Forever {
                return flow;
            }
            input = Input { text, zeros: zeros.unwrap_or(0) };
        }
        let flow = step.pipeline.last().map_or(Flow::Next, |it| self.one(it, &input));
        if flow != Flow::Next {
            return flow;
        }
        if step.negated {
            self.status = i32::from(self.status == 0);
        } else if self.strict && self.status != 0 && step.after == After::Anything {
            return Flow::Exit(self.status);
        }
        Flow::Next
    }

    fn one(&mut self, command: &Command, input: &Input) -> Flow {
        if self.left == 0 {
            return Flow::Forever;
        }
        self.left -= 1;
        match command {
            Command::Simple { words, redirects } => {
                self.redirected(redirects, |it| it.simple(words, input))
            }
            Command::Group { body, redirects } => self.redirected(redirects, |it| it.script(body)),
            Command::If { arms, otherwise } => self.choose(arms, otherwise),
            Command::Loop { condition, until, body } => self.rounds(condition, *until, body),
            Command::For { variable, words, body } => self.each(variable, words, body),
        }
    }

    fn choose(&mut self, arms: &[(Script, Script)], otherwise: &Script) -> Flow {
        for (condition, body) in arms {
            match self.tested(condition) {
                Ok(true) => return self.script(body),
                Ok(false) => {}
                Err(flow) => return flow,
            }
        }
        self.status = 0;
        self.script(otherwise)
    }

    fn tested(&mut self, condition: &Script) -> Result<bool, Flow> {
        let strict = std::mem::take(&mut self.strict);
        let flow = self.script(condition);
        self.strict = strict;
        if flow == Flow::Next { Ok(self.status == 0) } else { Err(flow) }
    }

    fn rounds(&mut self, condition: &Script, until: bool, body: &Script) -> Flow {
        while 0 < self.left {
            self.left -= 1;
            match self.tested(condition) {
                Ok(holds) if holds == until => return self.done(0),
                Ok(_) => {}
                Err(flow) => return flow,
            }
            match self.script(body) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return self.done(0),
                flow @ (Flow::Exit(_) | Flow::Forever) => return flow,
            }
        }
        Flow::Forever
    }

    fn each(&mut self, variable: &str, words: &[String], body: &Script) -> Flow {
        let words = match self.expand_all(words) {
            Ok(words) => words,
            Err(flow) => return flow,
        };
        for word in words {
            self.vars.insert(variable.to_owned(), word);
            match self.script(body) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                flow @ (Flow::Exit(_) | Flow::Forever) => return flow,
            }
        }
        Flow::Next
    }

    /// Plays with output and complaints sent elsewhere.
    fn redirected(
        &mut self,
        redirects: &[(String, String)],
        play: impl FnOnce(&mut Self) -> Flow,
    ) -> Flow {
        let mut target = None;
        let mut silenced = 0;
        for (sign, word) in redirects {
            let word = match self.expand_one(word) {
                Ok(word) => word,
                Err(flow) => return flow,
            };
            match sign.as_str() {
                "2>" | "2>>" => silenced += 1,
                "&>" => {
                    silenced += 1;
                    target = Some((word, false));
                }
                "<" if !self.files.contains_key(&word) && !word.starts_with("/dev/") => {
                    let text = format!("sh: can't open {word}: no such file");
                    return self.complain(&text, 1);
                }
                "<" => {}
                sign => target = Some((word, sign == ">>")),
            }
        }
        let target = target.filter(|it| !matches!(it.0.as_str(), "/dev/stdout" | "/dev/stderr"));
        self.quiet += silenced;
        if target.is_some() {
            self.caught.push(String::new());
        }
        let flow = play(self);
        self.quiet -= silenced;
        let Some((path, appended)) = target else { return flow };
        let text = self.caught.pop().unwrap_or_default();
        if !path.starts_with("/dev/") && !path.starts_with("/proc/") {
            let before = self.files.get(&path).filter(|_| appended).cloned();
            self.make(&path, &(before.unwrap_or_default() + &text));
        }
        flow
    }

    /// A file is there from now on.
    pub(super) fn make(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
        self.act(Act::Make(path.to_owned(), text.to_owned()));
    }

    fn simple(&mut self, words: &[String], input: &Input) -> Flow {
        let set = words.iter().take_while(|it| assignment(it).is_some()).count();
        for word in words.iter().take(set) {
            let Some((name, value)) = assignment(word) else { continue };
            match self.expand_one(value) {
                Ok(value) => drop(self.vars.insert(name.to_owned(), value)),
                Err(flow) => return flow,
            }
        }
        let rest = words.get(set..).unwrap_or_default();
        if rest.is_empty() {
            return if words.iter().any(|it| it.contains("$(")) {
                Flow::Next
            } else {
                self.done(0)
            };
        }
        match self.expand_all(rest) {
            Ok(argv) if argv.is_empty() => self.done(0),
            Ok(argv) => self.command(&argv, input),
            Err(flow) => flow,
        }
    }
}

/// `NAME=word`, taken apart.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fits = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    fits.then_some((name, value))
}
