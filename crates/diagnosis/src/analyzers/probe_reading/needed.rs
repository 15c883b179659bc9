//! What does not answer a program whose probe fails: by its log, or by what the probe's own command says.

use types::{Evidence, ProbeFacts};

use super::super::{log_reading, wording};

/// The address, the end of a sentence about it, and the line that tells.
pub(in super::super) type Needed<'l> = (String, String, Option<&'l str>);

/// What does not answer it by these lines of its log, or by the probe's command.
pub(in super::super) fn needed<'l>(
    log: &'l [String],
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> Option<Needed<'l>> {
    let reading = log_reading::read(log);
    if let Some((reading, address)) = reading.as_ref().and_then(|it| Some((it, it.address()?))) {
        let about = wording::about_host(evidence, address);
        let more = format!("; by its log, {}{about}", reading.words());
        return Some((address.to_owned(), more, Some(reading.line)));
    }
    let (address, words) = by_command(probe)?;
    let about = wording::about_host(evidence, &address);
    Some((address, format!("; {words}{about}"), None))
}

/// The address that the probe's own command does not reach, and how it says so. What the kubelet asks itself is the pod.
fn by_command(probe: &ProbeFacts) -> Option<(String, String)> {
    let asks_pod = ["GET ", "TCP ", "gRPC "].iter().any(|it| probe.action.starts_with(it));
    let said = probe.failure.clone().filter(|_| !asks_pod)?;
    let said = [said];
    let reading = log_reading::read(&said)?;
    Some((reading.address()?.to_owned(), reading.words()))
}
