//! A certificate of cert-manager is not issued, has run out, or its issuer is not ready.
//!
//! ## What it looks for
//! A `Certificate` that has run out, that is not ready for minutes, or whose renewal is due for an hour and has failed,
//! with the time that is left: with the issuer that is not there and the near miss that is, or with cert-manager's own
//! words. An `Issuer` or `ClusterIssuer` that is not ready explains its certificates.
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
use crate::confidence;

/// How long an issue may take, in seconds: a proof over DNS takes minutes.
const PATIENCE_SECS: i64 = 600;
/// How long an issuer may take to be known to its authority, in seconds.
const ISSUER_SECS: i64 = 60;
/// How long a renewal may take that has failed before, in seconds: cert-manager tries again after an hour.
const RENEWAL_SECS: i64 = 3600;
/// The longest time that is told in hours, and the length of a day, in seconds.
const IN_HOURS_SECS: i64 = 2 * DAY_SECS;
const DAY_SECS: i64 = 24 * 3600;
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
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::WORDED);
    Some(finding.clue("conditions[Ready].reason", &quoted(text(condition, "/reason"), scene)))
}

fn of_certificate(certificate: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Certificate", certificate);
    let until: Option<Timestamp> = text(certificate, "/status/notAfter").parse().ok();
    let has_ended = until.is_some_and(|it| it <= scene.all.taken_at);
    let condition = failed(certificate, "Ready", PATIENCE_SECS, scene);
    let due = overdue(certificate, scene);
    if condition.is_none() && !has_ended && due.is_none() {
        return None;
    }
    let severity =
        if has_ended || until.is_none() { Severity::Critical } else { Severity::Warning };
    let lead = match (until, due) {
        (Some(until), _) if has_ended => format!("It has run out at {until}"),
        (Some(until), Some(_)) => {
            format!("It is not renewed, and runs out in {} (at {until})", left(until, scene))
        }
        (Some(_) | None, _) => String::new(),
    };
    let finding = |words: String| {
        let fault = cluster(ClusterFault::CertificateNotReady);
        let finding = Finding::new(about.clone(), severity, fault, after(&lead, &words));
        let due = due.filter(|_| !has_ended);
        due.into_iter().fold(finding, |finding, it| finding.clue("status.renewalTime", it))
    };
    let wanted = issuer_of(certificate, &about);
    if let Some(found) = without_issuer(certificate, &wanted, &finding, scene) {
        return Some(found);
    }
    // What failed is said where it is issued; that it is not ready says only that.
    let issuing = failed(certificate, "Issuing", 0, scene);
    let said = issuing.or(condition).map(|it| quoted(text(it, "/message"), scene));
    let said = said.unwrap_or_default();
    // Of an order without a reason cert-manager's sentence ends there.
    let said = said.trim_end_matches([':', ' ']);
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let finding = finding(format!("It is not issued{said}."));
    let finding = finding.clue("spec.secretName", text(certificate, "/spec/secretName"));
    Some(finding.because_of(wanted).sure(confidence::WORDED))
}

/// The sentence, after what is known before it.
fn after(lead: &str, words: &str) -> String {
    if lead.is_empty() {
        return words.to_owned();
    }
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    format!("{lead}; {}{}", first.unwrap_or_default(), letters.as_str())
}

/// Since when a certificate should be renewed, where that is long ago and was tried in vain.
fn overdue<'v>(certificate: &'v Value, scene: &Scene<'_>) -> Option<&'v str> {
    let due = text(certificate, "/status/renewalTime");
    let at: Timestamp = due.parse().ok()?;
    let tries = certificate.pointer("/status/failedIssuanceAttempts").and_then(Value::as_i64);
    // The condition is false after a success as well.
    let issuing = failed(certificate, "Issuing", 0, scene);
    let has_failed = issuing.is_some_and(|it| text(it, "/reason") != "Issued");
    let is_late = RENEWAL_SECS < scene.age_secs(Some(at));
    (is_late && (has_failed || 0 < tries.unwrap_or(0))).then_some(due)
}

/// `12 days`
fn left(until: Timestamp, scene: &Scene<'_>) -> String {
    let secs = -scene.age_secs(Some(until));
    let (count, unit) =
        if secs < IN_HOURS_SECS { (secs / 3600, "hour") } else { (secs / DAY_SECS, "day") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Whom a certificate names to issue it.
fn issuer_of(certificate: &Value, about: &Subject) -> Subject {
    let kind = match text(certificate, KIND) {
        "" => "Issuer",
        kind => kind,
    };
    let space = if kind == "ClusterIssuer" { "" } else { about.namespace.as_str() };
    Subject::new(kind, space, text(certificate, ISSUER))
}

/// The issuer is not there.
fn without_issuer(
    certificate: &Value,
    wanted: &Subject,
    finding: &dyn Fn(String) -> Finding,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let (kind, issuer) = (wanted.kind.as_str(), wanted.name.as_str());
    let is_ours = matches!(text(certificate, "/spec/issuerRef/group"), "" | GROUP);
    let issuers = scene.all.issuers.as_ref().filter(|_| is_ours && !issuer.is_empty())?;
    let known: Vec<_> = issuers.iter().map(|it| subject(text(it, "/kind"), it)).collect();
    if known.contains(wanted) {
        return None;
    }
    if let Some(other) = other_kind(wanted, text(certificate, "/metadata/namespace"), scene) {
        let words = format!(
            "There is no {kind} {issuer}; there is a {other} {issuer}, which was probably meant."
        );
        let finding = finding(words).clue(KIND, kind).at(KIND);
        // The API server may write the default down.
        let from = if kind == "Issuer" { "" } else { kind };
        return Some(mended(finding, from.into(), Some(other.into())));
    }
    let is_here = |it: &&Subject| it.kind == kind && it.namespace == wanted.namespace;
    let here = known.iter().filter(is_here).map(|it| it.name.as_str());
    let finding = finding(missing(kind, issuer, here.clone())).clue(ISSUER, issuer).at(ISSUER);
    Some(mended(finding, issuer.into(), meant(issuer, here)))
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
