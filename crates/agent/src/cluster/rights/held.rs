//! What an identity may do, as far as the API server lists it, and what of that it does not need.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::{
    ResourceRule, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};

use super::super::ClusterError;
use super::super::kube::{READ, within};
use super::Need;

/// The right of an administrator, in words.
pub(super) const EVERYTHING: &str = "* */*";

/// The rules that hold for whoever asks in this namespace; none where the API server lists none.
pub(super) async fn rules(
    client: &Client,
    namespace: &str,
) -> Result<Vec<ResourceRule>, ClusterError> {
    let spec = SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) };
    let review = SelfSubjectRulesReview { spec, ..SelfSubjectRulesReview::default() };
    let api = Api::<SelfSubjectRulesReview>::all(client.clone());
    match within(READ, "our own rules", api.create(&PostParams::default(), &review)).await {
        Ok(answer) => Ok(answer.status.map(|it| it.resource_rules).unwrap_or_default()),
        Err(error) if error.is_in_doubt() => Err(error),
        Err(_) => Ok(vec![]),
    }
}

/// What these rules allow and no need excuses, in words: with the namespaces, unless it holds in all of them.
pub(super) fn excess(needs: &[Need], rules: &[(String, Vec<ResourceRule>)]) -> BTreeSet<String> {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (namespace, rules) in rules {
        for rule in rules {
            for words in of_rule(needs, namespace, rule) {
                found.entry(words).or_default().insert(namespace.as_str());
            }
        }
    }
    let words = found.into_iter().map(|(words, places)| {
        if places.len() == rules.len() {
            words
        } else {
            let places: Vec<_> = places.into_iter().collect();
            format!("{words} in {}", places.join(", "))
        }
    });
    words.collect()
}

fn of_rule(needs: &[Need], namespace: &str, rule: &ResourceRule) -> Vec<String> {
    let names = rule.resource_names.as_deref().unwrap_or_default();
    let mut excess = vec![];
    for group in rule.api_groups.iter().flatten() {
        for resource in rule.resources.iter().flatten() {
            for verb in &rule.verbs {
                let is_about = |it: &&Need| {
                    (it.right.group, it.right.resource, it.right.verb)
                        == (group.as_str(), resource.as_str(), verb.as_str())
                        && it.namespace.as_deref().is_none_or(|it| it == namespace)
                };
                let needs: Vec<_> = needs.iter().filter(is_about).collect();
                let is_needed = |name: Option<&String>| {
                    needs.iter().any(|it| it.name.is_none() || it.name.as_ref() == name)
                };
                let group = if group.is_empty() { String::new() } else { format!("{group}/") };
                let words = format!("{verb} {group}{resource}");
                if names.is_empty() && !is_needed(None) {
                    excess.push(words.clone());
                }
                let unneeded = names.iter().filter(|it| !is_needed(Some(it)));
                excess.extend(unneeded.map(|it| format!("{words} {it}")));
            }
        }
    }
    excess
}

#[cfg(test)]
mod tests {
    use remedy::Right;

    use super::*;

    fn rule(group: &str, resource: &str, verb: &str, names: &[&str]) -> ResourceRule {
        let some = |it: &str| Some(vec![it.to_owned()]);
        ResourceRule {
            api_groups: some(group),
            resources: some(resource),
            verbs: vec![verb.to_owned()],
            resource_names: Some(names.iter().map(|it| (*it).to_owned()).collect()),
        }
    }

    fn found(rules: &[(&str, ResourceRule)]) -> Vec<String> {
        let patch = Right { group: "apps", resource: "deployments", verb: "patch" };
        let token = Right { group: "", resource: "serviceaccounts/token", verb: "create" };
        let needs = [
            Need::everywhere(patch),
            Need {
                right: token,
                namespace: Some("home".to_owned()),
                name: Some("executor".to_owned()),
                required: true,
            },
        ];
        let of = |place: &str| -> Vec<ResourceRule> {
            let there = rules.iter().filter(|it| it.0 == "*" || it.0 == place);
            there.map(|it| it.1.clone()).collect()
        };
        let all = ["default", "home"].map(|it| (it.to_owned(), of(it)));
        excess(&needs, &all).into_iter().collect()
    }

    #[test]
    fn what_is_needed_is_no_excess_and_what_is_more_is_named_with_its_place() {
        let patch = || rule("apps", "deployments", "patch", &[]);
        let token = |names: &[&str]| rule("", "serviceaccounts/token", "create", names);

        assert_eq!(found(&[("*", patch()), ("home", token(&["executor"]))]), [""; 0]);
        // In a namespace alone it is less, and for some objects alone too.
        let few = rule("apps", "deployments", "patch", &["web"]);
        assert_eq!(found(&[("home", patch()), ("*", few)]), [""; 0]);
        assert_eq!(found(&[("*", rule("", "secrets", "get", &[]))]), ["get secrets"]);
        assert_eq!(found(&[("home", rule("", "secrets", "get", &[]))]), ["get secrets in home"]);
        assert_eq!(found(&[("*", rule("*", "*", "*", &[]))]), [EVERYTHING]);
        // Another account, any account, and the same one elsewhere.
        assert_eq!(
            found(&[("home", token(&["executor", "admin"]))]),
            ["create serviceaccounts/token admin in home"]
        );
        assert_eq!(found(&[("home", token(&[]))]), ["create serviceaccounts/token in home"]);
        assert_eq!(
            found(&[("default", token(&["executor"]))]),
            ["create serviceaccounts/token executor in default"]
        );
    }
}
