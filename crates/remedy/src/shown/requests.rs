//! Requests that a person was shown lowered, once the room is a little different.

use types::{Action, ContainerRole, Edit, Evidence, FixPlan, Quantity, Step, Strategy};

use crate::amount::Resource;
use crate::place;
use crate::room::{asked, free_on_nodes};

/// The plan that was shown, as it is carried out now: where room has changed since, it stands as long as it still fits.
/// `None` where it does not, or where the plan of now is about something else.
pub(super) fn as_shown(shown: &FixPlan, now: &FixPlan, evidence: &Evidence) -> Option<FixPlan> {
    let is_of_requests =
        shown.strategy == Strategy::LowerRequests && now.strategy == shown.strategy;
    if !is_of_requests || shown.steps.len() != now.steps.len() || now.risk != shown.risk {
        return None;
    }
    let steps = shown.steps.iter().zip(&now.steps).map(|(was, is)| {
        let is_same = was.target.is_same_life(&is.target) && was.subresource == is.subresource;
        let still_fits = match (&was.action, &is.action) {
            (Action::Edit(was), Action::Edit(is)) => fits(was, is, evidence),
            (was, is) => was == is,
        };
        (is_same && still_fits).then(|| Step { target: is.target.clone(), ..was.clone() })
    });
    let steps = steps.collect::<Option<Vec<_>>>()?;
    Some(FixPlan { steps, ..shown.clone() })
}

fn fits(was: &[Edit], is: &[Edit], evidence: &Evidence) -> bool {
    let is_one = |was: &Edit, is: &Edit| {
        was.path == is.path
            && was.from == is.from
            && (was.to == is.to || is_no_more(was, is) || has_room(was, evidence))
    };
    was.len() == is.len() && was.iter().zip(is).all(|(was, is)| is_one(was, is))
}

/// What of a request is written, and how much.
fn amount(edit: &Edit) -> Option<(Resource, u64)> {
    let resource = Resource::named(edit.path.as_str().rsplit('/').next()?)?;
    let text = edit.to.as_ref()?.as_str()?;
    Some((resource, resource.value(&Quantity(text.to_owned()))?))
}

fn is_no_more(was: &Edit, is: &Edit) -> bool {
    amount(was).zip(amount(is)).is_some_and(|(was, is)| was.0 == is.0 && was.1 <= is.1)
}

/// Whether a node has room for the whole pod with this request.
fn has_room(edit: &Edit, evidence: &Evidence) -> bool {
    let is_of_nodes = evidence.pods.iter().any(|it| it.unschedulable.is_some());
    let room = || {
        let (resource, amount) = amount(edit)?;
        let (free, _) = free_on_nodes(resource, evidence.nodes.as_ref()?);
        let apps = evidence.containers.iter().filter(|it| it.role == ContainerRole::App);
        let all = apps.map(|it| {
            let path = place::container_path(evidence.subject.kind, it);
            let is_its = path.is_some_and(|path| edit.path.is_within(&path));
            if is_its { Some(amount) } else { asked(resource, it) }
        });
        let total = all.sum::<Option<u64>>()?;
        Some(total <= free)
    };
    is_of_nodes && room().unwrap_or(false)
}
