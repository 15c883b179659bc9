//! The Services that a program calls, by what a diagnosis says.

use types::{Clue, Diagnosis, Evidence, ServiceFacts};

/// The Services that the diagnosis says are called.
pub(crate) fn needed<'a>(
    diagnosis: &'a Diagnosis,
    evidence: &'a Evidence,
) -> impl Iterator<Item = &'a ServiceFacts> {
    let needs = diagnosis.clues.iter().filter(|it| is_need(it));
    needs.filter_map(|it| called(&it.value, evidence))
}

/// Whether a clue names what the program calls.
pub(crate) fn is_need(clue: &Clue) -> bool {
    clue.fact.rsplit('.').next() == Some("needs")
}

/// The Service that an address like `db:5432` leads to.
fn called<'a>(address: &str, evidence: &'a Evidence) -> Option<&'a ServiceFacts> {
    let host = address.rsplit_once(':').map_or(address, |it| it.0);
    let mut labels = host.split('.');
    let name = labels.next()?;
    let is_here = labels.next().is_none_or(|it| it == evidence.subject.namespace);
    evidence
        .services
        .iter()
        .find(|it| it.name == name && is_here || it.addresses.iter().any(|address| address == host))
}
