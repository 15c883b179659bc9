//! The address of a Service that a sentence names: no secret, and a patch without it could not be applied.

/// Letters that a part of a path has: with more it may be a token.
const MAX_PART: usize = 20;

/// Whether a text is nothing but the address of a host that is said: `cache:6379`, `http://api:8080/v1`. With a user, a
/// question, or a part of its path that is no word it may have a secret in it.
pub(super) fn is_address(text: &str, said: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_word(scheme) => rest,
        Some(_) => return false,
        None => text,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_port = port.chars().all(|it| it.is_ascii_digit());
    let is_said = said.split([' ', ',']).any(|word| word == host) || is_reference(host);
    (is_port || is_reference(port))
        && !host.is_empty()
        && is_said
        && path.split('/').all(|it| is_word(it) || is_reference(it))
}

/// Whether it is nothing but a variable that another value is put in for: `$(CART_SERVICE_PORT)`.
fn is_reference(part: &str) -> bool {
    let name = part.strip_prefix("$(").and_then(|it| it.strip_suffix(')')).unwrap_or_default();
    let is_letter = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    !name.is_empty() && name.chars().all(is_letter)
}

/// Whether it is a short word of small letters, or a small number.
fn is_word(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let is_letter =
        |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_+.".contains(it);
    part.len() <= MAX_PART && digits <= 2 && part.chars().all(is_letter)
}

#[test]
fn an_address_with_what_may_be_a_secret_is_none() {
    let said = "There is no Service cahce, there is cache, and nothing else is as near.";
    for text in
        ["cache", "cahce:6379", "redis://cache:6379/0", "http://cache/api/v1", "http://cache/"]
    {
        assert!(is_address(text, said), "{text}");
    }
    for text in ["http://$(A_SERVICE_HOST):$(A_SERVICE_PORT)", "$(A_HOST):80", "$(URL)/v1"] {
        assert!(is_address(text, said), "{text}");
    }
    for text in [
        "",
        "hunter2",
        "redis://:hunter2@cache:6379/0",
        "redis://app@cache",
        "http://cache/api?key=1",
        "http://cache/T0A1B2C3D4",
        "http://cache/services/xyzxyzxyzxyzxyzxyzxyzxyz",
        "http://other/cache",
        "http://cache:pass/",
        "http://app:$(PASSWORD)@cache",
        "http://$(A_HOST):8x",
        "$(id)",
        "hunter2$(A_HOST)",
    ] {
        assert!(!is_address(text, said), "{text}");
    }
}
