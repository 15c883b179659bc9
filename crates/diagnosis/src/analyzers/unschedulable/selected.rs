//! The nodes with the labels that a pod selects are the ones with a taint that it does not tolerate.

use types::{Clue, Evidence, Kind};

use super::MAX_NAMED;
use crate::scheduling::Reason;

/// What keeps a pod from a node by that node's taints, and by its labels.
const TAINTED: [&str; 2] = ["untolerated taint", "were unschedulable"];
const UNLIKE: &str = "didn't match Pod's node affinity/selector";
/// The taint of a node that is cordoned.
const CORDON: &str = "node.kubernetes.io/unschedulable";
/// Taints that the cluster itself puts on nodes and takes away: nobody tolerates them by hand.
const OWN: &str = "node.kubernetes.io/";

/// That it is so, where nothing else keeps the pod away and the nodes themselves show it: as the end of a sentence, and
/// where it stands. A DaemonSet wants no pod on such a node.
pub(super) fn kept(reasons: &[Reason<'_>], evidence: &Evidence) -> Option<(String, Vec<Clue>)> {
    let nodes = evidence.nodes.as_ref()?;
    let selected = nodes.selected.as_ref()?;
    let is_tainted = |it: &Reason<'_>| TAINTED.iter().any(|mark| it.words.contains(mark));
    let is_alone = reasons.iter().all(|it| is_tainted(it) || it.words.contains(UNLIKE));
    let is_said = is_alone && reasons.iter().any(is_tainted);
    if !is_said || evidence.subject.kind == Kind::DaemonSet {
        return None;
    }
    let taints = selected.taints.iter().map(|it| bare(it));
    let (cordons, taints): (Vec<_>, Vec<_>) = taints.partition(|it| *it == CORDON);
    let shown = taints.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(" and ");
    let what = match taints.as_slice() {
        [_] => format!("the taint {shown}, which it does not tolerate"),
        [..] => format!("taints that it does not tolerate: {shown}"),
    };
    let total = nodes.total;
    let all = "with all the labels that it selects";
    let (who, is, and, has) = match selected.nodes {
        1 => (
            format!("the only one of {total} nodes {all}, {},", selected.first),
            "is",
            "and",
            "has",
        ),
        many => (format!("the {many} of {total} nodes {all}"), "are", "or", "have"),
    };
    let words = match (cordons.is_empty(), taints.is_empty()) {
        (false, true) => format!("{who} {is} cordoned"),
        (false, false) => format!("{who} {is} cordoned {and} {has} {what}"),
        (true, _) => format!("{who} {has} {what}"),
    };
    let tolerations = evidence.subject.kind.pod_spec_path().map(|it| it.child("tolerations"));
    let field = tolerations.filter(|_| taints.iter().any(|it| !it.starts_with(OWN)));
    let field = field.map(|it| Clue::new(it.to_string(), &format!("none for {shown}")));
    let fact = match selected.nodes {
        1 => format!("Node {}.spec.taints", selected.first),
        _ => "nodes.selected.taints".to_owned(),
    };
    let of_nodes = Clue::new(fact, &selected.taints.join(", "));
    Some((words, field.into_iter().chain([of_nodes]).collect()))
}

/// The taint without its effect.
fn bare(taint: &str) -> &str {
    taint.rsplit_once(':').map_or(taint, |it| it.0)
}
