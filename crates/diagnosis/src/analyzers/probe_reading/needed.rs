//! What does not answer a program whose probe fails: by its log, or by what the probe's own command says.

use types::{Clue, ContainerFacts, Evidence, ProbeFacts};

use super::super::{spot, wording};
use crate::log::reading;

/// What does not answer a program.
pub(in super::super) struct Needed<'l> {
    pub(in super::super) address: String,
    /// What is told of it, as the end of a sentence.
    pub(in super::super) words: String,
    /// The line of the log that tells.
    pub(in super::super) line: Option<&'l str>,
}

impl Needed<'_> {
    /// The line and the address.
    pub(in super::super) fn clues(&self, container: &ContainerFacts) -> Vec<Clue> {
        let line = self.line.map(|it| Clue::new(wording::fact(container, "log"), it));
        let needs = Clue::new(wording::fact(container, "needs"), &self.address);
        line.into_iter().chain([needs]).chain(spot::outdated_clue(container)).collect()
    }
}

/// What does not answer it by these lines of its log, or by the probe's command.
pub(in super::super) fn needed<'l>(
    (container, log): (&ContainerFacts, &'l [String]),
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> Option<Needed<'l>> {
    let reading = reading::read(log);
    if let Some((reading, address)) = reading.as_ref().and_then(|it| Some((it, it.address()?))) {
        let about = wording::about_needed(evidence, container, address);
        let words = format!("; by its log, {}{about}", reading.words());
        return Some(Needed { address: address.to_owned(), words, line: Some(reading.line) });
    }
    let (address, words) = by_command(probe)?;
    let about = wording::about_host(evidence, &address);
    Some(Needed { words: format!("; {words}{about}"), address, line: None })
}

/// The address that the probe's own command does not reach, and how it says so. What the kubelet asks itself is the
/// pod.
fn by_command(probe: &ProbeFacts) -> Option<(String, String)> {
    let asks_pod = ["GET ", "TCP ", "gRPC "].iter().any(|it| probe.action.starts_with(it));
    let said = probe.failure.clone().filter(|_| !asks_pod)?;
    let said = [said];
    let reading = reading::read(&said)?;
    Some((reading.address()?.to_owned(), reading.words()))
}
