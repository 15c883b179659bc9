//! What somebody may do by the roles of the cluster. Whoever shows no token is the administrator here: only questions
//! are answered by roles, and every request is let through.

use serde_json::{Value, json};

use super::call::Call;
use super::reviews;
use super::target::Target;
use super::{Answer, Api, decode};
use crate::json::{at, list, set, text};
use crate::status::StatusError;

/// How long a token lasts that is asked for, in seconds.
const LIFETIME: i64 = 600;

impl Api {
    /// The answer to "may I?".
    pub(super) fn may_i(&self, call: &Call, review: &Value) -> Value {
        let Some(user) = reviews::user(&call.token) else { return json!({"allowed": true}) };
        let asked = at(review, "spec.resourceAttributes");
        let rules = self.rules(&user, text(asked, "namespace"));
        json!({"allowed": rules.iter().any(|it| permits(it, asked))})
    }

    /// The answer to "what may I do here?".
    pub(super) fn my_rules(&self, call: &Call, review: &Value) -> Value {
        let rules = match reviews::user(&call.token) {
            Some(user) => self.rules(&user, text(review, "spec.namespace")),
            None => vec![json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})],
        };
        json!({"resourceRules": rules, "nonResourceRules": [], "incomplete": false})
    }

    /// A token of a service account, which has to be there.
    pub(super) fn give_token(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let mut request = decode::document(call, "TokenRequest")?;
        self.found(target)?;
        let user = format!("system:serviceaccount:{}:{}", target.namespace(), target.name());
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(LIFETIME);
        let token = reviews::token(&user, "https://kubernetes.default.svc");
        let status = json!({"token": token, "expirationTimestamp": until.to_string()});
        set(&mut request, "apiVersion", "authentication.k8s.io/v1");
        set(&mut request, "kind", "TokenRequest");
        set(&mut request, "status", status);
        Ok(Answer::json(201, request))
    }

    /// The rules about resources that hold for him in this namespace, or where none is named in all.
    fn rules(&self, user: &str, namespace: &str) -> Vec<Value> {
        let mut bindings = self.store.list("clusterrolebindings", None).0;
        if !namespace.is_empty() {
            bindings.extend(self.store.list("rolebindings", Some(namespace)).0);
        }
        let his = bindings
            .iter()
            .filter(|it| list(it, "subjects").iter().any(|it| reviews::is(it, user)));
        let roles = his.filter_map(|it| {
            let (plural, place) = match text(it, "roleRef.kind") {
                "Role" => ("roles", namespace),
                _ => ("clusterroles", ""),
            };
            self.store.get(plural, place, text(it, "roleRef.name"))
        });
        let rules = roles.flat_map(|it| list(&it, "rules").to_vec());
        rules.filter(|it| !list(it, "resources").is_empty()).collect()
    }
}

fn permits(rule: &Value, asked: &Value) -> bool {
    let has = |of: &str, name: &str| list(rule, of).iter().any(|it| it == name || it == "*");
    let resource = match text(asked, "subresource") {
        "" => text(asked, "resource").to_owned(),
        subresource => format!("{}/{subresource}", text(asked, "resource")),
    };
    let names = list(rule, "resourceNames");
    has("apiGroups", text(asked, "group"))
        && has("resources", &resource)
        && has("verbs", text(asked, "verb"))
        && (names.is_empty() || names.iter().any(|it| it == text(asked, "name")))
}
