//! What speaks for a name that is meant with another word for its kind: `rates-config` for `rates-cfg`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use types::ReferenceKind;

use super::alike::stem;
use super::{Known, Reference, names};
use crate::Root;
use crate::evidence::belonging;
use crate::near_miss::are_of_same_words;

/// Names shorter than this begin too many others.
const MIN_CHARS: usize = 3;

impl Known<'_> {
    /// The ready workload of the same group that takes its configuration from there; of a claim, that nobody uses it.
    pub(super) fn vouched(&self, it: &Reference, meant: &str) -> Option<String> {
        match it.kind {
            ReferenceKind::ConfigMap => self.shared_by(it, meant),
            ReferenceKind::Claim => self.is_free(meant).then(|| "it is used by nobody".to_owned()),
            ReferenceKind::Secret
            | ReferenceKind::ServiceAccount
            | ReferenceKind::PriorityClass
            | ReferenceKind::RuntimeClass
            | ReferenceKind::ResourceClaim
            | ReferenceKind::ResourceClaimTemplate
            | ReferenceKind::Scheduler
            | ReferenceKind::NodeLabelKey
            | ReferenceKind::NodeLabelValue => None,
        }
    }

    fn shared_by(&self, it: &Reference, meant: &str) -> Option<String> {
        let mut maps = self.objects.config_maps.iter().flatten();
        let map = maps.find(|map| map.name == meant)?;
        // Whoever wants a key that is not there is none of its readers.
        if it.key.as_ref().is_some_and(|key| !map.keys.contains(key)) {
            return None;
        }
        let own = if is_turned_round(it, meant) { meant } else { &it.name };
        let stem = stem(own, it.kind);
        let root = &self.objects.root;
        let is_reader = |other: &&Root| {
            is_well(other)
                && names(other.pod_spec(), it.kind, meant)
                && is_of_group(other, root, &stem)
        };
        let reader = self.objects.workloads.iter().find(is_reader)?;
        let object = reader.object_ref();
        Some(format!("{} {}, which is ready, refers to it", object.kind, object.name))
    }

    /// Whether neither a workload nor a pod of the namespace, nor a template of claims, has to do with this claim.
    fn is_free(&self, claim: &str) -> bool {
        let kind = ReferenceKind::Claim;
        let in_use = |it: &Arc<Pod>| names(it.spec.as_ref(), kind, claim);
        let objects = self.objects;
        !objects.namespace_pods.iter().chain(&objects.pods).any(in_use)
            && !objects
                .workloads
                .iter()
                .any(|it| names(it.pod_spec(), kind, claim) || makes(it, claim))
    }
}

/// Whether a ConfigMap is called by the same words in another order.
pub(super) fn is_turned_round(it: &Reference, near: &str) -> bool {
    it.kind == ReferenceKind::ConfigMap && are_of_same_words(&it.name, near)
}

/// Whether a set makes claims of its own that are called so: scaled down, it keeps them for its next pod.
fn makes(root: &Root, claim: &str) -> bool {
    let Root::StatefulSet(set) = root else { return false };
    let templates = set.spec.iter().flat_map(|it| it.volume_claim_templates.iter().flatten());
    let set = set.metadata.name.as_deref().unwrap_or_default();
    let mut begins = templates.filter_map(|it| it.metadata.name.as_deref());
    begins.any(|it| claim.starts_with(&format!("{it}-{set}-")))
}

/// Whether all of its pods are of its present template and ready, and there is one.
fn is_well(root: &Root) -> bool {
    let (wanted, ready, updated, seen) = match root {
        Root::Deployment(it) => {
            let Some(status) = &it.status else { return false };
            // With a pod of the former template still there it is that one that may be ready.
            let old = status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0);
            let ready = status.ready_replicas.unwrap_or(0) - old.max(0);
            let wanted = it.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
            (wanted, ready, status.updated_replicas.unwrap_or(0), status.observed_generation)
        }
        Root::StatefulSet(it) => {
            let Some(status) = &it.status else { return false };
            let wanted = it.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
            let updated = status.updated_replicas.unwrap_or(0);
            (wanted, status.ready_replicas.unwrap_or(0), updated, status.observed_generation)
        }
        Root::DaemonSet(it) => {
            let Some(status) = &it.status else { return false };
            let updated = status.updated_number_scheduled.unwrap_or(0);
            let wanted = status.desired_number_scheduled;
            (wanted, status.number_ready, updated, status.observed_generation)
        }
        Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Pod(_) | Root::Service(_) => {
            return false;
        }
    };
    let is_seen = root.metadata().generation.is_none_or(|it| seen.is_some_and(|seen| it <= seen));
    1 <= wanted && wanted <= ready && wanted <= updated && is_seen
}

/// Whether both are parts of one application: by what they say, or by their names, of which one goes on where the
/// other ends or which both begin with what the configuration is called after. What says that it is another team's
/// is not.
fn is_of_group(other: &Root, root: &Root, stem: &str) -> bool {
    let marks = |it: &Root| {
        let template = it.template_metadata().map(belonging::whose).unwrap_or_default();
        let mut marks = belonging::whose(it.metadata());
        marks.extend(template);
        marks.retain(|key, _| belonging::is_of_team(key));
        marks
    };
    let (theirs, own) = (marks(other), marks(root));
    if belonging::stranger(&theirs, root).is_some() {
        return false;
    }
    let is_part =
        theirs.iter().any(|(key, value)| key.ends_with("part-of") && own.get(key) == Some(value));
    let name = |it: &Root| it.metadata().name.clone().unwrap_or_default();
    let (theirs, own) = (name(other), name(root));
    let goes_on = |long: &str, short: &str| {
        let rest = long.strip_prefix(short);
        MIN_CHARS <= short.chars().count()
            && rest.is_some_and(|it| it.is_empty() || it.starts_with('-'))
    };
    is_part
        || goes_on(&theirs, &own)
        || goes_on(&own, &theirs)
        || goes_on(&theirs, stem) && goes_on(&own, stem)
}
