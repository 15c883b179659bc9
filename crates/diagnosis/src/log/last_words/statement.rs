//! A line of a log with what belongs to it: of a trace its innermost cause, of a headline what it announces.

use super::super::line::{Class, Kind, Line, said_by_members};
use super::MAX_QUOTE;

/// Lines that may belong to one.
const MAX_EXTENT: usize = 150;
/// Characters of a value over several lines that are read.
const MAX_VALUE: usize = 4_000;

/// Which line is shown for the one at this place, and what it says with what belongs to it.
pub(super) fn told(lines: &[Line<'_>], at: usize) -> (usize, String) {
    let end = extent(lines, at);
    let head = inner(lines, at, end).unwrap_or(at);
    let text = joined(lines, head, end);
    // A line that only says when and where shows nothing.
    let is_bare = lines.get(head).is_some_and(Line::is_bare);
    let says = |it: &usize| {
        lines.get(*it).is_some_and(|it| it.kind == Kind::Says && text.contains(it.text.trim()))
    };
    let shown = if is_bare { (head + 1..end).find(says).unwrap_or(head) } else { head };
    (
        shown,
        text.chars()
            .map(|it| if it == '\t' { ' ' } else { it })
            .filter(|it| !it.is_control())
            .take(MAX_QUOTE)
            .collect(),
    )
}

/// Whether what belongs to this line says why, though itself it does not.
pub(super) fn explains(lines: &[Line<'_>], at: usize) -> bool {
    let is_vague = lines.get(at).is_some_and(|it| it.kind == Kind::Vague);
    let end = extent(lines, at);
    let has_details = || {
        let (head, below) = (lines.get(at), lines.get(at + 1..end));
        head.zip(below).is_some_and(|it| details(it.0, it.1).iter().any(|it| it.complains))
    };
    is_vague && (inner(lines, at, end).is_some() || has_details())
}

/// Where the next line begins that speaks for itself.
fn extent(lines: &[Line<'_>], at: usize) -> usize {
    let most = lines.len().min(at.saturating_add(MAX_EXTENT));
    let mut below = lines.iter().enumerate().take(most).skip(at + 1);
    let own = |it: &Line<'_>| it.level.is_some() && !it.is_below() && it.kind != Kind::Frame;
    let announced = announced(lines, at);
    below.find(|it| Some(it.0) != announced && own(it.1)).map_or(most, |it| it.0)
}

/// The error right below a headline that ends with a colon: it is told with that, though it has a level of its own.
fn announced(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let head = lines.get(at)?;
    let is_headline = head.is_headline && head.text.trim_end().ends_with(':');
    let mut below = lines.iter().enumerate().skip(at + 1).filter(|it| it.1.kind != Kind::Empty);
    let (next, line) = below.next()?;
    let is_error = Class::Error <= line.class() && line.kind == Kind::Says;
    (is_headline && is_error).then_some(next)
}

/// The innermost cause among the lines of a trace.
fn inner(lines: &[Line<'_>], at: usize, end: usize) -> Option<usize> {
    let below = || (at + 1..end).filter_map(|it| Some((it, lines.get(it)?)));
    if let Some(found) = below().rfind(|it| it.1.is_inner()) {
        return Some(found.0);
    }
    let is_headline = lines.get(at)?.is_headline;
    let next = lines.get(at + 1).is_some_and(|it| it.is_headline && it.is_below());
    let from = if is_headline && !next { below().find(|it| it.1.goes_on())?.0 } else { at };
    let is_it =
        |it: &(usize, &Line<'_>)| from < it.0 && it.1.is_headline && it.1.kind != Kind::Frame;
    below().rfind(is_it).map(|it| it.0)
}

/// What a line says with the lines that belong to it.
fn joined(lines: &[Line<'_>], at: usize, end: usize) -> String {
    let Some(head) = lines.get(at) else { return String::new() };
    if let Some(value) = value(lines, at, end) {
        return value;
    }
    let below = lines.get(at + 1..end).unwrap_or_default();
    let details = details(head, below);
    if head.says_where() {
        return details
            .into_iter()
            .next()
            .map_or_else(|| head.text.trim().to_owned(), |it| it.text);
    }
    let mut res = if head.is_bare() { String::new() } else { head.text.trim().to_owned() };
    let length: usize = details.iter().map(|it| it.text.chars().count() + 2).sum();
    let is_long = MAX_QUOTE < res.chars().count() + length;
    if let Some(said) =
        details.iter().find(|it| it.complains).filter(|_| is_long && head.announces())
    {
        return said.text.clone();
    }
    for it in details {
        res.push_str(&separator(&res, &it));
        res.push_str(&it.text);
    }
    res
}

/// A line that belongs to another.
struct Detail {
    text: String,
    complains: bool,
    is_cause: bool,
}

/// What follows a headline and belongs to it.
fn details(head: &Line<'_>, below: &[Line<'_>]) -> Vec<Detail> {
    let mut found: Vec<Detail> = vec![];
    let is_cause = |it: &Line<'_>| it.raw.trim() == "Caused by:";
    let next = below.iter().find(|it| !it.raw.trim().is_empty());
    let has_causes = next.is_some_and(is_cause);
    let mut awaits = head.announces() || head.lacks_detail() || has_causes;
    let (mut causes, mut announced, mut length) = (false, true, 0);
    for line in below {
        let is_blank = line.raw.trim().is_empty();
        if is_cause(line) {
            (causes, announced) = (true, true);
            continue;
        }
        if is_blank {
            if awaits && announced {
                continue;
            }
            break;
        }
        match line.kind {
            Kind::Empty => continue,
            Kind::Vague if head.is_bare() => continue,
            Kind::Frame | Kind::Advice | Kind::Farewell => break,
            Kind::Vague | Kind::Says => {}
        }
        let is_title = line.text.trim().ends_with(':') && !line.text.trim().contains(' ');
        if is_title && head.is_bare() {
            continue;
        }
        if !awaits && !line.is_below() && !line.complains || MAX_QUOTE < length {
            break;
        }
        let text = line.text.trim();
        let text = if causes {
            text.trim_start_matches(|it: char| it.is_ascii_digit()).trim_start_matches(": ")
        } else {
            text
        };
        length += text.chars().count();
        announced = line.announces();
        awaits = awaits || announced;
        found.push(Detail { text: text.to_owned(), complains: line.complains, is_cause: causes });
    }
    found
}

/// What stands between two lines that become one.
fn separator(before: &str, next: &Detail) -> String {
    let ends = before.trim_end().chars().next_back();
    match ends {
        None => "",
        Some(_) if next.is_cause => ": ",
        Some(':' | ',' | '.' | ';' | '[' | '{' | '(' | '!' | '?') => " ",
        Some(_) => "; ",
    }
    .to_owned()
}

/// A headline that ends with an open bracket, with what the value says that follows.
fn value(lines: &[Line<'_>], at: usize, end: usize) -> Option<String> {
    let head = lines.get(at)?.text.trim_end();
    let before = head.strip_suffix(['[', '{'])?;
    let bracket = head.get(before.len()..)?;
    let mut text = bracket.to_owned();
    for line in lines.get(at + 1..end)? {
        if line.kind == Kind::Frame || MAX_VALUE < text.len() {
            break;
        }
        text.push_str(line.raw);
        text.push('\n');
    }
    Some(format!("{}{}", before.trim_start(), said_by_members(&text)?))
}
