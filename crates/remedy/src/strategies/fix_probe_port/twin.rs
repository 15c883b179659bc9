//! A path by which another workload with the same image is ready.

use types::{ContainerFacts, Edit, Evidence, ProbeFacts, Risk, SlipFacts, SlipKind};

/// How the field ends that holds the path of a probe.
const PATH: &str = "/httpGet/path";
/// The longest path that is looked at.
const MAX_PATH: usize = 100;

/// The edit, who has to say yes, and what shows that it is right.
pub(crate) struct OfTwin<'a> {
    pub(crate) edit: &'a Edit,
    pub(crate) risk: Risk,
    pub(super) shown_by: &'a str,
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

fn is_plain(path: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "/-_.".contains(it);
    path.starts_with('/') && path.len() <= MAX_PATH && path.chars().all(is_letter)
}
