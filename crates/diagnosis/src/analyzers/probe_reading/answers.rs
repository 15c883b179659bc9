//! The status with which a server answers a probe.

use types::ProbeFacts;

use super::{Failure, at, path};

/// Whether the program answers that it is not well, as it may do for the sake of another one.
pub(in crate::analyzers) fn is_unwell(probe: &ProbeFacts) -> bool {
    let code = probe.failure.as_deref().and_then(status);
    code.is_none_or(|it| 500 <= it)
}

/// Whether a server answers and says that what it is asked is wrong (4xx): it is up, and will say so again. That there
/// are too many questions, or that one came too late, passes.
pub(in crate::analyzers) fn is_wrong_question(probe: &ProbeFacts) -> bool {
    let code = probe.failure.as_deref().and_then(status);
    code.is_some_and(|it| (400..500).contains(&it) && ![408, 425, 429].contains(&it))
}

/// The status that a server answered with.
pub(super) fn status(message: &str) -> Option<u16> {
    let code = message.split_once("statuscode: ")?.1;
    code.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

pub(super) fn of_status(code: u16, probe: &ProbeFacts) -> Failure {
    let path = path(probe);
    let at = at(probe);
    match code {
        404 => Failure::of(
            format!("{at} answers, but knows no path {path} (404)"),
            Some("httpGet/path"),
        ),
        401 | 403 => {
            Failure::of(format!("{at} wants credentials for {path} ({code})"), Some("httpGet/path"))
        }
        _ => Failure::of(format!("{at} answers {code} to {path}"), None),
    }
}
