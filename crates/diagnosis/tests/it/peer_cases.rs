//! What K8sGPT's own tests expect of its analyzers, with objects of ours: what it reports we report, or we are
//! silent for a reason.

use std::path::Path;

use serde::Deserialize;
use types::Finding;

use crate::casebook::scanned;

/// When the objects were read, where a case does not say so itself.
const READ: &str = "{taken_at: 2026-11-24T03:00:00Z}";

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    /// The test there that has these facts.
    source: String,
    objects: String,
    /// How many letters stand in place of `LETTERS`.
    #[serde(default)]
    letters: usize,
    /// `critical ServiceWithoutEndpoints Service shop/web`, all that is found, in any order.
    #[serde(default)]
    expect: Vec<String>,
    /// Why nothing is said, though they may say something.
    silent: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer_cases");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        serde_yaml_ng::from_str::<Vec<Case>>(&text)
            .unwrap_or_else(|it| panic!("{}: {it}", path.display()))
    };
    files.iter().flat_map(read).collect()
}

impl Case {
    /// The objects, with their letters and when they were read.
    fn dated(&self) -> String {
        let objects = self.objects.replace("LETTERS", &"x".repeat(self.letters));
        let has_frame = objects.contains("taken_at:");
        if has_frame { objects } else { format!("{READ}\n---\n{objects}") }
    }
}

/// The objects of each case that something is said of.
pub(crate) fn objects_of_cases() -> Vec<String> {
    cases().iter().filter(|it| !it.expect.is_empty()).map(Case::dated).collect()
}

/// `critical ServiceWithoutEndpoints Service shop/web`
fn shown(finding: &Finding) -> String {
    format!("{} {} {}", finding.severity, finding.fault.as_str(), finding.subject)
}

#[test]
fn what_our_peer_reports_we_report_or_are_silent_about_for_a_reason() {
    let mut wrong = vec![];
    for case in cases() {
        let mut found: Vec<_> = scanned(&case.dated()).unwrap().iter().map(shown).collect();
        let mut expected = case.expect.clone();
        found.sort();
        expected.sort();
        if found != expected || case.silent.is_some() != expected.is_empty() {
            wrong.push(format!("{} ({}):\n  found {found:?}", case.case, case.source));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_where_its_facts_are_from() {
    for case in cases() {
        let is_theirs = ["pkg/analyzer/", "pkg/integration/"];
        assert!(is_theirs.iter().any(|it| case.source.starts_with(it)), "{}", case.case);
        assert!(case.silent.is_none_or(|it| 20 < it.len()), "{}", case.case);
    }
}
