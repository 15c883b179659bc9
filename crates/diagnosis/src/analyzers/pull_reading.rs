//! What a runtime says about a pull that failed, and which image was probably meant.

use types::{Edit, Evidence, ImageFacts, RevisionFacts};

use crate::evidence::{repository, tag};
use crate::image_name::{is_glued, short};
use crate::near_miss::near_miss;

/// Why an image was not pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    /// It may not be pulled, and the node does not have it.
    Never,
    /// The registry has the image for other processors.
    Platform,
    /// The registry knows the repository and not the tag.
    NoTag,
    /// The registry does not know the repository.
    NoRepository,
    /// The registry has no such image; which part is missing it does not say.
    NotThere,
    /// The registry does not say whether the repository is missing or private.
    Private,
    /// Credentials are missing or wrong.
    Credentials,
    /// The credentials do not allow it.
    Denied,
    /// The registry throttles.
    Limited,
    /// The registry's name cannot be resolved.
    Unresolved,
    /// The registry refuses connections.
    Refused,
    /// The registry does not answer.
    Silent,
    /// The registry's certificate is not trusted.
    Certificate,
    /// The registry speaks HTTP where HTTPS is expected.
    PlainHttp,
    /// The registry has a failure of its own.
    Down,
    /// The node has no room for the image.
    DiskFull,
    /// The image is not signed as it has to be.
    Signature,
}

/// What a message says, in small letters. The first that fits decides: what is said about the way to the registry
/// stands before what a registry answers, and what it names before what it only denies.
const MARKS: &[(&str, Pull)] = &[
    ("is not present with pull policy of never", Pull::Never),
    ("no match for platform", Pull::Platform),
    ("no matching manifest for", Pull::Platform),
    ("toomanyrequests", Pull::Limited),
    ("too many requests", Pull::Limited),
    ("pull rate limit", Pull::Limited),
    ("unexpected status code 429", Pull::Limited),
    ("status: 429", Pull::Limited),
    ("no such host", Pull::Unresolved),
    ("server misbehaving", Pull::Unresolved),
    ("name resolution", Pull::Unresolved),
    ("http response to https client", Pull::PlainHttp),
    ("x509: ", Pull::Certificate),
    ("tls: ", Pull::Certificate),
    ("certificate signed by unknown authority", Pull::Certificate),
    ("connection refused", Pull::Refused),
    ("i/o timeout", Pull::Silent),
    ("tls handshake timeout", Pull::Silent),
    ("deadline exceeded", Pull::Silent),
    ("client.timeout exceeded", Pull::Silent),
    ("connection timed out", Pull::Silent),
    ("network is unreachable", Pull::Silent),
    ("no route to host", Pull::Silent),
    ("connection reset by peer", Pull::Silent),
    ("no space left on device", Pull::DiskFull),
    ("signature validation", Pull::Signature),
    ("signaturevalidationfailed", Pull::Signature),
    ("manifest unknown", Pull::NoTag),
    ("manifest_unknown", Pull::NoTag),
    ("requested image not found", Pull::NoTag),
    ("name unknown", Pull::NoRepository),
    ("name_unknown", Pull::NoRepository),
    ("repository name not known", Pull::NoRepository),
    ("does not exist in the registry", Pull::NoRepository),
    ("repository does not exist or may require", Pull::Private),
    ("(or it may not exist)", Pull::Private),
    ("insufficient_scope", Pull::Private),
    ("authorization token has expired", Pull::Credentials),
    ("no basic auth credentials", Pull::Credentials),
    ("incorrect username or password", Pull::Credentials),
    ("authentication required", Pull::Credentials),
    ("unauthorized", Pull::Credentials),
    ("401", Pull::Credentials),
    ("failed to fetch anonymous token", Pull::Private),
    ("requested access to the resource is denied", Pull::Denied),
    ("403 forbidden", Pull::Denied),
    ("authorization failed", Pull::Denied),
    ("denied", Pull::Denied),
    ("not found", Pull::NotThere),
    ("404", Pull::NotThere),
    ("500 internal server error", Pull::Down),
    ("502 bad gateway", Pull::Down),
    ("503 service unavailable", Pull::Down),
    ("504 gateway timeout", Pull::Down),
    ("registryunavailable", Pull::Down),
    ("unexpected eof", Pull::Silent),
    ("failed to do request", Pull::Silent),
];

/// What the message of a pull says; `None` when it says nothing that we know.
pub(super) fn read(message: &str, image: &str) -> Option<Pull> {
    // An image may be called anything, `denied:401` as well: only what stands around its name is read.
    let mut words = message.to_lowercase();
    for name in [image, repository(image)].map(str::to_lowercase) {
        if !name.is_empty() {
            words = words.replace(&name, " ");
        }
    }
    MARKS.iter().find(|it| words.contains(it.0)).map(|it| it.1)
}

impl Pull {
    /// Whether the registry answered that it does not have the image, or nobody was asked.
    pub(super) fn is_absence(self) -> bool {
        matches!(self, Self::Never | Self::NoTag | Self::NoRepository | Self::NotThere)
    }

    /// Why, as the end of a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Never => "it may not be pulled, and the node does not have it",
            Self::Platform => "it is not made for this kind of node",
            Self::NoTag => "the registry has no such tag",
            Self::NoRepository => "the registry has no such repository",
            Self::NotThere => "the registry does not have it",
            Self::Private => {
                "the registry has no such repository, or shows it only to those with credentials"
            }
            Self::Credentials => "the registry wants credentials that the pod does not have",
            Self::Denied => "the registry denies access",
            Self::Limited => "the registry throttles pulls",
            Self::Unresolved => "the registry's name cannot be resolved",
            Self::Refused => "the registry refuses connections",
            Self::Silent => "the registry does not answer",
            Self::Certificate => "the registry's certificate is not trusted",
            Self::PlainHttp => "the registry speaks HTTP, and the runtime expects HTTPS",
            Self::Down => "the registry has a failure of its own",
            Self::DiskFull => "the node has no disk left for it",
            Self::Signature => "it is not signed as the node demands",
        }
    }
}

/// The image that was probably meant: one that is known to run and has nearly the same tag or repository, or the
/// one that ran here before. Of tags the own history has the first word, then the own namespace.
pub(super) fn meant<'a>(evidence: &'a Evidence, image: &str) -> Option<&'a ImageFacts> {
    let (wanted, wanted_tag) = (repository(short(image)), tag(image));
    let (same, others): (Vec<_>, Vec<_>) =
        evidence.images.iter().partition(|it| repository(short(&it.image)) == wanted);
    let here = format!("Pod {}/", evidence.subject.namespace);
    let near = |is_asked: &dyn Fn(&ImageFacts) -> bool| {
        let asked = || same.iter().filter(|it| is_asked(it));
        let near = near_miss(wanted_tag, asked().map(|it| tag(&it.image)))?;
        asked().find(|it| near == tag(&it.image))
    };
    let by_tag = near(&|it| it.own)
        .or_else(|| near_own(&same, wanted_tag))
        .or_else(|| near(&|it| had_before(evidence, &it.image).is_some()))
        .or_else(|| near(&|it| it.own || it.seen_in.starts_with(&here)))
        .or_else(|| near(&|_| true));
    let own = || same.iter().find(|it| it.own);
    let by_repository = || {
        let near = near_miss(wanted, others.iter().map(|it| repository(short(&it.image))))?;
        let mut found = others.iter().filter(|it| repository(short(&it.image)) == near);
        found.clone().find(|it| tag(&it.image) == wanted_tag).or_else(|| found.next())
    };
    by_tag.or_else(own).or_else(by_repository).or_else(|| glued(&others, image)).copied()
}

/// Of several own tags that are equally near the one that ran last.
fn near_own<'o, 'a>(same: &'o [&'a ImageFacts], wanted: &str) -> Option<&'o &'a ImageFacts> {
    let near = same.iter().filter(|it| it.own && near_miss(wanted, [tag(&it.image)]).is_some());
    near.max_by_key(|it| number(&it.seen_in))
}

/// The number at the end: of `revision 12`, of `the earlier Job sync-29929860`.
fn number(seen_in: &str) -> Option<u64> {
    seen_in.rsplit(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

/// The newest of the own earlier revisions that had this image, whether it was ever seen ready or not.
pub(super) fn had_before<'e>(evidence: &'e Evidence, image: &str) -> Option<&'e RevisionFacts> {
    let had = |it: &&RevisionFacts| images_of(it).any(|it| short(it) == short(image));
    evidence.revisions.iter().filter(had).max_by_key(|it| it.revision)
}

/// The one image in the own history with nearly this tag, of which nothing says that it ever ran.
pub(super) fn nearly_had<'e>(
    evidence: &'e Evidence,
    image: &str,
) -> Option<(&'e RevisionFacts, &'e str)> {
    let wanted = repository(short(image));
    let all = evidence.revisions.iter().flat_map(|of| images_of(of).map(move |it| (of, it)));
    let is_near =
        |it: &str| repository(short(it)) == wanted && near_miss(tag(image), [tag(it)]).is_some();
    let near: Vec<_> = all.filter(|it| is_near(it.1)).collect();
    let (_, first) = near.first()?;
    let are_one = near.iter().all(|it| short(it.1) == short(first));
    near.into_iter().filter(|_| are_one).max_by_key(|it| it.0.revision)
}

/// The images that a return to a revision would bring back.
fn images_of(revision: &RevisionFacts) -> impl Iterator<Item = &str> {
    let edits = revision.edits.iter().filter(|it| !revision.current && is_image(it));
    edits.filter_map(|it| it.to.as_ref()?.as_str())
}

fn is_image(edit: &Edit) -> bool {
    edit.path.as_str().ends_with("/image")
}

/// The only one that is this one but for its colon.
fn glued<'o, 'a>(others: &'o [&'a ImageFacts], image: &str) -> Option<&'o &'a ImageFacts> {
    let mut found = others.iter().filter(|it| is_glued(image, &it.image));
    let first = found.next()?;
    found.all(|it| short(&it.image) == short(&first.image)).then_some(first)
}

/// Whether the cluster runs another tag of this repository, so that the repository is there.
pub(super) fn has_repository(evidence: &Evidence, image: &str) -> bool {
    let wanted = repository(short(image));
    evidence.images.iter().any(|it| repository(short(&it.image)) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: Pull) {
        assert_eq!(read(message, "shop/web:1.4"), Some(expected), "{message}");
    }

    #[test]
    fn runtimes_and_registries_are_read() {
        let begin = r#"failed to pull and unpack image "docker.io/shop/web:1.4": failed to resolve reference "docker.io/shop/web:1.4": "#;
        for (end, expected) in [
            ("docker.io/shop/web:1.4: not found", Pull::NotThere),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                Pull::Private,
            ),
            (
                "unexpected status from HEAD request to https://ecr.example/v2/shop/web/manifests/1.4: 401 Unauthorized",
                Pull::Credentials,
            ),
            (
                "unexpected status from HEAD request to https://eu.gcr.io/v2/shop/web/manifests/1.4: 403 Forbidden",
                Pull::Denied,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=x: 403 Forbidden",
                Pull::Private,
            ),
            (
                r#"failed to do request: Head "https://registry.exmaple.com/v2/shop/web/manifests/1.4": dial tcp: lookup registry.exmaple.com on 10.96.0.10:53: no such host"#,
                Pull::Unresolved,
            ),
            (
                r#"failed to do request: Head "https://10.0.0.1:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused"#,
                Pull::Refused,
            ),
            (
                r#"failed to do request: Head "https://10.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client"#,
                Pull::PlainHttp,
            ),
            (
                r#"failed to do request: Head "https://harbor/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
                Pull::Certificate,
            ),
            (
                "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/shop/web/manifests/sha256:ab: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
                Pull::Limited,
            ),
        ] {
            check(&format!("{begin}{end}"), expected);
        }
    }

    #[test]
    fn what_registries_answer_is_told_apart() {
        for (message, expected) in [
            ("no match for platform in manifest: not found", Pull::Platform),
            (
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                Pull::Platform,
            ),
            (
                "Error response from daemon: manifest for shop/web:1.4 not found: manifest unknown: manifest unknown",
                Pull::NoTag,
            ),
            (
                "name unknown: The repository with name 'shop/web' does not exist in the registry with id '1234'",
                Pull::NoRepository,
            ),
            ("name unknown: Repository \"web\" not found", Pull::NoRepository),
            (
                "denied: Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"projects/shop\" (or it may not exist)",
                Pull::Private,
            ),
            (
                "denied: Your authorization token has expired. Reauthenticate and try again.",
                Pull::Credentials,
            ),
            (
                "unauthorized: unauthorized to access repository: shop/web, action: pull",
                Pull::Credentials,
            ),
            ("denied: requested access to the resource is denied", Pull::Denied),
            (
                "Container image \"shop/web:1.4\" is not present with pull policy of Never",
                Pull::Never,
            ),
            (
                "failed to extract layer: write /var/lib/containerd/x: no space left on device",
                Pull::DiskFull,
            ),
            ("unexpected status: 503 Service Unavailable", Pull::Down),
            ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", Pull::Silent),
        ] {
            check(message, expected);
        }
    }

    #[test]
    fn the_name_of_an_image_says_nothing() {
        let message = "failed to pull image \"denied/toomanyrequests:401\": connection refused";
        assert_eq!(read(message, "denied/toomanyrequests:401"), Some(Pull::Refused));
        assert_eq!(read("Back-off pulling image \"denied:1\"", "denied:1"), None);
    }
}
