//! What K8sGPT reports of an object: somebody else's words, taken in and not believed.

use serde_json::Value;
use types::{Clue, Diagnosis, Evidence, Subject};

use crate::Redactor;
use crate::redact::shortened;

/// Texts of one result that are kept.
const MAX_TEXTS: usize = 10;
/// Bytes of a text: a longer one is none that a person wants to read, and half of one may show half a secret.
const MAX_TEXT: usize = 16 << 10;
/// Texts about one workload that are shown.
const MAX_SHOWN: usize = 3;
/// Characters of a text that are shown.
const MAX_CHARS: usize = 300;
/// Characters of a name in Kubernetes.
const MAX_NAME: usize = 253;
/// Characters of a kind.
const MAX_KIND: usize = 63;

/// What K8sGPT reports of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct K8sgptResult {
    /// The object that it names.
    pub subject: Subject,
    /// Kind and name of the owner that it names, in the same namespace.
    pub parent: Option<(String, String)>,
    /// What it says, not yet redacted.
    pub texts: Vec<String>,
}

impl K8sgptResult {
    /// The `spec` of a `Result` object, or one entry of `results` of its command line. `None` for one that names no
    /// object or says nothing. What a model made of it (`details`) is left out.
    pub fn read(value: &Value) -> Option<Self> {
        let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let errors = value.get("error").and_then(Value::as_array)?;
        // The operator writes `text`, the command line `Text`.
        let said = errors.iter().filter_map(|it| it.get("text").or(it.get("Text"))?.as_str());
        let texts: Vec<_> = said.filter(|it| !it.trim().is_empty()).take(MAX_TEXTS).collect();
        let parent = field("parentObject").split_once('/');
        let parent = parent.and_then(|(of, name)| Some((kind(of)?, self::name(name)?)));
        (!texts.is_empty()).then_some(Self {
            subject: named(field("kind"), field("name"))?,
            parent,
            texts: texts.into_iter().map(whole).collect(),
        })
    }

    /// All that the command line reports as JSON.
    pub fn of_analysis(output: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let output: Value = serde_json::from_slice(output)?;
        // Where it found nothing, there are no results.
        let results = output.get("results").and_then(Value::as_array);
        Ok(results.into_iter().flatten().filter_map(Self::read).collect())
    }
}

/// The diagnoses of a workload, the first of them with what these results say of it, of its pods, or of what hangs on
/// it: as clues, in their words and under their name. What is said of a workload that is well is left out.
pub fn with_reports(
    mut diagnoses: Vec<Diagnosis>,
    evidence: &Evidence,
    results: &[K8sgptResult],
    redactor: &Redactor,
) -> Vec<Diagnosis> {
    let Some(first) = diagnoses.first_mut() else { return diagnoses };
    let root = &evidence.subject;
    let is_its = |kind: &str, name: &str| {
        (kind == root.kind.as_str() && name == root.name)
            || (kind == "Pod" && evidence.pods.iter().any(|it| it.name == name))
    };
    let about = results.iter().filter(|it| {
        it.subject.namespace == root.namespace
            && (is_its(&it.subject.kind, &it.subject.name)
                || it.parent.as_ref().is_some_and(|it| is_its(&it.0, &it.1)))
    });
    let mut texts: Vec<String> = vec![];
    for text in about.flat_map(|it| &it.texts).map(|it| shown(it, redactor)) {
        if texts.len() < MAX_SHOWN && !texts.contains(&text) {
            texts.push(text);
        }
    }
    first.clues.extend(texts.iter().map(|it| Clue::new("k8sgpt", it)));
    diagnoses
}

/// A text without secrets, on one line and short.
fn shown(text: &str, redactor: &Redactor) -> String {
    let text = redactor.redact(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&line, MAX_CHARS)
}

/// `shop/web` or `node-1`. A result about a log has the container after the pod.
fn named(of: &str, path: &str) -> Option<Subject> {
    let mut parts = path.split('/');
    let first = parts.next()?;
    match parts.next() {
        Some(second) => Some(Subject::new(kind(of)?, name(first)?, name(second)?)),
        None => Some(Subject::new(kind(of)?, "", name(first)?)),
    }
}

/// `Pod`, from `Pod`, `Log` or `Security/Pod`.
fn kind(text: &str) -> Option<String> {
    let last = text.rsplit('/').next()?;
    let is_kind = !last.is_empty()
        && last.chars().count() <= MAX_KIND
        && last.chars().all(|it| it.is_ascii_alphanumeric());
    let kind = match last {
        "Log" => "Pod",
        "MutatingWebhook" => "MutatingWebhookConfiguration",
        "ValidatingWebhook" => "ValidatingWebhookConfiguration",
        other => other,
    };
    is_kind.then(|| kind.to_owned())
}

/// A name as Kubernetes allows them; what is none is nobody's.
fn name(text: &str) -> Option<String> {
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || "-._:".contains(it);
    let is_name =
        !text.is_empty() && text.chars().count() <= MAX_NAME && text.chars().all(is_of_name);
    is_name.then(|| text.to_owned())
}

fn whole(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    format!("a text of {} bytes, which is too long to show", text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(kind: &str, name: &str, text: &str) -> Value {
        json!({"kind": kind, "name": name, "error": [{"text": text}], "details": "", "parentObject": ""})
    }

    #[track_caller]
    fn check(kind: &str, name: &str, expected: Option<&str>) {
        let read = K8sgptResult::read(&result(kind, name, "bad"));
        assert_eq!(read.map(|it| it.subject.to_string()).as_deref(), expected, "{kind} {name}");
    }

    #[test]
    fn an_object_is_named_as_its_analyzers_name_it() {
        check("Service", "shop/web", Some("Service shop/web"));
        check("Node", "node-1", Some("Node node-1"));
        check("Security/Pod", "shop/web", Some("Pod shop/web"));
        check("Log", "shop/web/app", Some("Pod shop/web"));
    }

    #[test]
    fn what_names_no_object_is_left_out() {
        check("", "shop/web", None);
        check("Pod", "", None);
        check("Pod", "/web", None);
        check("Pod", "shop/we\u{1b}[31mb", None);
        check("Pod\nService", "shop/web", None);
        check("Pod", &"a".repeat(300), None);
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        assert_eq!(K8sgptResult::read(&result("Pod", "shop/web", " \n")), None);
        assert_eq!(K8sgptResult::read(&json!({"kind": "Pod", "name": "shop/web"})), None);
        assert_eq!(K8sgptResult::read(&json!("Pod")), None);
    }

    #[test]
    fn the_command_line_writes_its_words_in_capitals() {
        let error = json!([{"Text": "bad", "KubernetesDoc": "", "Sensitive": [{"Unmasked": "x", "Masked": "y"}]}]);
        let output = json!({"provider": "", "errors": null, "status": "ProblemDetected", "problems": 1,
            "results": [{"kind": "Pod", "name": "shop/web-1", "error": error, "details": "",
                "parentObject": "Deployment/web"}]});

        let read = K8sgptResult::of_analysis(output.to_string().as_bytes()).unwrap();

        let parent = Some(("Deployment".to_owned(), "web".to_owned()));
        let subject = Subject::new("Pod", "shop", "web-1");
        assert_eq!(read, [K8sgptResult { subject, parent, texts: vec!["bad".to_owned()] }]);
    }

    #[test]
    fn nothing_found_and_no_answer_are_two_things() {
        let nothing =
            br#"{"provider": "", "errors": null, "status": "OK", "problems": 0, "results": null}"#;

        assert_eq!(K8sgptResult::of_analysis(nothing).unwrap(), []);
        assert!(K8sgptResult::of_analysis(b"Error: no cluster").is_err());
        assert!(K8sgptResult::of_analysis(b"").is_err());
    }

    #[test]
    fn a_text_is_kept_whole_or_not_at_all() {
        let long = result("Pod", "shop/web", &"a".repeat(MAX_TEXT + 1));

        let read = K8sgptResult::read(&long).unwrap();

        assert_eq!(read.texts, ["a text of 16385 bytes, which is too long to show"]);
    }
}
