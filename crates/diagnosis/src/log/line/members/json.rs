//! The members of a JSON text, read as far as it goes: logs cut long lines.

use std::str::Chars;

use super::{MAX_MEMBERS, Member};

/// Characters of a name with all that it stands in.
const MAX_PATH: usize = 120;

/// The members of an object or a list; `None` where the text is neither.
pub(super) fn members(text: &str) -> Option<Vec<Member>> {
    let text = text.trim();
    if !is_open(text) {
        return None;
    }
    let mut reader = Reader { rest: text.chars(), open: vec![], members: vec![] };
    reader.read();
    (!reader.members.is_empty()).then_some(reader.members)
}

/// Whether a bracket is followed by a name in quotes, however far.
fn is_open(text: &str) -> bool {
    let mut signs = text.chars().filter(|it| !it.is_whitespace());
    let first = signs.next();
    match signs.find(|it| !matches!(it, '{' | '[')) {
        Some('"') => matches!(first, Some('{' | '[')),
        Some(_) | None => false,
    }
}

struct Reader<'t> {
    rest: Chars<'t>,
    /// The names of what is open; a list has the name that it stands under.
    open: Vec<Open>,
    members: Vec<Member>,
}

struct Open {
    name: String,
    is_list: bool,
}

impl Reader<'_> {
    /// Reads to the end, or until there are enough.
    fn read(&mut self) {
        let mut name: Option<String> = None;
        let mut word = String::new();
        while self.members.len() < MAX_MEMBERS {
            let Some(sign) = self.rest.next() else { break };
            match sign {
                '{' | '[' => {
                    let path = self.path(name.take().as_deref());
                    self.open.push(Open { name: path, is_list: sign == '[' });
                }
                '"' => {
                    let text = self.text();
                    let in_list = self.open.last().is_some_and(|it| it.is_list);
                    if name.is_none() && !in_list {
                        name = Some(text);
                    } else {
                        self.add(name.take().as_deref(), text);
                    }
                }
                '}' | ']' | ',' => {
                    if !word.is_empty() {
                        self.add(name.take().as_deref(), std::mem::take(&mut word));
                    }
                    name = None;
                    if sign != ',' && self.open.pop().is_none() {
                        break;
                    }
                }
                ':' => {}
                other if other.is_whitespace() => {}
                other => word.push(other),
            }
        }
    }

    fn add(&mut self, name: Option<&str>, value: String) {
        let path = self.path(name);
        if value != "null" {
            self.members.push(Member { path, value });
        }
    }

    fn path(&self, name: Option<&str>) -> String {
        let above = self.open.last().map_or("", |it| it.name.as_str());
        let path = match (above, name) {
            (above, None) => above.to_owned(),
            ("", Some(name)) => name.to_owned(),
            (above, Some(name)) => format!("{above}.{name}"),
        };
        path.chars().take(MAX_PATH).collect()
    }

    /// The text up to its closing quote, or to the end.
    fn text(&mut self) -> String {
        let mut res = String::new();
        while let Some(sign) = self.rest.next() {
            match sign {
                '"' => break,
                '\\' => res.extend(self.escaped()),
                other => res.push(other),
            }
        }
        res
    }

    fn escaped(&mut self) -> Option<char> {
        match self.rest.next()? {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' | 'b' | 'f' => None,
            'u' => {
                let digits: String = self.rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok()?;
                char::from_u32(code).filter(|it| !it.is_control() || *it == '\n')
            }
            other => Some(other),
        }
    }
}
