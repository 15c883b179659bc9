//! The unit of an amount: `512Gi` for `512Mi`, `250` cores for `250m`, `256m` of memory for `256Mi`.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::Value;
use types::{Edit, Quantity, SlipKind};

use super::Slip;
use crate::Root;
use crate::evidence::failing::Failing;
use crate::evidence::images::repository;
use crate::evidence::room;

/// The units that are taken for one another, each with the next smaller one.
const UNITS: [(&str, &str); 6] =
    [("Pi", "Ti"), ("Ti", "Gi"), ("Gi", "Mi"), ("P", "T"), ("T", "G"), ("G", "M")];
/// How many times more than the largest node has nobody asks for in earnest.
pub(super) const FAR: u64 = 30;
/// Of which resources.
const RESOURCES: [&str; 2] = ["memory", "cpu"];
/// Where amounts stand, what is asked for first.
const LISTS: [&str; 2] = ["requests", "limits"];

/// More is asked for than any node has, and the same number in the next smaller unit is what others of this image
/// ask for; or it is so much more that it cannot be meant.
pub(super) fn too_large(failing: &Failing<'_>) -> Option<Slip> {
    RESOURCES.into_iter().find_map(|it| of(failing, it))
}

/// So little memory that nothing can run in it: its unit is another one. What is limited stands before what is
/// requested.
pub(super) fn too_small(failing: &Failing<'_>) -> Option<Slip> {
    let largest = room::largest(failing.objects, "memory").unwrap_or(u64::MAX);
    let edits = ["limits", "requests"].into_iter().filter_map(|list| {
        let asked = stated(failing.container, list, "memory")?;
        let meant = Quantity(asked.to_owned()).memory_meant()?;
        let fits = meant.units().is_some_and(|it| it <= largest);
        fits.then(|| Edit {
            path: failing.path.child("resources").child(list).child("memory"),
            from: Some(Value::from(asked)),
            to: Some(Value::from(meant.0)),
        })
    });
    let edits: Vec<_> = edits.collect();
    let asked = edits.first()?.from.as_ref()?.as_str()?;
    let shown_by = format!("Nothing can run in {asked} of memory, which is less than a mebibyte.");
    Some(Slip { kind: SlipKind::Unit, shown_by, edits })
}

fn of(failing: &Failing<'_>, resource: &str) -> Option<Slip> {
    let stated = LISTS.map(|list| stated(failing.container, list, resource));
    let asked = stated.into_iter().flatten().next()?;
    let meant = smaller(resource, asked)?;
    let largest = room::largest(failing.objects, resource)?;
    let (old, new) = (value(resource, asked)?, value(resource, &meant)?);
    if old <= largest || largest < new {
        return None;
    }
    let shown_by = match witness(failing, resource, new) {
        Some(it) => {
            format!("{it} runs the same image with {meant} {resource}, and no node has {asked}.")
        }
        None if largest.saturating_mul(FAR) <= old => {
            format!("No node has nearly {asked} {resource}: {meant} may have been meant.")
        }
        None => return None,
    };
    let path = failing.path.child("resources");
    let edit = |(list, it): (&str, Option<&str>)| {
        let to = smaller(resource, it?)?;
        let is_too_large = largest < value(resource, it?)?;
        is_too_large.then(|| Edit {
            path: path.child(list).child(resource),
            from: it.map(Value::from),
            to: Some(Value::from(to)),
        })
    };
    let edits: Vec<_> = LISTS.into_iter().zip(stated).filter_map(edit).collect();
    // A limit below the request would be refused.
    let is_whole = edits.len() == stated.iter().flatten().count();
    is_whole.then_some(Slip { kind: SlipKind::Unit, shown_by, edits })
}

fn stated<'c>(container: &'c Container, list: &str, resource: &str) -> Option<&'c str> {
    let resources = container.resources.as_ref()?;
    let list = if list == "requests" { &resources.requests } else { &resources.limits };
    list.as_ref()?.get(resource).map(|it| it.0.as_str())
}

/// The same number in the next smaller unit.
pub(super) fn smaller(resource: &str, amount: &str) -> Option<String> {
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    if resource == "cpu" {
        return is_number(amount).then(|| format!("{amount}m"));
    }
    let unit = |(large, small): (&str, &str)| {
        let number = amount.strip_suffix(large).filter(|it| is_number(it))?;
        Some(format!("{number}{small}"))
    };
    UNITS.into_iter().find_map(unit)
}

/// In bytes or millicores.
pub(super) fn value(resource: &str, amount: &str) -> Option<u64> {
    let amount = Quantity(amount.to_owned());
    if resource == "cpu" { amount.milli_units() } else { amount.units() }
}

/// Whether each of the edits is of a request, and another workload runs the same image with exactly that.
pub(super) fn is_alike(failing: &Failing<'_>, kind: SlipKind, edits: &[Edit]) -> bool {
    let is_of_amount = matches!(kind, SlipKind::Unit | SlipKind::Amount);
    let is_had = |edit: &Edit| {
        let mut names: Vec<String> = edit.path.names().collect();
        let (resource, list) = (names.pop().unwrap_or_default(), names.pop());
        let to = edit.to.as_ref().and_then(Value::as_str);
        let amount = to.and_then(|it| value(&resource, it));
        list.as_deref() == Some("requests")
            && amount.is_some_and(|it| witness(failing, &resource, it).is_some())
    };
    is_of_amount && edits.iter().all(is_had)
}

/// A workload of the namespace with a container of the same repository that has exactly this much.
fn witness(failing: &Failing<'_>, resource: &str, amount: u64) -> Option<String> {
    let own = repository(&failing.facts.image);
    let has = |it: &Container| {
        it.image.as_deref().is_some_and(|it| repository(it) == own)
            && LISTS.into_iter().any(|list| {
                stated(it, list, resource).and_then(|it| value(resource, it)) == Some(amount)
            })
    };
    let root = failing
        .objects
        .workloads
        .iter()
        .find(|it| it.pod_spec().is_some_and(|it| all(it).any(&has)))?;
    Some(words(root))
}

/// All containers of a pod.
pub(super) fn all(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

/// A workload as a sentence names it.
pub(super) fn words(root: &Root) -> String {
    format!("{} {}", root.kind(), root.metadata().name.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unit_changes() {
        for (resource, from, to) in [
            ("memory", "512Gi", Some("512Mi")),
            ("memory", "2T", Some("2G")),
            ("memory", "512Mi", None),
            ("memory", "Gi", None),
            ("memory", "1.5Gi", None),
            ("cpu", "250", Some("250m")),
            ("cpu", "250m", None),
            ("cpu", "0.5", None),
        ] {
            assert_eq!(smaller(resource, from).as_deref(), to, "{from}");
        }
    }
}
