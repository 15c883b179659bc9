//! What is told of a container by its log, program by program: the words that a person on call would quote.

use std::path::Path;

use proptest::prelude::*;
use types::Evidence;

use crate::casebook::gathered;

/// Characters of a cause: its words, a quote, and what is known of the names in it.
const MAX_CAUSE: usize = 700;

/// A log, with the variables of its container and what has to be told.
struct Case {
    name: String,
    env: Vec<(String, String)>,
    log: String,
    told: Vec<String>,
}

/// The cases of a file: `=== name | VARIABLE=value`, the log, and lines that begin with `--- `: each of them is in the
/// cause.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/last_words");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|it| std::fs::read_to_string(it).unwrap());
    texts.flat_map(|it| it.split("=== ").skip(1).map(case).collect::<Vec<_>>()).collect()
}

fn case(text: &str) -> Case {
    let (title, rest) = text.split_once('\n').unwrap();
    let mut parts = title.split(" | ").map(str::to_owned);
    let name = parts.next().unwrap();
    let env = parts.map(|it| it.split_once('=').map(|it| (it.0.into(), it.1.into())).unwrap());
    let (log, told): (Vec<_>, Vec<_>) = rest.lines().partition(|it| !it.starts_with("--- "));
    // An escape can be seen in the file.
    let log = log.join("\n").replace("\\e[", "\u{1b}[");
    let told = told.iter().map(|it| it.trim_start_matches("--- ").to_owned());
    Case { name, env: env.collect(), log, told: told.collect() }
}

/// A sign as YAML takes it, whatever it is.
fn escaped(sign: char) -> String {
    match sign {
        ' '..='~' => sign.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    }
}

/// A pod whose container left this log and ended with code 1, again and again.
fn crashed(log: &str, env: &[(String, String)]) -> Evidence {
    let log: String = serde_json::to_string(log).unwrap().chars().map(escaped).collect();
    let env = env.iter().map(|it| serde_json::json!({"name": it.0, "value": it.1}));
    let env = serde_json::Value::Array(env.collect());
    gathered(&format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Pod web-1, logs: [{{pod: web-1, container: app, previous: true, text: {log}}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', command: [run], env: {env}}}]}}
status:
  phase: Running
  containerStatuses:
    - name: app
      image: shop/web:1
      imageID: ''
      ready: false
      restartCount: 6
      state: {{waiting: {{reason: CrashLoopBackOff}}}}
      lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: 2026-11-24T02:58:20Z}}}}
"
    ))
}

fn cause(log: &str, env: &[(String, String)]) -> String {
    diagnosis::diagnose(&crashed(log, env)).first().map(|it| it.cause.clone()).unwrap_or_default()
}

#[test]
fn what_a_person_would_quote_is_told() {
    let mut wrong = vec![];
    for it in cases() {
        let cause = cause(&it.log, &it.env);
        if it.told.is_empty() || !it.told.iter().all(|told| cause.contains(told)) {
            wrong.push(format!(
                "{}\n  expected: {}\n  told:     {cause}",
                it.name,
                it.told.join(" … ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Faults of the code itself, which nothing in a manifest has to do with.
#[test]
fn a_fault_of_its_own_code_is_quoted_and_blames_no_value() {
    let env = ["AMOUNT=4", "WORKERS=12", "DATABASE_URL=postgres://db:5432/shop", "ROW=3"];
    let env: Vec<_> = env.iter().map(|it| it.split_once('=').unwrap()).collect();
    let env: Vec<_> = env.into_iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own_code.txt");
    let text = std::fs::read_to_string(text).unwrap();
    let mut wrong = vec![];
    for it in text.split("=== ").skip(1).map(case) {
        let found = diagnosis::diagnose(&crashed(&it.log, &env)).into_iter().next().unwrap();
        let is_quoted = found.cause.contains("starts and ends with code 1; its last words are");
        let blames = found.clues.iter().any(|it| it.fact.contains("/env"));
        // What is no number and no program is told as what it is.
        let is_read = ["value on data", "syntax"].iter().any(|part| it.name.contains(part));
        if blames || is_quoted == is_read {
            wrong.push(format!("{}: {} {:?}", it.name, found.cause, found.clues));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_many_programs() {
    assert!(400 < cases().len());
}

proptest! {
    #[test]
    fn whatever_a_log_says_what_is_told_is_short_and_from_it(log in hostile()) {
        let told = cause(&log, &[]);

        prop_assert!(told.chars().count() < MAX_CAUSE);
        prop_assert!(!told.chars().any(char::is_control));
    }
}

/// Logs of pieces that mean something to somebody.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "ERROR ",
        "error: ",
        "{\"level\":\"",
        "\"msg\":",
        "\\",
        "\"",
        "{",
        "[",
        "}",
        "]",
        "\n",
        "\n\t",
        "level=error msg=",
        "\u{1b}[31m",
        "\u{1b}]",
        "\r",
        "Caused by: ",
        "Caused by:\n 0: ",
        "Traceback (most recent call last):\n",
        "    at a.b(c)\n",
        "x.YError: ",
        ":",
        "\\u00",
        "漢字",
        "\u{0}",
        "panic: ",
        "Usage:\n",
        "connection refused ",
        "a:80 ",
        "the following:\n",
    ];
    let piece = prop_oneof![
        proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        ".{0,12}",
        "[a-zA-Z0-9 =:{}\\[\\]\"']{0,300}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|it| it.concat())
}
