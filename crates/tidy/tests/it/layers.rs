//! Who may use whom.

use std::collections::BTreeMap;
use std::fs;

use crate::tree::{check, files, rust, top};

/// Our crates and which of ours each may use.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("types", &[]),
    ("diagnosis", &["types"]),
    ("remedy", &["types"]),
    ("learning", &["types"]),
    ("service", &["types"]),
    ("agent", &["types", "diagnosis", "remedy", "service"]),
    ("reflexion", &["types", "learning", "service"]),
    ("sandbox", &[]),
    ("tidy", &[]),
];

/// What a pure crate may use of others. Whatever waits, reads or draws is not among it.
const PURE: [&str; 16] = [
    "serde",
    "serde_json",
    "jiff",
    "uuid",
    "utoipa",
    "k8s-openapi",
    "regex",
    "regex-syntax",
    "aho-corasick",
    "sha2",
    "hmac",
    "schemars",
    "minijinja",
    "serde_path_to_error",
    "statrs",
    "strsim",
];

type Manifest = toml::Table;

fn manifests() -> BTreeMap<String, Manifest> {
    files("crates", "Cargo.toml")
        .into_iter()
        .filter(|it| it.path.matches('/').count() == 2)
        .map(|it| (it.path.split('/').nth(1).unwrap().to_owned(), it.text.parse().unwrap()))
        .collect()
}

fn dependencies(manifest: &Manifest) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.map(|it| it.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn the_crates_are_those_of_the_architecture() {
    let found: Vec<_> = manifests().into_keys().collect();
    let mut wanted: Vec<_> = ALLOWED.iter().map(|it| it.0.to_owned()).collect();
    wanted.sort();

    assert_eq!(found, wanted);
}

#[test]
fn each_crate_uses_only_what_its_layer_may() {
    let manifests = manifests();
    let mut offenders = Vec::new();
    for (name, allowed) in ALLOWED {
        let ours = ALLOWED.map(|it| it.0);
        for used in dependencies(&manifests[name]) {
            if ours.contains(&used.as_str()) && !allowed.contains(&used.as_str()) {
                offenders.push(format!("{name} uses {used}"));
            }
        }
    }
    check("a crate uses a crate above or beside it", &offenders);
}

#[test]
fn pure_crates_use_nothing_that_waits_reads_or_draws() {
    let manifests = manifests();
    let mut offenders = Vec::new();
    for name in ["types", "diagnosis", "remedy", "learning"] {
        for used in dependencies(&manifests[name]) {
            if used != "types" && !PURE.contains(&used.as_str()) {
                offenders.push(format!("{name} uses {used}"));
            }
        }
    }
    check("a pure crate uses something that is not on its list", &offenders);
}

#[test]
fn pure_crates_declare_that_they_are_pure() {
    for name in ["diagnosis", "remedy", "learning"] {
        let lib = fs::read_to_string(top().join(format!("crates/{name}/src/lib.rs"))).unwrap();
        assert!(lib.contains("#![deny(clippy::disallowed_methods)]"), "crates/{name}/src/lib.rs");
    }
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    for (name, manifest) in manifests() {
        let inherited = manifest["lints"]["workspace"].as_bool();
        assert_eq!(inherited, Some(true), "{name}");
    }
}

/// Parts of a crate, and the part that each of them does not ask: what both need stands beside them.
const APART: [(&str, &str); 4] = [
    ("crates/diagnosis/src/evidence", "analyzers::"),
    ("crates/diagnosis/src/log", "analyzers::"),
    ("crates/diagnosis/src/log", "evidence::"),
    ("crates/remedy/src/guard", "strategies::"),
];

#[test]
fn evidence_asks_no_analyzer_and_the_guard_no_planner() {
    let mut offenders = Vec::new();
    for file in rust() {
        let asked =
            APART.iter().filter(|it| file.path.starts_with(it.0) && file.text.contains(it.1));
        offenders.extend(asked.map(|it| format!("{} asks `{}`", file.path, it.1)));
    }
    check("a part of a crate asks one that it is to stand apart from", &offenders);
}

#[test]
fn pure_code_neither_waits_nor_reads_clocks() {
    let words = [
        "async fn",
        "Timestamp::now",
        "SystemTime::now",
        "Instant::now",
        "std::env::",
        "std::fs::",
    ];
    let pure =
        ["crates/types/src", "crates/diagnosis/src", "crates/remedy/src", "crates/learning/src"];
    let mut offenders = Vec::new();
    for file in rust().iter().filter(|it| pure.iter().any(|folder| it.path.starts_with(folder))) {
        for word in words.iter().filter(|it| file.text.contains(**it)) {
            offenders.push(format!("{} says `{word}`", file.path));
        }
    }
    check("pure code takes time and input as arguments", &offenders);
}
