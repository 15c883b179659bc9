//! What pages and findings owe to those who read them: facts for each claim, one sentence for each cause, and prose
//! that says what the blocks below it say.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;
use serde_yaml_ng::Value;
use types::{Clue, Finding};

use super::page::{Block, Page};
use super::{blocks, pages, scanned, scene};
use crate::peer_cases::objects_of_cases;

/// Fields that say when something was, and never when something will be.
const PAST: [&str; 16] = [
    "completionTime",
    "creationTimestamp",
    "eventTime",
    "finishedAt",
    "firstTimestamp",
    "lastHeartbeatTime",
    "lastObservedTime",
    "lastProbeTime",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "lastTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
    "startTime",
    "startedAt",
    "time",
];
/// What a block says that has nothing to say.
const SILENT: [&str; 3] = ["healthy", "on its way", "nothing is wrong"];
/// Values that are too short to be told from our own words.
const MIN_QUOTED: usize = 12;

static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""[^"]*"|'[^']*'"#).unwrap());
static NEXT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[.!?] +[A-Z]").unwrap());
static SAYS_NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(nothing is said|is silent|are silent|nobody is told)\.$").unwrap()
});
static SEVERITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:is|are|as|be) (?:told as )?(?:a )?(warning|notice|critical)s?\b").unwrap()
});

/// A cause and the facts that are shown for it.
struct Told {
    whose: String,
    cause: String,
    clues: Vec<Clue>,
}

impl Told {
    fn of(whose: &str, it: Finding) -> Self {
        Self {
            whose: format!("{whose}: {} {}", it.fault.as_str(), it.subject),
            cause: it.cause,
            clues: it.clues,
        }
    }
}

/// Whatever is said of a page or of a case of our peer, beside what is said of each root alone.
fn all_told() -> Vec<Told> {
    let of_peers = objects_of_cases().into_iter().map(|it| ("peer_cases".to_owned(), it));
    let mut told = vec![];
    for (name, text) in blocks().into_iter().chain(of_peers) {
        let found = scanned(&text).unwrap_or_default();
        told.extend(found.into_iter().map(|it| Told::of(&name, it)));
        let roots = match scene::snapshot(&text) {
            None => vec![scene::evidence(&text)],
            Some(_) => scene::workloads(&text),
        };
        for it in roots.iter().flat_map(diagnosis::diagnose) {
            told.push(Told {
                whose: format!("{name}: {}", it.fault),
                cause: it.cause,
                clues: it.clues,
            });
        }
    }
    told
}

/// Both at once: to say all of it again takes half a minute.
#[test]
fn everything_that_is_said_is_one_sentence_and_shows_a_fact_with_its_value() {
    let told = all_told();
    let has_facts = |it: &&Told| {
        // What a field says that should say something may be nothing.
        let is_whole = |it: &Clue| it.fact.starts_with('/') || !it.value.trim().is_empty();
        let is_named = |it: &Clue| !it.fact.trim().is_empty() && is_whole(it);
        !it.clues.is_empty() && it.clues.iter().all(is_named)
    };
    let without: Vec<_> = told
        .iter()
        .filter(|it| !has_facts(it))
        .map(|it| format!("{}: {:?}", it.whose, it.clues))
        .collect();
    assert!(500 < told.len() && without.is_empty(), "{without:#?}");
    let more = told.iter().filter(|it| !is_one_sentence(&it.cause, &it.clues));
    let more: Vec<_> = more.map(|it| format!("{}: {}", it.whose, it.cause)).collect();
    assert!(more.is_empty(), "{more:#?}");
}

/// Whether a text is one sentence: what a clue or quotation marks show are somebody else's words.
fn is_one_sentence(cause: &str, clues: &[Clue]) -> bool {
    let mut own = QUOTED.replace_all(cause, "x").into_owned();
    let mut values: Vec<&str> = clues.iter().map(|it| it.value.trim_end_matches('.')).collect();
    values.sort_by_key(|it| std::cmp::Reverse(it.len()));
    for value in values.into_iter().filter(|it| MIN_QUOTED <= it.len()) {
        own = own.replace(value, "x");
    }
    own.ends_with('.') && !NEXT.is_match(&own)
}

#[test]
fn what_somebody_else_says_counts_for_no_sentence() {
    let clue = [Clue::new("events[Failed].message", "It is late. Nobody came.")];
    for (cause, expected) in [
        ("It is not there.", true),
        ("It ends with \"Oh. No\" and code 1.", true),
        ("It is said: It is late. Nobody came.", true),
        ("There is no Service web; its pods have no names.", true),
        ("There is no Service web. Its pods have no names.", false),
        ("It is not there", false),
    ] {
        assert_eq!(is_one_sentence(cause, &clue), expected, "{cause}");
    }
}

/// What lies later than the moment at which a block was read, by its field.
fn later(value: &Value, field: &str, taken_at: Timestamp, found: &mut Vec<String>) {
    match value {
        Value::Mapping(members) => {
            let named = members.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
            named.for_each(|(name, value)| later(value, name, taken_at, found));
        }
        Value::Sequence(items) => items.iter().for_each(|it| later(it, field, taken_at, found)),
        Value::String(text) if PAST.contains(&field) => {
            let is_later = text.parse::<Timestamp>().is_ok_and(|it| taken_at < it);
            found.extend(is_later.then(|| format!("{field} {text}")));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
}

#[test]
fn nothing_on_a_page_is_later_than_when_it_was_read() {
    let mut wrong = vec![];
    for (page, text) in blocks() {
        let documents = serde_yaml_ng::Deserializer::from_str(&text);
        let documents: Vec<_> = documents.map(|it| Value::deserialize(it).unwrap()).collect();
        let taken_at = documents[0]["taken_at"].as_str().unwrap().parse().unwrap();
        let mut found = vec![];
        documents.iter().skip(1).for_each(|it| later(it, "", taken_at, &mut found));
        wrong.extend(found.into_iter().map(|it| format!("{page}, read at {taken_at}: {it}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with the prose above a block; nothing, mostly.
fn contradiction(Block { prose, told }: &Block) -> Option<String> {
    let is_silent = SILENT.contains(&told.trim());
    if SAYS_NOTHING.is_match(prose) && !is_silent {
        return Some(format!("\"{prose}\" stands above {told}"));
    }
    let severity = SEVERITY.captures(prose)?[1].to_lowercase();
    let is_told = told.lines().any(|it| it.starts_with(&severity)) || !is_of_scan(told);
    let is_told = is_told && !is_silent;
    (!is_told).then(|| format!("\"{prose}\" stands above {told}"))
}

/// Only what a scan says has severities.
fn is_of_scan(told: &str) -> bool {
    ["critical ", "warning ", "notice "].iter().any(|it| told.starts_with(it))
}

#[test]
fn prose_says_what_the_block_below_it_says() {
    let of = |prose: &str, told: &str| {
        let (prose, told) = (prose.to_owned(), told.to_owned());
        contradiction(&Block { prose, told }).is_some()
    };
    let notice = "notice Node a: node in trouble: It is full.\n  x = 1";
    assert!(of("It is young, and nothing is said.", notice));
    assert!(of("A full node is a warning.", notice));
    assert!(of("A full node is a notice.", "nothing is wrong"));
    assert!(!of("A full node is a notice.", notice));
    assert!(!of("It is young, and nothing is said.", "healthy"));
    assert!(!of("Nothing is said of its age.", notice));

    let mut wrong = vec![];
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let page = Page::read(&text).unwrap();
        let found = page.blocks().iter().filter_map(contradiction).collect::<Vec<_>>().into_iter();
        wrong.extend(found.map(|it| format!("{}: {it}", path.file_name().unwrap().display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
