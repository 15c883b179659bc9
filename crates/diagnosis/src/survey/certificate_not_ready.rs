//! A certificate of cert-manager is not issued, has run out, or its issuer is not ready.
//!
//! ## What it looks for
//! A `Certificate` that has run out, or that is not ready for minutes: with the issuer that is not there and the near
//! miss that is, or with cert-manager's own words. An `Issuer` or `ClusterIssuer` that is not ready explains its
//! certificates.
//!
//! ## What it does not see
//! Certificates that are in Secrets without cert-manager: Secrets are never read. The orders and challenges of ACME.

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::json::{list, subject, text};
use super::mend::mended;
use super::scene::Scene;
use super::words::{meant, missing, quoted};

/// How long an issue may take, in seconds: a proof over DNS takes minutes.
const PATIENCE_SECS: i64 = 600;
/// How long an issuer may take to be known to its authority, in seconds.
const ISSUER_SECS: i64 = 60;
/// The group of cert-manager's own issuers.
const GROUP: &str = "cert-manager.io";
/// The field that says of what kind the issuer is.
const KIND: &str = "/spec/issuerRef/kind";
/// The field that names the issuer.
const ISSUER: &str = "/spec/issuerRef/name";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let issuers = scene.all.issuers.iter().flatten();
    let issuers = issuers.filter_map(|it| of_issuer(it, scene));
    let certificates = scene.all.certificates.iter().flatten();
    issuers.chain(certificates.filter_map(|it| of_certificate(it, scene))).collect()
}

/// A condition of an object that is false, unless that is news.
fn failed<'v>(
    object: &'v Value,
    type_: &str,
    patience: i64,
    scene: &Scene<'_>,
) -> Option<&'v Value> {
    let conditions = list(object, "/status/conditions").iter();
    let mut false_ones =
        conditions.filter(|it| text(it, "/type") == type_ && text(it, "/status") == "False");
    let found = false_ones.next()?;
    let since: Option<Timestamp> = text(found, "/lastTransitionTime").parse().ok();
    (since.is_none() || patience <= scene.age_secs(since)).then_some(found)
}

fn of_issuer(issuer: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let condition = failed(issuer, "Ready", ISSUER_SECS, scene)?;
    let about = subject(text(issuer, "/kind"), issuer);
    let said = quoted(text(condition, "/message"), scene);
    let cause = format!("It cannot issue certificates: {said}.");
    let fault = cluster(ClusterFault::CertificateNotReady);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(0.9);
    Some(finding.clue("conditions[Ready].reason", &quoted(text(condition, "/reason"), scene)))
}

fn of_certificate(certificate: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Certificate", certificate);
    let finding = |severity, cause: String| {
        let fault = cluster(ClusterFault::CertificateNotReady);
        Finding::new(about.clone(), severity, fault, cause)
    };
    let until: Option<Timestamp> = text(certificate, "/status/notAfter").parse().ok();
    let has_ended = until.is_some_and(|it| it <= scene.all.taken_at);
    let condition = failed(certificate, "Ready", PATIENCE_SECS, scene);
    if condition.is_none() && !has_ended {
        return None;
    }
    let severity =
        if has_ended || until.is_none() { Severity::Critical } else { Severity::Warning };
    let ended = until.filter(|_| has_ended).map(|it| format!("It has run out at {it}. "));
    let ended = ended.unwrap_or_default();
    let kind = match text(certificate, KIND) {
        "" => "Issuer",
        kind => kind,
    };
    let issuer = text(certificate, ISSUER);
    let is_ours = matches!(text(certificate, "/spec/issuerRef/group"), "" | GROUP);
    let space = if kind == "ClusterIssuer" { "" } else { about.namespace.as_str() };
    let wanted = Subject::new(kind, space, issuer);
    let issuers = scene.all.issuers.as_ref().filter(|_| is_ours && !issuer.is_empty());
    let mut known = issuers.into_iter().flatten().map(|it| subject(text(it, "/kind"), it));
    if issuers.is_some() && !known.any(|it| it == wanted) {
        if let Some(other) = other_kind(&wanted, &about.namespace, scene) {
            let words = format!(
                "There is no {kind} {issuer}; there is a {other} {issuer}, which was probably meant."
            );
            let finding = finding(severity, format!("{ended}{words}")).clue(KIND, kind).at(KIND);
            // The API server may write the default down.
            let from = if kind == "Issuer" { "" } else { kind };
            return Some(mended(finding, from.into(), Some(other.into())));
        }
        let here = issuers.into_iter().flatten().map(|it| subject(text(it, "/kind"), it));
        let here: Vec<_> = here.filter(|it| it.kind == kind && it.namespace == space).collect();
        let words = missing(kind, issuer, here.iter().map(|it| it.name.as_str()));
        let finding = finding(severity, format!("{ended}{words}"));
        let finding = finding.clue(ISSUER, issuer).at(ISSUER);
        let meant = meant(issuer, here.iter().map(|it| it.name.as_str()));
        return Some(mended(finding, issuer.into(), meant));
    }
    // What failed is said where it is issued; that it is not ready says only that.
    let issuing = failed(certificate, "Issuing", 0, scene);
    let said = issuing.or(condition).map(|it| quoted(text(it, "/message"), scene));
    let said = said.filter(|it| !it.is_empty()).map(|it| format!(": {it}")).unwrap_or_default();
    let finding = finding(severity, format!("{ended}It is not issued{said}."));
    let finding = finding.clue("spec.secretName", text(certificate, "/spec/secretName"));
    Some(finding.because_of(wanted).sure(0.9))
}

/// The other kind of issuer, where one of it has the name that is wanted.
fn other_kind(wanted: &Subject, space: &str, scene: &Scene<'_>) -> Option<&'static str> {
    let (other, space) = match wanted.kind.as_str() {
        "Issuer" => ("ClusterIssuer", ""),
        "ClusterIssuer" => ("Issuer", space),
        _ => return None,
    };
    let meant = Subject::new(other, space, &*wanted.name);
    let mut known = scene.all.issuers.iter().flatten();
    known.any(|it| subject(text(it, "/kind"), it) == meant).then_some(other)
}
