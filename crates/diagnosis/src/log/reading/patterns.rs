//! What programs write before they end, and what of it matters.

mod keys;
mod servers;
mod hosts;
mod files;
mod settings;
mod starts;

use super::Trouble;

/// A trouble and a line that tells it. The groups `host`, `port` and `at` are an address, any other is what it is
/// about.
///
/// The first that fits a line decides: what names its object stands before what does not.
pub(super) const PATTERNS: [&[(Trouble, &str)]; 6] = [
    keys::PATTERNS,
    servers::PATTERNS,
    hosts::PATTERNS,
    files::PATTERNS,
    settings::PATTERNS,
    starts::PATTERNS,
];

/// What a framework says that has a name for what it misses, and does not tell the variable that gives it: what a group
/// has found stands for the braces.
pub(super) const IMPLIED: &[(Trouble, &str, &str)] = &[
    (Trouble::Unset, r"missing `?secret_key_base", "SECRET_KEY_BASE"),
    (Trouble::Unset, r"no application encryption key", "APP_KEY"),
    (Trouble::Malformed, r"unsupported cipher or incorrect key length", "APP_KEY"),
    (Trouble::Unset, r"failed to configure a datasource: 'url' attribute", "SPRING_DATASOURCE_URL"),
    (Trouble::Unset, r"you must specify a region", "AWS_REGION"),
    (Trouble::Unset, r"^invalid config server configuration", "SPRING_CLOUD_CONFIG_SERVER_GIT_URI"),
    (Trouble::Malformed, r"wrong password or no key found", "the password of its repository"),
    (
        Trouble::Malformed,
        r"keystore (?:password was incorrect|was tampered with)",
        "the password of its keystore",
    ),
    (
        Trouble::Denied,
        r"failed to lock memory\b|\bmlock(?:all)?\b.{0,40}(?:not permitted|cannot allocate|failed|denied)",
        "locking memory",
    ),
    (
        Trouble::Syntax,
        r"[a-z]\\r['’]?: (?:no such file|(?:command )?not found)|\^M: bad interpreter",
        "its script ends its lines as Windows does (\\r\\n)",
    ),
    (Trouble::Unset, r"connection string '(\w+)' not found", "ConnectionStrings__{}"),
];
