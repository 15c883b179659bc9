//! What the name of an image says.

/// An image's full name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The registry, such as `docker.io`.
    pub host: String,
    /// The repository in it, such as `library/nginx`.
    pub repository: String,
    /// The tag, or a digest with its algorithm.
    pub tag: String,
}

impl Reference {
    /// Completes a short name as containerd does; `None` for what is no name of an image.
    pub fn parse(image: &str) -> Option<Self> {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        let slash = name.rfind('/').map_or(0, |it| it + 1);
        let (path, tag) = match name.get(slash..)?.find(':') {
            Some(colon) => (name.get(..slash + colon)?, Some(name.get(slash + colon + 1..)?)),
            None => (name, None),
        };
        let tag = match digest {
            Some(digest) if digest.split_once(':').is_some_and(|it| 32 <= it.1.len()) => digest,
            Some(_) => return None,
            None => tag.unwrap_or("latest"),
        };
        let (host, repository) = match path.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
                (host, rest.to_owned())
            }
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        let fits = repository.split('/').all(is_component)
            && (digest.is_some() || is_tag(tag))
            && !host.is_empty();
        fits.then(|| Self { host: host.to_owned(), repository, tag: tag.to_owned() })
    }

    /// Whether the name holds a digest.
    pub fn is_digest(&self) -> bool {
        self.tag.contains(':')
    }

    /// Host and repository.
    pub fn place(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_digest() { '@' } else { ':' };
        write!(f, "{}/{}{sign}{}", self.host, self.repository, self.tag)
    }
}

fn is_component(part: &str) -> bool {
    let inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    part.starts_with(inner)
        && part.ends_with(inner)
        && part.chars().all(|it| inner(it) || "._-".contains(it))
}

fn is_tag(tag: &str) -> bool {
    // 128 is the longest tag that registries accept.
    (1..=128).contains(&tag.len())
        && tag.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_')
        && tag.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(image: &str, expected: Option<&str>) {
        assert_eq!(
            Reference::parse(image).map(|it| it.to_string()).as_deref(),
            expected,
            "{image}"
        );
    }

    #[test]
    fn short_names_are_completed() {
        check("nginx", Some("docker.io/library/nginx:latest"));
        check("nginx:1.27", Some("docker.io/library/nginx:1.27"));
        check("shop/web:1.4", Some("docker.io/shop/web:1.4"));
        check("ghcr.io/shop/web", Some("ghcr.io/shop/web:latest"));
        check("localhost:5000/web:2", Some("localhost:5000/web:2"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for image in ["nginx::1", "Nginx", "nginx:", "a b", "nginx@sha256:12", "/web", ""] {
            check(image, None);
        }
    }
}
