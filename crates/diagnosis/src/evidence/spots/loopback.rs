//! A program that asks its own pod for something that is elsewhere, or a Service at a port that it does not have.

use k8s_openapi::api::core::v1::Service;
use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;

/// What a pod calls itself.
const OWN: [&str; 4] = ["localhost", "127.0.0.1", "::1", "0.0.0.0"];

/// The variable that names the pod itself, and the one Service that has the port that is asked for.
pub(super) fn needed(failing: &Failing<'_>) -> Option<Spot> {
    let address = failing.reading.as_ref()?.address()?;
    let (host, port) = address.rsplit_once(':').map_or((address, None), |it| (it.0, Some(it.1)));
    let host = host.trim_matches(['[', ']']);
    let port: Option<i32> = port.and_then(|it| it.parse().ok());
    if !OWN.contains(&host) {
        return None;
    }
    let namespace = failing.objects.root.metadata().namespace.as_deref();
    let has_port = |it: &&Service| {
        let ports = it.spec.iter().flat_map(|it| it.ports.iter().flatten());
        it.metadata.namespace.as_deref() == namespace
            && ports.into_iter().any(|it| Some(it.port) == port)
    };
    let services = failing.objects.services.iter().flatten().filter(has_port);
    let names: Vec<_> = services.filter_map(|it| it.metadata.name.as_deref()).collect();
    let meant = match (names.as_slice(), port) {
        ([only], Some(port)) => {
            format!("; there is Service {only} with port {port}, which was probably meant")
        }
        _ => String::new(),
    };
    let names_itself = |it: &&(types::FieldPath, &str, &str)| {
        OWN.iter().any(|own| it.2.split(['/', '@', ':', ',', ' ']).any(|word| word == *own))
    };
    let named: Vec<_> = failing.variables().into_iter().filter(|it| names_itself(&it)).collect();
    // Of several, the one with the port.
    let with_port = |it: &&(types::FieldPath, &str, &str)| {
        port.is_some_and(|port| it.2.contains(&format!(":{port}")))
    };
    let (path, name, value) =
        named.iter().find(with_port).or(named.first().filter(|_| named.len() == 1))?.clone();
    Some(Spot {
        topic: SpotTopic::Needs,
        path,
        value: (name.to_owned(), value.to_owned()),
        words: format!("; the template says so in {name}{meant}"),
        key: None,
        shown: None,
    })
}
