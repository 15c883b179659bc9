//! Each outside thing has one place that knows it.

use crate::tree::{check, files, rust};

#[track_caller]
fn only_in(word: &str, places: &[&str], rule: &str) {
    let offenders: Vec<_> = rust()
        .into_iter()
        .filter(|it| it.path.contains("/src/") && !it.path.starts_with("crates/sandbox"))
        .filter(|it| !places.iter().any(|place| it.path.starts_with(place)))
        .filter(|it| {
            it.text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
        })
        .map(|it| it.path)
        .collect();
    check(rule, &offenders);
}

#[test]
fn sql_lives_in_the_store_and_the_journal() {
    let places = ["crates/reflexion/src/store", "crates/agent/src/journal"];
    only_in("sqlx::", &places, "SQL outside the store and the journal");
}

#[test]
fn the_kubernetes_client_lives_in_the_cluster_module() {
    only_in("kube::", &["crates/agent/src/cluster"], "the Kubernetes client outside cluster/");
}

#[test]
fn the_model_lives_in_the_llm_module() {
    only_in("async_openai::", &["crates/reflexion/src/llm"], "the model's client outside llm/");
}

#[test]
fn there_is_no_shell_and_no_kubectl() {
    // The one program that is started is the one that a setting names, with arguments that are ours.
    let elsewhere = "a service starts another program";
    only_in("process::Command", &["crates/agent/src/k8sgpt.rs"], elsewhere);
    only_in("<Secret>", &[], "Secrets are read");
}

#[test]
fn a_plan_is_approved_in_one_function_only() {
    let approvals: usize = rust()
        .iter()
        .filter(|it| it.path.starts_with("crates/remedy/src"))
        .map(|it| it.text.matches("ApprovedPlan(").count())
        .sum();
    // The declaration and `approve`; nothing of its own makes another.
    assert_eq!(approvals, 2, "ApprovedPlan is made in {approvals} places");
    let guard = &files("crates/remedy/src", "src/guard.rs")[0].text;
    assert!(!guard.contains("Self("), "ApprovedPlan is made by a function of its own");
}

/// What lacks a page of the casebook or a place in its registry, of the rules in one folder.
fn incomplete(folder: &str, begins: &str) -> Vec<String> {
    let registry = files("crates/diagnosis/src", &format!("{folder}.rs"));
    let registry: String = registry.into_iter().map(|it| it.text).collect();
    let pages: Vec<_> = files("docs/casebook", ".md").into_iter().map(|it| it.path).collect();
    let mut offenders = Vec::new();
    for file in files(folder, ".rs") {
        let name = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if !file.text.contains(&format!("fn {begins}(")) {
            continue;
        }
        if !registry.contains(&format!("{name}::{begins}")) {
            offenders.push(format!("{name}: add it to ALL in {folder}.rs"));
        }
        if !pages.contains(&format!("docs/casebook/{name}.md")) {
            offenders.push(format!("{name}: write docs/casebook/{name}.md"));
        }
    }
    offenders
}

#[test]
fn every_analyzer_has_a_casebook_page_and_a_place_in_the_registry() {
    let offenders = incomplete("crates/diagnosis/src/analyzers", "analyze");
    check("an analyzer is incomplete", &offenders);
}

#[test]
fn every_rule_of_the_survey_has_a_casebook_page_and_a_place_in_the_registry() {
    check("a rule is incomplete", &incomplete("crates/diagnosis/src/survey", "survey"));
}

/// The names of the strategies, each a file of its own.
fn strategies() -> Vec<String> {
    files("crates/remedy/src/strategies", ".rs")
        .into_iter()
        .filter(|it| it.text.contains("fn plan("))
        .map(|it| it.path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned())
        .collect()
}

#[test]
fn every_strategy_is_in_the_registry() {
    let registry = &files("crates/remedy/src", "src/strategies.rs")[0].text;
    let mut offenders = strategies();
    offenders.retain(|name| !registry.contains(&format!("{name}::plan")));
    check("a strategy is missing in ALL of strategies.rs", &offenders);
}

/// What the page of a strategy says of it, a line each.
const OF_A_STRATEGY: [&str; 5] = ["Bound", "Risk", "Undo", "Verified by", "Attack"];

#[test]
fn every_strategy_has_a_page_that_bounds_it_and_an_attack_that_buys_nothing() {
    let attacked = &files("crates/remedy/tests", "it/attacked.rs")[0].text;
    let mut offenders = Vec::new();
    for name in strategies() {
        if !attacked.contains(&format!("strategy: \"{name}\"")) {
            offenders.push(format!("{name}: add its row to crates/remedy/tests/it/attacked.rs"));
        }
        let page = format!("docs/casebook/{name}.md");
        let Some(page) = files("docs/casebook", ".md").into_iter().find(|it| it.path == page)
        else {
            offenders.push(format!("{name}: write {page}"));
            continue;
        };
        let unsaid = OF_A_STRATEGY.iter().filter(|it| !page.text.contains(&format!("\n- {it}: ")));
        offenders.extend(unsaid.map(|it| format!("{}: say `- {it}: …`", page.path)));
    }
    check("a strategy is incomplete", &offenders);
}

#[test]
fn every_setting_is_explained() {
    let page = &files("docs", "docs/operating.md")[0].text;
    let mut offenders = Vec::new();
    for path in ["crates/agent/src/config.rs", "crates/reflexion/src/config.rs"] {
        let text = &files("crates", path)[0].text;
        for setting in text.split("env = \"").skip(1).map(|it| it.split('"').next().unwrap()) {
            if !page.contains(&format!("`{setting}`")) {
                offenders.push(format!("{path}: {setting} has no row in docs/operating.md"));
            }
        }
    }
    check("a setting is not explained", &offenders);
}
