//! May I, who is this, and may he? Whoever is no service account may do everything here but what is no resource: that
//! is looked up in the cluster roles. A token that [`token`] makes is that user's, for that audience.

use serde_json::{Value, json};

use super::call::Call;
use super::{Answer, Api, decode};
use crate::json::{at, list, set, text};
use crate::status::StatusError;

const SELF: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const SUBJECT: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const TOKEN: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// A token of this user for this audience: three parts, as those of a real cluster are, and the second says both.
pub fn token(user: &str, audience: &str) -> String {
    let said: String = format!("{user}|{audience}").bytes().map(|it| format!("{it:02x}")).collect();
    format!("sandbox.{said}.unsigned")
}

/// Who and for what such a token says that it is.
fn said(token: &str) -> Option<String> {
    let hex = token.strip_prefix("sandbox.")?.strip_suffix(".unsigned")?;
    let digits: Option<Vec<_>> = hex.chars().map(|it| it.to_digit(16)).collect();
    let bytes = digits?
        .chunks(2)
        .map(|it| it.iter().fold(0, |sum, digit| sum * 16 + digit))
        .collect::<Vec<_>>();
    String::from_utf8(bytes.into_iter().map(u8::try_from).collect::<Result<_, _>>().ok()?).ok()
}

/// Whose token this is.
pub(super) fn user(token: &str) -> Option<String> {
    said(token)?.rsplit_once('|').map(|it| it.0.to_owned())
}

impl Api {
    /// Answers a question about permissions or about a token.
    pub(super) fn review(&self, call: &Call) -> Option<Result<Answer, StatusError>> {
        if call.method != "POST" {
            return None;
        }
        match call.path.as_str() {
            SELF => Some(answer(call, "SelfSubjectAccessReview", |it| self.may_i(call, it))),
            RULES => Some(answer(call, "SelfSubjectRulesReview", |it| self.my_rules(call, it))),
            SUBJECT => {
                Some(answer(call, "SubjectAccessReview", |it| json!({"allowed": self.allows(it)})))
            }
            TOKEN => Some(answer(call, "TokenReview", known)),
            _ => None,
        }
    }

    fn allows(&self, review: &Value) -> bool {
        let asked = at(review, "spec.nonResourceAttributes");
        if asked.is_null() {
            return true;
        }
        let user = text(review, "spec.user");
        let bindings = self.store.list("clusterrolebindings", None).0;
        let mut bound =
            bindings.iter().filter(|it| list(it, "subjects").iter().any(|it| is(it, user)));
        bound.any(|it| {
            let role = self.store.get("clusterroles", "", text(it, "roleRef.name"));
            role.is_some_and(|it| list(&it, "rules").iter().any(|rule| permits(rule, asked)))
        })
    }
}

fn answer(
    call: &Call,
    kind: &str,
    status: impl FnOnce(&Value) -> Value,
) -> Result<Answer, StatusError> {
    let mut review = decode::document(call, kind)?;
    let group =
        if kind == "TokenReview" { "authentication.k8s.io/v1" } else { "authorization.k8s.io/v1" };
    let status = status(&review);
    set(&mut review, "apiVersion", group);
    set(&mut review, "kind", kind);
    set(&mut review, "metadata", json!({}));
    set(&mut review, "status", status);
    Ok(Answer::json(201, review))
}

fn known(review: &Value) -> Value {
    let wanted = list(review, "spec.audiences");
    let said = said(text(review, "spec.token"));
    match said.as_deref().and_then(|it| it.rsplit_once('|')) {
        Some((user, audience)) if wanted.iter().any(|it| it == audience) => {
            json!({"authenticated": true, "user": {"username": user}, "audiences": [audience]})
        }
        Some(_) | None => json!({"authenticated": false, "error": "the token is not known"}),
    }
}

/// Whether this subject of a binding is that user.
pub(super) fn is(subject: &Value, user: &str) -> bool {
    let name = text(subject, "name");
    match text(subject, "kind") {
        "ServiceAccount" => {
            user == format!("system:serviceaccount:{}:{name}", text(subject, "namespace"))
        }
        "User" => user == name,
        _ => false,
    }
}

fn permits(rule: &Value, asked: &Value) -> bool {
    let names = |of: &str, name: &str| list(rule, of).iter().any(|it| it == name || it == "*");
    names("nonResourceURLs", text(asked, "path")) && names("verbs", text(asked, "verb"))
}
