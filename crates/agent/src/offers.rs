//! Plans as they are shown: in words, without secrets.

mod claims;
pub(crate) mod findings;
mod left_out;
mod said;
mod shown;

pub(crate) use claims::of_claims;
use diagnosis::Redactor;
use serde_json::Value;
pub(crate) use shown::shown_steps;
use types::{Action, Edit, Evidence, FieldPath, FixPlan, Offer, Step, Strategy};

/// The longest text of each kind that an offer carries, in bytes: offers stay in every open incident and go out on the
/// stream, and what is in them was written by whoever may make a workload.
const MAX_TEXT: usize = 64 * 1024;
/// What is said where the change would be too long as a patch.
const NO_PATCH: &str = "It is too long to be shown as a patch.";
/// What is said where the copy would be too long.
const NO_MANIFEST: &str = "The copy is too long to be shown.";

/// The plans as they are shown.
pub(crate) fn offers(plans: &[FixPlan], evidence: &Evidence, redactor: &Redactor) -> Vec<Offer> {
    let diagnoses = diagnosis::diagnose(evidence);
    let offer = |plan: &FixPlan| {
        let (patch, is_partial) = kustomization(plan, evidence, redactor);
        let manifest = manifest(plan, evidence, redactor);
        let mut because = redactor.redact(&plan.because);
        if is_partial {
            because = format!("{because} {}", left_out::note(plan, evidence));
        }
        for (text, note) in [(&patch, NO_PATCH), (&manifest, NO_MANIFEST)] {
            if *text == Text::TooLong {
                because = format!("{because} {note}");
            }
        }
        Offer {
            strategy: plan.strategy.clone(),
            fault: remedy::answered(plan, &diagnoses, evidence),
            backed: remedy::is_backed(plan, &diagnoses, evidence),
            title: plan.strategy.to_string(),
            because,
            risk: plan.risk,
            diff: diff(plan, redactor),
            reversible: plan.is_reversible(),
            owner: remedy::owner_of(plan, evidence).map(|it| redactor.redact(&it.name)),
            patch: patch.shown(),
            manifest: manifest.shown(),
        }
    };
    plans.iter().map(offer).collect()
}

/// A text of an offer.
#[derive(Debug, PartialEq, Eq)]
enum Text {
    /// There is nothing to show.
    Absent,
    /// There is more than is shown.
    TooLong,
    Shown(String),
}

impl Text {
    /// The text without secrets. Its length is looked at first: no time is spent on what is not shown.
    fn of(text: Option<String>, redactor: &Redactor) -> Self {
        match text {
            None => Self::Absent,
            Some(text) if MAX_TEXT < text.len() => Self::TooLong,
            Some(text) => Self::Shown(redactor.redact(&text)),
        }
    }

    fn shown(self) -> Option<String> {
        match self {
            Self::Shown(text) => Some(text),
            Self::Absent | Self::TooLong => None,
        }
    }
}

/// What the plan changes, for a commit, or for a node as a JSON patch; none of more than 64 KiB. What is hidden in
/// it has to be put in by whoever commits it.
pub(crate) fn patch(plan: &FixPlan, evidence: &Evidence, redactor: &Redactor) -> Option<String> {
    kustomization(plan, evidence, redactor).0.shown()
}

/// The patch, and whether it leaves something out.
fn kustomization(plan: &FixPlan, evidence: &Evidence, redactor: &Redactor) -> (Text, bool) {
    let steps = plan.steps.iter().map(|it| masked(it, plan, redactor)).collect();
    let shown = FixPlan { steps, ..plan.clone() };
    let (shown, is_partial) = left_out::applicable(plan, shown, (evidence, redactor));
    let patch = remedy::kustomize_patch(&shown, &evidence.containers)
        .or_else(|| remedy::node_patch(&shown));
    (Text::of(patch, redactor), is_partial)
}

/// What has to be made anew, with literal values of variables hidden: whoever makes it has to put them in.
fn manifest(plan: &FixPlan, evidence: &Evidence, redactor: &Redactor) -> Text {
    let copy = remedy::job_copy(plan, evidence);
    let shown = copy.map(|it| hide(it, Place::Elsewhere, redactor));
    Text::of(shown.and_then(|it| serde_json::to_string_pretty(&it).ok()), redactor)
}

/// What the plan changes, one line an edit, without secrets; what is over 64 KiB is cut off, with a mark that is
/// the same for the same rest.
pub(crate) fn diff(plan: &FixPlan, redactor: &Redactor) -> String {
    let steps = plan.steps.iter().map(|it| masked(it, plan, redactor).to_string());
    let text = steps.collect::<Vec<_>>().join("\n");
    let (kept, rest) = text.split_at(cut(&text));
    let kept = redactor.redact(kept);
    if rest.is_empty() {
        return kept;
    }
    // A person says yes to one rest and not to any: two plans that differ in it do not look the same.
    format!("{kept}… {} bytes more {}", rest.len(), redactor.mark(rest))
}

/// Where a text is cut off: before the word that does not fit, since half a secret is not known as one.
fn cut(text: &str) -> usize {
    if text.len() <= MAX_TEXT {
        return text.len();
    }
    let (kept, _) = text.split_at(text.floor_char_boundary(MAX_TEXT));
    kept.rfind(char::is_whitespace).map_or(0, |at| text.ceil_char_boundary(at + 1))
}

/// The step with values of environment variables hidden: a reader has to know that one changes, not to what. But the
/// address of a Service that the sentence beside it names is no secret, and a patch without it could not be applied.
fn masked(step: &Step, plan: &FixPlan, redactor: &Redactor) -> Step {
    let said = redactor.redact(&plan.because);
    let is_said = |value: &Value| {
        let is_open = |it: &str| said::is_address(it, &said) && redactor.redact(it) == it;
        plan.strategy == Strategy::CorrectTypo && value.as_str().is_some_and(is_open)
    };
    let mask = |value: &Value, path: &FieldPath| {
        let in_env = path.names().any(|it| it == "env");
        let is_value = in_env && path.as_str().ends_with("/value");
        if is_value && is_said(value) {
            return value.clone();
        }
        hide(value.clone(), if is_value { Place::Value } else { Place::of(in_env) }, redactor)
    };
    let masked_edit = |edit: &Edit| Edit {
        path: edit.path.clone(),
        from: edit.from.as_ref().map(|it| mask(it, &edit.path)),
        to: edit.to.as_ref().map(|it| mask(it, &edit.path)),
    };
    let action = match &step.action {
        Action::Edit(edits) => Action::Edit(edits.iter().map(masked_edit).collect()),
        Action::Evict => Action::Evict,
        Action::Restart => Action::Restart,
    };
    Step { action, ..step.clone() }
}

/// Where in an object a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    /// Somewhere in a list of environment variables.
    Env,
    /// The literal value of one.
    Value,
}

impl Place {
    fn of(in_env: bool) -> Self {
        if in_env { Self::Env } else { Self::Elsewhere }
    }

    fn member(self, name: &str) -> Self {
        match self {
            Self::Env if name == "value" => Self::Value,
            Self::Elsewhere => Self::of(name == "env"),
            Self::Env | Self::Value => self,
        }
    }
}

/// The value with every literal value of a variable in it hidden, however deep.
fn hide(value: Value, place: Place, redactor: &Redactor) -> Value {
    match value {
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            let text = plain.as_str().map_or_else(|| plain.to_string(), str::to_owned);
            if place == Place::Value { Value::from(redactor.mark(&text)) } else { plain }
        }
        Value::Array(items) => items.into_iter().map(|it| hide(it, place, redactor)).collect(),
        Value::Object(members) => {
            let hidden = members.into_iter().map(|(name, value)| {
                let value = hide(value, place.member(&name), redactor);
                (name, value)
            });
            Value::Object(hidden.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{Kind, ObjectRef, Risk, Strategy};

    use super::*;

    fn shown(path: &FieldPath, from: Value, to: Value) -> String {
        diff(&plan(Strategy::RollBack, path, from, to), &Redactor::new([0; 32]))
    }

    fn plan(strategy: Strategy, path: &FieldPath, from: Value, to: Value) -> FixPlan {
        let edit = Edit { path: path.clone(), from: Some(from), to: Some(to) };
        let step = Step {
            target: ObjectRef::named(Kind::Deployment, "shop", "web"),
            subresource: None,
            action: Action::Edit(vec![edit]),
        };
        let because = "There is no Service cahce, there is cache, and nothing else is as near.";
        FixPlan { strategy, risk: Risk::Auto, because: because.to_owned(), steps: vec![step] }
    }

    #[test]
    fn a_diff_tells_that_a_variable_changes_and_not_its_value() {
        let containers = FieldPath::root().child("containers");
        let env = containers.index(0).child("env");

        let one = shown(&env.index(0).child("value"), json!("hunter2"), json!("hunter3"));
        let entry = json!({"name": "GREETING", "value": "hunter2"});
        let all = shown(&env, json!([entry]), json!([]));
        let whole = shown(&containers, json!([{"name": "app", "env": [entry]}]), json!([]));

        for text in [one, all, whole] {
            assert!(!text.contains("hunter"), "{text}");
            assert!(text.contains("[redacted:"), "{text}");
        }
    }

    #[test]
    fn an_annotation_that_is_called_a_secret_is_shown_in_no_direction() {
        let path = FieldPath::root().child("spec").child("annotations").child("password");
        let redactor = Redactor::new([0; 32]);
        let edit = |from: Option<&str>, to: Option<&str>| {
            let mut plan = plan(Strategy::RollBack, &path, json!(""), json!(""));
            let Action::Edit(edits) = &mut plan.steps[0].action else { panic!("an edit") };
            edits[0].from = from.map(|it| json!(it));
            edits[0].to = to.map(|it| json!(it));
            plan
        };
        for (from, to) in
            [(None, Some("hunter2")), (Some("hunter2"), None), (Some("hunter2"), Some("hunter3"))]
        {
            let plan = edit(from, to);
            let patch = patch(&plan, &evidence_of(&json!({})), &redactor).unwrap_or_default();
            for text in [diff(&plan, &redactor), diff(&plan.undo(), &redactor), patch] {
                assert!(!text.contains("hunter"), "{text}");
            }
        }
        let harmless = FieldPath::root().child("annotations").child("team");
        let text = shown(&harmless, json!("shop"), json!("shop2"));
        assert!(text.contains(r#""shop" -> "shop2""#), "{text}");
    }

    #[test]
    fn the_address_of_a_service_that_is_named_anyway_stands_in_the_patch() {
        let value = FieldPath::root().child("env").index(0).child("value");
        let evidence = evidence_of(&json!({}));
        let text = |strategy: Strategy, from: &str, to: &str| {
            let plan = plan(strategy, &value, json!(from), json!(to));
            patch(&plan, &evidence, &Redactor::new([0; 32])).unwrap()
        };

        let typo = text(Strategy::CorrectTypo, "cahce:6379", "cache:6379");
        assert!(typo.contains(r#""cahce:6379""#) && typo.contains(r#""cache:6379""#), "{typo}");
        let url = text(Strategy::CorrectTypo, "redis://cahce:6379/0", "redis://cache:6379/0");
        assert!(url.contains(r#""redis://cache:6379/0""#) && !url.contains("redacted"), "{url}");
        for from in ["hunter2", "app:hunter2@cahce", "redis://app:hunter2@cahce:6379/0"] {
            let hidden = text(Strategy::CorrectTypo, from, "cache");
            assert!(!hidden.contains("hunter"), "{hidden}");
        }
        // Only where it is the service's address that is corrected.
        let rollback = plan(Strategy::RollBack, &value, json!("cahce"), json!("cache"));
        assert_eq!(patch(&rollback, &evidence, &Redactor::new([0; 32])), None);
    }

    #[test]
    fn the_patch_of_a_rollback_can_be_applied_and_says_how_to_put_back_what_it_leaves_out() {
        let redactor = Redactor::new([0; 32]);
        let app = FieldPath::root().child("containers").index(0);
        let value = app.child("env").index(0).child("value");
        let offer = |from: &str, to: &str, is_plain: bool| {
            let mut both =
                plan(Strategy::RollBack, &app.child("image"), json!("a:2"), json!("a:1"));
            let Action::Edit(edits) = &mut both.steps[0].action else { panic!("an edit") };
            let (from, to) = (Some(json!(from)), Some(json!(to)));
            edits.push(Edit { path: value.clone(), from, to });
            let mut evidence = evidence_of(&json!({}));
            evidence.subject = ObjectRef::named(Kind::Deployment, "shop", "web");
            let revision = json!({"name": "web-1", "spec_hash": "", "revision": 1, "current": false,
                "was_ready": true, "edits": edits, "changed": []});
            evidence.revisions = vec![serde_json::from_value(revision).unwrap()];
            evidence.revisions[0].edits.clone_from(edits);
            evidence.revisions[0].plain.extend(is_plain.then(|| value.clone()));
            offers(&[both], &evidence, &redactor).remove(0)
        };

        let plain = offer("2", "1", false);
        assert!(plain.patch.unwrap().contains(r#""value":"1""#));
        assert!(!plain.because.contains("leaves out"), "{}", plain.because);

        let word = offer("prod", "production", true);
        assert!(word.patch.unwrap().contains(r#""value":"production""#));
        assert!(!offer("prod", "production", false).patch.unwrap().contains("production"));
        let hidden = offer("hunter2", "1", false);
        let patch = hidden.patch.unwrap();
        assert!(!patch.contains("redacted") && !patch.contains("hunter"), "{patch}");
        assert!(patch.contains("a:1") && !patch.contains("/env/"), "{patch}");
        let way = "kubectl -n shop rollout undo deployment/web --to-revision=1";
        assert!(hidden.because.contains(way), "{}", hidden.because);
    }

    fn evidence_of(container: &Value) -> Evidence {
        let template = json!({"spec": {"containers": [container]}});
        let job = Some(json!({"metadata": {"name": "report"}, "spec": {"template": template}}));
        let facts = json!({
            "taken_at": "2026-01-01T00:00:00Z", "cluster": "test", "pods": [], "events": [],
            "subject": {"kind": "Job", "namespace": "shop", "name": "report"},
            "workload": {"desired": 1, "ready": 0, "updated": 1, "paused": false, "ordered": false,
                "rolling_out": false, "spec_hash": "", "was_ready": false, "opted_out": false},
            "containers": [], "revisions": [], "references": [], "images": [], "neighbours": [],
        });
        let facts: Evidence = serde_json::from_value(facts).unwrap();
        Evidence { manifest: job, ..facts }
    }

    fn rerun(evidence: &Evidence) -> Offer {
        let plan = FixPlan {
            strategy: Strategy::RerunJob,
            risk: Risk::Advice,
            because: "The job gave up.".to_owned(),
            steps: vec![],
        };
        offers(&[plan], evidence, &Redactor::new([0; 32])).remove(0)
    }

    #[test]
    fn a_job_is_copied_without_literal_values() {
        let variables = json!([{"name": "GREETING", "value": "hunter2"}]);
        let evidence = evidence_of(&json!({"name": "app", "env": variables}));

        let offer = rerun(&evidence);

        let text = offer.manifest.unwrap();
        assert_eq!(offer.because, "The job gave up.");
        assert!(text.contains("report-rerun") && text.contains("GREETING"), "{text}");
        assert!(!text.contains("hunter2") && text.contains("[redacted:"), "{text}");
    }

    #[test]
    fn other_values_are_shown() {
        let image = FieldPath::root().child("image");
        let text = shown(&image, json!("web:1.27"), json!("web:1.26"));
        assert!(text.contains(r#""web:1.27" -> "web:1.26""#), "{text}");
    }

    #[test]
    fn a_copy_that_is_too_long_is_not_shown_and_that_is_said() {
        let argument = "é".repeat(MAX_TEXT);
        let evidence = evidence_of(&json!({"name": "app", "args": [argument]}));

        let offer = rerun(&evidence);
        assert_eq!(offer.manifest, None);
        assert_eq!(offer.because, "The job gave up. The copy is too long to be shown.");
    }

    #[test]
    fn a_long_diff_is_cut_and_tells_one_rest_from_another() {
        let image = FieldPath::root().child("image");
        let (begin, long) = ("word ".repeat(3), "é".repeat(MAX_TEXT));

        let one = shown(&image, json!(format!("{begin}{long}1")), json!("web:1.26"));
        let other = shown(&image, json!(format!("{begin}{long}2")), json!("web:1.26"));
        let many = shown(&image, json!("wörd ".repeat(MAX_TEXT)), json!("web:1.26"));

        for text in [&one, &other, &many] {
            assert!(text.contains("bytes more [redacted:"), "{text}");
            assert!(text.len() < MAX_TEXT + 100, "{}", text.len());
        }
        assert_ne!(one, other);
        assert!(!one.contains('é'), "half a word may be half a secret: {one}");
    }
}
