//! An Ingress names a Secret for its hosts that nothing else knows.
//!
//! ## What it looks for
//! Secrets are never read, so that nobody can say which are there. Names are known from who uses or makes them: ready
//! pods, service accounts, certificates of cert-manager, other Ingresses. A name under `tls` that none of them knows: a
//! warning where its controller says in an event that it is not there, or where another Secret that is known is for the
//! same host, by a certificate or by a name a letter or two away. Else a notice, for it may well be there.
//!
//! ## What it does not see
//! Whether a Secret is there that somebody made by hand. Ingresses whose Secret is made for them, and those that name
//! none: their controller has a certificate of its own.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::json::{list, text};
use super::scene::{Scene, is_ready, namespace, subject};
use super::words::quoted;
use crate::confidence;
use crate::near_miss::near_miss;

/// How annotations begin by which an Ingress has its Secret made, or needs none.
const MADE: [&str; 8] = [
    "cert-manager.io/",
    "acme.cert-manager.io/",
    "certmanager.k8s.io/",
    "kubernetes.io/tls-acme",
    "cert.gardener.cloud/",
    "networking.gke.io/managed-certificates",
    "alb.ingress.kubernetes.io/certificate-arn",
    "traefik.ingress.kubernetes.io/router.tls.certresolver",
];
/// How a controller says that a Secret is not there.
const ABSENT: [&str; 6] =
    ["not found", "doesn't exist", "does not exist", "no such", "could not find", "missing"];
/// How long an Ingress may know a Secret alone, in seconds: what is installed together comes one after the other.
const PATIENCE_SECS: i64 = 60;

/// What is known of a Secret.
#[derive(Default)]
struct Mention<'a> {
    /// The hosts that it is for; none where that is not known.
    hosts: BTreeSet<&'a str>,
    /// How much speaks for it that it is there.
    weight: u32,
    /// Whether a certificate makes it.
    is_made: bool,
}

/// How much has to speak for a Secret that is to be the one that was meant: two Ingresses may both be wrong.
const ENOUGH: u32 = 2;

/// The known Secrets of a namespace.
type Known<'a> = BTreeMap<&'a str, Mention<'a>>;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.ingresses.iter().flatten().flat_map(|it| of_ingress(it, scene)).collect()
}

fn of_ingress(ingress: &Ingress, scene: &Scene<'_>) -> Vec<Finding> {
    let annotations = ingress.metadata.annotations.iter().flatten();
    if annotations.into_iter().any(|it| MADE.iter().any(|made| it.0.starts_with(made))) {
        return vec![];
    }
    let known = known(ingress, scene);
    let tls = ingress.spec.iter().flat_map(|it| it.tls.iter().flatten()).enumerate();
    let found = tls.filter_map(|(index, tls)| {
        let wanted = tls.secret_name.as_deref().filter(|it| !it.is_empty())?;
        let hosts: BTreeSet<_> = tls.hosts.iter().flatten().map(String::as_str).collect();
        let said = said(ingress, wanted, scene);
        if known.contains_key(wanted) && said.is_none() {
            return None;
        }
        let meant = meant(wanted, &hosts, &known);
        let doubt = doubt(wanted, meant, said.as_deref()).or_else(|| {
            (!scene.is_new(&ingress.metadata, PATIENCE_SECS)).then(|| unknown(wanted))
        })?;
        let field = format!("/spec/tls/{index}/secretName");
        let fault = cluster(ClusterFault::IngressSecretMissing);
        let about = subject("Ingress", &ingress.metadata);
        let finding = Finding::new(about, doubt.severity, fault, doubt.cause).sure(doubt.sure);
        let finding = finding.clue(field.clone(), wanted).at(field);
        Some(said.into_iter().fold(finding, |it, said| it.clue("events.message", &said)))
    });
    found.collect()
}

/// How much is to be said against a Secret.
struct Doubt {
    severity: Severity,
    sure: f64,
    cause: String,
}

/// Something speaks against it: its controller, or another Secret that was probably meant.
fn doubt(wanted: &str, meant: Option<(&str, bool)>, said: Option<&str>) -> Option<Doubt> {
    let end = if meant.is_some_and(|it| it.1) { " for the same host" } else { "" };
    let meant = meant.map(|it| it.0);
    let near = meant.map(|it| format!("there is {it}{end}, which was probably meant"));
    if let Some(said) = said {
        let near = near.map(|it| format!("; {it}")).unwrap_or_default();
        let cause = format!("Its controller finds no Secret {wanted} ({said}){near}.");
        return Some(Doubt { severity: Severity::Warning, sure: confidence::WORDED, cause });
    }
    let cause = format!(
        "Nothing else here knows a Secret {wanted}, but {}; Secrets themselves are not read.",
        near?
    );
    let (severity, sure) = if end.is_empty() {
        (Severity::Notice, confidence::SYMPTOM)
    } else {
        (Severity::Warning, confidence::LIKELY)
    };
    Some(Doubt { severity, sure, cause })
}

/// Nothing speaks for it, and nothing against it.
fn unknown(wanted: &str) -> Doubt {
    let cause = format!(
        "Nothing else here knows a Secret {wanted}: no pod, certificate or other Ingress names it; whether it is there \
         nobody can say, for Secrets are not read; without it the controller serves a certificate of its own."
    );
    Doubt { severity: Severity::Notice, sure: confidence::UNSEEN, cause }
}

/// The known Secret that was probably meant, and whether it is for one of these hosts.
fn meant<'k>(wanted: &str, hosts: &BTreeSet<&str>, known: &Known<'k>) -> Option<(&'k str, bool)> {
    let sure = || known.iter().filter(|it| ENOUGH <= it.1.weight);
    let is_for = |it: &Mention<'_>| hosts.iter().any(|host| it.hosts.contains(host));
    let near = near_miss(wanted, sure().map(|it| *it.0)).filter(|it| is_slip(wanted, it));
    if let Some((name, mention)) = near.and_then(|it| known.get_key_value(it.as_str())) {
        return Some((*name, is_for(mention)));
    }
    let mut same = sure().filter(|it| it.1.is_made && is_for(it.1));
    let only = same.next().filter(|_| same.next().is_none())?;
    Some((*only.0, true))
}

/// The words of an event of the Ingress that say that the Secret is not there.
fn said(ingress: &Ingress, wanted: &str, scene: &Scene<'_>) -> Option<String> {
    let about = subject("Ingress", &ingress.metadata);
    let events = scene.events(&about).iter().filter(|it| scene.is_recent(it));
    let mut messages = events.filter_map(|it| it.message.as_deref());
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-.".contains(it);
    let found = messages.find(|it| {
        let words = it.to_lowercase();
        let mut names = it.split(|it| !is_part(it)).map(|it| it.trim_end_matches('.'));
        names.any(|it| it == wanted)
            && words.contains("secret")
            && ABSENT.iter().any(|it| words.contains(it))
    });
    found.map(|it| quoted(it, scene))
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
        let of_volumes = volumes.filter_map(|it| {
            let secret = it.secret.as_ref()?;
            Some((secret.secret_name.as_deref()?, secret.optional))
        });
        let containers = spec.containers.iter();
        let variables = containers.flat_map(|it| it.env.iter().flatten());
        let of_variables = variables.filter_map(|it| {
            let secret = it.value_from.as_ref()?.secret_key_ref.as_ref()?;
            Some((secret.name.as_str(), secret.optional))
        });
        for (name, optional) in of_volumes.chain(of_variables) {
            // What a pod can do without is named here, and not proven to be there.
            let weight = if optional == Some(true) { 0 } else { ENOUGH };
            known.entry(name).or_default().weight += weight;
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
        known.is_made = true;
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
