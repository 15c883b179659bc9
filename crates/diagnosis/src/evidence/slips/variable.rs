//! The name of a variable, and a host in the value of one.

use k8s_openapi::api::core::v1::Service;
use serde_json::Value;
use types::kind_words::OF_SERVICES;
use types::{Edit, SlipKind};

use super::{Slip, edit, replaced};
use crate::evidence::failing::Failing;
use crate::evidence::spots::{first_unset, linked, links_field, meant_scheme, taken_link};
use crate::log::left;
use crate::log::reading::Trouble;
use crate::near_miss::near_miss;
use crate::same_program::of_same_program;
use crate::same_words::of_same_words;

/// The program lacks a variable, and the template sets one of nearly this name.
pub(super) fn misnamed(failing: &Failing<'_>) -> Option<Slip> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Unset)?;
    let wanted = reading.about.as_deref()?;
    let variables = || failing.container.env.iter().flatten().map(|it| it.name.as_str());
    if variables().any(|it| it == wanted) {
        return None;
    }
    let same = || of_same_words(wanted, variables(), &[]).map(ToOwned::to_owned);
    let wrong = near_miss(wanted, variables()).or_else(same)?;
    let at = variables().position(|it| it == wrong)?;
    let path = failing.path.child("env").index(at).child("name");
    Some(Slip {
        kind: SlipKind::Variable,
        shown_by: format!("The program asks for {wanted}, and nothing else is as near."),
        edits: vec![edit(path, &wrong, wanted.to_owned())],
    })
}

/// The program cannot resolve a host that its template names, and a Service of nearly this name exists.
pub(super) fn names_a_missing_host(failing: &Failing<'_>) -> Option<Slip> {
    let Missing { wrong, near, shown_by } = missing_host(failing)?;
    let in_values = values(failing, &wrong, &near);
    let edit = match (in_values.as_slice(), failing.word_edit(&wrong, &near)) {
        ([only], None) => only.clone(),
        ([], Some(only)) => only,
        _ => return None,
    };
    Some(Slip { kind: SlipKind::Value, shown_by, edits: vec![edit] })
}

/// A host that no Service has the name of, and the one that has nearly that.
pub(super) struct Missing {
    pub(super) wrong: String,
    pub(super) near: String,
    pub(super) shown_by: String,
}

/// The host that the program cannot resolve, where a Service of nearly this name exists, or one that is called
/// after the same program.
pub(super) fn missing_host(failing: &Failing<'_>) -> Option<Missing> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Unresolved)?;
    let address = reading.about.as_deref()?;
    let host = address.rsplit_once(':').map_or(address, |it| it.0);
    let mut labels = host.split('.');
    let wrong = labels.next()?;
    let namespace = failing.objects.root.metadata().namespace.as_deref();
    if labels.next().is_some_and(|it| Some(it) != namespace) {
        return None;
    }
    let services = || {
        let here = failing.objects.services.iter().flatten();
        here.filter(|it| it.metadata.namespace.as_deref() == namespace)
            .filter_map(|it| it.metadata.name.as_deref())
    };
    if services().any(|it| it == wrong) {
        return None;
    }
    let near = near_miss(wrong, services());
    let how = if near.is_some() { "as near" } else { "called after the same program" };
    let same = || of_same_words(wrong, services(), OF_SERVICES);
    let alike = || of_same_program(wrong, services()).or_else(same);
    let near = near.or_else(|| same_program(failing, wrong, alike()?))?;
    let shown_by =
        format!("There is no Service {wrong}, there is {near}, and nothing else is {how}.");
    Some(Missing { wrong: wrong.to_owned(), near, shown_by })
}

/// The Service that is called after the same program, where it has the port that the template names beside the host.
fn same_program(failing: &Failing<'_>, wrong: &str, only: &str) -> Option<String> {
    let begin = format!("{wrong}:");
    let texts = failing.words_and_values().into_iter();
    let named = texts.filter_map(|(_, text)| {
        let rest = text.split_once(&begin)?.1;
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse::<i32>().ok()
    });
    let namespace = failing.objects.root.metadata().namespace.as_deref();
    let is_it = |it: &&Service| {
        it.metadata.namespace.as_deref() == namespace && it.metadata.name.as_deref() == Some(only)
    };
    let service = failing.objects.services.iter().flatten().find(is_it)?;
    let ports = || service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let has = |port: i32| ports().any(|it| it.port == port);
    let has_all = named.into_iter().all(|it| has(it) || ports().next().is_none());
    has_all.then(|| only.to_owned())
}

/// The program lists the schemes that it takes, or does not know the one that it was given, and one is nearly that.
pub(super) fn of_another_scheme(failing: &Failing<'_>) -> Option<Slip> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let variables = failing.container.env.iter().flatten().enumerate();
    let mut edits = variables.filter_map(|(at, it)| {
        let value = it.value.as_deref()?;
        let near = meant_scheme(reading, value)?;
        let (scheme, rest) = value.split_once("://")?;
        let path = failing.path.child("env").index(at).child("value");
        Some((scheme.to_owned(), edit(path, value, format!("{near}://{rest}")), near))
    });
    let (scheme, only, near) = edits.next().filter(|_| edits.next().is_none())?;
    let shown_by =
        format!("The program does not take {scheme}://, and {near}:// is nearest to it.");
    Some(Slip { kind: SlipKind::Value, shown_by, edits: vec![only] })
}

/// The command or a value uses a variable that is not set, and one of nearly this name is.
pub(super) fn used_otherwise(failing: &Failing<'_>) -> Option<Slip> {
    let variables = || failing.container.env.iter().flatten();
    let names: Vec<&str> = variables().map(|it| it.name.as_str()).collect();
    let values = variables().enumerate().filter_map(|(at, it)| {
        let path = failing.path.child("env").index(at).child("value");
        Some((path, it.value.as_deref()?))
    });
    // What is taken from somewhere as a whole may set it, unless the program shows that nothing did.
    let is_whole = failing.container.env_from.as_ref().is_none_or(Vec::is_empty);
    let log = || left::all(failing.facts);
    let is_shown = |wrong: &String| log().any(|it| it.contains(&format!("$({wrong})")));
    let linked = linked(failing.objects, failing.spec);
    let known: Vec<&str> = names.iter().copied().chain(linked.names()).collect();
    let mut found = failing.words().into_iter().chain(values).filter_map(|(path, text)| {
        let wrong = first_unset(text, &known).filter(|it| is_whole || is_shown(it))?;
        let of_own = near_miss(&wrong, names.iter().copied());
        let of_own = of_own.map(|near| {
            let why = format!("{near} is set, {wrong} is not, and nothing else is as near.");
            (near, why)
        });
        let (near, why) = of_own.or_else(|| linked.meant(&wrong))?;
        let mended = text.replace(&format!("$({wrong})"), &format!("$({near})"));
        (mended != text).then(|| (edit(path, text, mended), why))
    });
    let (edit, shown_by) = found.next()?;
    Some(Slip { kind: SlipKind::Value, shown_by, edits: vec![edit] })
}

/// The program takes a variable of a Service for a setting of its own: the pod does without all of them, where the
/// template uses none.
pub(super) fn of_a_service(failing: &Failing<'_>) -> Option<Slip> {
    let link = taken_link(failing)?;
    let spec = failing.spec;
    let linked = linked(failing.objects, spec);
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let texts: Vec<&String> = containers
        .flat_map(|it| {
            let words = it.command.iter().chain(&it.args).flatten();
            words.chain(it.env.iter().flatten().filter_map(|it| it.value.as_ref()))
        })
        .collect();
    let is_used = |name: &str| texts.iter().any(|it| it.contains(name));
    // Those of the API are set all the same.
    if linked.of_services().any(is_used) {
        return None;
    }
    let edit = Edit {
        path: links_field(failing)?,
        from: spec.enable_service_links.map(Value::from),
        to: Some(Value::from(false)),
    };
    let shown_by = format!(
        "The program reads {} as a setting of its own, and Kubernetes sets it for Service {}; the template uses no \
         such variable.",
        link.variable, link.service
    );
    Some(Slip { kind: SlipKind::Variable, shown_by, edits: vec![edit] })
}

fn values(failing: &Failing<'_>, wrong: &str, near: &str) -> Vec<Edit> {
    let variables = failing.container.env.iter().flatten().enumerate();
    let edits = variables.filter_map(|(at, it)| {
        let value = it.value.as_deref()?;
        let path = failing.path.child("env").index(at).child("value");
        Some(edit(path, value, replaced(value, wrong, near)?))
    });
    edits.collect()
}
