//! The name of an image, as far as a registry is asked by it.

/// The longest name that is asked for, host and path: the distribution specification advises no more.
const MAX_LENGTH: usize = 255;

/// Who has the image, and under which name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The registry's host, with its port.
    pub(super) host: String,
    /// The repository's name there: checked, so that it can be part of a path.
    pub(super) path: String,
}

impl Name {
    /// The name in this image, completed as the container runtime does; `None` when it is none.
    pub(super) fn of(image: &str) -> Option<Self> {
        let name = image.split('@').next()?;
        // A colon before the last slash belongs to the registry's port.
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            Some(_) | None => name,
        };
        let first =
            name.split_once('/').filter(|it| it.0.contains(['.', ':']) || it.0 == "localhost");
        let (host, path) = match first {
            Some(("index.docker.io", path)) => ("docker.io", path),
            Some(parts) => parts,
            None => ("docker.io", name),
        };
        let is_short = host == "docker.io" && !path.contains('/');
        let path = if is_short { format!("library/{path}") } else { path.to_owned() };
        let is_name = name.len() <= MAX_LENGTH && path.split('/').all(is_component);
        is_name.then(|| Self { host: host.to_owned(), path })
    }
}

/// Whether this is a part of a repository's name: small letters and digits, with separators only between them.
fn is_component(part: &str) -> bool {
    let letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    part.starts_with(letter)
        && part.ends_with(letter)
        && part.chars().all(|it| letter(it) || "._-".contains(it))
        && !part.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_completed() {
        for (image, host, path) in [
            ("nginx", "docker.io", "library/nginx"),
            ("nginx:1.27", "docker.io", "library/nginx"),
            ("docker.io/nginx:1", "docker.io", "library/nginx"),
            ("index.docker.io/shop/web", "docker.io", "shop/web"),
            ("shop/web:1@sha256:ab", "docker.io", "shop/web"),
            ("registry.example:5000/a/b-c/d_e:1", "registry.example:5000", "a/b-c/d_e"),
            ("localhost/web", "localhost", "web"),
        ] {
            let expected = Name { host: host.to_owned(), path: path.to_owned() };
            assert_eq!(Name::of(image), Some(expected), "{image}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_name() {
        for image in [
            "",
            ":1",
            "/web",
            "shop//web",
            "shop/../../admin",
            "shop/..",
            "a.b/web?x=1",
            "a.b/web#x",
            "a.b/we%2fb",
            "a.b/we\\b",
            "a.b/we b",
            "a.b/we\nb",
            "a.b/Web",
            "a.b/wéb",
            "a.b/-web",
            "a.b/web/",
            "http://a.b/web",
            &format!("a.b/{}", "w".repeat(255)),
        ] {
            assert_eq!(Name::of(image), None, "{image:?}");
        }
    }
}
