//! The rules for a pod's spec, in a pod or in a template.

use serde_json::{Value, json};

use super::{Causes, containers, names};
use crate::json::{at, has, list, number, text};
use crate::status::Cause;

/// Checks a pod's spec.
pub(super) fn spec(spec: &Value, path: &str, causes: &mut Causes) {
    let volumes = volumes(spec, path, causes);
    let mut seen = Vec::new();
    if list(spec, "containers").is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    for kind in ["containers", "initContainers"] {
        for (index, container) in list(spec, kind).iter().enumerate() {
            let place = format!("{path}.{kind}[{index}]");
            let name = text(container, "name");
            if !name.is_empty() && seen.contains(&name) {
                causes.push(Cause::duplicate(format!("{place}.name"), &json!(name)));
            }
            seen.push(name);
            containers::check(container, &place, &volumes, causes);
        }
    }
    words(spec, path, causes);
    if number(spec, "terminationGracePeriodSeconds").is_some_and(|it| it < 0) {
        let place = format!("{path}.terminationGracePeriodSeconds");
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid(place, at(spec, "terminationGracePeriodSeconds"), why));
    }
    if number(spec, "activeDeadlineSeconds").is_some_and(|it| it < 1) {
        let place = format!("{path}.activeDeadlineSeconds");
        let why = "must be between 1 and 2147483647, inclusive";
        causes.push(Cause::invalid(place, at(spec, "activeDeadlineSeconds"), why));
    }
    if let Some(why) = Some(text(spec, "serviceAccountName"))
        .filter(|it| !it.is_empty())
        .and_then(names::subdomain)
    {
        let place = format!("{path}.serviceAccountName");
        causes.push(Cause::invalid(place, at(spec, "serviceAccountName"), &why));
    }
    tolerations(spec, path, causes);
}

/// Fields that hold one of a few words.
fn words(spec: &Value, path: &str, causes: &mut Causes) {
    let words: [(&str, &[&str]); 2] = [
        ("restartPolicy", &["Always", "OnFailure", "Never"]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ];
    for (field, allowed) in words {
        let word = text(spec, field);
        if word.is_empty() {
            causes.push(Cause::required(format!("{path}.{field}"), ""));
        } else if !allowed.contains(&word) {
            causes.push(Cause::unsupported(format!("{path}.{field}"), &json!(word), allowed));
        }
    }
}

/// Checks the volumes; gives their names.
fn volumes<'a>(spec: &'a Value, path: &str, causes: &mut Causes) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let place = format!("{path}.volumes[{index}]");
        let name = text(volume, "name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if let Some(why) = names::label(name) {
            causes.push(Cause::invalid(format!("{place}.name"), &json!(name), &why));
        } else if seen.contains(&name) {
            causes.push(Cause::duplicate(format!("{place}.name"), &json!(name)));
        }
        seen.push(name);
        sources(volume, &place, causes);
    }
    seen
}

fn sources(volume: &Value, place: &str, causes: &mut Causes) {
    let sources: Vec<_> = volume
        .as_object()
        .into_iter()
        .flatten()
        .map(|it| it.0)
        .filter(|it| *it != "name")
        .collect();
    if let [_, second, ..] = sources.as_slice() {
        let why = "may not specify more than 1 volume type";
        causes.push(Cause::forbidden(format!("{place}.{second}"), why));
    }
    for (source, member) in
        [("secret", "secretName"), ("persistentVolumeClaim", "claimName"), ("configMap", "name")]
    {
        if has(volume, source) && text(at(volume, source), member).is_empty() {
            causes.push(Cause::required(format!("{place}.{source}.{member}"), ""));
        }
    }
}

fn tolerations(spec: &Value, path: &str, causes: &mut Causes) {
    for (index, toleration) in list(spec, "tolerations").iter().enumerate() {
        let place = format!("{path}.tolerations[{index}]");
        let operator = text(toleration, "operator");
        if text(toleration, "key").is_empty() && operator != "Exists" {
            let why = "operator must be Exists when `key` is empty, which means \
                       \"match all values and all keys\"";
            causes.push(Cause::invalid(format!("{place}.operator"), &json!(operator), why));
        }
        if !matches!(operator, "" | "Equal" | "Exists" | "Gt" | "Lt") {
            let allowed = ["Equal", "Exists"];
            causes.push(Cause::unsupported(
                format!("{place}.operator"),
                &json!(operator),
                &allowed,
            ));
        }
        let effect = text(toleration, "effect");
        if !matches!(effect, "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            let allowed = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
            causes.push(Cause::unsupported(format!("{place}.effect"), &json!(effect), &allowed));
        }
    }
}
