//! An Ingress names a Secret for its hosts that nothing else knows, while another one is a letter or two away.
//!
//! ## What it looks for
//! Secrets are never read, so that nobody can say which are there. Names are known from who uses or makes them: ready
//! pods, service accounts, certificates of cert-manager, other Ingresses. A name under `tls` that none of them knows, and
//! one a letter or two away that a pod or a certificate knows, or two other Ingresses. Where that is for a host of the
//! same name it is a warning, else a notice.
//!
//! ## What it does not see
//! A Secret that is missing under a name that is like no other. Ingresses for which cert-manager makes it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::json::{list, text};
use super::scene::{Scene, is_ready, namespace, subject};
use super::words::entry;
use crate::near_miss::near_miss;

/// Annotations by which an Ingress has its Secret made.
const MADE: [&str; 4] = [
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "kubernetes.io/tls-acme",
    "certmanager.k8s.io/cluster-issuer",
];

/// What is known of a Secret.
#[derive(Default)]
struct Mention<'a> {
    /// The hosts that it is for; none where that is not known.
    hosts: BTreeSet<&'a str>,
    /// How much speaks for it that it is there.
    weight: u32,
}

/// How much has to speak for a Secret that is to be the one that was meant: two Ingresses may both be wrong.
const ENOUGH: u32 = 2;

/// The known Secrets of a namespace.
type Known<'a> = BTreeMap<&'a str, Mention<'a>>;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.ingresses.iter().flatten().flat_map(|it| of_ingress(it, scene)).collect()
}

fn of_ingress(ingress: &Ingress, scene: &Scene<'_>) -> Vec<Finding> {
    let annotations = ingress.metadata.annotations.as_ref();
    if MADE.iter().any(|it| entry(annotations, it).is_some()) {
        return vec![];
    }
    let known = known(ingress, scene);
    let tls = ingress.spec.iter().flat_map(|it| it.tls.iter().flatten()).enumerate();
    let found = tls.filter_map(|(index, tls)| {
        let wanted = tls.secret_name.as_deref().filter(|it| !it.is_empty())?;
        if known.contains_key(wanted) {
            return None;
        }
        let sure = known.iter().filter(|it| ENOUGH <= it.1.weight).map(|it| *it.0);
        let near = near_miss(wanted, sure).filter(|it| is_slip(wanted, it))?;
        let hosts: BTreeSet<_> = tls.hosts.iter().flatten().map(String::as_str).collect();
        let is_same = known.get(near.as_str()).is_some_and(|it| !it.hosts.is_disjoint(&hosts));
        let (severity, sure) = if is_same { (Severity::Warning, 0.8) } else { (Severity::Notice, 0.5) };
        let end = if is_same { " for the same host" } else { "" };
        let cause = format!(
            "Nothing else here knows a Secret {wanted}, but there is {near}{end}, which was probably meant; Secrets \
             themselves are not read."
        );
        let field = format!("/spec/tls/{index}/secretName");
        let fault = cluster(ClusterFault::IngressSecretMissing);
        let finding = Finding::new(subject("Ingress", &ingress.metadata), severity, fault, cause);
        Some(finding.clue(field.clone(), wanted).at(field).sure(sure))
    });
    found.collect()
}

/// Another number or another last letter is another Secret: `shop-1`, `shop-b`.
fn is_slip(wanted: &str, near: &str) -> bool {
    let digits = |it: &str| it.chars().filter(char::is_ascii_digit).collect::<String>();
    let (words, others): (Vec<_>, Vec<_>) =
        (wanted.split(['-', '.']).collect(), near.split(['-', '.']).collect());
    let differ: Vec<_> = words.iter().zip(&others).filter(|it| it.0 != it.1).collect();
    let is_letter = differ.iter().any(|it| it.0.chars().count() < 2 && it.1.chars().count() < 2);
    digits(wanted) == digits(near) && !is_letter
}

/// The Secrets of the namespace that somebody else than this Ingress knows.
fn known<'a>(own: &Ingress, scene: &Scene<'a>) -> Known<'a> {
    let space = namespace(&own.metadata);
    let mut known = Known::new();
    let pods = scene.pods(space).iter().filter(|it| is_ready(it));
    for spec in pods.filter_map(|it| it.spec.as_ref()) {
        let volumes = spec.volumes.iter().flatten();
        let of_volumes = volumes.filter_map(|it| it.secret.as_ref()?.secret_name.as_deref());
        let containers = spec.containers.iter();
        let variables = containers.flat_map(|it| it.env.iter().flatten());
        let of_variables = variables
            .filter_map(|it| Some(it.value_from.as_ref()?.secret_key_ref.as_ref()?.name.as_str()));
        for name in of_volumes.chain(of_variables) {
            known.entry(name).or_default().weight += ENOUGH;
        }
    }
    let accounts = scene.all.service_accounts.iter().flatten();
    for account in accounts.filter(|it| namespace(&it.metadata) == space) {
        let tokens = account.secrets.iter().flatten().filter_map(|it| it.name.as_deref());
        let pulls = account.image_pull_secrets.iter().flatten().map(|it| it.name.as_str());
        for name in tokens.chain(pulls) {
            known.entry(name).or_default();
        }
    }
    let certificates = scene.all.certificates.iter().flatten();
    for certificate in certificates.filter(|it| text(it, "/metadata/namespace") == space) {
        let known = known.entry(text(certificate, "/spec/secretName")).or_default();
        known.weight += ENOUGH;
        known.hosts.extend(list(certificate, "/spec/dnsNames").iter().filter_map(Value::as_str));
    }
    let others = scene.all.ingresses.iter().flatten();
    let others = others
        .filter(|it| namespace(&it.metadata) == space && it.metadata.name != own.metadata.name);
    for tls in others.flat_map(|it| it.spec.iter().flat_map(|it| it.tls.iter().flatten())) {
        let Some(name) = tls.secret_name.as_deref() else { continue };
        let known = known.entry(name).or_default();
        known.weight += 1;
        known.hosts.extend(tls.hosts.iter().flatten().map(String::as_str));
    }
    known.remove("");
    known
}
