//! From the text of a script to its commands.

use super::words::{Token, tokens};

/// A chain of pipelines.
pub(super) type Script = Vec<Step>;

/// A pipeline and how it follows from the one before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) after: After,
    pub(super) pipeline: Vec<Command>,
    pub(super) negated: bool,
    pub(super) background: bool,
}

/// When a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Anything,
    Success,
    Failure,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    Simple { words: Vec<String>, redirects: Vec<(String, String)> },
    If { arms: Vec<(Script, Script)>, otherwise: Script },
    Loop { condition: Script, until: bool, body: Script },
    For { variable: String, words: Vec<String>, body: Script },
    Group { body: Script, redirects: Vec<(String, String)> },
}

/// How deep commands may be nested; deeper ones come from nobody's manifest.
const DEEPEST: usize = 32;

/// The commands of a script; `None` when it cannot be understood.
pub(super) fn parse(text: &str) -> Option<Script> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let script = parser.script(&[])?;
    (parser.at == tokens.len()).then_some(script)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word),
            Some(Token::Sign(_)) | None => None,
        }
    }

    fn sign(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Sign(sign)) => Some(sign),
            Some(Token::Word(_)) | None => None,
        }
    }

    fn skip_breaks(&mut self) {
        while matches!(self.sign(), Some(";" | "\n")) {
            self.at += 1;
        }
    }

    fn expect(&mut self, word: &str) -> Option<()> {
        self.skip_breaks();
        (self.word() == Some(word)).then(|| self.at += 1)
    }

    fn script(&mut self, ends: &[&str]) -> Option<Script> {
        self.depth += 1;
        if DEEPEST < self.depth {
            return None;
        }
        let mut script = Script::new();
        let mut after = After::Anything;
        loop {
            self.skip_breaks();
            let over = match self.peek() {
                None => true,
                Some(Token::Word(word)) => ends.contains(&word.as_str()),
                Some(Token::Sign(sign)) => ends.contains(&sign.as_str()),
            };
            if over {
                self.depth -= 1;
                return Some(script);
            }
            let mut step = self.pipeline()?;
            step.after = after;
            after = After::Anything;
            match self.sign() {
                Some("&&") => after = After::Success,
                Some("||") => after = After::Failure,
                Some("&") => step.background = true,
                Some(";" | "\n" | ")") | None => {}
                Some(_) => return None,
            }
            if !matches!(self.sign(), Some(")") | None) {
                self.at += 1;
            }
            script.push(step);
        }
    }

    fn pipeline(&mut self) -> Option<Step> {
        let negated = self.word() == Some("!");
        if negated {
            self.at += 1;
        }
        let mut pipeline = vec![self.command()?];
        while self.sign() == Some("|") {
            self.at += 1;
            self.skip_breaks();
            pipeline.push(self.command()?);
        }
        Some(Step { after: After::Anything, pipeline, negated, background: false })
    }

    fn command(&mut self) -> Option<Command> {
        match (self.word(), self.sign()) {
            (Some("if"), _) => self.conditional(),
            (Some(word @ ("while" | "until")), _) => {
                let until = word == "until";
                self.at += 1;
                let condition = self.script(&["do"])?;
                let body = self.body()?;
                Some(Command::Loop { condition, until, body })
            }
            (Some("for"), _) => self.each(),
            (Some("{"), _) => self.group("}"),
            (_, Some("(")) => self.group(")"),
            _ => self.simple(),
        }
    }

    fn body(&mut self) -> Option<Script> {
        self.expect("do")?;
        let body = self.script(&["done"])?;
        self.expect("done")?;
        Some(body)
    }

    fn group(&mut self, end: &str) -> Option<Command> {
        self.at += 1;
        let body = self.script(&[end])?;
        self.peek()?;
        self.at += 1;
        Some(Command::Group { body, redirects: self.redirects()? })
    }

    fn conditional(&mut self) -> Option<Command> {
        let mut arms = Vec::new();
        while matches!(self.word(), Some("if" | "elif")) {
            self.at += 1;
            let condition = self.script(&["then"])?;
            self.expect("then")?;
            arms.push((condition, self.script(&["elif", "else", "fi"])?));
        }
        let mut otherwise = Script::new();
        if self.word() == Some("else") {
            self.at += 1;
            otherwise = self.script(&["fi"])?;
        }
        self.expect("fi")?;
        Some(Command::If { arms, otherwise })
    }

    fn each(&mut self) -> Option<Command> {
        self.at += 1;
        let variable = self.word()?.to_owned();
        self.at += 1;
        self.expect("in")?;
        let mut words = Vec::new();
        while let Some(word) = self.word() {
            words.push(word.to_owned());
            self.at += 1;
        }
        let body = self.body()?;
        Some(Command::For { variable, words, body })
    }

    fn redirects(&mut self) -> Option<Vec<(String, String)>> {
        let mut redirects = Vec::new();
        while let Some(sign) = self.sign().filter(|it| it.contains(['<', '>'])) {
            let sign = sign.to_owned();
            self.at += 1;
            redirects.push((sign, self.word()?.to_owned()));
            self.at += 1;
        }
        Some(redirects)
    }

    fn simple(&mut self) -> Option<Command> {
        let (mut words, mut redirects) = (Vec::new(), Vec::new());
        loop {
            let more = self.redirects()?;
            let none = more.is_empty();
            redirects.extend(more);
            match self.word() {
                Some(word) => words.push(word.to_owned()),
                None if none => break,
                None => continue,
            }
            self.at += 1;
        }
        (!words.is_empty() || !redirects.is_empty()).then_some(Command::Simple { words, redirects })
    }
}
