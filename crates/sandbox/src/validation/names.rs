//! What names, labels and keys may look like.

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
     or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
     regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
     characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
     'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
     must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
     '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
     characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
     'MyValue',  or 'my_value',  or '12345', regex used for validation is \
     '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or \
     '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
     '[-._a-zA-Z0-9]+')";
const VARIABLE: &str = "a valid environment variable name must consist only of printable ASCII \
     characters other than '='";

/// The longest label of DNS.
const LABEL_LENGTH: usize = 63;
/// The longest name of a port.
const PORT_LENGTH: usize = 15;
/// The longest name of DNS.
const SUBDOMAIN_LENGTH: usize = 253;

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} bytes")
}

fn is_label(text: &str) -> bool {
    let lower = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    text.chars().all(|it| lower(it) || it == '-')
        && text.starts_with(lower)
        && text.ends_with(lower)
}

/// What is wrong with a DNS label, if anything.
pub(super) fn label(text: &str) -> Option<String> {
    if LABEL_LENGTH < text.len() {
        return Some(too_long(LABEL_LENGTH));
    }
    (!is_label(text)).then(|| LABEL.to_owned())
}

/// What is wrong with a DNS name, if anything.
pub(super) fn subdomain(text: &str) -> Option<String> {
    if SUBDOMAIN_LENGTH < text.len() {
        return Some(too_long(SUBDOMAIN_LENGTH));
    }
    (!text.split('.').all(is_label)).then(|| SUBDOMAIN.to_owned())
}

fn is_word(text: &str) -> bool {
    let ends = |it: char| it.is_ascii_alphanumeric();
    text.chars().all(|it| ends(it) || matches!(it, '-' | '_' | '.'))
        && text.starts_with(ends)
        && text.ends_with(ends)
}

/// What is wrong with the key of a label or an annotation, if anything.
pub(super) fn qualified(key: &str) -> Option<String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |it| (Some(it.0), it.1));
    if let Some(why) = prefix.and_then(subdomain) {
        return Some(format!("prefix part {why}"));
    }
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if LABEL_LENGTH < name.len() {
        return Some(format!("name part {}", too_long(LABEL_LENGTH)));
    }
    (!is_word(name)).then(|| QUALIFIED.to_owned())
}

/// What is wrong with the value of a label, if anything.
pub(super) fn label_value(value: &str) -> Option<String> {
    if LABEL_LENGTH < value.len() {
        return Some(too_long(LABEL_LENGTH));
    }
    (!value.is_empty() && !is_word(value)).then(|| LABEL_VALUE.to_owned())
}

/// What is wrong with a key of a config map or a secret, if anything.
pub(super) fn config_key(key: &str) -> Option<String> {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    (key.is_empty() || !key.chars().all(allowed)).then(|| CONFIG_KEY.to_owned())
}

/// What is wrong with the name of an environment variable, if anything.
pub(super) fn variable(name: &str) -> Option<String> {
    let allowed = |it: char| (it.is_ascii_graphic() || it == ' ') && it != '=';
    (!name.chars().all(allowed)).then(|| VARIABLE.to_owned())
}

/// What is wrong with the name of a port, each for itself.
pub(super) fn port(name: &str) -> Vec<&'static str> {
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let rules = [
        (name.len() <= PORT_LENGTH, "must be no more than 15 characters"),
        (
            name.chars().all(allowed),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (name.chars().any(|it| it.is_ascii_lowercase()), "must contain at least one letter (a-z)"),
        (!name.contains("--"), "must not contain consecutive hyphens"),
        (!name.starts_with('-') && !name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    rules.into_iter().filter(|it| !it.0).map(|it| it.1).collect()
}
