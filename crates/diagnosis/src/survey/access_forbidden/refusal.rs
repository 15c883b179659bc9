//! The API server's words about what somebody may not do.

use types::Subject;

/// Refusals that are read in one text: a log may repeat one for ever.
const MAX_REFUSALS: usize = 20;
/// The longest word that is taken for a name: names of Kubernetes end there.
const MAX_NAME: usize = 253;
/// How the words begin.
const BEGIN: &str = "User \"system:serviceaccount:";

/// Something that a service account may not do.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::survey) struct Refusal {
    /// The service account.
    pub(in crate::survey) account: Subject,
    /// What it tried: `list deployments.apps in namespace shop`.
    pub(super) tried: String,
    /// The words that say so.
    pub(super) said: String,
    /// The same in parts; `None` of a path, which is no object.
    pub(super) asked: Option<Ask>,
}

/// What a role would have to allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    /// `list`
    pub(super) verb: String,
    /// `apps`; empty for the core group.
    pub(super) group: String,
    /// `deployments`, `pods/log`
    pub(super) resource: String,
    /// Where; `None` for the whole cluster.
    pub(super) namespace: Option<String>,
}

/// The refusals in a text, quoted or escaped as they may be there.
pub(super) fn refusals(text: &str) -> Vec<Refusal> {
    if !text.contains("system:serviceaccount:") {
        return vec![];
    }
    let plain = text.replace('\\', "");
    let after = plain.split(BEGIN).skip(1).take(MAX_REFUSALS);
    after.filter_map(refusal).collect()
}

/// `shop:lister" cannot list resource "deployments" in API group "apps" in the namespace "shop"`
fn refusal(text: &str) -> Option<Refusal> {
    let (account, rest) = text.split_once("\" cannot ")?;
    let (namespace, name) = account.split_once(':')?;
    let (verb, rest) = rest.split_once(' ')?;
    let (tried, asked) = match rest.strip_prefix("path \"") {
        Some(rest) => {
            let path = rest.split_once('"')?.0;
            (is_path(path).then(|| format!("{verb} path {path}"))?, None)
        }
        None => resource(verb, rest)?,
    };
    let is_well_formed = is_name(namespace) && is_name(name) && is_name(verb);
    is_well_formed.then(|| Refusal {
        account: Subject::new("ServiceAccount", namespace, name),
        said: format!("{BEGIN}{}", text.lines().next().unwrap_or_default()),
        tried,
        asked,
    })
}

/// `list deployments.apps in namespace shop`
fn resource(verb: &str, rest: &str) -> Option<(String, Option<Ask>)> {
    let (resource, rest) = rest.strip_prefix("resource \"")?.split_once('"')?;
    let rest = rest.strip_prefix(" in API group \"")?;
    let (group, rest) = rest.split_once('"')?;
    let whole = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
    if !is_path(&whole) {
        return None;
    }
    let ask = |namespace: Option<&str>| Ask {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.map(ToOwned::to_owned),
    };
    let place = rest.strip_prefix(" in the namespace \"").and_then(|it| it.split_once('"'));
    Some(match place {
        Some((space, _)) if is_name(space) => {
            (format!("{verb} {whole} in namespace {space}"), Some(ask(Some(space))))
        }
        Some(_) => return None,
        None if rest.starts_with(" at the cluster scope") => {
            (format!("{verb} {whole} in the whole cluster"), Some(ask(None)))
        }
        // Where is not said.
        None => (format!("{verb} {whole}"), None),
    })
}

fn is_name(word: &str) -> bool {
    is_path(word) && !word.contains('/')
}

fn is_path(word: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "-._/*:".contains(it);
    !word.is_empty() && word.len() <= MAX_NAME && word.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, account: &str, tried: &str) {
        let found = refusals(text);
        let found: Vec<_> = found.iter().map(|it| (it.account.to_string(), &*it.tried)).collect();
        assert_eq!(found, [(format!("ServiceAccount {account}"), tried)]);
    }

    #[test]
    fn a_refusal_names_account_verb_and_resource() {
        check(
            r#"deployments.apps is forbidden: User "system:serviceaccount:shop:lister" cannot list resource "deployments" in API group "apps" in the namespace "shop""#,
            "shop/lister",
            "list deployments.apps in namespace shop",
        );
        check(
            r#"nodes is forbidden: User "system:serviceaccount:shop:lister" cannot list resource "nodes" in API group "" at the cluster scope"#,
            "shop/lister",
            "list nodes in the whole cluster",
        );
        check(
            r#"forbidden: User "system:serviceaccount:shop:lister" cannot get path "/metrics""#,
            "shop/lister",
            "get path /metrics",
        );
    }

    #[test]
    fn quotes_may_be_escaped() {
        check(
            r#"{"message":"pods \"web-1\" is forbidden: User \"system:serviceaccount:shop:lister\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"shop\""}"#,
            "shop/lister",
            "get pods/log in namespace shop",
        );
    }

    #[test]
    fn other_words_are_no_refusal() {
        for text in [
            "User \"alice\" cannot list resource \"pods\" in API group \"\"",
            "User \"system:serviceaccount:shop\" cannot list resource \"pods\" in API group \"\"",
            "User \"system:serviceaccount:a b:c\" cannot list resource \"pods\" in API group \"\"",
            "User \"system:serviceaccount:shop:lister\" cannot",
            "system:serviceaccount:shop:lister",
        ] {
            assert_eq!(refusals(text), []);
        }
    }
}
