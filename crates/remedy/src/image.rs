//! An image reference, taken apart far enough to compare repositories and tags.

/// The longest tag that the OCI distribution specification allows.
const MAX_TAG_LENGTH: usize = 128;
/// The longest reference that is looked at; registries allow far less.
const MAX_REFERENCE_LENGTH: usize = 1024;

/// `repository:tag@digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// Registry and path as written, without tag and digest.
    pub(crate) repository: &'a str,
    /// The tag as written, valid or not.
    pub(crate) tag: Option<&'a str>,
    /// The digest, such as `sha256:…`.
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// The parts of a reference; `None` when its repository cannot be one.
    pub(crate) fn parse(reference: &'a str) -> Option<Self> {
        if MAX_REFERENCE_LENGTH < reference.len() {
            return None;
        }
        let (name, digest) = match reference.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (reference, None),
        };
        let path = name.rfind('/').map_or(0, |it| it + 1);
        let colon = name.get(path..)?.find(':').map(|it| path + it);
        let (repository, tag) = match colon {
            Some(colon) => (name.get(..colon)?, name.get(colon + 1..)),
            None => (name, None),
        };
        is_repository(repository).then_some(Self { repository, tag, digest })
    }

    /// The tag that was asked for: what stands behind an `@` and is no digest was meant as one.
    pub(crate) fn wanted_tag(&self) -> &'a str {
        self.tag.or(self.digest.filter(|it| is_tag(it))).unwrap_or("latest")
    }

    /// Whether both name the same repository, however it is abbreviated.
    pub(crate) fn is_same_repository(&self, other: &Image<'_>) -> bool {
        full(self.repository) == full(other.repository)
    }
}

/// Whether this is a tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    tag.len() <= MAX_TAG_LENGTH
        && tag.starts_with(word)
        && tag.chars().all(|it| word(it) || it == '.' || it == '-')
}

fn is_repository(repository: &str) -> bool {
    !repository.is_empty()
        && repository.split('/').all(|it| !it.is_empty())
        && repository.chars().all(|it| it.is_ascii_alphanumeric() || "._-/:".contains(it))
}

/// The repository with registry and `library/`, as the container runtime completes it.
fn full(repository: &str) -> String {
    let (first, rest) = repository.split_once('/').unwrap_or(("", repository));
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    match (is_registry, first) {
        (true, "docker.io" | "index.docker.io") if !rest.contains('/') => {
            format!("docker.io/library/{rest}")
        }
        (true, "index.docker.io") => format!("docker.io/{rest}"),
        (true, _) => repository.to_owned(),
        (false, "") => format!("docker.io/library/{rest}"),
        (false, _) => format!("docker.io/{repository}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_a_registry_is_no_tag() {
        let image = Image::parse("localhost:5000/shop/web").unwrap();

        assert_eq!((image.repository, image.tag), ("localhost:5000/shop/web", None));
    }

    #[test]
    fn behind_an_at_sign_stands_a_digest_or_a_tag_with_the_wrong_sign() {
        let wanted = |image| Image::parse(image).unwrap().wanted_tag();

        assert_eq!([wanted("nginx@1.27"), wanted("nginx:1.27@sha256:ab")], ["1.27", "1.27"]);
        assert_eq!([wanted("nginx@sha256:ab"), wanted("nginx")], ["latest", "latest"]);
    }

    #[test]
    fn a_short_name_is_the_same_repository_as_its_long_one() {
        let same = |left, right| {
            Image::parse(left).unwrap().is_same_repository(&Image::parse(right).unwrap())
        };

        assert!(same("nginx:1", "docker.io/library/nginx:2"));
        assert!(same("shop/web:1", "docker.io/shop/web:1"));
        assert!(!same("nginx:1", "evil.example/library/nginx:1"));
        assert!(!same("shop/web:1", "ghcr.io/shop/web:1"));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for tag in ["", "-1", ".1", "1\n2", "1 2", "1/2", "1:2", "1@sha256:0", &"1".repeat(129)] {
            assert!(!is_tag(tag), "{tag:?}");
        }
        for tag in ["1", "latest", "v1.2.3-rc_1", "_x"] {
            assert!(is_tag(tag), "{tag:?}");
        }
    }

    #[test]
    fn what_is_no_repository_is_no_image() {
        for image in ["", ":1", "a//b:1", "a\nb:1", "a b", "/a", "http://a/b"] {
            assert_eq!(Image::parse(image), None, "{image:?}");
        }
    }
}
