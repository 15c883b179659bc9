//! What of a log says why a program ended, where no pattern knows it: the first of its worst lines, with what belongs
//! to it, and never a frame, advice or a farewell.

mod statement;

use super::line::{Class, Kind, Level, Line};

/// Characters that are told at most.
pub(super) const MAX_QUOTE: usize = 200;
/// Lines that are looked at, from the end.
const MAX_LINES: usize = 400;
/// Lines between two errors from which they are of different occasions.
const GAP: usize = 3;
/// Lines above the one that says why that may say where.
const ABOVE: usize = 2;
/// Lines below it.
const BELOW: usize = 8;

/// What says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words<'l> {
    /// The line, as it stands in the log.
    pub(crate) line: &'l str,
    /// What it says, with what belongs to it, without the time; bounded.
    pub(crate) text: String,
    /// Whether it calls itself an error and says what it is.
    pub(crate) is_sure: bool,
}

/// What of this log says why; `None` where there is nothing.
pub(crate) fn of(log: &[String]) -> Option<Words<'_>> {
    among(&lines(log.iter().flat_map(|it| it.lines())))
}

/// The lines that say it: errors just above, and what stands below until something else is told.
pub(crate) fn around(log: &[String]) -> Vec<&str> {
    let lines = lines(log.iter().flat_map(|it| it.lines()));
    let Some(words) = among(&lines) else { return vec![] };
    let Some(at) = lines.iter().rposition(|it| it.raw == words.line) else { return vec![] };
    let (above, below) = lines.split_at(at);
    let is_bad = |it: &&Line<'_>| Class::Error <= it.class();
    let above = above.iter().rev().take_while(is_bad).take(ABOVE);
    let belongs = |it: &&Line<'_>| it.level.is_none() || is_bad(it);
    let below = below.iter().skip(1).take_while(belongs).take(BELOW);
    let own = lines.get(at).into_iter().chain(below);
    let said = own.chain(above).filter(|it| it.kind != Kind::Frame);
    said.map(|it| it.raw).collect()
}

/// Its text alone.
pub(crate) fn text_of(log: &[String]) -> Option<String> {
    of(log).map(|it| it.text)
}

/// The same, of a text that is a part of another.
pub(super) fn of_lines<'l>(log: impl DoubleEndedIterator<Item = &'l str>) -> Option<String> {
    // Members inside of members are not looked for.
    let mut lines: Vec<_> = log.rev().take(MAX_LINES).map(Line::of_text).collect();
    lines.reverse();
    among(&lines).map(|it| it.text)
}

fn lines<'l>(log: impl DoubleEndedIterator<Item = &'l str>) -> Vec<Line<'l>> {
    let mut lines: Vec<_> = log.rev().take(MAX_LINES).map(Line::of).collect();
    lines.reverse();
    lines
}

fn among<'l>(lines: &[Line<'l>]) -> Option<Words<'l>> {
    let lines = &without_advised(lines);
    let at = chosen(lines)?;
    let line = lines.get(at)?;
    let (shown, text) = statement::told(lines, at);
    let says = line.kind == Kind::Says || statement::explains(lines, at);
    let is_sure = Class::Error <= line.class() && says;
    Some(Words { line: lines.get(shown)?.raw, text, is_sure })
}

/// The lines, where what follows a title such as `Action:` is advice as well, and what follows a place its source.
fn without_advised<'l>(lines: &[Line<'l>]) -> Vec<Line<'l>> {
    let (mut is_advised, mut is_source) = (false, false);
    let advised = lines.iter().map(|it| {
        let is_title = it.kind == Kind::Advice && it.raw.trim_end().ends_with(':');
        is_advised = (is_advised || is_title) && it.level.is_none();
        let kind = match it.kind {
            Kind::Says | Kind::Vague if is_advised => Kind::Advice,
            Kind::Says | Kind::Vague if is_source && it.is_below() => Kind::Frame,
            kind @ (Kind::Says
            | Kind::Vague
            | Kind::Empty
            | Kind::Frame
            | Kind::Advice
            | Kind::Farewell) => kind,
        };
        is_source = it.shows_source();
        Line { kind, ..it.clone() }
    });
    advised.collect()
}

/// The line with which what says why begins.
fn chosen(lines: &[Line<'_>]) -> Option<usize> {
    let errors = burst(lines, GAP, |it| Class::Error <= it.class());
    let complaints = burst(lines, 0, |it| it.class() == Class::Complaint);
    let is = |at: usize, kind: Kind| lines.get(at).is_some_and(|it| it.kind == kind);
    let names = |at: usize| lines.get(at).is_some_and(|it| !it.lacks_detail());
    let is_sure = |at: usize| is(at, Kind::Says) || statement::explains(lines, at);
    worst(lines, &errors, is_sure)
        .or_else(|| after_warnings(lines, &complaints))
        .or_else(|| complaints.iter().copied().find(|it| is(*it, Kind::Says) && names(*it)))
        .or_else(|| complaints.iter().copied().find(|it| is(*it, Kind::Says)))
        .or_else(|| worst(lines, &errors, |it| is(it, Kind::Vague)))
        .or_else(|| complaints.iter().copied().find(|it| is(*it, Kind::Vague)))
        .or_else(|| lived_through(lines))
        .or_else(|| lines.iter().rposition(Line::says))
        .or_else(|| lines.iter().rposition(|it| it.kind == Kind::Advice))
        .or_else(|| lines.iter().rposition(|it| it.kind == Kind::Farewell))
        .or_else(|| lines.iter().rposition(|it| !it.raw.trim().is_empty()))
}

/// The first of these complaints without a level, after warnings that have one: a program that is about to end says
/// it in whatever form.
fn after_warnings(lines: &[Line<'_>], complaints: &[usize]) -> Option<usize> {
    let all = || complaints.iter().filter_map(|it| Some((*it, lines.get(*it)?)));
    let warnings = all().take_while(|it| it.1.level == Some(Level::Warning));
    let last = warnings.last().filter(|it| !it.1.announces())?.0;
    let (at, line) = all().find(|it| last < it.0)?;
    let is_it = line.level.is_none() && line.kind == Kind::Says && !line.is_below();
    (is_it && !line.lacks_detail()).then_some(at)
}

/// The last complaint that the program went on after, where the end of it all says no more than that.
fn lived_through(lines: &[Line<'_>]) -> Option<usize> {
    let last = lines.iter().rfind(|it| it.says())?;
    let is_it =
        |it: &Line<'_>| it.kind == Kind::Says && it.complains && it.level != Some(Level::Quiet);
    lines.iter().rposition(is_it).filter(|_| last.kind == Kind::Vague)
}

/// The first of the worst class among these.
fn worst(lines: &[Line<'_>], among: &[usize], is_one: impl Fn(usize) -> bool) -> Option<usize> {
    let class = |at: usize| lines.get(at).map(Line::class);
    let ones: Vec<_> = among.iter().copied().filter(|it| is_one(*it)).collect();
    let worst = ones.iter().filter_map(|it| class(*it)).max()?;
    ones.into_iter().find(|it| class(*it) == Some(worst))
}

/// The last lines that are of a kind and of one occasion: no more than `gap` others between two of them, in the order
/// of the log.
fn burst(lines: &[Line<'_>], gap: usize, is_one: impl Fn(&Line<'_>) -> bool) -> Vec<usize> {
    let mut found = vec![];
    let mut others = 0;
    for (at, line) in lines.iter().enumerate().rev() {
        if is_one(line) && (line.says() || line.kind == Kind::Farewell) {
            found.push(at);
            others = 0;
        } else if line.says() && !line.is_below() {
            others += 1;
        }
        let is_over = gap < others && !found.is_empty();
        if is_over || !found.is_empty() && line.is_recovery() {
            break;
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests;
