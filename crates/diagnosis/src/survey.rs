//! The survey of a whole cluster: what is wrong with objects that are no workloads, and what causes what.
//!
//! The registry of its rules: one a file, each a function from the scene to findings. Workloads have
//! rules of their own, in `analyzers`; [`of_workload`] makes findings of what those say.

mod scene;
mod words;
mod json;
mod slip;
mod mend;
mod port_meant;
mod traffic;
mod workload;
mod edges;
mod elsewhere;
mod reach;
mod limit_range;
mod missed;
mod host;
mod rivals;
mod rollout_without_room;
mod rollout_takes_all;
mod rights;
mod schedule;
mod volume_fit;
mod fold;
mod circles;
mod accept;
mod k8sgpt;
mod filter;
mod told_why;
mod service_port_mismatch;
mod service_without_endpoints;
mod load_balancer_pending;
mod ingress_class_missing;
mod ingress_backend_missing;
mod ingress_rules_collide;
mod ingress_secret_missing;
mod certificate_not_ready;
mod gateway_not_ready;
mod route_not_accepted;
mod policy_age;
mod policy_blocks_traffic;
mod policy_blocks_lookups;
mod policy_blocks_needs;
mod policy_broken;
mod policy_denies_all;
mod policy_selects_nothing;
mod webhook_unavailable;
mod access_forbidden;
mod node_not_ready;
mod node_pressure;
mod stateful_set_reference_missing;
mod workload_without_pods;
mod selectors_overlap;
mod rollout_waits;
mod restarts_often;
mod pull_secret_missing;
mod probe_cannot_ask;
mod at_limit;
mod at_cpu_limit;
mod at_memory_limit;
mod resize_pending;
mod pods_not_as_template;
mod config_outdated;
mod config_map_broken;
mod pods_preempted;
mod delivery_failing;
mod cron_job_failing;
mod stuck_terminating;
mod config_map_unused;
mod quota_exhausted;
mod autoscaler_cannot_scale;
mod autoscaler_at_limit;
mod scaled_object_not_ready;
mod monitor_not_ready;
mod storage_class_ambiguous;
mod storage_class_binds_early;
mod volume_not_usable;
mod volume_freed;
mod volume_small;
mod claim_not_bound;
mod expansion_pending;
mod budget_blocks_eviction;
mod controller_complains;
mod pod_not_confined;
mod default_account_used;
mod rights_too_wide;

use types::{AnyFault, Diagnosis, Evidence, Finding, ObjectRef, Subject};

pub use accept::{accept, accepted_trouble};
pub use access_forbidden::tells_of_refusals;
pub use claim_not_bound::{ClaimAnew, claims_anew};
pub use config_map_broken::told_of_keys;
pub use filter::asked_for;
pub(crate) use host::has_port;
pub use reach::reach;
pub(crate) use scene::selects;
pub use service_without_endpoints::service_address;
pub use told_why::{are_about_claims, are_about_webhooks, told_why};
pub(crate) use traffic::facts as traffic_facts;
pub use volume_freed::{VolumeFreed, volumes_freed};
pub use workload::of_workload;

use crate::{Redactor, Snapshot};
use scene::Scene;

/// What one rule finds wrong.
type Rule = fn(&Scene<'_>) -> Vec<Finding>;

/// Causes before symptoms; the order of findings of equal severity.
const ALL: &[Rule] = &[
    node_not_ready::survey,
    node_pressure::survey,
    quota_exhausted::survey,
    storage_class_ambiguous::survey,
    volume_not_usable::survey,
    stateful_set_reference_missing::survey,
    claim_not_bound::survey,
    expansion_pending::survey,
    workload_without_pods::survey,
    selectors_overlap::survey,
    rollout_waits::survey,
    restarts_often::survey,
    pull_secret_missing::survey,
    access_forbidden::survey,
    service_port_mismatch::survey,
    service_without_endpoints::survey,
    webhook_unavailable::survey,
    load_balancer_pending::survey,
    ingress_class_missing::survey,
    ingress_backend_missing::survey,
    ingress_rules_collide::survey,
    certificate_not_ready::survey,
    ingress_secret_missing::survey,
    gateway_not_ready::survey,
    route_not_accepted::survey,
    policy_blocks_needs::survey,
    policy_blocks_traffic::survey,
    policy_blocks_lookups::survey,
    policy_broken::survey,
    policy_selects_nothing::survey,
    policy_denies_all::survey,
    budget_blocks_eviction::survey,
    autoscaler_cannot_scale::survey,
    autoscaler_at_limit::survey,
    scaled_object_not_ready::survey,
    monitor_not_ready::survey,
    probe_cannot_ask::survey,
    at_cpu_limit::survey,
    at_memory_limit::survey,
    resize_pending::survey,
    pods_not_as_template::survey,
    config_map_broken::survey,
    config_outdated::survey,
    pods_preempted::survey,
    delivery_failing::survey,
    cron_job_failing::survey,
    stuck_terminating::survey,
    config_map_unused::survey,
    volume_small::survey,
    storage_class_binds_early::survey,
    rights_too_wide::survey,
    default_account_used::survey,
    pod_not_confined::survey,
];

/// What is wrong with the objects of a cluster, the worst first. `workloads` are the findings of the
/// workloads' own rules; what another finding explains is told there, and not for itself.
pub fn survey(snapshot: &Snapshot, workloads: Vec<Finding>, redactor: &Redactor) -> Vec<Finding> {
    let scene = Scene::new(snapshot, workloads, redactor);
    let apart = |it: Finding| scene.apart(it);
    let found = found(&scene).into_iter().map(apart).collect();
    let found = k8sgpt::with_clues(fold::fold(found), &scene).into_iter().map(apart).collect();
    mend::kept(found, &scene)
}

/// What is wrong in this scene, each finding for itself, with what causes it.
fn found(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: Vec<_> = ALL.iter().flat_map(|rule| rule(scene)).collect();
    let workloads = scene.workload_findings.iter().cloned();
    let workloads = workloads.filter(|it| !host::waits_for_a_start(it, scene));
    let workloads = workloads.filter(|it| !edges::waits_for_work(it, scene));
    let workloads = workloads.map(|it| edges::with_job(it, scene));
    let named = workloads.map(|it| limit_range::named(it, scene));
    let named = named.map(|it| elsewhere::named(it, scene));
    let named = named.map(|it| pods_not_as_template::named(it, scene));
    let lost = pods_preempted::lost(scene);
    let named = named.map(|it| pods_preempted::named(it, &lost));
    let named = named.map(|it| rivals::named(host::named(it, scene), scene));
    let named = named.map(|it| rollout_without_room::named(it, scene));
    let named = named.map(|it| rollout_takes_all::named(it, scene));
    found.extend(named.map(|it| edges::with_causes(it, scene)));
    let found = circles::told(found, scene);
    let found = missed::told_once(cron_job_failing::told_once(found));
    let found = policy_denies_all::told_once(found);
    let mut found = workload_without_pods::told_last(found);
    found.extend(controller_complains::survey(&found, scene));
    found.extend(k8sgpt::unknown_to(&found, scene));
    found
}

/// What explains the trouble of a workload from beyond it: the objects at which a scan of what stands around it would
/// tell that trouble, by the same rules. `others` is what is known to be wrong beside it.
pub fn causes_beyond(
    around: &Snapshot,
    (evidence, diagnoses): (&Evidence, &[Diagnosis]),
    others: Vec<Finding>,
    redactor: &Redactor,
) -> Vec<Subject> {
    // Of a Service only what nothing else explains is told as its own.
    if evidence.service.is_some() {
        return vec![];
    }
    let about = Subject::from(&evidence.subject);
    let mut workloads = of_workload(evidence, diagnoses);
    workloads.extend(others);
    fold::roots(&about, &found(&Scene::new(around, workloads, redactor)))
}

/// What a workload suffers from that its own rules cannot see, from what stands around it; `workload` are their
/// findings. Far less than a survey: what a policy keeps it from, which of its probes cannot ask, and which of the
/// claims that it waits for are not bound.
pub fn beside(
    around: &Snapshot,
    about: &ObjectRef,
    workload: Vec<Finding>,
    redactor: &Redactor,
) -> Vec<Finding> {
    let about = Subject::from(about);
    let scene = Scene::new(around, workload, redactor);
    let probes = probe_cannot_ask::survey(&scene).into_iter().filter(|it| it.subject == about);
    let mounted: Vec<_> = scene.pods_of(&about).iter().flat_map(|it| edges::claims(it)).collect();
    let claims = claim_not_bound::survey(&scene).into_iter();
    let claims = claims.filter(|it| mounted.contains(&it.subject));
    let blocked = policy_blocks_lookups::survey(&scene).into_iter();
    let blocked = blocked.chain(policy_blocks_needs::survey(&scene));
    fold::fold(blocked.chain(probes).chain(claims).collect())
}

/// What is wrong with a workload by its own rules, with the cause beyond it where that is known from what stands
/// around it: for those who read the diagnoses before all findings. What is offered does not hang on it.
pub fn explained(
    around: &Snapshot,
    evidence: &Evidence,
    diagnoses: Vec<Diagnosis>,
    redactor: &Redactor,
) -> Vec<Diagnosis> {
    if evidence.service.is_some() {
        return diagnoses;
    }
    let own = of_workload(evidence, &diagnoses);
    let scene = Scene::new(around, own.clone(), redactor);
    let pairs = diagnoses.into_iter().zip(&own);
    pairs.map(|(it, finding)| policy_blocks_lookups::explained(it, finding, &scene)).collect()
}

/// Shorthand for the rules.
fn cluster(fault: types::ClusterFault) -> AnyFault {
    AnyFault::Cluster(fault)
}
