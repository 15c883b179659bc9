//! What a patch leaves out: a mark in place of a value would make it a patch that nobody can apply.

use diagnosis::Redactor;
use serde_json::Value;
use types::{Action, Edit, Evidence, FieldPath, FixPlan, Kind, Step, Strategy};

/// Settings that are written as a word.
const WORDS: [&str; 14] = [
    "true", "false", "yes", "no", "on", "off", "trace", "debug", "info", "warn", "warning",
    "error", "enabled", "disabled",
];
/// Units that may follow a number.
const UNITS: [&str; 9] = ["", "ms", "s", "m", "h", "%", "Ki", "Mi", "Gi"];
/// A number with more digits may be one that opens something.
const MAX_DIGITS: usize = 3;

/// The rollback with what can be shown, as it is, and whether something was left out. In any other plan plain
/// settings are shown as well, and the rest is for a person to complete.
pub(super) fn applicable(
    plan: &FixPlan,
    masked: FixPlan,
    (evidence, redactor): (&Evidence, &Redactor),
) -> (FixPlan, bool) {
    if plan.strategy != Strategy::RollBack {
        return (with_settings(plan, masked), false);
    }
    let mut is_left_out = false;
    let mut steps = vec![];
    for (step, masked) in plan.steps.iter().zip(masked.steps) {
        let (Action::Edit(edits), Action::Edit(hidden)) = (&step.action, &masked.action) else {
            steps.push(masked);
            continue;
        };
        let pairs = edits.iter().zip(hidden);
        let plain = plain(edits, evidence);
        let is_shown = |it: &Edit| is_setting(it) || plain.contains(&it.path);
        let shown = pairs.map(|(edit, masked)| if is_shown(edit) { edit } else { masked });
        let kept: Vec<Edit> = shown.filter(|it| is_open(step, it, redactor)).cloned().collect();
        is_left_out |= kept.len() < edits.len();
        if !kept.is_empty() {
            steps.push(Step { action: Action::Edit(kept), ..masked });
        }
    }
    (FixPlan { steps, ..plan.clone() }, is_left_out)
}

/// The fields of the revision that these edits lead to whose values are plain words.
fn plain<'e>(edits: &[Edit], evidence: &'e Evidence) -> &'e [FieldPath] {
    let aim = evidence.revisions.iter().find(|it| it.edits == edits);
    aim.map_or(&[], |it| it.plain.as_slice())
}

/// The same plan with its plain settings as they are.
fn with_settings(plan: &FixPlan, mut masked: FixPlan) -> FixPlan {
    for (step, shown) in plan.steps.iter().zip(&mut masked.steps) {
        let (Action::Edit(edits), Action::Edit(hidden)) = (&step.action, &mut shown.action) else {
            continue;
        };
        for (edit, hidden) in edits.iter().zip(hidden).filter(|it| is_setting(it.0)) {
            hidden.clone_from(edit);
        }
    }
    masked
}

/// Whether nothing of it is hidden when it is shown.
fn is_open(step: &Step, edit: &Edit, redactor: &Redactor) -> bool {
    let alone = Step { action: Action::Edit(vec![edit.clone()]), ..step.clone() };
    let mut texts = remedy::operations_of(&alone).into_iter().map(|it| it.to_string());
    texts.all(|it| !it.contains("[redacted:") && redactor.redact(&it) == it)
}

/// Whether it puts one plain setting of a variable in place of another: a small number, or a word that opens nothing.
fn is_setting(edit: &Edit) -> bool {
    let is_plain = |it: &Option<Value>| it.as_ref().and_then(Value::as_str).is_some_and(is_plain);
    edit.path.as_str().ends_with("/value") && is_plain(&edit.from) && is_plain(&edit.to)
}

fn is_plain(text: &str) -> bool {
    let unit = text.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
    let number = text.strip_suffix(unit).unwrap_or_default();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_short = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_number = is_short(whole) && is_short(part) && digits <= MAX_DIGITS;
    is_number && UNITS.contains(&unit) || WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[test]
fn a_short_number_is_a_plain_setting_and_a_long_one_may_open_something() {
    for (text, expected) in [
        ("8", true),
        ("0.5", true),
        ("50%", true),
        ("1.25s", true),
        ("128Mi", true),
        ("off", true),
        ("1234", false),
        ("12.34", false),
        ("1.2.3", false),
        (".5", false),
        ("5.", false),
        ("0x5", false),
        ("", false),
    ] {
        assert_eq!(is_plain(text), expected, "{text}");
    }
}

/// What is said where something was left out: the way to put all of it back.
pub(super) fn note(plan: &FixPlan, evidence: &Evidence) -> String {
    let subject = &evidence.subject;
    let is_aim = |edits: &Vec<Edit>| {
        plan.steps.iter().any(|it| matches!(&it.action, Action::Edit(own) if own == edits))
    };
    let aim = evidence.revisions.iter().find(|it| is_aim(&it.edits));
    let kind = match subject.kind {
        Kind::Deployment => Some("deployment"),
        Kind::StatefulSet => Some("statefulset"),
        Kind::DaemonSet => Some("daemonset"),
        Kind::ReplicaSet
        | Kind::Pod
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => None,
    };
    if let (Kind::CronJob, Some(aim)) = (subject.kind, aim) {
        return format!(
            "The patch leaves out values that are not shown: `kubectl -n {} get job {} -o yaml` shows them.",
            subject.namespace, aim.name
        );
    }
    let Some((kind, aim)) = kind.zip(aim) else {
        return "The patch leaves out values that are not shown.".to_owned();
    };
    format!(
        "The patch leaves out values that are not shown. All of it is put back by `kubectl -n {} rollout undo {kind}/{} \
         --to-revision={}`, or for good where it comes from, by a revert of what changed it.",
        subject.namespace, subject.name, aim.revision
    )
}
