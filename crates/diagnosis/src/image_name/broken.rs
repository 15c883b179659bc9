//! Names that are none: what is wrong with them, and which name was probably meant.

use super::{is_host, is_tag};
use crate::evidence::repository;

/// What stands where a value was to be filled in.
const PLACEHOLDERS: [&str; 4] = ["${", "$(", "{{", "<"];
/// Letters of the digest that a name may end with, in hexadecimal.
const DIGEST: usize = 64;

/// What is wrong with a name, as the end of a sentence, and the name that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// What is wrong.
    pub(crate) why: String,
    /// What was meant, where that is plain.
    pub(crate) meant: Option<String>,
}

/// What is wrong with a name; `None` where nothing is that is known here.
pub(crate) fn broken(image: &str) -> Option<Broken> {
    let (why, meant) = [placeholder, blank, quoted, scheme, empty_part, digest, letter, capitals]
        .iter()
        .find_map(|it| it(image))?;
    // What is still no name was not meant.
    let meant = meant.filter(|it| is_name(it));
    Some(Broken { why, meant })
}

type Found = Option<(String, Option<String>)>;

fn blank(image: &str) -> Found {
    let is_blank = |it: char| it.is_whitespace() || it.is_control();
    let rest: String = image.chars().filter(|it| !is_blank(*it)).collect();
    (rest != image).then(|| ("it has a space in it".to_owned(), Some(rest)))
}

fn placeholder(image: &str) -> Found {
    let is_there = PLACEHOLDERS.iter().any(|it| image.contains(it));
    is_there.then(|| ("a part of it was never filled in".to_owned(), None))
}

fn quoted(image: &str) -> Found {
    let bare: String = image.chars().filter(|it| !"\"'`".contains(*it)).collect();
    (bare != image).then(|| ("it has quotation marks in it".to_owned(), Some(bare)))
}

fn scheme(image: &str) -> Found {
    let (scheme, rest) = image.split_once("://")?;
    Some((format!("it begins with {scheme}://, which no image name does"), Some(rest.to_owned())))
}

fn empty_part(image: &str) -> Found {
    let double = ["//", "::", "@@"].into_iter().find(|it| image.contains(it));
    if let Some(double) = double {
        let once = double.get(1..).unwrap_or_default();
        return Some((format!("it has {double} in it"), Some(image.replace(double, once))));
    }
    let end = ['/', ':', '@'].into_iter().find(|it| image.ends_with(*it));
    if let Some(end) = end {
        let what = if end == '/' { "it ends with /" } else { "nothing stands behind its last " };
        let what = if end == '/' { what.to_owned() } else { format!("{what}{end}") };
        return Some((what, Some(image.trim_end_matches(end).to_owned())));
    }
    let begin = ['/', ':', '@'].into_iter().find(|it| image.starts_with(*it))?;
    Some((format!("it begins with {begin}"), None))
}

fn digest(image: &str) -> Found {
    let (name, digest) = image.split_once('@')?;
    let Some(hash) = digest.strip_prefix("sha256:") else {
        // A tag behind the mark of a digest.
        let meant = is_tag(digest).then(|| format!("{name}:{digest}"));
        return Some((format!("what stands behind its @ is no digest ({digest})"), meant));
    };
    let is_whole = hash.len() == DIGEST && hash.chars().all(|it| it.is_ascii_hexdigit());
    let why = "its digest does not have 64 hexadecimal digits".to_owned();
    (!is_whole).then_some((why, None))
}

/// A letter that no name has, mostly one that lies beside the one that was meant.
fn letter(image: &str) -> Found {
    let name = image.split('@').next().unwrap_or(image);
    let is_known = |it: char| it.is_ascii_alphanumeric() || "._-/:".contains(it);
    if let Some(wrong) = name.chars().find(|it| !is_known(*it)) {
        let has_tag = repository(name) != name;
        let at = name.find(wrong)?;
        let is_in_tag = has_tag && repository(name).len() < at;
        let right = match (wrong, is_in_tag) {
            (',' | ';', true) => Some("."),
            (',' | ';' | '=' | '#' | '|', false) if !has_tag => Some(":"),
            _ => None,
        };
        let meant = right.map(|it| image.replacen(wrong, it, 1));
        return Some((format!("it has {wrong} in it"), meant));
    }
    let (repository, rest) = image.split_at_checked(repository(image).len())?;
    let tag = rest.strip_prefix(':')?.split('@').next()?;
    if is_tag(tag) {
        return None;
    }
    let bare = tag.trim_start_matches(['.', '-']);
    Some((format!("its tag {tag} is none"), Some(format!("{repository}:{bare}"))))
}

/// A registry's name may be written as one likes, and so may a tag.
fn capitals(image: &str) -> Found {
    let repository = repository(image);
    let rest = image.strip_prefix(repository)?;
    let (registry, path) = match repository.split_once('/') {
        Some((first, path)) if is_host(first) => (format!("{first}/"), path),
        Some(_) | None => (String::new(), repository),
    };
    let lower = path.to_lowercase();
    let meant = format!("{registry}{lower}{rest}");
    (lower != path).then(|| ("it must be lower case".to_owned(), Some(meant)))
}

/// Whether this is a name as far as is known here.
fn is_name(image: &str) -> bool {
    !image.is_empty() && broken(image).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(image: &str, why: &str, meant: Option<&str>) {
        let found = broken(image).unwrap_or_else(|| panic!("{image} is a name"));
        assert_eq!((found.why.as_str(), found.meant.as_deref()), (why, meant), "{image}");
    }

    #[test]
    fn what_is_wrong_with_a_name_is_told_with_what_was_meant() {
        check("nginx:1,27", "it has , in it", Some("nginx:1.27"));
        check("nginx;1.27", "it has ; in it", Some("nginx:1.27"));
        check("shop/web=1.4", "it has = in it", Some("shop/web:1.4"));
        check("nginx: 1.27", "it has a space in it", Some("nginx:1.27"));
        check(" nginx:1.27\n", "it has a space in it", Some("nginx:1.27"));
        check("\"nginx:1.27\"", "it has quotation marks in it", Some("nginx:1.27"));
        check("nginx::1.27", "it has :: in it", Some("nginx:1.27"));
        check("docker.io//nginx:1.27", "it has // in it", Some("docker.io/nginx:1.27"));
        check("nginx:1.27/", "it ends with /", Some("nginx:1.27"));
        check("nginx:", "nothing stands behind its last :", Some("nginx"));
        check("nginx@1.27", "what stands behind its @ is no digest (1.27)", Some("nginx:1.27"));
        check("nginx@sha256:abc", "its digest does not have 64 hexadecimal digits", None);
        check("nginx:-1.27", "its tag -1.27 is none", Some("nginx:1.27"));
        check("nginx:${TAG}", "a part of it was never filled in", None);
        check("nginx:{{.Values.tag}}", "a part of it was never filled in", None);
        check("nginx:{{ .Values.tag }}", "a part of it was never filled in", None);
        check("ngi+nx:1.27", "it has + in it", None);
        check(
            "https://docker.io/nginx:1.27",
            "it begins with https://, which no image name does",
            Some("docker.io/nginx:1.27"),
        );
    }

    #[test]
    fn only_what_must_be_lower_case_is_made_so() {
        check("Nginx:1.27-Alpine", "it must be lower case", Some("nginx:1.27-Alpine"));
        check(
            "Registry.example:5000/Shop/Web",
            "it must be lower case",
            Some("Registry.example:5000/shop/web"),
        );
    }

    #[test]
    fn a_name_that_is_one_is_left_alone() {
        let digest = format!("nginx:1.27@sha256:{}", "0a".repeat(32));
        let names =
            ["nginx", "nginx:1.27", "Registry.example/shop/web:V1", "r:5000/a/b_c", &digest];
        for name in names {
            assert_eq!(broken(name), None, "{name}");
        }
    }
}
