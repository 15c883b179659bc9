//! Names are checked before they get anywhere near a URL.

use service::problem::Failure;

/// The longest name of a pod: a DNS subdomain.
const MAX_SUBDOMAIN: usize = 253;
/// The longest name of a namespace: a DNS label.
const MAX_LABEL: usize = 63;

/// Checks the name of a pod (RFC 1123 subdomain).
pub(crate) fn pod(name: &str) -> Result<(), Failure> {
    let is_fine =
        name.len() <= MAX_SUBDOMAIN && name.split('.').all(|it| is_label(it, MAX_SUBDOMAIN));
    if is_fine { Ok(()) } else { Err(refusal("pod_name", MAX_SUBDOMAIN)) }
}

/// Checks the name of a namespace (RFC 1123 label).
pub(crate) fn namespace(name: &str) -> Result<(), Failure> {
    if is_label(name, MAX_LABEL) { Ok(()) } else { Err(refusal("namespace", MAX_LABEL)) }
}

fn is_label(text: &str, longest: usize) -> bool {
    let is_inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The name itself is not repeated: it may be anything.
fn refusal(what: &str, longest: usize) -> Failure {
    Failure::new(
        400,
        "bad-name",
        format!("{what} is no valid name"),
        format!(
            "use lower case letters, digits and `-`, not at either end, at most {longest} characters"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dns_names_pass() {
        for good in ["web", "web-7d4b9c-x2x9z", "a.b", "0", &"a".repeat(253)] {
            assert!(pod(good).is_ok(), "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a..b", "a/b", "../x", "a b", "ä", &"a".repeat(254)] {
            assert!(pod(bad).is_err(), "{bad}");
            assert!(namespace(bad).is_err(), "{bad}");
        }
        assert!(namespace("a.b").is_err());
        assert!(namespace(&"a".repeat(64)).is_err());
    }
}
