//! Names as Kubernetes takes them: checked before they get anywhere near a URL or a request.

/// The longest name of a pod: a DNS subdomain.
pub const MAX_SUBDOMAIN: usize = 253;
/// The longest name of a namespace: a DNS label.
pub const MAX_LABEL: usize = 63;

/// Whether a pod can have this name (RFC 1123 subdomain).
pub fn is_pod_name(name: &str) -> bool {
    name.len() <= MAX_SUBDOMAIN && name.split('.').all(|it| is_label(it, MAX_SUBDOMAIN))
}

/// Whether a namespace can have this name (RFC 1123 label).
pub fn is_namespace(name: &str) -> bool {
    is_label(name, MAX_LABEL)
}

fn is_label(text: &str, longest: usize) -> bool {
    let is_inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dns_names_pass() {
        for good in ["web", "web-7d4b9c-x2x9z", "a.b", "0", &"a".repeat(253)] {
            assert!(is_pod_name(good), "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a..b", "a/b", "../x", "a b", "ä", &"a".repeat(254)] {
            assert!(!is_pod_name(bad), "{bad}");
            assert!(!is_namespace(bad), "{bad}");
        }
        assert!(!is_namespace("a.b"));
        assert!(!is_namespace(&"a".repeat(64)));
    }
}
