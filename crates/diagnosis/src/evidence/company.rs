//! Beside whom the pods of a template must stand, or must not, and among whom they are spread: by the labels that
//! say so.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use types::{DemandFacts, Edit, FieldPath, SlipFacts, SlipKind};

use crate::near_miss::near_miss;
use crate::survey::selects;
use crate::{Objects, Redactor};

/// Terms of a template that are looked at: nobody writes more by hand.
const MAX_TERMS: usize = 50;
/// What a scheduler says where no pod is there that a pod wants to stand beside.
const NO_COMPANY: &str = "didn't match pod affinity rules";
/// What it says where the pods cannot be spread as is wanted.
const NO_SPREAD: &str = "pod topology spread constraints";

type Labels = BTreeMap<String, String>;

/// Whom a term is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Pods that must be there.
    Company,
    /// Pods that must not be there.
    Strangers,
    /// Those that are counted where pods are spread.
    Spread,
}

/// A term that has to hold.
struct Term<'s> {
    about: About,
    selector: &'s LabelSelector,
    /// Where the selector stands.
    path: FieldPath,
    /// Whether it is about pods of its own namespace alone.
    is_at_home: bool,
}

/// A label that nobody has, and what was probably meant.
struct Wrong {
    /// `app=redis-chache`
    wanted: String,
    /// `app=redis-cache`
    meant: String,
    edits: Vec<Edit>,
}

/// Facts of the terms: of a spread only where a label is wrong.
pub(super) fn demands(objects: &Objects, spec: &PodSpec, path: &FieldPath) -> Vec<DemandFacts> {
    let of = terms(objects, spec, path).into_iter().filter_map(|term| {
        let (value, path, near) = match (wrong(objects, &term), &term.selector.match_labels) {
            (Some(it), _) => (it.wanted, it.edits.first()?.path.to_string(), Some(it.meant)),
            (None, Some(labels)) if term.about != About::Spread => {
                let own = if objects.root.takes(labels) { ", as its own pods have" } else { "" };
                let shown = labels.iter().map(|(key, value)| format!("{key}={value}"));
                let shown = shown.collect::<Vec<_>>().join(",");
                (format!("{shown}{own}"), term.path.to_string(), None)
            }
            (None, _) => return None,
        };
        Some(DemandFacts { path, value, exists: None, near_miss: near })
    });
    of.collect()
}

/// The labels that are wrong, where a pod waits for that.
pub(super) fn slips(objects: &Objects, redactor: &Redactor) -> Vec<SlipFacts> {
    let (Some(spec), Some(path)) = (objects.root.pod_spec(), objects.root.kind().pod_spec_path())
    else {
        return vec![];
    };
    let said: Vec<&str> = objects.pods.iter().filter_map(|it| unschedulable(it)).collect();
    let waits = |words: &str| said.iter().any(|it| it.contains(words));
    let is_due = |it: &Term<'_>| match it.about {
        About::Company => waits(NO_COMPANY),
        About::Strangers => false,
        About::Spread => waits(NO_SPREAD),
    };
    let due = terms(objects, spec, &path).into_iter().filter(is_due);
    let slips = due.filter_map(|term| {
        let Wrong { wanted, meant, edits } = wrong(objects, &term)?;
        let shown_by = match term.about {
            About::Company | About::Strangers => format!(
                "No pod of the namespace has {wanted}, one has {meant}, and nothing else is as near."
            ),
            About::Spread => {
                format!("Its own pods have {meant} and not {wanted}, so they are not counted.")
            }
        };
        Some(SlipFacts {
            container: String::new(),
            kind: SlipKind::Label,
            path: edits.first()?.path.to_string(),
            config_map: None,
            shown_by: redactor.redact(&shown_by),
            alike: false,
            edits,
        })
    });
    slips.collect()
}

/// What the scheduler says of a pod that has no node.
pub(super) fn unschedulable(pod: &Pod) -> Option<&str> {
    let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
    let found = conditions.find(|it| it.type_ == "PodScheduled" && it.status == "False")?;
    found.message.as_deref()
}

fn terms<'s>(objects: &Objects, spec: &'s PodSpec, path: &FieldPath) -> Vec<Term<'s>> {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let own = objects.root.object_ref().namespace;
    let affinity = spec.affinity.as_ref();
    let apart = affinity.and_then(|it| it.pod_anti_affinity.as_ref());
    let apart =
        apart.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref());
    let near = affinity.and_then(|it| it.pod_affinity.as_ref());
    let near =
        near.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref());
    let is_at_home = |it: &PodAffinityTerm| {
        let spaces = it.namespaces.as_deref().unwrap_or_default();
        it.namespace_selector.is_none() && spaces.iter().all(|it| *it == own)
    };
    let of_list = |name: &str, about: About, terms: Option<&'s [PodAffinityTerm]>| {
        let path = path.child("affinity").child(name).child(REQUIRED);
        let terms = terms.unwrap_or_default().iter().enumerate();
        let of = terms.filter_map(|(at, it)| {
            let selector = it.label_selector.as_ref()?;
            let path = path.index(at).child("labelSelector");
            Some(Term { about, selector, path, is_at_home: is_at_home(it) })
        });
        of.collect::<Vec<_>>()
    };
    let spread = spec.topology_spread_constraints.iter().flatten().enumerate();
    let spread = spread.filter(|it| it.1.when_unsatisfiable == "DoNotSchedule");
    let spread = spread.filter_map(|(at, it)| {
        let path = path.child("topologySpreadConstraints").index(at).child("labelSelector");
        let selector = it.label_selector.as_ref()?;
        Some(Term { about: About::Spread, selector, path, is_at_home: true })
    });
    let apart = of_list("podAntiAffinity", About::Strangers, apart).into_iter();
    let near = of_list("podAffinity", About::Company, near);
    apart.chain(near).chain(spread).take(MAX_TERMS).collect()
}

/// The one label of the term that keeps it from all pods that it can be about, with the one that was probably
/// meant. Whom pods are kept apart from need not be there.
fn wrong(objects: &Objects, term: &Term<'_>) -> Option<Wrong> {
    let pods: Vec<&Labels> = match term.about {
        About::Strangers => return None,
        // Who does not count himself may as well stand anywhere.
        About::Spread => objects.root.pod_labels().into_iter().collect(),
        About::Company => {
            objects.namespace_pods.iter().filter_map(|it| it.metadata.labels.as_ref()).collect()
        }
    };
    let takes = |labels: Option<&Labels>| selects(term.selector, labels);
    // A workload that has no pod yet may be waited for.
    let is_to_come = term.about == About::Company
        && (objects.workloads.iter().any(|it| takes(it.pod_labels()))
            || takes(objects.root.pod_labels()));
    if !term.is_at_home || is_to_come || pods.iter().any(|it| takes(Some(it))) {
        return None;
    }
    let mut found = wanted(term).into_iter().filter_map(|it| it.wrong(&pods));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// A label that a selector wants, and the selector without it.
struct Wanted<'s> {
    key: &'s str,
    value: &'s str,
    rest: LabelSelector,
    /// The expression that wants it; none for a plain label, whose field is called as the label is.
    expression: Option<FieldPath>,
    labels: FieldPath,
}

fn wanted<'s>(term: &Term<'s>) -> Vec<Wanted<'s>> {
    let labels = term.path.child("matchLabels");
    let plain = term.selector.match_labels.iter().flatten().map(|(key, value)| {
        let mut rest = term.selector.clone();
        rest.match_labels.iter_mut().for_each(|it| drop(it.remove(key)));
        Wanted { key, value, rest, expression: None, labels: labels.clone() }
    });
    let expressions = term.selector.match_expressions.iter().flatten().enumerate();
    let chosen = expressions.filter_map(|(at, it)| {
        let [value] = it.values.as_deref().filter(|_| it.operator == "In")? else { return None };
        let mut rest = term.selector.clone();
        rest.match_expressions.iter_mut().for_each(|it| drop(it.remove(at)));
        let path = term.path.child("matchExpressions").index(at);
        let labels = labels.clone();
        Some(Wanted { key: &it.key, value, rest, expression: Some(path), labels })
    });
    plain.chain(chosen).take(MAX_TERMS).collect()
}

impl Wanted<'_> {
    /// What was meant, among the labels of the pods that have all the others.
    fn wrong(&self, pods: &[&Labels]) -> Option<Wrong> {
        let Self { key, value, .. } = *self;
        let pods = pods.iter().filter(|it| selects(&self.rest, Some(it)));
        let labels: BTreeSet<(&str, &str)> =
            pods.flat_map(|it| it.iter()).map(|it| (it.0.as_str(), it.1.as_str())).collect();
        let values = labels.iter().filter(|it| it.0 == key).map(|it| it.1);
        let keys = labels.iter().filter(|it| it.1 == value).map(|it| it.0);
        let edit = |path: FieldPath, from: &str, to: &str| Edit {
            path,
            from: Some(from.into()),
            to: Some(to.into()),
        };
        let wanted = format!("{key}={value}");
        // Another number is another one.
        let digits = |it: &str| it.chars().filter(char::is_ascii_digit).collect::<String>();
        let near = near_miss(value, values).filter(|it| digits(it) == digits(value));
        if let Some(near) = near {
            let path = match &self.expression {
                Some(it) => it.child("values").index(0),
                None => self.labels.child(key),
            };
            let meant = format!("{key}={near}");
            return Some(Wrong { wanted, meant, edits: vec![edit(path, value, &near)] });
        }
        let near = near_miss(key, keys)?;
        let edits = match &self.expression {
            Some(it) => vec![edit(it.child("key"), key, &near)],
            None => vec![
                Edit { path: self.labels.child(key), from: Some(value.into()), to: None },
                Edit { path: self.labels.child(&near), from: None, to: Some(value.into()) },
            ],
        };
        Some(Wrong { wanted, meant: format!("{near}={value}"), edits })
    }
}
