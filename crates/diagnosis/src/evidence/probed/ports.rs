//! The port at which the command of a probe asks its own container.

use types::{ContainerFacts, ProbeFacts};

use super::texts::{self, Text, Voice};
use super::{Miss, miss};
use crate::quoting::stands_alone;

/// How a command names its own pod, before the port.
const OWN: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];

/// The command asks at a port that nothing of the container names, and another probe, or the one port that is
/// declared, says which one was meant.
pub(super) fn of_port(
    probe: &ProbeFacts,
    told: &[Text<'_>],
    facts: &ContainerFacts,
) -> Option<Miss> {
    let mut own = told.iter().filter(|it| it.voice == Voice::Probe(probe.kind));
    let (text, wrong) = own.find_map(|it| Some((it, asked(it.text)?)))?;
    let number = wrong.to_string();
    let is_named = told
        .iter()
        .any(|it| it.voice != Voice::Probe(probe.kind) && stands_alone(it.text, &number));
    if is_named || facts.ports.iter().any(|it| it.1 == wrong) {
        return None;
    }
    let (place, right) = meant(probe, facts)?;
    let right = right.to_string();
    let (asked, instead) = (format!(":{number}"), format!(":{right}"));
    let mut miss = miss(text, (&number, right.clone()), (place.clone(), right.clone()));
    miss.meant = text.text.replacen(&asked, &instead, 1);
    miss.words =
        format!("; it asks at port {number}, and {place} has {right}, which was probably meant");
    Some(miss)
}

/// The port at which a command asks its own pod.
fn asked(text: &str) -> Option<u16> {
    let rest = OWN.iter().find_map(|it| Some(text.split_once(it)?.1))?;
    let digits = rest.split(|it: char| !it.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Where the container answers: where all other probes that are not seen to fail ask, or at its one port.
fn meant(probe: &ProbeFacts, facts: &ContainerFacts) -> Option<(String, u16)> {
    let number = |port: &str| {
        let named = facts.ports.iter().find(|it| it.0 == port).map(|it| it.1);
        named.or_else(|| port.parse().ok())
    };
    let others = facts.probes.iter().filter(|it| it.kind != probe.kind && it.failure.is_none());
    let mut others = others.filter_map(|it| Some((it.kind, number(it.port.as_deref()?)?)));
    if let Some((kind, port)) = others.next() {
        return others.all(|it| it.1 == port).then(|| (texts::whose(kind), port));
    }
    let [(_, only)] = facts.ports.as_slice() else { return None };
    Some(("the container".to_owned(), *only))
}
