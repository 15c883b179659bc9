//! Which name a reference may hold instead, and who has to say yes to it. The plans and the guard both ask it.

mod meant;

use types::{Edit, Evidence, Kind, ReferenceFacts, ReferenceKind, Risk};

pub(crate) use self::meant::{is_turned_round, of_kind, synonym};
use crate::near::{
    are_siblings, are_swapped, are_written_alike, differ_at_the_end, differ_by_an_ending, is_slip,
};
use crate::revision;

/// The longest name that Kubernetes gives to anything, and the longest key of a label.
const MAX_NAME_LENGTH: usize = 317;

/// Priority classes of the system begin so; no pod of anybody else gets one.
pub(crate) const OF_THE_SYSTEM: &str = "system-";

/// Labels that say where or what a node is: another one is another place, however alike they are.
const PLACES: [&str; 8] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
];

/// What kubelets call the architecture and the system of their node: Go's names for those that Kubernetes is built
/// for (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch>), and for those that
/// it may be.
const ARCHITECTURES: [&str; 10] =
    ["386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x"];

const SYSTEMS: [&str; 6] = ["linux", "windows", "darwin", "freebsd", "openbsd", "netbsd"];

/// Whether an earlier revision that was ready had `near` in this very field, where now `wrong` stands: what the
/// workload read, or where it ran, as it worked. Claims, schedulers, classes and accounts are never taken on that word,
/// nor are the revisions of a `CronJob`: whoever makes a job in its name says what it was made from.
pub(crate) fn was_so(
    reference: &ReferenceFacts,
    (wrong, near): (&str, &str),
    evidence: &Evidence,
) -> bool {
    let may_return = match reference.kind {
        ReferenceKind::ConfigMap
        | ReferenceKind::Secret
        | ReferenceKind::NodeLabelKey
        | ReferenceKind::NodeLabelValue => true,
        ReferenceKind::Claim
        | ReferenceKind::ServiceAccount
        | ReferenceKind::PriorityClass
        | ReferenceKind::RuntimeClass
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler => false,
    };
    let leads_back = |it: &Edit| {
        it.path.as_str() == reference.path
            && it.from.as_ref().is_some_and(|it| it == wrong)
            && it.to.as_ref().is_some_and(|it| it == near)
    };
    let is_kept_by_controller =
        matches!(evidence.subject.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    may_return
        && is_kept_by_controller
        && revision::earlier(evidence).any(|it| it.was_ready && it.edits.iter().any(leads_back))
}

/// Who has to say yes to `near` in the place of `wrong`; advice is for nobody to carry out.
pub(crate) fn risk_of_reference(
    reference: &ReferenceFacts,
    (wrong, near): (&str, &str),
    evidence: &Evidence,
) -> Risk {
    if was_so(reference, (wrong, near), evidence) {
        return Risk::Auto;
    }
    let is_place = |key: Option<&str>| key.is_none_or(|it| PLACES.contains(&it));
    let needs_a_yes = match reference.kind {
        ReferenceKind::ServiceAccount | ReferenceKind::RuntimeClass => return Risk::Advice,
        ReferenceKind::Claim
        | ReferenceKind::ResourceClaim
        | ReferenceKind::ResourceClaimTemplate
        | ReferenceKind::Scheduler => true,
        ReferenceKind::PriorityClass => !are_written_alike(wrong, near),
        ReferenceKind::ConfigMap | ReferenceKind::Secret => {
            // The Secrets of a namespace may be several people's, and which of two was meant decides who gets what.
            let is_secret = reference.kind == ReferenceKind::Secret && !reference.is_about_key();
            let is_shared = reference.vouched.is_some() && of_kind(reference) == Some(near);
            if is_turned_round(reference, near) {
                return Risk::Auto;
            }
            reference.belongs_to.is_some()
                || !is_slip(wrong, near) && !is_shared
                || is_secret && differ_by_an_ending(wrong, near)
        }
        ReferenceKind::NodeLabelKey => differ_at_the_end(wrong, near),
        ReferenceKind::NodeLabelValue if is_no_machine(reference.key.as_deref(), wrong) => {
            return Risk::Auto;
        }
        ReferenceKind::NodeLabelValue => {
            is_place(reference.key.as_deref()) || differ_at_the_end(wrong, near)
        }
    };
    let is_other = are_siblings(wrong, near) || are_swapped(wrong, near);
    if needs_a_yes || is_other { Risk::Ask } else { Risk::Auto }
}

/// Whether no node anywhere can be of this architecture or system, so that nothing but a slip can be meant.
fn is_no_machine(key: Option<&str>, wrong: &str) -> bool {
    match key {
        Some("kubernetes.io/arch") => !ARCHITECTURES.contains(&wrong),
        Some("kubernetes.io/os") => !SYSTEMS.contains(&wrong),
        _ => false,
    }
}

/// Letters that names and keys are made of; the key of a label may have a domain before a slash.
pub(crate) fn is_name(name: &str, kind: ReferenceKind) -> bool {
    let bare = match (kind, name.split_once('/')) {
        (ReferenceKind::NodeLabelKey, Some((domain, rest))) if !domain.is_empty() => rest,
        _ => name,
    };
    let domain = name.strip_suffix(bare).unwrap_or_default().trim_end_matches('/');
    let is_plain = |it: &str| it.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it));
    !bare.is_empty() && name.len() <= MAX_NAME_LENGTH && is_plain(bare) && is_plain(domain)
}
