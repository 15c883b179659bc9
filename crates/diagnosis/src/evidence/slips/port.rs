//! The port of a Service that the program calls, and that the Service does not have.

use k8s_openapi::api::core::v1::Service;
use types::{ContainerRole, Edit, SlipKind};

use super::{Slip, edit, replaced};
use crate::evidence::failing::Failing;
use crate::evidence::spots::service_ports::service;
use crate::survey::has_port;

/// The program calls a Service at a port that it lacks, and just one of its ports can be meant.
pub(super) fn of_a_service(failing: &Failing<'_>) -> Option<Slip> {
    let address = called(failing)?;
    let (host, port) = address.rsplit_once(':')?;
    let number: u16 = port.parse().ok()?;
    let service = service(failing.objects, host)?;
    if has_port(service, Some(i32::from(number))) {
        return None;
    }
    let name = service.metadata.name.as_deref()?;
    let edits = variables(failing, (host, name, port), service);
    let by_word = || {
        let meant = only_port(service)?;
        failing.word_edit(&address, &format!("{host}:{meant}"))
    };
    let edit = match edits.as_slice() {
        [only] => only.clone(),
        [] => by_word()?,
        _ => return None,
    };
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let ports: Vec<_> = ports.map(|it| it.port.to_string()).collect();
    Some(Slip {
        kind: SlipKind::Value,
        shown_by: format!("Service {name} has no port {port}, but {}.", ports.join(" and ")),
        edits: vec![edit],
    })
}

/// The one address that it calls in vain: by its log, or by its command where that only waits.
fn called(failing: &Failing<'_>) -> Option<String> {
    let read = failing.reading.as_ref().and_then(|it| it.address()).map(str::to_owned);
    let is_init = failing.facts.role == ContainerRole::Init && !failing.facts.sidecar;
    let asked = match failing.facts.waits_for.as_slice() {
        [only] if is_init => Some(only.clone()),
        _ => None,
    };
    asked.or(read).filter(|it| it.contains(':'))
}

/// The edits of the variables that hold the port: behind the host, or by itself.
fn variables(
    failing: &Failing<'_>,
    (host, name, port): (&str, &str, &str),
    of: &Service,
) -> Vec<Edit> {
    let all = || {
        failing.container.env.iter().flatten().enumerate().filter_map(|(at, it)| {
            Some((failing.path.child("env").index(at).child("value"), it, it.value.as_deref()?))
        })
    };
    let behind_a_host = all().filter_map(|(path, variable, value)| {
        let meant = only_port(of).or_else(|| port_named_in(&variable.name, of))?;
        let mut hosts = [host, name].into_iter();
        let to = hosts.find_map(|host| {
            replaced(value, &format!("{host}:{port}"), &format!("{host}:{meant}"))
        })?;
        Some(edit(path, value, to))
    });
    let found: Vec<_> = behind_a_host.collect();
    if !found.is_empty() {
        return found;
    }
    let alone = all().filter(|it| it.2 == port).filter_map(|(path, variable, value)| {
        let meant = only_port(of).or_else(|| port_named_in(&variable.name, of))?;
        Some(edit(path, value, meant.to_string()))
    });
    alone.collect()
}

/// The port of a Service that has no other.
fn only_port(service: &Service) -> Option<i32> {
    let mut ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let only = ports.next()?;
    ports.next().is_none().then_some(only.port)
}

/// The one whose name stands in the name of the variable: `grpc` in `STOCK_GRPC_URL`.
fn port_named_in(variable: &str, service: &Service) -> Option<i32> {
    let variable = variable.to_lowercase();
    let words: Vec<&str> = variable.split('_').collect();
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let is_named = |name: &str| words.contains(&name.to_lowercase().as_str());
    let mut found = ports.filter(|it| it.name.as_deref().is_some_and(is_named));
    let first = found.next()?;
    found.next().is_none().then_some(first.port)
}
