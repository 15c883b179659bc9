//! Two Ingresses claim the same host and path, and send it to different Services.
//!
//! ## What it looks for
//! Rules of Ingresses of one class with the same host, path and kind of path, and another Service or another port
//! of it. The younger one is told, with the other: most controllers heed the older, and some neither.
//!
//! ## What it does not see
//! Paths that merely overlap, of which the longer one wins. Rules that share a path on purpose, by an annotation about
//! canaries, weights, order or conditions.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, name, namespace, subject};
use super::words::entry;
use crate::confidence;

/// How the class was named before there were classes; controllers still heed it.
const CLASS: &str = "kubernetes.io/ingress.class";
/// Marks the class that an Ingress without one gets.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// Parts of the names of annotations by which several rules share a path on purpose.
const SHARED: [&str; 7] =
    ["canary", "weight", "priority", "order", "condition", "match", "mergeable"];

/// What a rule claims: the class, the host, the path and its kind.
type Claim<'a> = (&'a str, &'a str, &'a str, &'a str);

/// A rule that claims it: its Ingress, the field of its backend, and the backend.
#[derive(Clone, Copy)]
struct Claimant<'a> {
    ingress: &'a Ingress,
    at: (usize, usize),
    backend: &'a IngressBackend,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut claims: BTreeMap<Claim<'_>, Vec<Claimant<'_>>> = BTreeMap::new();
    for ingress in scene.all.ingresses.iter().flatten().filter(|it| !shares(it)) {
        let class = class(ingress, scene);
        let rules = ingress.spec.iter().flat_map(|it| it.rules.iter().flatten()).enumerate();
        for (rule, it) in rules {
            let host = it.host.as_deref().unwrap_or_default();
            let paths = it.http.iter().flat_map(|it| &it.paths).enumerate();
            for (place, path) in paths {
                let claim = (class, host, plain(path), path.path_type.as_str());
                let claimant = Claimant { ingress, at: (rule, place), backend: &path.backend };
                claims.entry(claim).or_default().push(claimant);
            }
        }
    }
    let mut found: Vec<Finding> = vec![];
    for ((_, host, path, _), claimants) in claims {
        let new = of_claim(host, path, claimants);
        // Ten paths that two Ingresses share are one trouble.
        let is_told = |it: &Finding| {
            found
                .iter()
                .any(|told| told.subject == it.subject && told.clues.last() == it.clues.last())
        };
        found.extend(new.filter(|it| !is_told(it)));
    }
    found
}

/// The youngest of the rules that claim the same, where an older one sends it elsewhere.
fn of_claim(host: &str, path: &str, mut claimants: Vec<Claimant<'_>>) -> Option<Finding> {
    claimants.sort_by_key(|it| {
        let metadata = &it.ingress.metadata;
        let made = metadata.creation_timestamp.as_ref().map(|it| it.0);
        (Reverse(made), Reverse((namespace(metadata), name(metadata))), Reverse(it.at))
    });
    let youngest = *claimants.first()?;
    let other = claimants.into_iter().rev().find(|it| it.target() != youngest.target())?;
    let about = subject("Ingress", &youngest.ingress.metadata);
    let rival = subject("Ingress", &other.ingress.metadata);
    let whose = if rival == about { "another rule of it".to_owned() } else { rival.to_string() };
    let what =
        if host.is_empty() { format!("{path} of any host") } else { format!("{host}{path}") };
    // The same program by another port of its Service may well answer the same.
    let is_same = youngest.service() == other.service();
    let severity = if is_same { Severity::Notice } else { Severity::Warning };
    let cause = format!(
        "It claims {what} for Service {}, and {whose} claims the same for Service {}: only one of them is served.",
        youngest.shown(),
        other.shown()
    );
    let fault = cluster(ClusterFault::IngressRulesCollide);
    let (rule, place) = youngest.at;
    let field = format!("/spec/rules/{rule}/http/paths/{place}/path");
    let (rule, place) = other.at;
    let finding = Finding::new(about, severity, fault, cause).sure(confidence::WORDED);
    let finding = finding.clue(field.clone(), &path).at(field);
    let finding =
        finding.clue(format!("{rival} /spec/rules/{rule}/http/paths/{place}/path"), &path);
    Some(finding.clue("claimed by", &rival))
}

impl<'a> Claimant<'a> {
    /// Namespace and name of the Service; empty where it is another resource.
    fn service(&self) -> (&'a str, &'a str) {
        let service = self.backend.service.as_ref().map(|it| it.name.as_str());
        (namespace(&self.ingress.metadata), service.unwrap_or_default())
    }

    /// The same with its port.
    fn target(&self) -> ((&'a str, &'a str), String) {
        let port = self.backend.service.as_ref().and_then(|it| it.port.as_ref());
        let port =
            port.map(|it| it.name.clone().unwrap_or_else(|| it.number.unwrap_or(0).to_string()));
        (self.service(), port.unwrap_or_default())
    }

    /// `shop/web:80`
    fn shown(&self) -> String {
        let ((space, name), port) = self.target();
        format!("{space}/{name}:{port}")
    }
}

/// Whether an Ingress shares its paths with others on purpose.
fn shares(ingress: &Ingress) -> bool {
    let names = ingress.metadata.annotations.iter().flatten().map(|it| it.0.to_lowercase());
    names.into_iter().any(|name| SHARED.iter().any(|it| name.contains(it)))
}

/// The class that an Ingress has, or gets.
fn class<'a>(ingress: &'a Ingress, scene: &Scene<'a>) -> &'a str {
    let own = ingress.spec.as_ref().and_then(|it| it.ingress_class_name.as_deref());
    let own = own.or_else(|| entry(ingress.metadata.annotations.as_ref(), CLASS));
    let is_default = |it: &str| it == "true";
    own.unwrap_or_else(|| {
        let mut classes = scene.all.ingress_classes.iter().flatten();
        let default = classes
            .find(|it| entry(it.metadata.annotations.as_ref(), DEFAULT).is_some_and(is_default));
        default.map_or("", |it| name(&it.metadata))
    })
}

/// The path; a slash at its end is none of a prefix.
fn plain(path: &HTTPIngressPath) -> &str {
    let text = path.path.as_deref().unwrap_or("/");
    let bare = text.trim_end_matches('/');
    if path.path_type == "Prefix" && !bare.is_empty() { bare } else { text }
}
