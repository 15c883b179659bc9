//! What one rule of a role allows, and by how little it allows something not.

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::refusal::Ask;
use crate::near_miss::near_miss;
use crate::survey::rights::{ANY, has};
use crate::survey::words::listed;

/// The one thing that a rule lacks.
pub(super) struct Lack {
    /// The member of the rule that would have to change.
    pub(super) member: &'static str,
    /// What stands there.
    pub(super) has: String,
    /// What it has and what it lacks, as the end of a sentence.
    pub(super) words: String,
}

impl Lack {
    /// A verb that is forgotten comes before a name that is wrong.
    pub(super) fn rank(&self) -> usize {
        let order = ["verbs", "resources", "apiGroups", "resourceNames"];
        order.iter().position(|it| *it == self.member).unwrap_or(order.len())
    }
}

/// Whether the rule allows all of it. One for objects that it names allows it for nobody knows which.
pub(super) fn allows(rule: &PolicyRule, ask: &Ask) -> bool {
    has_verb(rule, ask) && has_group(rule, ask) && has_resource(rule, ask) && !is_for_some(rule)
}

/// The one thing that keeps the rule from allowing it.
pub(super) fn lack(rule: &PolicyRule, ask: &Ask) -> Option<Lack> {
    let resources = rule.resources.as_deref().unwrap_or_default();
    let groups = rule.api_groups.as_deref().unwrap_or_default();
    let names = rule.resource_names.as_deref().unwrap_or_default();
    let holds = (has_verb(rule, ask), has_group(rule, ask), has_resource(rule, ask));
    let (member, list, wanted, near) = match holds {
        (false, true, true) => {
            let near = near_miss(&ask.verb, rule.verbs.iter().map(String::as_str));
            ("verbs", &*rule.verbs, ask.verb.clone(), near)
        }
        (true, true, false) => {
            ("resources", resources, ask.resource.clone(), Some(meant(resources, ask)?))
        }
        (true, false, true) => {
            let near = near_miss(&ask.group, groups.iter().map(String::as_str));
            let wanted = if ask.group.is_empty() { "\"\", the core group" } else { &*ask.group };
            ("apiGroups", groups, wanted.to_owned(), near)
        }
        (true, true, true) if is_for_some(rule) => {
            let words = format!("is for {} only", listed(names));
            return Some(Lack { member: "resourceNames", has: listed(names), words });
        }
        _ => return None,
    };
    let has: Vec<_> =
        list.iter().map(|it| if it.is_empty() { "\"\"".to_owned() } else { it.clone() }).collect();
    let has = listed(&has);
    let near = near.map(|it| format!("; {it} was probably meant for it")).unwrap_or_default();
    let of = if member == "verbs" { format!(" for {}", ask.resource) } else { String::new() };
    Some(Lack { member, words: format!("has the {member} {has}{of}, and not {wanted}{near}"), has })
}

/// The resource of the rule that was meant for this one: a slip, one with its group, or the whole of a part.
fn meant(resources: &[String], ask: &Ask) -> Option<String> {
    let whole = ask.resource.split('/').next().unwrap_or_default();
    let with_group = format!("{}.{}", ask.resource, ask.group);
    let known = resources.iter().find(|it| **it == with_group || **it == whole);
    known.cloned().or_else(|| near_miss(&ask.resource, resources.iter().map(String::as_str)))
}

/// The rules of a role in a few words.
pub(super) fn shown(rules: &[PolicyRule]) -> String {
    let shown: Vec<_> = rules
        .iter()
        .map(|it| {
            let what = it.resources.as_ref().or(it.non_resource_urls.as_ref());
            format!("{} on {}", it.verbs.join(" "), what.map(|it| it.join(" ")).unwrap_or_default())
        })
        .collect();
    if shown.is_empty() { "none".to_owned() } else { listed(&shown) }
}

fn has_verb(rule: &PolicyRule, ask: &Ask) -> bool {
    rule.verbs.iter().any(|it| *it == ask.verb || it == ANY)
}

fn has_group(rule: &PolicyRule, ask: &Ask) -> bool {
    has(rule.api_groups.as_ref(), &ask.group) || has(rule.api_groups.as_ref(), ANY)
}

fn has_resource(rule: &PolicyRule, ask: &Ask) -> bool {
    let part = ask.resource.split_once('/').map(|it| format!("*/{}", it.1));
    let of = rule.resources.as_ref();
    has(of, &ask.resource) || has(of, ANY) || part.is_some_and(|it| has(of, &it))
}

fn is_for_some(rule: &PolicyRule) -> bool {
    rule.resource_names.as_ref().is_some_and(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> PolicyRule {
        let owned = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        PolicyRule {
            api_groups: Some(owned(groups)),
            resources: Some(owned(resources)),
            verbs: owned(verbs),
            ..PolicyRule::default()
        }
    }

    #[track_caller]
    fn check(rule: &PolicyRule, (verb, group, resource): (&str, &str, &str), lacks: Option<&str>) {
        let ask = Ask {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
        };
        let lack = lack(rule, &ask).map(|it| it.words);
        assert_eq!(lack.as_deref(), lacks);
        assert!(lacks.is_none() || !allows(rule, &ask));
    }

    #[test]
    fn a_rule_says_the_one_thing_that_it_lacks() {
        let apps = rule(&["apps"], &["deployments"], &["get", "list"]);
        check(&apps, ("get", "apps", "deployments"), None);
        check(
            &apps,
            ("patch", "apps", "deployments"),
            Some("has the verbs get, list for deployments, and not patch"),
        );
        check(&apps, ("patch", "", "pods"), None);
        let core = rule(&[""], &["deployments", "pod"], &["get", "lst"]);
        check(&core, ("get", "apps", "deployments"), Some("has the apiGroups \"\", and not apps"));
        check(
            &core,
            ("get", "", "pods"),
            Some("has the resources deployments, pod, and not pods; pod was probably meant for it"),
        );
        check(
            &core,
            ("list", "", "deployments"),
            Some(
                "has the verbs get, lst for deployments, and not list; lst was probably meant for it",
            ),
        );
    }

    #[test]
    fn the_log_of_a_pod_is_another_resource_than_the_pod() {
        let pods = rule(&[""], &["pods"], &["get"]);
        check(
            &pods,
            ("get", "", "pods/log"),
            Some("has the resources pods, and not pods/log; pods was probably meant for it"),
        );
        check(&rule(&[""], &["*/log"], &["get"]), ("get", "", "pods/log"), None);
    }

    #[test]
    fn a_rule_for_objects_by_name_is_for_them_only() {
        let named = PolicyRule {
            resource_names: Some(vec!["settings".to_owned()]),
            ..rule(&[""], &["configmaps"], &["get"])
        };
        check(&named, ("get", "", "configmaps"), Some("is for settings only"));
    }
}
