//! Whose an object is, by what people and tools say of it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::Root;

/// How the keys of such labels end: those that Kubernetes recommends
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>), and what teams write
/// themselves.
const MARKS: [&str; 6] = ["part-of", "instance", "name", "app", "team", "owner"];

/// Those of them that tell groups of applications apart.
const TEAMS: [&str; 3] = ["part-of", "team", "owner"];
/// The annotation by which Helm says of which release an object is
/// (<https://helm.sh/docs/howto/charts_tips_and_tricks/>).
const RELEASE: &str = "meta.helm.sh/release-name";
/// The longest name that is told, in bytes.
const MAX_NAME: usize = 253;
/// What stands for the owner of an object.
const OWNER: &str = "ownerReferences";

/// What of an object says whose it is: labels, its release, and its owner.
pub fn whose(metadata: &ObjectMeta) -> BTreeMap<String, String> {
    let labels = metadata.labels.iter().flatten().filter(|it| is_mark(it.0));
    let releases = metadata.annotations.iter().flatten().filter(|it| it.0 == RELEASE);
    let all = labels.chain(releases).map(|it| (it.0.clone(), plain(it.1)));
    let owners = metadata.owner_references.iter().flatten();
    all.chain(owners.map(|it| (OWNER.to_owned(), plain(&format!("{}/{}", it.kind, it.name)))))
        .collect()
}

/// A name as it may be told. Of annotations and owners nobody checks what they hold: what is no name is not repeated.
pub(super) fn plain(text: &str) -> String {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-_./".contains(it);
    let is_name = text.len() <= MAX_NAME && text.chars().all(is_part);
    if is_name { text.to_owned() } else { "?".to_owned() }
}

fn is_mark(key: &str) -> bool {
    MARKS.contains(&word(key))
}

/// Whether the mark says more than which application it is.
pub(super) fn is_of_team(key: &str) -> bool {
    TEAMS.contains(&word(key))
}

fn word(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |it| it.1)
}

/// The mark by which an object belongs to something else than this root: both bear it, and it says another thing of
/// each; or it belongs to a release, or an owner, and the root does not. `None` where nothing tells.
pub(super) fn stranger(whose: &BTreeMap<String, String>, root: &Root) -> Option<String> {
    let template = root.template_metadata().map(self::whose).unwrap_or_default();
    let mut own = vec![self::whose(root.metadata()), template];
    let itself =
        format!("{}/{}", root.kind().as_str(), root.metadata().name.as_deref().unwrap_or_default());
    own.push(BTreeMap::from([(OWNER.to_owned(), itself)]));
    let differs = |(key, value): &(&String, &String)| {
        let mut told = own.iter().filter_map(|it| it.get(*key)).peekable();
        (told.peek().is_some() || key.as_str() == RELEASE) && told.all(|it| it != *value)
    };
    whose.iter().find(differs).map(|(key, value)| format!("{key}={value}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    fn stranger_that_is(labels: &Value, theirs: Value) -> Option<String> {
        let other = serde_json::from_value(theirs).unwrap();
        stranger(&whose(&other), &web(labels))
    }

    fn stranger_to(labels: &Value, theirs: &Value) -> Option<String> {
        stranger_that_is(labels, json!({"labels": theirs}))
    }

    fn web(labels: &Value) -> Root {
        let root = json!({"metadata": {"name": "web", "labels": labels},
            "spec": {"selector": {}, "template": {"metadata": {"labels": labels}}}});
        Root::Deployment(Arc::new(serde_json::from_value(root).unwrap()))
    }

    #[test]
    fn what_bears_the_mark_of_another_team_or_application_is_a_stranger() {
        let web = json!({"app": "web", "example.com/team": "shop", "tier": "front"});

        let payroll = json!({"example.com/team": "finance", "tier": "back"});
        assert_eq!(stranger_to(&web, &payroll).as_deref(), Some("example.com/team=finance"));
        assert_eq!(stranger_to(&web, &json!({"app": "payroll"})).as_deref(), Some("app=payroll"));
    }

    #[test]
    fn what_another_owner_or_a_release_made_is_a_stranger() {
        let web = json!({"app": "web"});

        let owned = json!({"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "u"}]});
        assert_eq!(
            stranger_that_is(&web, owned).as_deref(),
            Some("ownerReferences=Deployment/api")
        );
        let released = json!({"annotations": {"meta.helm.sh/release-name": "billing"}});
        let told = "meta.helm.sh/release-name=billing";
        assert_eq!(stranger_that_is(&web, released).as_deref(), Some(told));
        let hostile = json!({"annotations": {"meta.helm.sh/release-name": "a\npassword=x"}});
        assert_eq!(stranger_that_is(&web, hostile).as_deref(), Some("meta.helm.sh/release-name=?"));
    }

    #[test]
    fn what_bears_the_same_marks_or_none_is_no_stranger() {
        let web = json!({"app": "web", "team": "shop"});

        for theirs in
            [json!({}), json!({"app": "web"}), json!({"owner": "x"}), json!({"tier": "z"})]
        {
            assert_eq!(stranger_to(&web, &theirs), None, "{theirs}");
        }
    }
}
