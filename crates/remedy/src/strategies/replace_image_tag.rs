//! Put a tag of the same repository that is known to run, or else that the registry itself lists.
//!
//! ## When it helps
//! The tag does not exist: a typo, or an image that was never pushed. Tags of an own earlier revision
//! come first, then the ones nearest to the wanted tag. Where none ran here and the registry was asked, the one
//! tag that it has and that the wanted one is a plain slip of.
//!
//! ## When it does not
//! The repository is wrong, the registry asks for credentials, or is out of reach.
//!
//! ## Risk
//! Bound: registry and repository never change, and the tag was seen ready in this cluster, or is the one in the
//! registry's own list that was meant. Auto for a tag that ran here before, or that is at most two letters away
//! from the wanted one and runs in the same namespace and is no other version; else a person is asked: what runs in
//! another namespace is somebody else's word, another version than the one that was asked for may not do, and what
//! a registry lists never ran here: no policy lets that go unasked. Where a ConfigMap that the template names is
//! not there either, its one near miss is named in the same plan: alone, neither edit would let the container
//! start. The bounds of references hold for it, and so does what they ask of a person. Undo: the former image.
//! Verified by the pods' health over time. Attack: a name that smuggles in another registry, a line break or a
//! digest yields no plan.

use types::{
    Action, ContainerFacts, Diagnosis, Edit, Evidence, Fault, FixPlan, Kind, Risk, Step, Strategy,
};

use super::fix_reference;
use crate::image::{Image, is_tag};
use crate::near::{TYPO_DISTANCE, distance, is_another_version};
use crate::place;
use crate::pull::{is_pulled, meant_tag, passes_by_itself};

/// More candidates than an incident has attempts would never be tried.
const MAX_CANDIDATES: usize = 3;
/// A tag of the container's repository that is known to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// First by this: whether it did not run in an own earlier revision.
    is_foreign: bool,
    /// Then by this: letters between it and the wanted tag.
    distance: usize,
    tag: String,
    /// Whether it runs in another namespace, or nowhere here.
    is_far: bool,
    /// Whether nothing but the registry's own list speaks for it.
    is_listed: bool,
}

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let Some(container) = failing(diagnosis, evidence) else { return vec![] };
    candidates(diagnosis, container, evidence)
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter_map(|it| plan_for(diagnosis, evidence, container, &it))
        .collect()
}

/// The container whose registry may know more: its image is not there, and no tag of its repository is known to run.
pub fn unknown_image<'a>(
    diagnoses: &[Diagnosis],
    evidence: &'a Evidence,
) -> Option<&'a ContainerFacts> {
    let diagnosis = diagnoses.iter().find(|it| it.fault == Fault::ImageNotFound)?;
    let container = failing(diagnosis, evidence)?;
    (known(container, evidence).is_empty() && is_pulled(container)).then_some(container)
}

/// The plan for this very tag, when it is known to run and the diagnosis calls for another tag.
pub(crate) fn with_tag(tag: &str, diagnoses: &[Diagnosis], evidence: &Evidence) -> Option<FixPlan> {
    diagnoses.iter().find_map(|diagnosis| {
        let container = failing(diagnosis, evidence)?;
        let mut candidates = candidates(diagnosis, container, evidence).into_iter();
        let candidate = candidates.find(|it| it.tag == tag)?;
        plan_for(diagnosis, evidence, container, &candidate)
    })
}

/// The tags that could be asked for, best first.
pub(crate) fn known_tags(diagnoses: &[Diagnosis], evidence: &Evidence) -> Vec<String> {
    let failing = diagnoses.iter().find_map(|it| Some((it, failing(it, evidence)?)));
    failing.map_or(vec![], |(diagnosis, container)| {
        let candidates = candidates(diagnosis, container, evidence).into_iter();
        candidates.map(|it| it.tag).take(MAX_CANDIDATES).collect()
    })
}

/// The container whose image is to blame.
fn failing<'a>(diagnosis: &Diagnosis, evidence: &'a Evidence) -> Option<&'a ContainerFacts> {
    let container = place::container(diagnosis, evidence)?;
    let is_to_blame = matches!(diagnosis.fault, Fault::ImageNotFound | Fault::InvalidImageName)
        || diagnosis.fault == Fault::ImageNotPullable && !passes_by_itself(container);
    is_to_blame.then_some(container)
}

/// What is known to run; where nothing is, what the registry lists.
fn candidates(
    diagnosis: &Diagnosis,
    container: &ContainerFacts,
    evidence: &Evidence,
) -> Vec<Candidate> {
    let known = known(container, evidence);
    if !known.is_empty() || diagnosis.fault != Fault::ImageNotFound {
        return known;
    }
    listed(container, evidence).into_iter().collect()
}

/// The tag in the registry's own list that was meant. The list was read over the network: what it says is checked here.
fn listed(container: &ContainerFacts, evidence: &Evidence) -> Option<Candidate> {
    let wanted = Image::parse(&container.image)?;
    let tag = meant_tag(container, &wanted, evidence)?;
    Some(Candidate {
        is_foreign: true,
        distance: distance(wanted.tag?, tag),
        tag: tag.to_owned(),
        is_far: true,
        is_listed: true,
    })
}

fn known(container: &ContainerFacts, evidence: &Evidence) -> Vec<Candidate> {
    let Some(wanted) = Image::parse(&container.image) else { return vec![] };
    let wanted_tag = wanted.wanted_tag();
    let mut candidates: Vec<Candidate> = evidence
        .images
        .iter()
        .filter_map(|known| {
            let image = Image::parse(&known.image)?;
            // A digest names more than its tag: put alone, the tag might be another image.
            let tag = image.tag.filter(|it| is_tag(it) && image.digest.is_none())?;
            let is_another = tag != wanted_tag || wanted.digest.is_some();
            (is_another && wanted.is_same_repository(&image)).then(|| Candidate {
                is_foreign: !known.own,
                distance: distance(wanted_tag, tag),
                tag: tag.to_owned(),
                is_far: !known.own && namespace(&known.seen_in) != evidence.subject.namespace,
                is_listed: false,
            })
        })
        .collect();
    candidates.sort();
    let mut seen: Vec<String> = vec![];
    candidates.retain(|it| {
        let is_new = !seen.contains(&it.tag);
        seen.push(it.tag.clone());
        is_new
    });
    candidates
}

/// The namespace in `Deployment shop/web`; empty when there is none.
fn namespace(seen_in: &str) -> &str {
    seen_in.split_whitespace().nth(1).and_then(|it| it.split_once('/')).map_or("", |it| it.0)
}

fn plan_for(
    diagnosis: &Diagnosis,
    evidence: &Evidence,
    container: &ContainerFacts,
    candidate: &Candidate,
) -> Option<FixPlan> {
    let repository = Image::parse(&container.image)?.repository;
    let image = format!("{repository}:{}", candidate.tag);
    let strategy = Strategy::ReplaceImageTag { new_tag: candidate.tag.clone() };
    let because = if candidate.is_listed {
        format!("The registry has {image}, and nothing else there is as near; it never ran here.")
    } else if candidate.is_foreign {
        format!("{image} runs ready elsewhere in the cluster.")
    } else {
        format!("{image} ran ready here before.")
    };
    let wanted = Image::parse(&container.image)?.wanted_tag();
    let is_version = is_another_version(wanted, &candidate.tag);
    let is_meant = !candidate.is_far && candidate.distance <= TYPO_DISTANCE && !is_version;
    let is_sure = !candidate.is_listed && (!candidate.is_foreign || is_meant);
    let risk =
        if is_sure && diagnosis.fault != Fault::ImageNotPullable { Risk::Auto } else { Risk::Ask };

    let steps = steps(evidence, container, &image)?;
    Some(fix_reference::beside(FixPlan { strategy, risk, because, steps }, evidence))
}

/// In the template; in the live pod where there is no template to edit; in both for a CronJob, whose
/// present job would wait for its image for ever.
fn steps(evidence: &Evidence, container: &ContainerFacts, image: &str) -> Option<Vec<Step>> {
    let kind = evidence.subject.kind;
    let replaced = |kind: Kind| -> Option<Vec<Edit>> {
        let path = place::container_path(kind, container)?.child("image");
        Some(vec![place::edit(path, Some(container.image.clone().into()), image)])
    };
    let in_pod = || -> Option<Step> {
        let pod = place::live_pod(evidence, container)?;
        Some(place::on_pod(evidence, pod, None, Action::Edit(replaced(Kind::Pod)?)))
    };
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            Some(place::in_template(evidence, replaced(kind)?))
        }
        Kind::CronJob => {
            let mut steps = place::in_template(evidence, replaced(kind)?);
            steps.extend(in_pod());
            Some(steps)
        }
        Kind::Pod => Some(vec![Step {
            target: evidence.subject.clone(),
            subresource: None,
            action: Action::Edit(replaced(kind)?),
        }]),
        Kind::Job => Some(vec![in_pod()?]),
        Kind::Node | Kind::Service | Kind::PersistentVolumeClaim | Kind::ConfigMap => None,
    }
}
