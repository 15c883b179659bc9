//! A policy that keeps pods from asking for names, or name servers that are down, explain who cannot resolve any.

use types::{Finding, Subject};

use crate::survey::host::is_lookup_unanswered;
use crate::survey::policy_blocks_lookups::blocker;
use crate::survey::scene::{Scene, is_over, is_ready, subject};

/// Where the name servers of a cluster are, whatever program they run.
const SPACE: &str = "kube-system";
const NAME: &str = "kube-dns";

/// What keeps the pods of a workload from getting an answer for a name.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    if !is_lookup_unanswered(finding, scene) {
        return vec![];
    }
    let policy = blocker(finding, scene).map(|it| subject("NetworkPolicy", &it.metadata));
    policy.into_iter().chain(servers(scene)).collect()
}

/// The name servers, where none is ready.
fn servers(scene: &Scene<'_>) -> Vec<Subject> {
    let service = scene.service(SPACE, NAME);
    let selector = service.and_then(|it| it.spec.as_ref()?.selector.as_ref());
    let Some(selector) = selector else { return vec![] };
    let pods = scene.pods_with(SPACE, selector);
    if pods.iter().any(|it| is_ready(it) && !is_over(it)) {
        return vec![];
    }
    let mut roots: Vec<_> = pods.iter().map(|it| scene.root_of(it)).collect();
    roots.sort();
    roots.dedup();
    [Subject::new("Service", SPACE, NAME)].into_iter().chain(roots).collect()
}
