//! Who needs the names that the Service of a StatefulSet would give its pods.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Container;
use types::{Finding, Subject};

use crate::near_miss::near_miss;
use crate::same_words::of_same_words;
use crate::survey::host::{is_unresolved, needs};
use crate::survey::scene::{Scene, name, namespace, subject};
use crate::survey::service_without_endpoints::{asks, is_of_host};
use crate::survey::words::is_of_log;

/// Characters of a host that are shown.
const MAX_HOST: usize = 253;

/// Somebody who needs such a name, and the words in which he names it.
pub(super) struct Need {
    pub(super) who: Subject,
    /// `variable DB_HOST`, `command`, `log`
    pub(super) by: String,
    pub(super) host: String,
}

/// The names that nobody has without the Service.
struct Names<'n> {
    set: &'n str,
    service: &'n str,
    space: &'n str,
}

/// Whether its trouble may come of it: not all of its pods are ready, or its own rules find something.
pub(super) fn is_unwell(set: &StatefulSet, scene: &Scene<'_>) -> bool {
    let wanted = set.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
    let ready = set.status.as_ref().and_then(|it| it.ready_replicas).unwrap_or(0);
    let about = subject("StatefulSet", &set.metadata);
    ready < wanted || scene.is_in_trouble(&about)
}

/// Whether the Service was probably meant to be one that is there and gives names (`clusterIP: None`).
pub(super) fn is_near_headless(wanted: &str, space: &str, scene: &Scene<'_>) -> bool {
    let is_headless = |it: &str| {
        let spec = scene.service(space, it).and_then(|it| it.spec.as_ref());
        spec.is_some_and(|it| it.cluster_ip.as_deref() == Some("None"))
    };
    let names = scene.service_names(space);
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|it| is_headless(it)).collect();
    near_miss(wanted, names.iter().copied()).is_some()
        || of_same_words(wanted, names.iter().copied(), &[]).is_some()
}

/// The first who names one of the set's pods or the Service as a host: by his template, or by his own last words.
pub(super) fn need(set: &StatefulSet, service: &str, scene: &Scene<'_>) -> Option<Need> {
    let space = namespace(&set.metadata);
    let names = Names { set: name(&set.metadata), service, space };
    by_template(&names, scene).or_else(|| by_words(&names, scene))
}

fn by_template(names: &Names<'_>, scene: &Scene<'_>) -> Option<Need> {
    let mut roots: Vec<_> =
        scene.all.workloads.iter().filter(|it| it.desired() != Some(0)).collect();
    roots.sort_by_key(|it| Subject::from(&it.object_ref()));
    roots.into_iter().find_map(|root| {
        let is_near = namespace(root.metadata()) == names.space;
        let spec = root.pod_spec()?;
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let (by, host) = containers.into_iter().find_map(|it| names.of_container(it, is_near))?;
        Some(Need { who: Subject::from(&root.object_ref()), by, host })
    })
}

fn by_words(names: &Names<'_>, scene: &Scene<'_>) -> Option<Need> {
    scene.workload_findings.iter().find_map(|finding| {
        let is_near = finding.subject.namespace == names.space;
        let host = names.of_finding(finding, is_near)?;
        Some(Need { who: finding.subject.clone(), by: "log".to_owned(), host })
    })
}

impl Names<'_> {
    /// What of a container names one, and how.
    fn of_container(&self, container: &Container, is_near: bool) -> Option<(String, String)> {
        let variables = container.env.iter().flatten();
        let mut variables = variables.filter_map(|it| Some((&it.name, it.value.as_deref()?)));
        let variable = variables.find_map(|(variable, value)| {
            let is_whole = is_near && value == self.service && is_of_host(variable);
            let host = if is_whole { Some(value.to_owned()) } else { self.of_text(value, is_near) };
            Some((format!("variable {variable}"), host?))
        });
        let words = container.command.iter().flatten().chain(container.args.iter().flatten());
        let mut words = words.filter_map(|it| self.of_text(it, is_near));
        variable.or_else(|| words.next().map(|it| ("command".to_owned(), it)))
    }

    /// The host that the last words of a workload name as one that cannot be resolved.
    fn of_finding(&self, finding: &Finding, is_near: bool) -> Option<String> {
        let needs = needs(finding);
        let mut hosts = needs.iter().map(|it| it.host().to_owned());
        let needed = hosts.find(|it| self.is_one(it, is_near));
        let mut said = finding.clues.iter().filter(|it| is_of_log(it) && is_unresolved(&it.value));
        needed
            .or_else(|| said.find_map(|it| hosts_in(&it.value).find(|it| self.is_one(it, is_near))))
    }

    /// The first of them that a text uses as a host.
    fn of_text(&self, text: &str, is_near: bool) -> Option<String> {
        let pod = hosts_in(text).find(|it| self.is_pod(it, is_near));
        let asked = || asks(text, (self.service, self.space), is_near);
        pod.or_else(|| asked().then(|| self.service.to_owned()))
    }

    /// Whether a host is the Service, or one of the pods by it.
    fn is_one(&self, host: &str, is_near: bool) -> bool {
        let is_whole = host == format!("{}.{}", self.service, self.space)
            || host.starts_with(&format!("{}.{}.svc", self.service, self.space));
        is_near && host == self.service || is_whole || self.is_pod(host, is_near)
    }

    /// `db-0.db`, `$(POD_NAME).db.shop.svc`
    fn is_pod(&self, host: &str, is_near: bool) -> bool {
        let Some((pod, rest)) = host.split_once('.') else { return false };
        let ordinal = pod.strip_prefix(self.set).and_then(|it| it.strip_prefix('-'));
        let is_number = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_digit());
        // A shell or the kubelet puts the name of the pod, or its number, in.
        let is_put_in = |it: &str| it.contains('$');
        let is_pod = ordinal.is_some_and(|it| is_number(it) || is_put_in(it)) || is_put_in(pod);
        let mut labels = rest.split('.');
        let is_service = labels.next() == Some(self.service);
        is_pod && is_service && labels.next().map_or(is_near, |it| it == self.space)
    }
}

/// What in a text is written as a host may be, with what is put in by others.
fn hosts_in(text: &str) -> impl Iterator<Item = String> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-._$(){}".contains(it);
    let words = text.split(move |it: char| !is_part(it));
    let words = words.map(|it| it.trim_end_matches(['.', ')', '(']).trim_start_matches('('));
    let words = words.filter(|it| !it.is_empty() && it.len() <= MAX_HOST);
    words.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names { set: "db", service: "db-peers", space: "shop" };

    #[test]
    fn a_text_names_a_pod_or_the_service_as_a_host() {
        for text in [
            "db-0.db-peers:5432",
            "pg://u@db-1.db-peers.shop.svc.cluster.local/shop",
            "--initial-cluster=db-0=http://db-0.db-peers:2380,db-1=http://db-1.db-peers:2380",
            "http://$(POD_NAME).db-peers:8080",
            "db-${ORDINAL}.db-peers",
            "db-peers:5432",
            "http://db-peers/health",
            "db-peers.shop.svc",
        ] {
            assert!(NAMES.of_text(text, true).is_some(), "{text}");
        }
    }

    #[test]
    fn a_word_that_is_alike_names_nobody() {
        for text in ["db-peers", "/etc/db-peers", "my-db-peers:80", "db-0.db", "web-0.db-peers", ""]
        {
            assert_eq!(NAMES.of_text(text, true), None, "{text}");
        }
        for text in ["db-0.db-peers:5432", "db-peers:5432", "db-0.db-peers.stage:80"] {
            assert_eq!(NAMES.of_text(text, false), None, "{text}");
        }
        assert!(NAMES.of_text("db-0.db-peers.shop:80", false).is_some());
    }
}
