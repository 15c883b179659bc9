//! A higher limit: which fields that edits, and where it is written.

use serde_json::Value;
use types::{
    Action, ContainerFacts, ContainerRole, Edit, Evidence, FailedFix, FixPlan, Kind, PodFacts,
    Quantity, Risk, Step, Strategy, Subresource,
};

use crate::amount::Resource;
use crate::place;
use crate::room::{self, Raise};

/// From this minor version on the API server resizes pods where they run (KEP-1287), and lets a memory limit also
/// become smaller again, which an undo needs.
const MEMORY_RESIZES_SINCE: u32 = 34;
/// CPU limits could be lowered in place from the beginning.
const CPU_RESIZES_SINCE: u32 = 33;
/// Pods that one plan resizes; with the edit itself a plan has at most three steps.
const MAX_RESIZES: usize = 2;

/// Less than this part more than what was too little is not worth an attempt.
const LEAST_PART: u64 = 10;

/// Why what was resized where it runs is not resized to still more.
const IN_VAIN: &str = "A higher one was written where it runs, in vain: a container that is not running at that moment may never get it.";

/// What is raised to what.
pub(crate) struct Wanted<'a> {
    pub(crate) container: &'a ContainerFacts,
    pub(crate) resource: Resource,
    pub(crate) amount: u64,
}

/// Whom the plan is for, and why.
pub(crate) struct Words {
    pub(crate) strategy: Strategy,
    pub(crate) risk: Risk,
    pub(crate) because: String,
}

impl Wanted<'_> {
    /// Whether nothing that is known stands against it.
    pub(crate) fn has_room(&self, evidence: &Evidence) -> bool {
        let is_below_cap = room::cap(self.resource, evidence).is_none_or(|it| self.amount <= it);
        let (request, limit) = room::amounts(self.resource, self.container);
        let request = if request == limit { self.amount } else { request };
        let raise = Raise {
            container: self.container,
            resource: self.resource,
            limit: self.amount,
            request,
        };
        is_below_cap && room::room_for(&raise, evidence).is_ok()
    }

    /// Whether it is more than what was too little, and at most double of that; and no more than one write may give.
    pub(crate) fn is_next(&self, evidence: &Evidence) -> bool {
        let (_, old) = room::amounts(self.resource, self.container);
        let known = self.too_little(evidence).unwrap_or(0).max(old);
        let least = known.saturating_add(known / LEAST_PART);
        let most = known.saturating_mul(2).min(old.saturating_mul(self.resource.most_times()));
        known < self.amount && least <= self.amount && self.amount <= most
    }

    /// The most that a fix wrote on this very spec and that was too little.
    fn too_little(&self, evidence: &Evidence) -> Option<u64> {
        if !place::has_editable_template(evidence.subject.kind) {
            // What was only resized where it runs may never have come into force.
            return None;
        }
        let path = place::container_path(evidence.subject.kind, self.container)?;
        let path = path.child("resources").child("limits").child(self.resource.name());
        let failed = self.failed(evidence);
        let amount = |edit: &Edit| {
            let text = edit.to.as_ref().and_then(Value::as_str)?;
            self.resource.value(&Quantity(text.to_owned()))
        };
        failed.flat_map(|it| &it.edits).filter(|it| it.path == path).filter_map(amount).max()
    }

    /// The fixes that raised it on this very spec and after which its fault was there again.
    fn failed<'e>(&self, evidence: &'e Evidence) -> impl Iterator<Item = &'e FailedFix> {
        let strategy = self.resource.strategy();
        evidence.failed.iter().filter(move |it| {
            it.again
                && it.spec_hash == evidence.workload.spec_hash
                && it.strategy.starts_with(strategy)
        })
    }

    /// The plan: in the template, in the pods that a template does not reach, or to be read.
    pub(crate) fn plan(&self, words: Words, evidence: &Evidence) -> Option<FixPlan> {
        let Words { strategy, risk, because } = words;
        let kind = evidence.subject.kind;
        let in_template = self.edits(kind, Stated::Only)?;
        let steps = match kind {
            Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::CronJob => self.in_template(evidence, in_template),
            Kind::Pod | Kind::Job if self.failed(evidence).next().is_some() => {
                let because = format!("{because} {IN_VAIN}");
                return Some(place::advice(strategy, &because, evidence, in_template));
            }
            Kind::Pod if self.container.role == ContainerRole::App => vec![Step {
                target: evidence.subject.clone(),
                subresource: Some(Subresource::Resize),
                action: Action::Edit(in_template),
            }],
            // A pod of a job that ended is not started again; one whose container is has its resources changed.
            Kind::Job => {
                let steps = self.resizes(evidence);
                if steps.is_empty() {
                    return Some(place::advice(strategy, &because, evidence, in_template));
                }
                steps
            }
            Kind::Pod => return Some(place::advice(strategy, &because, evidence, in_template)),
            Kind::Node | Kind::Service | Kind::PersistentVolumeClaim | Kind::ConfigMap => {
                return None;
            }
        };
        Some(FixPlan { strategy, risk, because, steps })
    }

    fn in_template(&self, evidence: &Evidence, edits: Vec<Edit>) -> Vec<Step> {
        // The job that a CronJob made before keeps the pods that it has.
        let stay = place::pods_stay(evidence) || evidence.subject.kind == Kind::CronJob;
        // What is down may never get its new limit, and the next run has the template: nothing else would prove it
        // sooner.
        let is_down = self.container.state.running_since.is_none();
        let is_awaited = evidence.subject.kind == Kind::CronJob && place::runs_soon(evidence);
        let resizes =
            if stay && !(is_awaited && is_down) { self.resizes(evidence) } else { vec![] };
        if resizes.is_empty() {
            return place::in_template(evidence, edits);
        }
        let edit = Step {
            target: evidence.subject.clone(),
            subresource: None,
            action: Action::Edit(edits),
        };
        [edit].into_iter().chain(resizes).collect()
    }

    /// The same in the pods that run and are broken; nothing where the API server cannot do that.
    fn resizes(&self, evidence: &Evidence) -> Vec<Step> {
        let since = match self.resource {
            Resource::Memory => MEMORY_RESIZES_SINCE,
            Resource::Cpu => CPU_RESIZES_SINCE,
        };
        let is_able = evidence.kubernetes_minor.is_some_and(|it| since <= it);
        if !is_able || self.container.role != ContainerRole::App {
            return vec![];
        }
        let Some(edits) = self.edits(Kind::Pod, Stated::OrDefault) else { return vec![] };
        let broken = evidence.pods.iter().filter(|it| is_alive(it)).take(MAX_RESIZES);
        let resize = |it| {
            let action = Action::Edit(edits.clone());
            place::on_pod(evidence, it, Some(Subresource::Resize), action)
        };
        broken.map(resize).collect()
    }

    /// The limit, and the request that equals it: so the pod keeps its quality of service.
    fn edits(&self, kind: Kind, request: Stated) -> Option<Vec<Edit>> {
        let resources = place::container_path(kind, self.container)?.child("resources");
        let new = self.resource.quantity(self.amount);
        let written = |list: &str, old: Option<&Quantity>, new: &Quantity| {
            let path = resources.child(list).child(self.resource.name());
            place::edit(path, old.map(|it| it.0.clone().into()), new.0.clone())
        };
        let (stated, stated_limit) = self.resource.stated(self.container);
        let (asked, limit) = self.resource.held(self.container);
        let limit = limit?;
        let is_equal = |it: &&Quantity| it.thousandths() == limit.thousandths();
        let (old_limit, request) = match request {
            Stated::Only => (stated_limit, stated),
            Stated::OrDefault => (Some(limit), asked.or(Some(limit))),
        };
        let equal = request.filter(is_equal).map(|it| written("requests", Some(it), &new));
        // What states a limit and no request requests its limit: the one that a limit range gave is kept by stating it.
        let kept = asked.filter(|it| old_limit.is_none() && stated.is_none() && !is_equal(it));
        let kept = kept.map(|it| written("requests", None, it));
        let limit = written("limits", old_limit, &new);
        Some([Some(limit), equal, kept].into_iter().flatten().collect())
    }
}

/// What counts as a request: a pod has one where its template leaves it to the default, which is the limit.
#[derive(Clone, Copy)]
enum Stated {
    Only,
    OrDefault,
}

/// A broken pod whose containers are started again where it is.
pub(crate) fn is_alive(pod: &PodFacts) -> bool {
    place::is_broken(pod) && pod.phase == "Running" && pod.scheduled
}

/// Whether only words of the container speak for it: it runs, and did not end for memory.
pub(crate) fn is_told_alone(container: &ContainerFacts) -> bool {
    let state = &container.state;
    state.running_since.is_some() && state.last_exit.as_deref() != Some("OOMKilled")
}

/// Whether the strategy sets what containers ask for, as a vertical autoscaler does.
pub(crate) fn sets_amounts(strategy: &Strategy) -> bool {
    matches!(
        strategy,
        Strategy::RaiseMemoryLimit { .. }
            | Strategy::RaiseCpuLimit { .. }
            | Strategy::LowerRequests
    )
}

/// Whether the plan raises a limit because of words alone, or for what may take any amount: no policy may let a machine
/// do that.
pub(crate) fn is_unsure(plan: &FixPlan, evidence: &Evidence) -> bool {
    let Strategy::RaiseMemoryLimit { halves } = plan.strategy else { return false };
    let edits = plan.steps.iter().flat_map(|it| match &it.action {
        Action::Edit(edits) => edits.as_slice(),
        Action::Evict | Action::Restart => &[],
    });
    let is_written = |it: &ContainerFacts| {
        let path = place::container_path(evidence.subject.kind, it);
        path.is_some_and(|path| edits.clone().any(|it| it.path.is_within(&path)))
    };
    let is_unsure = |it: &ContainerFacts| is_told_alone(it) || it.fills_memory.is_some();
    halves != Strategy::AS_MEANT
        && evidence.containers.iter().any(|it| is_unsure(it) && is_written(it))
}
