//! A program that calls its own pod, where nothing listens: for a Service that is elsewhere, or for the container
//! beside it.

use k8s_openapi::api::core::v1::{Container, Service};
use types::{Edit, SlipKind};

use super::{Slip, edit, replaced};
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::survey::has_port;

/// What a pod calls itself.
const OWN: [&str; 2] = ["localhost", "127.0.0.1"];

/// Where it calls: the word for the pod itself, and the port.
struct Called<'s> {
    own: &'s str,
    port: i32,
}

/// Nothing in the pod says that it has the port, and just one Service of the namespace has it.
pub(super) fn of_a_service(failing: &Failing<'_>) -> Option<Slip> {
    let called = called(failing)?;
    // Behind a Service that takes this very pod is the pod itself.
    let takes_it = |service: &Service| {
        let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
        selector.is_some_and(|it| failing.objects.root.takes(it))
    };
    let namespace = failing.objects.root.metadata().namespace.as_deref();
    let services = failing.objects.services.iter().flatten().filter(|it| {
        it.metadata.namespace.as_deref() == namespace && has_port(it, Some(called.port))
    });
    let services: Vec<_> = services.collect();
    let [only] = services.as_slice() else { return None };
    let name = only.metadata.name.as_deref().filter(|_| !takes_it(only))?;
    let Called { own, port } = called;
    let edit = in_address(failing, &called, &format!("{name}:{port}"))
        .or_else(|| alone(failing, own, name))?;
    let shown_by = format!(
        "Here {own} is the pod itself, which has nothing at {port}, and Service {name} alone has this port."
    );
    Some(Slip { kind: SlipKind::Value, shown_by, edits: vec![edit] })
}

/// The address that it is refused at, where it is its own and no other container may be there: each of them says
/// where it listens.
fn called<'s>(failing: &'s Failing<'_>) -> Option<Called<'s>> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Refused)?;
    let (host, port) = reading.address()?.rsplit_once(':')?;
    let own = OWN.into_iter().find(|it| *it == host)?;
    let port: i32 = port.parse().ok()?;
    let declares = |it: &Container| it.ports.iter().flatten().any(|it| it.container_port == port);
    let spec = failing.spec;
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|it| it.restart_policy.as_deref() == Some("Always"));
    let mut all = spec.containers.iter().chain(sidecars);
    let says_all = |it: &Container| it.ports.as_ref().is_some_and(|it| !it.is_empty());
    let is_elsewhere =
        all.all(|it| !declares(it) && (it.name == failing.container.name || says_all(it)));
    is_elsewhere.then_some(Called { own, port })
}

/// The edit of the one text that has the address.
fn in_address(failing: &Failing<'_>, called: &Called<'_>, meant: &str) -> Option<Edit> {
    let wrong = format!("{}:{}", called.own, called.port);
    let texts = failing.words_and_values().into_iter();
    let mut edits =
        texts.filter_map(|(path, text)| Some(edit(path, text, replaced(text, &wrong, meant)?)));
    let only = edits.next()?;
    edits.next().is_none().then_some(only)
}

/// The edit of the one variable that holds nothing but the word for the pod itself.
fn alone(failing: &Failing<'_>, own: &str, name: &str) -> Option<Edit> {
    let variables = failing.container.env.iter().flatten().enumerate();
    let mut edits = variables.filter(|it| it.1.value.as_deref() == Some(own)).map(|(at, _)| {
        edit(failing.path.child("env").index(at).child("value"), own, name.to_owned())
    });
    let only = edits.next()?;
    edits.next().is_none().then_some(only)
}
