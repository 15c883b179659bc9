//! Whose an object is, by the labels in which people say so.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::Root;

/// How the keys of such labels end: those that Kubernetes recommends
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>), and what teams write themselves.
const MARKS: [&str; 6] = ["part-of", "instance", "name", "app", "team", "owner"];

/// The labels of an object that say whose it is.
pub fn whose(metadata: &ObjectMeta) -> BTreeMap<String, String> {
    let all = metadata.labels.iter().flatten().filter(|it| is_mark(it.0));
    all.map(|it| (it.0.clone(), it.1.clone())).collect()
}

fn is_mark(key: &str) -> bool {
    let word = key.rsplit_once('/').map_or(key, |it| it.1);
    MARKS.contains(&word)
}

/// The mark by which an object belongs to something else than this root: both bear the label, and it says another thing of
/// each. `None` where no label tells.
pub(super) fn stranger(whose: &BTreeMap<String, String>, root: &Root) -> Option<String> {
    let template = root.template_metadata().and_then(|it| it.labels.as_ref());
    let own: Vec<_> = [root.metadata().labels.as_ref(), template].into_iter().flatten().collect();
    let differs = |(key, value): &(&String, &String)| {
        let mut told = own.iter().filter_map(|it| it.get(*key)).peekable();
        told.peek().is_some() && told.all(|it| it != *value)
    };
    whose.iter().find(differs).map(|(key, value)| format!("{key}={value}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn stranger_to(labels: &serde_json::Value, theirs: &serde_json::Value) -> Option<String> {
        let root = json!({"metadata": {"name": "web", "labels": labels},
            "spec": {"selector": {}, "template": {"metadata": {"labels": labels}}}});
        let root = Root::Deployment(Arc::new(serde_json::from_value(root).unwrap()));
        let other = serde_json::from_value(json!({"labels": theirs})).unwrap();
        stranger(&whose(&other), &root)
    }

    #[test]
    fn what_bears_the_mark_of_another_team_or_application_is_a_stranger() {
        let web = json!({"app": "web", "example.com/team": "shop", "tier": "front"});

        let payroll = json!({"example.com/team": "finance", "tier": "back"});
        assert_eq!(stranger_to(&web, &payroll).as_deref(), Some("example.com/team=finance"));
        assert_eq!(stranger_to(&web, &json!({"app": "payroll"})).as_deref(), Some("app=payroll"));
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
