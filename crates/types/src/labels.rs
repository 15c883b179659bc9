//! Label selectors as a person types them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest selector that is read, in bytes.
const MAX_LENGTH: usize = 1024;

/// A label selector as `kubectl -l` takes it: `app=web,tier!=db,stage in (test,live),!old`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelQuery(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    key: String,
    /// The values that are meant; none where only the key counts.
    values: Vec<String>,
    /// Whether an object must not be like that.
    negated: bool,
}

/// Why a text is no label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLabelQuery(String);

impl fmt::Display for BadLabelQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no label selector", self.0)
    }
}

impl std::error::Error for BadLabelQuery {}

impl LabelQuery {
    /// Whether an object with these labels is meant.
    pub fn takes(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        self.0.iter().all(|term| {
            let value = labels.and_then(|it| it.get(&term.key));
            let fits = match value {
                Some(value) => term.values.is_empty() || term.values.contains(value),
                None => false,
            };
            fits != term.negated
        })
    }
}

impl FromStr for LabelQuery {
    type Err = BadLabelQuery;

    fn from_str(text: &str) -> Result<Self, BadLabelQuery> {
        let bad = || BadLabelQuery(text.chars().take(60).collect());
        if MAX_LENGTH < text.len() {
            return Err(bad());
        }
        let terms = parts(text).into_iter().map(|it| term(it.trim()).ok_or_else(bad));
        terms.collect::<Result<_, _>>().map(Self)
    }
}

/// The text between commas that stand outside of brackets; nothing of an empty text.
fn parts(text: &str) -> Vec<&str> {
    if text.trim().is_empty() {
        return vec![];
    }
    let mut depth = 0_i32;
    let separates = |it: char| {
        match it {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        it == ',' && depth == 0
    };
    text.split(separates).collect()
}

fn term(text: &str) -> Option<Term> {
    let of = |key: &str, values: Vec<&str>, negated| {
        let key = key.trim();
        let is_name =
            |it: &str| it.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it));
        let values: Vec<String> = values.into_iter().map(|it| it.trim().to_owned()).collect();
        let is_good = !key.is_empty() && is_name(key) && values.iter().all(|it| is_name(it));
        is_good.then(|| Term { key: key.to_owned(), values, negated })
    };
    if let Some(list) = text.strip_suffix(')') {
        let (head, values) = list.split_once('(')?;
        let (key, operator) = head.trim().split_once(char::is_whitespace)?;
        let negated = match operator.trim() {
            "in" => false,
            "notin" => true,
            _ => return None,
        };
        return of(key, values.split(',').collect(), negated);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return of(key, vec![value], true);
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return of(key, vec![value], false);
    }
    match text.strip_prefix('!') {
        Some(key) => of(key, vec![], true),
        None => of(text, vec![], false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: bool) {
        let labels = [("app", "web"), ("tier", "front")];
        let labels = labels.map(|it| (it.0.to_owned(), it.1.to_owned())).into();
        let query: LabelQuery = query.parse().unwrap();
        assert_eq!(query.takes(Some(&labels)), expected);
    }

    #[test]
    fn each_term_has_to_hold() {
        check("", true);
        check("app=web", true);
        check("app==web, tier!=db", true);
        check("app=web,tier=db", false);
        check("app in (web,api),tier notin (db)", true);
        check("tier in (db)", false);
        check("app", true);
        check("!app", false);
        check("!other", true);
    }

    #[test]
    fn an_object_without_labels_is_taken_by_what_is_absent_only() {
        assert!("!app".parse::<LabelQuery>().unwrap().takes(None));
        assert!("app!=web".parse::<LabelQuery>().unwrap().takes(None));
        assert!(!"app=web".parse::<LabelQuery>().unwrap().takes(None));
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["=web", "app=web,", "app like web", "a b", "app in (web", "app=we;b"] {
            assert!(text.parse::<LabelQuery>().is_err(), "{text}");
        }
    }
}
