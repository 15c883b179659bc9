//! Which registries may be asked, and where they are.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

/// Registries that give their tokens, or answer at all, elsewhere: host in the name of an image, host that answers,
/// host that gives tokens.
const ELSEWHERE: [(&str, &str, &str); 1] =
    [("docker.io", "registry-1.docker.io", "auth.docker.io")];

/// A registry that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry {
    /// Its host in the names of images, with its port.
    pub(super) host: String,
    /// Where it answers.
    pub(super) base: Url,
    /// The one other host that may give tokens for it.
    tokens: Option<&'static str>,
}

/// All registries that may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registries(Vec<Registry>);

/// An entry of the list that names no registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no registry; give hosts such as registry.example.com or registry.example.com:5000"
)]
pub struct BadRegistry(String);

impl FromStr for Registries {
    type Err = BadRegistry;

    fn from_str(text: &str) -> Result<Self, BadRegistry> {
        let entries = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let read = |it: &str| Registry::read(it).ok_or_else(|| BadRegistry(it.to_owned()));
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Registries {
    /// Whether none may be asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this host.
    pub(super) fn get(&self, host: &str) -> Option<&Registry> {
        self.0.iter().find(|it| it.host == host)
    }
}

impl Registry {
    fn read(entry: &str) -> Option<Self> {
        if let Some((host, place)) = entry.split_once('=') {
            let base = Url::parse(place).ok().filter(is_on_this_machine)?;
            return is_host(host).then(|| Self { host: host.to_owned(), base, tokens: None });
        }
        if !is_host(entry) {
            return None;
        }
        let elsewhere = ELSEWHERE.iter().find(|it| it.0 == entry);
        let (answers, tokens) = elsewhere.map_or((entry, None), |it| (it.1, Some(it.2)));
        let base = Url::parse(&format!("https://{answers}/")).ok()?;
        Some(Self { host: entry.to_owned(), base, tokens })
    }

    /// Whether it may be asked for a token there: at the registry itself, or at the host that is known to give its
    /// tokens.
    pub(super) fn gives_tokens_at(&self, realm: &Url) -> bool {
        let has_no_user = realm.username().is_empty() && realm.password().is_none();
        let is_known = realm.scheme() == "https"
            && realm.port().is_none()
            && self.tokens.is_some_and(|it| realm.host_str() == Some(it));
        has_no_user && (realm.origin() == self.base.origin() || is_known)
    }
}

/// `registry.example.com`, `registry.example.com:5000`: what has no dot and no port is not the host of an image.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |it| (it.0, Some(it.1)));
    let is_name = |it: &str| {
        let letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        !it.is_empty() && it.chars().all(letter)
    };
    let is_port = port.is_none_or(|it| it.parse::<u16>().is_ok_and(|it| 0 < it));
    (name.contains('.') || port.is_some()) && is_port && name.split('.').all(is_name)
}

/// Plain HTTP leaves this machine never: for tests, and a proxy that runs beside.
fn is_on_this_machine(place: &Url) -> bool {
    let host = place.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
    let is_bare = place.path() == "/" && place.query().is_none() && place.username().is_empty();
    place.scheme() == "http" && is_loopback && is_bare
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(entry: &str) -> Registry {
        Registry::read(entry).unwrap()
    }

    #[test]
    fn a_list_names_hosts_and_nothing_else() {
        for text in [
            "",
            " , ",
            "docker.io",
            "docker.io, ghcr.io,registry.example:5000",
            "a=http://127.0.0.1:5000",
        ] {
            let read = text.parse::<Registries>();
            assert_eq!(read.is_ok(), !text.starts_with("a="), "{text}");
        }
        for text in [
            "https://docker.io",
            "docker.io/library",
            "shop",
            "a..b",
            "a.b:0",
            "a.b:x",
            "*.b.c",
            "user@a.b",
            "A.b",
            "a.b=https://c.d",
            "a.b=http://c.d",
            "a.b=http://10.0.0.1",
            "a.b=http://localhost:1",
            "a.b=http://127.0.0.1:1/x",
            "a.b=file:///etc",
            "a.b c.d",
            "[::1]:5000",
        ] {
            assert!(text.parse::<Registries>().is_err(), "{text}");
        }
        assert!("a.b=http://[::1]:5000".parse::<Registries>().is_ok());
    }

    #[test]
    fn a_registry_is_asked_where_it_answers() {
        assert_eq!(registry("docker.io").base.as_str(), "https://registry-1.docker.io/");
        assert_eq!(registry("ghcr.io").base.as_str(), "https://ghcr.io/");
        assert_eq!(registry("a.b=http://127.0.0.1:5000").base.as_str(), "http://127.0.0.1:5000/");
    }

    #[test]
    fn tokens_are_asked_for_at_the_registry_or_where_it_is_known_to_give_them() {
        for (entry, realm, expected) in [
            ("docker.io", "https://auth.docker.io/token", true),
            ("docker.io", "https://registry-1.docker.io/token", true),
            ("ghcr.io", "https://ghcr.io/token", true),
            ("ghcr.io", "https://ghcr.io:443/token", true),
            ("docker.io", "http://auth.docker.io/token", false),
            ("docker.io", "https://auth.docker.io:8443/token", false),
            ("docker.io", "https://auth.docker.io.evil.example/token", false),
            ("docker.io", "https://auth.docker.io@evil.example/token", false),
            ("docker.io", "https://user@auth.docker.io/token", false),
            ("ghcr.io", "https://auth.docker.io/token", false),
            ("ghcr.io", "http://ghcr.io/token", false),
            ("ghcr.io", "https://ghcr.io:8443/token", false),
            ("ghcr.io", "https://evil.example/token", false),
            ("a.b=http://127.0.0.1:5000", "http://127.0.0.1:5000/token", true),
            ("a.b=http://127.0.0.1:5000", "http://127.0.0.1:5001/token", false),
            ("a.b=http://127.0.0.1:5000", "https://a.b/token", false),
        ] {
            let realm = Url::parse(realm).unwrap();
            assert_eq!(registry(entry).gives_tokens_at(&realm), expected, "{entry} {realm}");
        }
    }
}
