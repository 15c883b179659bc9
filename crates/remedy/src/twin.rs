//! What another workload with the same image shows: a path by which it is ready, or a request with which it runs.

use types::{ContainerFacts, Edit, Evidence, ProbeFacts, Risk, SlipFacts, SlipKind};

use crate::amount::Resource;

/// How the field ends that holds the path of a probe.
const PATH: &str = "/httpGet/path";
/// The longest path that is looked at.
const MAX_PATH: usize = 100;

/// The edit, who has to say yes, and what shows that it is right.
pub(crate) struct OfTwin<'a> {
    pub(crate) edit: &'a Edit,
    pub(crate) risk: Risk,
    pub(crate) shown_by: &'a str,
}

/// What a slip in the path of this probe says, where the server knows no such path. Unasked where nothing else is
/// known to be told to the two.
pub(crate) fn of_twin<'a>(
    evidence: &'a Evidence,
    container: &ContainerFacts,
    probe: &ProbeFacts,
    field: &str,
) -> Option<OfTwin<'a>> {
    let is_missed = probe.failure.as_deref().is_some_and(|it| it.contains("statuscode: 404"));
    if !is_missed || probe.host.is_some() {
        return None;
    }
    let is_it = |it: &&SlipFacts| is_of_path(it) && it.container == container.name;
    evidence.slips.iter().filter(is_it).find_map(|slip| {
        let [edit] = slip.edits.as_slice() else { return None };
        let from = edit.from.as_ref()?.as_str()?;
        let to = edit.to.as_ref()?.as_str()?;
        let is_ours = edit.path.as_str() == field && Some(from) == probe.path.as_deref();
        let risk = if slip.alike { Risk::Auto } else { Risk::Ask };
        (is_ours && from != to && is_plain(to)).then_some(OfTwin {
            edit,
            risk,
            shown_by: &slip.shown_by,
        })
    })
}

/// Whether the slip is one of the path of a probe: these are written here, and nowhere else shown.
pub(crate) fn is_of_path(slip: &SlipFacts) -> bool {
    slip.kind == SlipKind::Probe && slip.path.ends_with(PATH)
}

/// Whether the edit puts, in the place of a request that no node has, the one with which another workload runs the
/// same image.
pub(crate) fn is_alike(edit: &Edit, evidence: &Evidence) -> bool {
    let names: Vec<String> = edit.path.names().collect();
    let [.., list, resource] = names.as_slice() else { return false };
    let Some(resource) = Resource::named(resource).filter(|_| list == "requests") else {
        return false;
    };
    let nodes = evidence.nodes.as_ref();
    let largest = nodes.map(|it| match resource {
        Resource::Memory => it.largest_memory,
        Resource::Cpu => it.largest_cpu,
    });
    let to = edit.to.as_ref().and_then(serde_json::Value::as_str);
    let amount = to.and_then(|it| resource.value(&types::Quantity(it.to_owned())));
    let is_told = |it: &&SlipFacts| {
        it.alike && matches!(it.kind, SlipKind::Unit | SlipKind::Amount) && it.edits.contains(edit)
    };
    let slip = evidence.slips.iter().find(is_told);
    let container = slip.and_then(|it| evidence.container(&it.container));
    let old = container.and_then(|it| {
        let given = it.given_requests.iter().find(|it| it.resource == resource.name());
        let given = given.filter(|it| it.default_of.is_some()).map(|it| &it.amount);
        resource.stated(it).0.or(given).and_then(|it| resource.value(it))
    });
    match (amount, old, largest) {
        (Some(amount), Some(old), Some(largest)) => {
            0 < amount && amount <= largest && largest < old
        }
        (_, _, _) => false,
    }
}

fn is_plain(path: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "/-_.".contains(it);
    path.starts_with('/') && path.len() <= MAX_PATH && path.chars().all(is_letter)
}
