//! A header that a program may not send as it is: its value comes with a line break, as files have one at their end.

use types::SpotTopic;

use super::{Spot, sources};
use crate::evidence::failing::Failing;
use crate::log::last_words;

/// What programs say of such a header.
const BROKEN: [&str; 12] = [
    "invalid header field value",
    "invalid header value",
    "invalid character in header content",
    "err_invalid_char",
    "illegal header value",
    "illegal character(s) in message header value",
    "reserved character(s), or return character(s) in header value",
    "prohibited character",
    "header value must not contain",
    "newlines detected in headers",
    "new-line characters are not allowed in header",
    "invalidheadervalue",
];
/// What the names of variables have that are sent so.
const SENT: [&str; 8] =
    ["TOKEN", "AUTH", "APIKEY", "API_KEY", "ACCESS_KEY", "BEARER", "SECRET", "CREDENTIAL"];

/// The one variable that is sent so: it has a line break, or comes from elsewhere.
pub(super) fn broken(failing: &Failing<'_>) -> Option<Spot> {
    let text = last_words::around(failing.log()).join("\n").to_lowercase();
    if !BROKEN.iter().any(|it| text.contains(it)) {
        return None;
    }
    let all = || failing.container.env.iter().flatten().enumerate();
    let is_sent = |name: &str| SENT.iter().any(|it| name.to_uppercase().contains(it));
    let with_break =
        |it: &str| it.contains(['\n', '\r']) || it.starts_with(' ') || it.ends_with(' ');
    let own: Vec<_> = all().filter(|it| it.1.value.as_deref().is_some_and(with_break)).collect();
    let taken: Vec<_> =
        all().filter(|it| it.1.value_from.is_some() && is_sent(&it.1.name)).collect();
    let only = match (own.as_slice(), taken.as_slice()) {
        ([only], _) | ([], [only]) => *only,
        _ => return None,
    };
    let spot = sources::of_variable(failing, only.0, only.1)?;
    let words = format!("; {} probably has a line break at its end{}", only.1.name, spot.words);
    Some(Spot { topic: SpotTopic::Variable, words, ..spot })
}
