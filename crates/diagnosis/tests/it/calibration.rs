//! How often what is said is right, beside how sure it was said: measured where facts are missing.
//!
//! The truth is what is said of a case of the casebook, or of our peer's tests, while everything is known. Then facts
//! are taken away, a class of them or two at a time, and it is diagnosed again. An answer is right that names a
//! fault of the truth at the same object, container and field; one that says that the cause is unknown, and silence,
//! are no answers. A case from which nothing could be taken counts for nothing.
//!
//! `NUMBERS=confidence scripts/numbers.sh` prints the table.

mod bands;
mod hidden;

use std::collections::BTreeMap;

use diagnosis::{Objects, Redactor, Snapshot, of_workload};
use types::{AnyFault, Evidence, Fault, Finding};

use self::bands::{Answer, Band, bands};
use self::hidden::Hidden;
use crate::casebook::blocks;
use crate::casebook::scene::{each_root, gathered_beside, objects, snapshot};
use crate::peer_cases::objects_of_cases;

/// How much less may be claimed than is right, beyond what chance explains.
const MODEST: f64 = 0.1;
/// Answers that show what is wrong with a band.
const SHOWN: usize = 400;

/// What is known of a case.
enum Known {
    /// Around one root, with the page that says so.
    Root(Box<Objects>, String),
    /// Of the whole cluster, and around each root of it.
    Cluster(Box<Snapshot>, Vec<Objects>),
}

/// What was known when something was said.
#[derive(PartialEq)]
struct Seen {
    evidence: Vec<Evidence>,
    /// Of a cluster the snapshot counts as well, in words.
    around: String,
}

impl Known {
    fn of(text: &str) -> Self {
        match snapshot(text) {
            None => Self::Root(Box::new(objects(text)), text.to_owned()),
            Some(it) => Self::Cluster(Box::new(it), each_root(text)),
        }
    }

    /// What is said without these facts, and what it is said by.
    fn said_without(&self, hidden: &[Hidden]) -> (Seen, Vec<Finding>) {
        match self {
            Self::Root(objects, text) => {
                let mut objects = objects.clone();
                for it in hidden {
                    it.of_root(&mut objects);
                }
                let mut evidence = gathered_beside(&objects, text);
                if hidden.contains(&Hidden::Names) {
                    evidence.registry_tags = None;
                }
                let said = of_workload(&evidence, &diagnosis::diagnose(&evidence));
                (Seen { evidence: vec![evidence], around: String::new() }, said)
            }
            Self::Cluster(snapshot, roots) => {
                let mut snapshot = snapshot.clone();
                for it in hidden {
                    it.of_cluster(&mut snapshot);
                }
                let without = |it: &Objects| {
                    let mut objects = it.clone();
                    for it in hidden {
                        it.of_root(&mut objects);
                    }
                    diagnosis::gather(&objects, &Redactor::new([0; 32]))
                };
                let evidence: Vec<_> = roots.iter().map(without).collect();
                let own = evidence.iter().flat_map(|it| of_workload(it, &diagnosis::diagnose(it)));
                let own = own.collect();
                let said = diagnosis::survey(&snapshot, own, &Redactor::new([0; 32]));
                (Seen { evidence, around: format!("{snapshot:?}") }, said)
            }
        }
    }
}

/// An answer, and what is needed to look into it.
struct Told {
    answer: Answer,
    finding: Finding,
    case: String,
    hidden: String,
}

/// What was counted.
#[derive(Default)]
struct Measured {
    told: Vec<Told>,
    cases: usize,
    /// How often something was said of what is hidden, and nothing else than that the cause is unknown.
    unknown: usize,
    /// How often nothing was said of what is wrong.
    silent: usize,
}

fn is_unknown(finding: &Finding) -> bool {
    finding.fault == AnyFault::Workload(Fault::Unknown)
}

/// Whether this is what is said while everything is known.
fn is_right(finding: &Finding, truth: &[Finding]) -> bool {
    truth.iter().any(|it| {
        it.fault == finding.fault
            && it.subject == finding.subject
            && it.container == finding.container
            && it.field == finding.field
    })
}

impl Measured {
    fn add(&mut self, (case, name): (usize, &str), text: &str) {
        let known = Known::of(text);
        let (whole, truth) = known.said_without(&[]);
        let mut seen = vec![whole];
        let mut moving = vec![];
        let mut counts = false;
        for hidden in hidden::all_and_pairs() {
            // What changes nothing alone changes nothing beside another.
            if 1 < hidden.len() && !hidden.iter().all(|it| moving.contains(it)) {
                continue;
            }
            let (left, said) = known.said_without(&hidden);
            if seen.contains(&left) {
                continue;
            }
            seen.push(left);
            moving.extend(hidden.first().filter(|_| hidden.len() == 1));
            counts = true;
            self.silent += usize::from(said.is_empty() && !truth.is_empty());
            self.unknown += usize::from(!said.is_empty() && said.iter().all(is_unknown));
            for finding in said.into_iter().filter(|it| !is_unknown(it)) {
                let is_right = is_right(&finding, &truth);
                let answer = Answer { case, confidence: finding.confidence, is_right };
                let (case, hidden) = (name.to_owned(), format!("{hidden:?}"));
                self.told.push(Told { answer, finding, case, hidden });
            }
        }
        self.cases += usize::from(counts);
    }

    fn bands(&self) -> Vec<Band> {
        bands(&self.told.iter().map(|it| it.answer.clone()).collect::<Vec<_>>())
    }

    /// The wrong answers of a band, by what was said.
    fn wrong(&self, band: &Band) -> String {
        let is_own = |it: &&Told| {
            let sure = it.answer.confidence;
            band.begin <= sure && (sure < band.end || 1.0 <= band.end) && !it.answer.is_right
        };
        let mut lines: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for it in self.told.iter().filter(is_own) {
            let fault = it.finding.fault.as_str();
            let line = format!("{fault} {} ({})", it.finding.confidence, it.case);
            let example = || format!("without {}: {}", it.hidden, it.finding.cause);
            lines.entry(line).or_insert_with(|| (0, example())).0 += 1;
        }
        let shown = lines.iter().take(SHOWN).map(|(line, (n, example))| {
            format!("\n    {n} x {line}, {}", example.chars().take(160).collect::<String>())
        });
        shown.collect()
    }
}

/// The cases: each block of objects of the casebook about one root, and each of our peer's with something to say.
fn measured() -> Measured {
    let mut measured = Measured::default();
    let of_pages = blocks().into_iter().filter(|it| snapshot(&it.1).is_none());
    let of_peers = objects_of_cases().into_iter().map(|it| ("peer_cases".to_owned(), it));
    for (case, (name, text)) in of_pages.chain(of_peers).enumerate() {
        measured.add((case, &name), &text);
    }
    measured
}

#[test]
fn what_is_said_is_right_as_often_as_it_claims_where_facts_are_missing() {
    let measured = measured();
    let bands = measured.bands();
    println!(
        "{} cases; {} times the cause was unknown, {} times nothing was said",
        measured.cases, measured.unknown, measured.silent
    );
    for it in &bands {
        println!("{it}");
    }

    let is_off = |it: &&Band| it.interval.1 < it.said || it.said < it.interval.0 - MODEST;
    let off: String =
        bands.iter().filter(is_off).map(|it| format!("\n{it}{}", measured.wrong(it))).collect();
    assert!(off.is_empty(), "more, or far less, is claimed than is right:{off}");
    let is_rising = bands.is_sorted_by(|lower, higher| lower.share <= higher.share);
    assert!(is_rising, "who is more sure is not right more often");
}
