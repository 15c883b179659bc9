//! What the words of a command stand for.

use super::words::{arithmetic, enclosed};
use super::{Flow, Shell};

/// A word while it is expanded.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    open: String,
    /// Whether the word is there even when it is empty, because it was quoted.
    quoted: bool,
}

impl Fields {
    /// Takes what stands behind a backslash; the rest is given back.
    fn push_escaped<'a>(&mut self, after: &'a str, inside: bool) -> &'a str {
        let next = after.chars().next();
        if inside && !matches!(next, Some('"' | '\\' | '$' | '`')) {
            self.open.push('\\');
            return after;
        }
        self.open.extend(next);
        after.get(next.map_or(0, char::len_utf8)..).unwrap_or_default()
    }

    fn push_value(&mut self, value: &str, whole: bool) {
        if whole {
            self.open.push_str(value);
        } else {
            self.push_split(value);
        }
    }

    fn push_split(&mut self, value: &str) {
        let mut parts = value.split_whitespace();
        if value.starts_with(char::is_whitespace) {
            self.close();
        }
        if let Some(first) = parts.next() {
            self.open.push_str(first);
        }
        for part in parts {
            self.close();
            self.open.push_str(part);
        }
    }

    fn close(&mut self) {
        if self.quoted || !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
        self.quoted = false;
    }
}

impl Shell<'_> {
    /// All words expanded and split.
    pub(super) fn expand_all(&mut self, words: &[String]) -> Result<Vec<String>, Flow> {
        let mut res = Vec::new();
        for word in words {
            let mut fields = Fields::default();
            self.expand_into(word, false, &mut fields)?;
            fields.close();
            res.append(&mut fields.done);
        }
        Ok(res)
    }

    /// A word that stays one.
    pub(super) fn expand_one(&mut self, word: &str) -> Result<String, Flow> {
        let mut fields = Fields::default();
        self.expand_into(word, true, &mut fields)?;
        Ok(fields.open)
    }

    fn expand_into(&mut self, word: &str, whole: bool, fields: &mut Fields) -> Result<(), Flow> {
        let mut rest = word;
        let mut inside = false;
        while let Some(it) = rest.chars().next() {
            let after = rest.get(it.len_utf8()..).unwrap_or_default();
            rest = after;
            match it {
                '\'' if !inside => {
                    let (text, tail) = after.split_once('\'').unwrap_or((after, ""));
                    fields.quoted = true;
                    fields.open.push_str(text);
                    rest = tail;
                }
                '"' => {
                    inside = !inside;
                    fields.quoted = true;
                }
                '\\' => rest = fields.push_escaped(after, inside),
                '$' => {
                    let (value, used) = self.dollar(after)?;
                    rest = after.get(used..).unwrap_or_default();
                    fields.push_value(&value, inside || whole);
                }
                '`' => {
                    let (script, tail) = after.split_once('`').unwrap_or((after, ""));
                    let value = self.captured(script)?;
                    fields.open.push_str(&value);
                    rest = tail;
                }
                it => fields.open.push(it),
            }
        }
        Ok(())
    }

    /// What stands behind a `$`, and how long it was.
    fn dollar(&mut self, text: &str) -> Result<(String, usize), Flow> {
        let length = enclosed(text).unwrap_or(0);
        let inner = text.get(1..length.saturating_sub(1)).unwrap_or_default();
        if text.starts_with("((") {
            let inner = inner.trim_start_matches('(').trim_end_matches(')');
            return Ok((arithmetic(inner, &self.vars).to_string(), length));
        }
        if text.starts_with('(') {
            return Ok((self.captured(inner)?, length));
        }
        if text.starts_with('{') {
            return Ok((self.braced(inner)?, length));
        }
        let name: String = match text.chars().next() {
            Some(it @ ('?' | '$' | '#' | '@' | '*' | '0'..='9')) => it.to_string(),
            _ => text.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect(),
        };
        if name.is_empty() {
            return Ok(("$".to_owned(), 0));
        }
        let value = match name.as_str() {
            "?" => self.status.to_string(),
            "$" => "1".to_owned(),
            name => self.vars.get(name).cloned().unwrap_or_default(),
        };
        Ok((value, name.len()))
    }

    /// `${NAME}`, `${NAME:-word}` and its kin.
    fn braced(&mut self, inner: &str) -> Result<String, Flow> {
        let end = inner.find([':', '-', '?', '+', '=']).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        let found = self.vars.get(name).cloned();
        let (found, rest) = match rest.strip_prefix(':') {
            Some(rest) => (found.filter(|it| !it.is_empty()), rest),
            None => (found, rest),
        };
        let Some(sign) = rest.chars().next() else { return Ok(found.unwrap_or_default()) };
        let word = rest.get(1..).unwrap_or_default();
        match (sign, found) {
            ('+', Some(_)) => self.expand_one(word),
            ('+', None) => Ok(String::new()),
            (_, Some(value)) => Ok(value),
            ('?', None) => {
                let word = self.expand_one(word)?;
                let word = if word.is_empty() { "parameter not set".to_owned() } else { word };
                self.complain(&format!("sh: {name}: {word}"), 2);
                Err(Flow::Exit(2))
            }
            ('=', None) => {
                let value = self.expand_one(word)?;
                self.vars.insert(name.to_owned(), value.clone());
                Ok(value)
            }
            (_, None) => self.expand_one(word),
        }
    }

    /// The output of `$(script)`, without its last line ends.
    fn captured(&mut self, script: &str) -> Result<String, Flow> {
        self.caught.push(String::new());
        let flow = self.script_text(script);
        let output = self.caught.pop().unwrap_or_default();
        match flow {
            Flow::Forever => Err(Flow::Forever),
            Flow::Exit(code) => {
                self.status = code;
                Ok(output.trim_end_matches('\n').to_owned())
            }
            Flow::Next | Flow::Break | Flow::Continue => {
                Ok(output.trim_end_matches('\n').to_owned())
            }
        }
    }
}
