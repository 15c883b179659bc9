//! The hooks file: where to tell what, checked before anything is opened.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::event::EventKind;

/// More hooks than this want a program that passes things on.
const MAX_HOOKS: usize = 16;

/// In which form a hook is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookFormat {
    /// What happened, in fields and in words.
    #[default]
    Json,
    /// `{"text": …}`, as Slack and those who do as Slack does take it.
    Slack,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hooks: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    #[serde(default)]
    format: HookFormat,
    events: Option<Vec<EventKind>>,
    bearer_file: Option<PathBuf>,
    hmac_file: Option<PathBuf>,
}

/// A hook that can be used.
#[derive(Debug)]
pub struct HookSetting {
    /// Where. The path may be a secret: it is never shown.
    pub(super) url: reqwest::Url,
    /// Who is there, for the log.
    pub(super) place: String,
    pub(super) format: HookFormat,
    /// Which events; all where nothing is said.
    pub(super) events: Option<Vec<EventKind>>,
    pub(super) bearer: Option<SecretString>,
    pub(super) hmac: Option<SecretString>,
}

/// Why hooks cannot be used. Never with an address or a secret in it.
#[derive(Debug, thiserror::Error)]
pub enum HooksError {
    /// A file cannot be read.
    #[error("hooks file {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file does not say what a hooks file has to say.
    #[error("hooks file {path}: {problem}; docs/operating.md shows one")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// The hooks of this file.
pub fn read(path: &Path) -> Result<Vec<HookSetting>, HooksError> {
    let shown = path.display().to_string();
    let malformed = |problem: String| HooksError::Malformed { path: shown.clone(), problem };
    let file: File = serde_yaml_ng::from_str(&text(path)?).map_err(|it| {
        // The words of the parser may quote the file, and with it a secret address.
        let place = it.location().map_or(String::new(), |it| format!(", near line {}", it.line()));
        malformed(format!("it cannot be read as hooks{place}"))
    })?;
    if MAX_HOOKS < file.hooks.len() {
        return Err(malformed(format!("more than {MAX_HOOKS} hooks")));
    }
    let each = file.hooks.into_iter().enumerate();
    each.map(|(index, entry)| {
        setting(entry).map_err(|error| match error {
            Unusable::Entry(problem) => malformed(format!("hook {}: {problem}", index + 1)),
            Unusable::Secret(error) => error,
        })
    })
    .collect()
}

enum Unusable {
    Entry(&'static str),
    Secret(HooksError),
}

fn setting(entry: Entry) -> Result<HookSetting, Unusable> {
    let url: reqwest::Url =
        entry.url.parse().map_err(|_| Unusable::Entry("its url is no address"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(Unusable::Entry("its url is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unusable::Entry("its url holds a name or a password; use bearer_file"));
    }
    if entry.events.as_ref().is_some_and(Vec::is_empty) {
        return Err(Unusable::Entry("its events are none; leave the field out for all"));
    }
    let host = url.host_str().ok_or(Unusable::Entry("its url names no host"))?;
    if is_link_local(host) {
        return Err(Unusable::Entry("its url is of the own link, where a cloud keeps credentials"));
    }
    let has_secret = entry.bearer_file.is_some() || entry.hmac_file.is_some();
    if has_secret && url.scheme() == "http" && !is_near(host) {
        return Err(Unusable::Entry(
            "its url is http, so its secret would be read on the way; use https, or a Service of the cluster",
        ));
    }
    let place = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let secret = |path: Option<PathBuf>| path.map(|it| secret(&it)).transpose();
    Ok(HookSetting {
        place,
        format: entry.format,
        events: entry.events,
        bearer: secret(entry.bearer_file)?,
        hmac: secret(entry.hmac_file)?,
        url,
    })
}

/// The address that a host is, if it is one and no name.
fn address(host: &str) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().ok().map(|it| it.to_canonical())
}

/// Whether it is an address of this link (RFC 3927, RFC 4291): nothing listens there that is to be told anything.
fn is_link_local(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(it)) => it.is_link_local(),
        Some(IpAddr::V6(it)) => it.is_unicast_link_local(),
        None => false,
    }
}

/// Whether what is sent there stays in this machine or in the cluster.
fn is_near(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    let is_service =
        !name.contains('.') || [".svc", ".svc.cluster.local"].iter().any(|it| name.ends_with(it));
    address(host).map_or(is_service, |it| it.is_loopback())
}

fn secret(path: &Path) -> Result<SecretString, Unusable> {
    let text = text(path).map_err(Unusable::Secret)?;
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        let problem = "it holds no secret in one line".to_owned();
        let path = path.display().to_string();
        return Err(Unusable::Secret(HooksError::Malformed { path, problem }));
    }
    Ok(SecretString::from(text))
}

fn text(path: &Path) -> Result<String, HooksError> {
    let shown = path.display().to_string();
    std::fs::read_to_string(path).map_err(|source| HooksError::Read { path: shown, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a hooks file of this text leads to; `None` where it can be used.
    fn refused(text: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hooks.yaml");
        std::fs::write(&path, text).unwrap();
        read(&path).err().map(|it| service::telemetry::chain(&it))
    }

    #[test]
    fn a_hook_is_an_address_and_perhaps_more() {
        assert_eq!(refused("hooks: []"), None);
        assert_eq!(refused("hooks: [{url: 'https://hooks.example/secret'}]"), None);
        let all =
            "hooks: [{url: 'http://a.b:81/x', format: slack, events: [incident_opened, stopped]}]";
        assert_eq!(refused(all), None);
    }

    #[test]
    fn what_cannot_be_a_hook_is_refused_without_showing_its_address() {
        for (text, words) in [
            ("hooks: [{url: 'ftp://hooks.example/s3cret'}]", "hook 1: its url is neither"),
            ("hooks: [{url: 's3cret'}]", "hook 1: its url is no address"),
            ("hooks: [{url: 'https://me:s3cret@hooks.example'}]", "a name or a password"),
            (
                "hooks: [{url: 'https://a/s3cret', format: carrier_pigeon}]",
                "cannot be read as hooks",
            ),
            ("hooks: [{url: 'https://a/s3cret', events: []}]", "its events are none"),
            ("hooks: [{url: 'http://169.254.169.254/s3cret'}]", "of the own link"),
            ("hooks: [{url: 'https://[fe80::1]/s3cret'}]", "of the own link"),
            ("hooks: [{url: 'http://[::ffff:a9fe:a9fe]/s3cret'}]", "of the own link"),
            ("hooks: [{url: 'http://a.example/s3cret', bearer_file: /nowhere}]", "on the way"),
            ("hooks: [{url: 'http://10.0.0.7/s3cret', hmac_file: /nowhere}]", "on the way"),
            ("hooks: [{url: 'http://svc.example/s3cret', hmac_file: /nowhere}]", "on the way"),
            ("hooks: [{url: 'http://127.0.0.1/s3cret', hmac_file: /nowhere}]", "cannot be read"),
            ("hooks: [{url: 'http://[::1]/s3cret', hmac_file: /nowhere}]", "cannot be read"),
            ("hooks: [{url: 'http://bot.ops.svc/s3cret', hmac_file: /nowhere}]", "cannot be read"),
            ("hooks: [{url: 'http://bot/s3cret', hmac_file: /nowhere}]", "cannot be read"),
            (
                "hooks: [{url: 'https://a/s3cret', bearer_file: /nowhere}]",
                "/nowhere cannot be read",
            ),
        ] {
            let refused = refused(text).unwrap();
            assert!(refused.contains(words) && !refused.contains("s3cret"), "{refused}");
        }
    }
}
