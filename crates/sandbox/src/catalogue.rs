//! The images that can be pulled, what is in them, and how registries answer.

use std::collections::BTreeMap;
use std::time::Duration;

mod behaviour;
mod reference;
mod well_known;

pub(crate) use behaviour::ANNOTATION;
pub use behaviour::Behaviour;
pub use reference::Reference;

/// What is in an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// What runs when the container names no command.
    pub command: Vec<String>,
    /// Programs beside a shell and the usual tools.
    pub programs: Vec<String>,
    /// What the image's own program does.
    pub behaviour: Behaviour,
    /// The environment that the image sets.
    pub env: BTreeMap<String, String>,
    /// How much there is to download.
    pub size: u64,
}

/// How a registry answers to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// It serves what the catalogue holds.
    Open,
    /// It wants a secret for pulling.
    Private,
    /// It refuses because too much was asked of it.
    Limited,
    /// Its name resolves, but nothing answers.
    Silent,
}

/// Why an image could not be pulled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PullError(String);

/// Every image and registry there is.
#[derive(Clone, Debug)]
pub struct Catalogue {
    images: BTreeMap<Reference, Image>,
    registries: BTreeMap<String, Registry>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let registries = [
            ("docker.io", Registry::Open),
            ("ghcr.io", Registry::Open),
            ("quay.io", Registry::Open),
            ("registry.k8s.io", Registry::Open),
            ("registry.example", Registry::Open),
            ("private.example", Registry::Private),
            ("limited.example", Registry::Limited),
            ("silent.example", Registry::Silent),
        ];
        let mut catalogue = Self {
            images: BTreeMap::new(),
            registries: registries.map(|(host, it)| (host.to_owned(), it)).into(),
        };
        well_known::fill(&mut catalogue);
        catalogue
    }
}

impl Catalogue {
    /// Adds an image under a name such as `nginx:1.27`; its registry opens if it was not known.
    /// `false` when that is no name of an image.
    pub fn add(&mut self, name: &str, image: Image) -> bool {
        let Some(reference) = Reference::parse(name) else { return false };
        self.registries.entry(reference.host.clone()).or_insert(Registry::Open);
        self.images.insert(reference, image);
        true
    }

    /// Says how a registry answers.
    pub fn add_registry(&mut self, host: &str, registry: Registry) {
        self.registries.insert(host.to_owned(), registry);
    }

    /// The image of that name, whoever asks.
    pub fn image(&self, reference: &Reference) -> Option<&Image> {
        self.images.get(reference)
    }

    /// Asks the registry for an image, with or without a secret, in the words of containerd.
    pub fn pull(&self, reference: &Reference, with_secret: bool) -> Result<&Image, PullError> {
        match self.registries.get(&reference.host) {
            None => Err(no_host(reference)),
            Some(Registry::Silent) => Err(no_answer(reference)),
            Some(Registry::Limited) => Err(limited(reference)),
            Some(Registry::Private) if !with_secret => Err(unauthorized(reference)),
            Some(Registry::Private | Registry::Open) => {
                self.images.get(reference).ok_or_else(|| self.missing(reference))
            }
        }
    }

    fn missing(&self, reference: &Reference) -> PullError {
        let known = self
            .images
            .keys()
            .any(|it| it.host == reference.host && it.repository == reference.repository);
        if known {
            let why = format!("{reference}: not found");
            unresolved("NotFound", reference, &why)
        } else {
            unresolved(
                "Unknown",
                reference,
                "pull access denied, repository does not exist or may require authorization: \
                 server message: insufficient_scope: authorization failed",
            )
        }
    }
}

/// How long a download takes: a node gets some 50 MB in a second.
pub(crate) fn download(image: &Image) -> Duration {
    const BYTES_A_MILLISECOND: u64 = 50_000;
    Duration::from_millis(400 + image.size / BYTES_A_MILLISECOND)
}

fn unresolved(code: &str, reference: &Reference, why: &str) -> PullError {
    PullError(format!(
        "rpc error: code = {code} desc = failed to pull and unpack image \"{reference}\": \
         failed to resolve reference \"{reference}\": {why}"
    ))
}

fn url(reference: &Reference) -> String {
    let host = if reference.host == "docker.io" { "registry-1.docker.io" } else { &reference.host };
    format!("https://{host}/v2/{}/manifests/{}", reference.repository, reference.tag)
}

fn no_host(reference: &Reference) -> PullError {
    let host = reference.host.split(':').next().unwrap_or_default();
    let why = format!(
        "failed to do request: Head \"{}\": dial tcp: lookup {host} on 10.96.0.10:53: no such host",
        url(reference)
    );
    unresolved("Unknown", reference, &why)
}

fn no_answer(reference: &Reference) -> PullError {
    let why = format!(
        "failed to do request: Head \"{}\": dial tcp 192.0.2.10:443: i/o timeout",
        url(reference)
    );
    unresolved("Unknown", reference, &why)
}

fn limited(reference: &Reference) -> PullError {
    let why = format!(
        "unexpected status from HEAD request to {}: 429 Too Many Requests - Server message: \
         toomanyrequests: You have reached your unauthenticated pull rate limit. \
         https://www.docker.com/increase-rate-limit",
        url(reference)
    );
    unresolved("Unknown", reference, &why)
}

fn unauthorized(reference: &Reference) -> PullError {
    let Reference { host, repository, .. } = reference;
    let scope = repository.replace('/', "%2F");
    let why = format!(
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request \
         to https://{host}/token?scope=repository%3A{scope}%3Apull&service={host}: 401 Unauthorized"
    );
    unresolved("Unknown", reference, &why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refusal(image: &str) -> String {
        let reference = Reference::parse(image).unwrap();
        Catalogue::default().pull(&reference, false).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_tag_is_not_found() {
        assert_eq!(
            refusal("nginx:1.99"),
            "rpc error: code = NotFound desc = failed to pull and unpack image \
             \"docker.io/library/nginx:1.99\": failed to resolve reference \
             \"docker.io/library/nginx:1.99\": docker.io/library/nginx:1.99: not found"
        );
    }

    #[test]
    fn each_registry_refuses_in_its_own_words() {
        assert!(refusal("ngnix:1.27").contains("pull access denied, repository does not exist"));
        assert!(refusal("private.example/app:1").contains("401 Unauthorized"));
        assert!(refusal("limited.example/app:1").contains("429 Too Many Requests"));
        assert!(refusal("silent.example/app:1").contains("i/o timeout"));
        assert!(refusal("nowhere.example/app:1").contains("no such host"));
    }

    #[test]
    fn a_secret_opens_a_private_registry() {
        let reference = Reference::parse("private.example/app:1").unwrap();

        assert!(Catalogue::default().pull(&reference, true).is_ok());
    }
}
