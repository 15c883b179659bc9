//! The name of an image, shortened to what people write and checked before anybody repeats it.

mod broken;
mod glued;

pub(crate) use broken::broken;
pub(crate) use glued::{is_glued, parted};

use crate::evidence::repository;

/// The longest name that is looked at: registries allow 255 characters before the tag, and 128 in it.
const MAX_LENGTH: usize = 384;
/// The longest tag that the OCI distribution specification allows.
const MAX_TAG_LENGTH: usize = 128;
/// How runtimes spell out the registry that a name without one means.
const HUBS: [&str; 2] = ["docker.io/", "index.docker.io/"];
/// Where that registry keeps the images whose names have no slash.
const LIBRARY: &str = "library/";

/// The name with its tag as people write it: `nginx:1.27` for `docker.io/library/nginx:1.27`. `None` for a name by
/// digest, for one without a tag, and for what no image can be called: lists of nodes are not to be trusted.
pub fn tagged(name: &str) -> Option<&str> {
    if MAX_LENGTH < name.len() || name.contains('@') {
        return None;
    }
    let name = short(name);
    let repository = repository(name);
    let tag = name.strip_prefix(repository)?.strip_prefix(':')?;
    (is_repository(repository) && is_tag(tag)).then_some(name)
}

/// The name without what every runtime adds to it by itself.
pub(crate) fn short(name: &str) -> &str {
    let Some(rest) = HUBS.iter().find_map(|it| name.strip_prefix(it)) else {
        // The same by a name that is half written out.
        let bare = name.strip_prefix(LIBRARY).filter(|it| !it.is_empty() && !it.contains('/'));
        return bare.unwrap_or(name);
    };
    let bare = rest.strip_prefix(LIBRARY).filter(|it| !it.is_empty() && !it.contains('/'));
    let short = bare.unwrap_or(rest);
    // Alone, what looks like a host would be taken for one.
    let is_host = short.split_once('/').is_some_and(|it| is_host(it.0));
    if is_host { name } else { short }
}

/// A short name of a repository with what `like` has before its own: who writes the registry out goes on doing so.
pub(crate) fn written_like(like: &str, repository: &str) -> String {
    let Some(hub) = HUBS.iter().find(|it| like.starts_with(**it)) else {
        return repository.to_owned();
    };
    let first = repository.split_once('/').map(|it| it.0);
    let library = if first.is_none() { LIBRARY } else { "" };
    if first.is_some_and(is_host) {
        return repository.to_owned();
    }
    format!("{hub}{library}{repository}")
}

/// Whether the first part of a name is a registry.
fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn is_repository(repository: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "._-/:".contains(it);
    repository.split('/').all(|it| !it.is_empty()) && repository.chars().all(is_letter)
}

/// Whether this is a tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    tag.len() <= MAX_TAG_LENGTH
        && tag.starts_with(word)
        && tag.chars().all(|it| word(it) || it == '.' || it == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shortened_to_what_people_write() {
        for (name, short) in [
            ("docker.io/library/nginx:1.27", "nginx:1.27"),
            ("index.docker.io/library/nginx:1.27", "nginx:1.27"),
            ("docker.io/shop/web:1.4", "shop/web:1.4"),
            ("library/nginx:1.27", "nginx:1.27"),
            ("nginx:1.27", "nginx:1.27"),
            ("ghcr.io/library/nginx:1.27", "ghcr.io/library/nginx:1.27"),
            ("localhost/pause:1", "localhost/pause:1"),
            ("registry:5000/shop/web:1.4", "registry:5000/shop/web:1.4"),
            // Alone it would be another registry.
            ("docker.io/a.example/web:1", "docker.io/a.example/web:1"),
        ] {
            assert_eq!(tagged(name), Some(short), "{name}");
        }
    }

    #[test]
    fn what_has_no_tag_or_is_no_name_is_left_out() {
        let long = format!("{}:1", "a".repeat(MAX_LENGTH));
        for name in [
            "",
            "nginx",
            "docker.io/library/nginx@sha256:0123",
            "nginx:1.27@sha256:0123",
            "<none>:<none>",
            "<none>@<none>",
            "registry:5000/shop/web",
            "docker.io/library/:1",
            "shop//web:1",
            "web:1\nforged: line",
            "wéb:1",
            ":1",
            &long,
        ] {
            assert_eq!(tagged(name), None, "{name:?}");
        }
    }

    #[test]
    fn who_writes_the_registry_out_goes_on_doing_so() {
        for (like, repository, written) in [
            ("ngnix", "nginx", "nginx"),
            ("docker.io/library/ngnix", "nginx", "docker.io/library/nginx"),
            ("docker.io/ngnix", "nginx", "docker.io/library/nginx"),
            ("docker.io/shop/wbe", "shop/web", "docker.io/shop/web"),
            ("docker.io/shop.x/wbe", "shop.x/web", "shop.x/web"),
        ] {
            assert_eq!(written_like(like, repository), written, "{like}");
        }
    }
}
