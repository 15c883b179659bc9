//! What a failing probe asks for and does not find, where its container has nearly the same elsewhere.
//!
//! A probe that is missing a file, a program or a path says so, or nothing at all. What the container itself is told to
//! make, to run or to answer says what was meant.

mod near;
mod ports;
mod texts;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use types::{ContainerFacts, FieldPath, ProbeFacts};

use self::texts::{Text, Voice};
use crate::evidence::slips;
use crate::log::reading::{self, Trouble};
use crate::near_miss::near_miss;
use crate::quoting::stands_alone;

/// How programs say that a file is not there.
const ABSENT: [&str; 6] =
    ["no such file", "cannot open", "can't open", "cannot access", "does not exist", "not found"];
/// After this the kubelet quotes what the command said.
const SAID: &str = "failed:";

/// What a probe asks for, and what was probably meant.
pub(super) struct Miss {
    /// The field that is to blame, what stands there and what was meant.
    pub(super) path: FieldPath,
    pub(super) text: String,
    pub(super) meant: String,
    /// What is known of it, as the end of a sentence.
    pub(super) words: String,
    /// What says so, as a sentence.
    pub(super) shown_by: String,
}

/// The misses of all probes of a container that stands at `path` in the owner.
pub(super) fn misses(
    spec: &PodSpec,
    (container, path): (&Container, &FieldPath),
    facts: &ContainerFacts,
) -> Vec<Miss> {
    let failing = facts.probes.iter().filter(|it| it.failure.is_some());
    let mut failing = failing.peekable();
    if failing.peek().is_none() {
        return vec![];
    }
    let told = texts::of(spec, (container, path), facts);
    let of_one = |probe: &ProbeFacts| {
        of_path(probe, &told, facts)
            .or_else(|| of(probe, &told))
            .or_else(|| ports::of_port(probe, &told, facts))
    };
    failing.filter_map(of_one).collect()
}

/// A path over HTTP that nothing answers, while another probe asks for nearly the same at the same port.
fn of_path(probe: &ProbeFacts, told: &[Text<'_>], facts: &ContainerFacts) -> Option<Miss> {
    let is_unknown =
        |it: &ProbeFacts| it.failure.as_ref().is_some_and(|it| it.contains("statuscode: 404"));
    let wrong = probe.path.as_deref().filter(|_| is_unknown(probe))?;
    let others = facts.probes.iter().filter(|it| it.port == probe.port && !is_unknown(it));
    let others: Vec<_> = others.filter_map(|it| Some((it, it.path.as_deref()?))).collect();
    if others.iter().any(|it| it.1 == wrong) {
        return None;
    }
    let known: Vec<_> = others.iter().map(|it| it.1).collect();
    let right = near::path(wrong, &known).or_else(|| near::same_name(wrong, &known))?;
    let other = others.iter().find(|it| it.1 == right)?.0;
    let own = told.iter().find(|it| it.voice == Voice::Path(probe.kind))?;
    let place = texts::whose(other.kind);
    Some(miss(own, (wrong, right.clone()), (place, right)))
}

/// What its command asks for.
fn of(probe: &ProbeFacts, told: &[Text<'_>]) -> Option<Miss> {
    let message = probe.failure.as_deref()?;
    let own: Vec<_> = told.iter().filter(|it| it.voice == Voice::Probe(probe.kind)).collect();
    let others: Vec<_> = told.iter().filter(|it| it.voice != Voice::Probe(probe.kind)).collect();
    of_program(message, &own, &others).or_else(|| {
        let mut lacking = own.iter().flat_map(|text| {
            let paths = texts::paths(text.text);
            paths.filter_map(|it| Some((*text, it, sure(message, it)?)))
        });
        lacking.find_map(|(text, wrong, sure)| of_file(text, (wrong, sure), &others))
    })
}

/// How sure it is that a file is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// The command says so.
    Said,
    /// The command fails without a word, as `test -f` does.
    Silent,
}

fn sure(message: &str, wrong: &str) -> Option<Sure> {
    let words = message.to_lowercase();
    if ABSENT.iter().any(|it| words.contains(it)) && stands_alone(message, wrong) {
        return Some(Sure::Said);
    }
    let is_silent = message.split_once(SAID).is_some_and(|it| it.1.trim().is_empty());
    is_silent.then_some(Sure::Silent)
}

fn of_file(own: &Text<'_>, (wrong, sure): (&str, Sure), others: &[&Text<'_>]) -> Option<Miss> {
    let names = |text: &Text<'_>| texts::paths(text.text).any(|it| it == wrong);
    let named: Vec<_> = others.iter().filter(|it| names(it)).collect();
    // What the container itself is told to make or to read has that name: it is late, and no slip.
    if named.iter().any(|it| it.voice == Voice::Start || it.voice == Voice::Mount) {
        return None;
    }
    // A probe that asks for the same in vain proves nothing.
    let others: Vec<_> = others.iter().filter(|it| !names(it)).copied().collect();
    let known = others.iter().flat_map(|it| {
        let of_mount = (it.voice == Voice::Mount).then(|| near::below(it.text, wrong)).flatten();
        let paths = texts::paths(it.text).map(str::to_owned);
        of_mount.into_iter().chain(paths).map(move |path| (*it, path))
    });
    let known: Vec<(&Text<'_>, String)> = known.collect();
    let all: Vec<&str> = known.iter().map(|it| it.1.as_str()).collect();
    let of_name = || near::same_name(wrong, &all).filter(|_| sure == Sure::Said);
    let right = near::path(wrong, &all).or_else(of_name)?;
    let mut of_right = known.iter().filter(|it| it.1 == right);
    let first = of_right.next()?.0;
    // Two ask for the same, and one thing alone is told otherwise: that one is the odd one.
    let is_odd = first.voice == Voice::Start && first.path.is_some() && of_right.next().is_none();
    if is_odd && !named.is_empty() {
        let mut miss =
            miss(first, (&right, wrong.to_owned()), (first.place.clone(), right.clone()));
        miss.shown_by = format!("Its probes ask for {wrong}, and nothing else is as near.");
        return Some(miss);
    }
    let mut miss = miss(own, (wrong, right.clone()), (first.place.clone(), right));
    if sure == Sure::Silent {
        let known = miss.words.trim_start_matches("; ");
        miss.words = format!("; it asks for {wrong}, and {known}");
    }
    Some(miss)
}

/// A program that is not there, while the container runs one of nearly this name elsewhere, or images usually bring it.
fn of_program(message: &str, own: &[&Text<'_>], others: &[&Text<'_>]) -> Option<Miss> {
    let lines = [message.to_owned()];
    let read = reading::read(&lines).filter(|it| it.trouble == Trouble::Command);
    let quoted = || Some(message.split_once("exec: \"")?.1.split_once('"')?.0.to_owned());
    let wrong = quoted().or_else(|| read?.about)?;
    let (text, word) = own.iter().find_map(|text| {
        let mut words = texts::words(text.text);
        words.find(|it| *it == wrong).map(|it| (*text, it))
    })?;
    if word.contains('/') || slips::is_usual(word) {
        return None;
    }
    let is_run = |it: &&&Text<'_>| match it.voice {
        // The value of a variable is no program.
        Voice::Start => it.place.ends_with("command") || it.place.ends_with("hook"),
        Voice::Probe(_) | Voice::End => true,
        Voice::Mount | Voice::Path(_) => false,
    };
    let run = || others.iter().filter(is_run);
    let known = run().flat_map(|it| texts::words(it.text));
    let near = near_miss(word, known).filter(|it| slips::is_hardly_another(word, it));
    if let Some(right) = near {
        let first = run().find(|it| texts::words(it.text).any(|it| it == right))?;
        return Some(miss(text, (word, right.clone()), (first.place.clone(), right)));
    }
    let usual = slips::usual(word)?;
    let mut miss = miss(text, (word, usual.clone()), (String::new(), usual.clone()));
    miss.words = format!("; {usual} was probably meant, which images usually bring");
    miss.shown_by = format!(
        "Images usually bring {usual}, and no other usual program is as near; whether this one does is not known."
    );
    Some(miss)
}

fn miss(text: &Text<'_>, (wrong, right): (&str, String), (place, there): (String, String)) -> Miss {
    Miss {
        path: text.path.clone().unwrap_or_else(FieldPath::root),
        text: text.text.to_owned(),
        meant: texts::replaced(text.text, wrong, &right),
        words: if there == wrong {
            format!("; {place} has {there}, and {right} was probably meant")
        } else {
            format!("; {place} has {there}, which was probably meant")
        },
        shown_by: format!("{} has {there}, and nothing else is as near.", capital(&place)),
    }
}

/// A text as a sentence begins.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().collect::<String>());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}
