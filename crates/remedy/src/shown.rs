//! A yes that stays one: the plan of now, where the pods of a job went on since it was shown.

mod requests;

use types::{Action, Evidence, FixPlan, Kind, Step, Strategy, Subresource};

/// The plan that was shown, as it is carried out now, where what has changed since is no reason to ask again:
/// requests for which there is a little more or less room, and the higher limit of a CronJob one of whose pods came
/// or went. `None` where the plan of now is about something else.
pub fn as_shown(shown: &FixPlan, now: &FixPlan, evidence: &Evidence) -> Option<FixPlan> {
    requests::as_shown(shown, now, evidence).or_else(|| limit_as_shown(shown, now, evidence))
}

/// The same edit of the template of a CronJob, and no more in its pods than was shown of some of them: each run has
/// others.
fn limit_as_shown(shown: &FixPlan, now: &FixPlan, evidence: &Evidence) -> Option<FixPlan> {
    let is_of_limit =
        matches!(now.strategy, Strategy::RaiseMemoryLimit { .. } | Strategy::RaiseCpuLimit { .. });
    let is_same_fix = shown.strategy == now.strategy && shown.risk == now.risk;
    if !is_of_limit || !is_same_fix || evidence.subject.kind != Kind::CronJob {
        return None;
    }
    let (template, pods) = shown.steps.split_first()?;
    let (is, of_now) = now.steps.split_first()?;
    let is_same = template.target.is_same_life(&is.target) && template.action == is.action;
    let is_edit = matches!(is.action, Action::Edit(_)) && is.target == evidence.subject;
    let was_shown = |it: &&Step| {
        it.subresource == Some(Subresource::Resize)
            && pods.iter().any(|pod| pod.action == it.action)
    };
    let steps = [is].into_iter().chain(of_now.iter().filter(was_shown)).cloned().collect();
    (is_same && is_edit).then(|| FixPlan { steps, ..now.clone() })
}
