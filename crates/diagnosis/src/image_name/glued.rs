//! Names whose colon before the tag is missing, or is something else: `nginx1.27` for `nginx:1.27`.

use super::{is_tag, short, written_like};
use crate::evidence::repository;

/// What people write where the colon belongs; nothing at all comes last, since it begins whatever follows.
const BETWEEN: [&str; 5] = ["-", "_", ".", "/", ""];
/// Shorter names are too alike by chance: `web1` may well be another program than `web`.
const MIN_TAG: usize = 2;

/// Whether a name without a tag is the known one, but for the colon before its tag.
pub(crate) fn is_glued(image: &str, known: &str) -> bool {
    let (image, known) = (short(image), short(known));
    let of = repository(known);
    let tag = known.strip_prefix(of).and_then(|it| it.strip_prefix(':')).unwrap_or_default();
    if image.contains('@') || repository(image) != image || !is_tag(tag) || tag.len() < MIN_TAG {
        return false;
    }
    let rest = image.strip_prefix(of).filter(|it| !it.is_empty());
    let is_it = |between: &&str| {
        let behind = rest.and_then(|it| it.strip_prefix(*between));
        // `web/10` may be a repository of its own below another one.
        behind == Some(tag) && (*between != "/" || tag.contains('.'))
    };
    BETWEEN.iter().any(is_it)
}

/// The known name, written out as the other one is.
pub(crate) fn parted(image: &str, known: &str) -> String {
    let known = short(known);
    let of = repository(known);
    let tag = known.strip_prefix(of).unwrap_or_default();
    format!("{}{tag}", written_like(image, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_its_colon_is_the_known_one() {
        for (image, known) in [
            ("nginx1.27", "nginx:1.27"),
            ("nginx-1.27", "docker.io/library/nginx:1.27"),
            ("docker.io/library/nginx1.27-alpine", "nginx:1.27-alpine"),
            ("registry:5000/shop/web_v2", "registry:5000/shop/web:v2"),
            ("nginx/1.27", "nginx:1.27"),
            ("redis.7.2", "redis:7.2"),
        ] {
            assert!(is_glued(image, known), "{image} {known}");
        }
        assert_eq!(
            parted("docker.io/library/nginx1.27", "nginx:1.27"),
            "docker.io/library/nginx:1.27"
        );
        assert_eq!(parted("nginx1.27", "docker.io/library/nginx:1.27"), "nginx:1.27");
    }

    #[test]
    fn another_name_is_not() {
        for (image, known) in [
            // Another tag, a tag of its own, a digest, a name that goes on otherwise.
            ("nginx1.28", "nginx:1.27"),
            ("nginx1:27", "nginx:1.27"),
            ("nginx", "nginx:1.27"),
            ("nginx1.27@sha256:00", "nginx:1.27"),
            ("nginx-exporter", "nginx:1.27"),
            // A name with a number, and a repository below another one.
            ("web1", "web:1"),
            ("shop/web/10", "shop/web:10"),
            ("shop/web", "shop"),
            ("", ""),
        ] {
            assert!(!is_glued(image, known), "{image} {known}");
        }
    }
}
