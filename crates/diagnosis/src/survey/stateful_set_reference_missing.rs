//! A StatefulSet names a Service or a storage class that is not there.
//!
//! ## What it looks for
//! The Service that gives its pods their names, and the storage class of each of its claim templates; the near miss
//! that exists is named. The claims that it made hang on it. A Service that is missing is a warning where somebody
//! needs the names that it would give: a template or the last words of a workload name one as a host, pods of the set
//! are not ready, or a headless Service is called nearly so. Otherwise it is a notice: a set runs without one.
//!
//! ## What it does not see
//! A Service that is there and takes other pods. Hosts in ConfigMaps and Secrets, which a survey does not read, and in
//! arguments where those are not kept.

mod needed;

use k8s_openapi::api::apps::v1::StatefulSet;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, name, namespace, subject};
use super::words::{going_on, made_anew, missing};
use crate::Root;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut sets: Vec<_> = stateful_sets(scene).collect();
    sets.sort_by_key(|it| (namespace(&it.metadata), name(&it.metadata)));
    // The class first: it is what the pods' trouble comes from.
    sets.into_iter()
        .flat_map(|it| classes(it, scene).into_iter().chain(service(it, scene)))
        .collect()
}

/// The StatefulSet whose template made this claim: `data-db-0` of `db` with the template `data`.
pub(super) fn maker(claim: &Subject, scene: &Scene<'_>) -> Option<Subject> {
    let made = |set: &&StatefulSet| {
        let templates = set.spec.iter().flat_map(|it| it.volume_claim_templates.iter().flatten());
        templates.into_iter().any(|it| {
            let begin = format!("{}-{}-", name(&it.metadata), name(&set.metadata));
            let ordinal = claim.name.strip_prefix(begin.as_str());
            ordinal.is_some_and(|it| it.parse::<u32>().is_ok())
        })
    };
    let here = stateful_sets(scene).filter(|it| namespace(&it.metadata) == claim.namespace);
    here.filter(made).map(|it| subject("StatefulSet", &it.metadata)).min()
}

fn stateful_sets<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a StatefulSet> {
    let workloads = scene.all.workloads.iter();
    workloads.filter_map(|it| if let Root::StatefulSet(it) = it { Some(&**it) } else { None })
}

fn service(set: &StatefulSet, scene: &Scene<'_>) -> Option<Finding> {
    scene.all.services.as_ref()?;
    let wanted = set.spec.as_ref()?.service_name.as_deref().filter(|it| !it.is_empty())?;
    let space = namespace(&set.metadata);
    if scene.service(space, wanted).is_some() {
        return None;
    }
    let names = scene.service_names(space);
    let cause = missing("Service", wanted, names.iter().map(String::as_str));
    let cause = cause.trim_end_matches('.');
    let cause = format!("{cause}; its pods have no names of their own in DNS");
    let need = needed::need(set, wanted, scene);
    let is_missed = need.is_some()
        || needed::is_unwell(set, scene)
        || needed::is_near_headless(wanted, space, scene);
    let severity = if is_missed { Severity::Warning } else { Severity::Notice };
    let words = match (&need, is_missed) {
        (Some(it), _) => {
            format!("; {} asks for {} ({}).", it.who, scene.redact(&it.host), it.by)
        }
        (None, true) => ".".to_owned(),
        (None, false) => "; nobody is known to ask for one.".to_owned(),
    };
    let finding = finding(set, severity, cause + &words, "/spec/serviceName", wanted);
    Some(match need {
        Some(it) => finding.clue(format!("{} {}", it.who, it.by), &scene.redact(&it.host)),
        None => finding,
    })
}

fn classes(set: &StatefulSet, scene: &Scene<'_>) -> Vec<Finding> {
    let (Some(classes), Some(volumes)) = (&scene.all.storage_classes, &scene.all.volumes) else {
        return vec![];
    };
    let of_volumes =
        volumes.iter().filter_map(|it| it.spec.as_ref()?.storage_class_name.as_deref());
    let names: Vec<_> = classes.iter().map(|it| name(&it.metadata)).chain(of_volumes).collect();
    let templates = set.spec.iter().flat_map(|it| it.volume_claim_templates.iter().flatten());
    let found = templates.enumerate().filter_map(|(index, template)| {
        let wanted = template.spec.as_ref()?.storage_class_name.as_deref();
        let wanted = wanted.filter(|it| !it.is_empty() && !names.contains(it))?;
        let cause = missing("storage class", wanted, names.iter().copied());
        let how = "delete the set with --cascade=orphan and its claims that are not bound, which hold nothing, and make it anew";
        let anew = made_anew("storageClassName", wanted, names.iter().copied(), how);
        let cause = going_on(&cause, &anew);
        let field = format!("/spec/volumeClaimTemplates/{index}/spec/storageClassName");
        Some(finding(set, Severity::Critical, cause, &field, wanted))
    });
    found.collect()
}

fn finding(
    set: &StatefulSet,
    severity: Severity,
    cause: String,
    field: &str,
    wanted: &str,
) -> Finding {
    let fault = cluster(ClusterFault::StatefulSetReferenceMissing);
    let about = subject("StatefulSet", &set.metadata);
    Finding::new(about, severity, fault, cause).clue(field, wanted).at(field)
}
