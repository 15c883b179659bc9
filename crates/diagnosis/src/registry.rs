//! Of all the tags that a registry lists, the few that are near to the wanted one, and the one that was meant.
//!
//! A tag that no machine here ever ran is somebody else's word. So a number never changes, `latest` is never meant,
//! and where two are as near none is.

use types::{ContainerFacts, RegistryTags};

use crate::evidence::repository;
use crate::image_name::is_tag;

/// Tags that are kept: more help nobody.
const MAX_KEPT: usize = 20;
/// How many letters a slip may be away.
const MAX_EDITS: usize = 2;
/// Tags shorter than this are too alike by chance: `dev` is not `rev`.
const MIN_CHARS: usize = 4;
/// In tags shorter than this two letters make another word.
const SHORT: usize = 6;
/// Whole words that are one letter apart and name another machine.
const MACHINES: [&str; 6] = ["amd64", "arm64", "arm", "armv7", "armv6", "arm32"];

/// What a registry listed.
#[derive(Debug, Clone, Copy)]
pub struct TagList<'a> {
    /// The tags, in any order. Hostile text: what is no tag is passed over.
    pub tags: &'a [String],
    /// Whether these are all. Of a part nobody knows that nothing else is as near.
    pub whole: bool,
}

/// How a tag may have come about from another, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    /// So many letters were inserted, removed, replaced or changed places; or there is a `v` too few or too many.
    Letters(usize),
    /// A suffix is missing, or is there without need.
    Suffix,
}

/// What is worth knowing of this list for a container whose image is not there.
pub fn nearest(container: &ContainerFacts, list: TagList<'_>) -> RegistryTags {
    let name = repository(&container.image);
    let rest = container.image.strip_prefix(name).unwrap_or_default();
    let wanted = rest.strip_prefix(':').unwrap_or_default();
    // A digest names more than a tag, and who wants `latest` made no slip.
    let is_named = is_tag(wanted) && wanted != "latest";
    let others = list.tags.iter().map(String::as_str).filter(|it| is_tag(it) && *it != wanted);
    let mut others: Vec<&str> = others.collect();
    others.sort_by_cached_key(|it| (strsim::osa_distance(wanted, it), *it));
    others.dedup();
    let meant = (is_named && list.whole).then(|| meant(wanted, &others)).flatten();
    let mut tags: Vec<String> = others.iter().take(MAX_KEPT).map(|it| (*it).to_owned()).collect();
    if let Some(meant) = meant.filter(|it| !tags.iter().any(|tag| tag == it)) {
        tags.truncate(MAX_KEPT - 1);
        tags.push(meant.to_owned());
    }
    RegistryTags {
        container: container.name.clone(),
        repository: name.to_owned(),
        tags,
        meant: meant.map(str::to_owned),
    }
}

/// The one that the wanted one is a slip of.
fn meant<'a>(wanted: &str, others: &[&'a str]) -> Option<&'a str> {
    let mut near: Vec<(Slip, &str)> =
        others.iter().filter_map(|it| Some((slip(wanted, it)?, *it))).collect();
    near.sort_unstable();
    match near.as_slice() {
        [(_, only)] => Some(only),
        [(best, first), (next, _), ..] if best < next => Some(first),
        _ => None,
    }
}

/// How the wanted tag may have come about from this one; `None` when it is another.
fn slip(wanted: &str, tag: &str) -> Option<Slip> {
    if tag == "latest" || numbers(wanted) != numbers(tag) || is_other_machine(wanted, tag) {
        return None;
    }
    let is_v = |long: &str, short: &str| {
        long.strip_prefix('v') == Some(short) && short.starts_with(|it: char| it.is_ascii_digit())
    };
    if is_v(wanted, tag) || is_v(tag, wanted) {
        return Some(Slip::Letters(1));
    }
    let is_longer =
        |long: &str, short: &str| long.strip_prefix(short).is_some_and(|it| it.starts_with('-'));
    if is_longer(wanted, tag) || is_longer(tag, wanted) {
        return Some(Slip::Suffix);
    }
    let most = match wanted.len() {
        ..MIN_CHARS => 0,
        MIN_CHARS..SHORT => 1,
        SHORT.. => MAX_EDITS,
    };
    let distance = strsim::osa_distance(wanted, tag);
    (0 < distance && distance <= most).then_some(Slip::Letters(distance))
}

/// The runs of digits in order: `1`, `27` of `1.27-alpine`.
fn numbers(tag: &str) -> Vec<&str> {
    tag.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect()
}

/// Whether a word of the one that names a machine is another in the other.
fn is_other_machine(wanted: &str, tag: &str) -> bool {
    let machines = |it: &str| -> Vec<String> {
        let words = it.split(|it: char| !it.is_ascii_alphanumeric());
        words.map(str::to_owned).filter(|it| MACHINES.contains(&it.as_str())).collect()
    };
    let (left, right) = (machines(wanted), machines(tag));
    !left.is_empty() && !right.is_empty() && left != right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(image: &str) -> ContainerFacts {
        let facts = serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": image, "pod": "web-1",
            "ready": false, "restarts": 0, "state": {}, "env": [], "ports": [], "probes": [],
            "log": [], "previous_log": [],
        });
        serde_json::from_value(facts).unwrap()
    }

    fn found(image: &str, tags: &[&str], whole: bool) -> RegistryTags {
        let tags: Vec<String> = tags.iter().map(|it| (*it).to_owned()).collect();
        nearest(&container(image), TagList { tags: &tags, whole })
    }

    #[track_caller]
    fn check(wanted: &str, tags: &[&str], expected: Option<&str>) {
        let found = found(&format!("shop/web:{wanted}"), tags, true);
        assert_eq!(found.meant.as_deref(), expected, "{wanted} of {tags:?}");
    }

    #[test]
    fn a_slip_of_a_letter_or_two_is_seen() {
        check("1.27-alpnie", &["1.27-alpine", "1.26-alpine", "1.27"], Some("1.27-alpine"));
        check("stabel", &["stable", "edge"], Some("stable"));
        check("1..27", &["1.27", "1.28"], Some("1.27"));
        check("1.27alpine", &["1.27-alpine", "1.27-alpine-slim"], Some("1.27-alpine"));
    }

    #[test]
    fn a_v_or_a_suffix_too_few_or_too_many_is_seen() {
        check("1.2.3", &["v1.2.3", "v1.2.4"], Some("v1.2.3"));
        check("v2.0", &["2.0", "2.1"], Some("2.0"));
        check("1.27-alpine", &["1.27", "1.26"], Some("1.27"));
        check("1.27", &["1.27-alpine", "1.26"], Some("1.27-alpine"));
        // The nearer of the two ways.
        check("1.2.3", &["v1.2.3", "1.2.3-alpine"], Some("v1.2.3"));
    }

    #[test]
    fn another_number_is_another_version() {
        check("1.99", &["1.9", "1.29", "1.98"], None);
        check("1.72", &["1.27"], None);
        check("1.27", &["12.7", "127", "1.27-rc1"], None);
        check("1.99-alpnie", &["1.98-alpine"], None);
    }

    #[test]
    fn where_two_are_as_near_none_is_meant() {
        check("1.27-alpinx", &["1.27-alpine", "1.27-alpina"], None);
        check("1.27", &["1.27-alpine", "1.27-bookworm"], None);
        check("v1.2-x", &["1.2-x", "v1.2-y"], None);
    }

    #[test]
    fn what_is_another_thing_is_never_meant() {
        check("latset", &["latest"], None);
        check("latest", &["latest1", "lates"], None);
        check("dev", &["rev"], None);
        check("dark", &["bank"], None);
        check("1.2-amd64", &["1.2-arm64"], None);
        check("1.27", &["1.27", "1.27\n", "1.27/x", "-1.27", ""], None);
    }

    #[test]
    fn an_image_by_digest_wants_no_tag() {
        for image in ["shop/web:v1.4@sha256:ab", "shop/web@sha256:ab", "shop/web"] {
            assert_eq!(found(image, &["1.4", "v1.4"], true).meant, None, "{image}");
        }
    }

    #[test]
    fn of_a_part_of_the_list_nobody_knows_what_was_meant() {
        let found = found("shop/web:v1.4", &["1.4"], false);

        assert_eq!((found.meant, found.tags), (None, vec!["1.4".to_owned()]));
    }

    #[test]
    fn only_the_nearest_are_kept_and_what_was_meant_is_among_them() {
        let many: Vec<String> = (0..2000).map(|it| format!("1.{it}")).collect();
        let suffix = "1.4-a-long-word";
        let tags: Vec<&str> = many.iter().map(String::as_str).filter(|it| *it != "1.4").collect();
        let found = found("registry:5000/shop/web:1.4", &[&tags[..], &[suffix]].concat(), true);

        assert_eq!((found.tags.len(), found.tags[0].as_str()), (MAX_KEPT, "1.0"));
        assert_eq!(found.repository, "registry:5000/shop/web");
        assert_eq!(found.meant.as_deref(), Some(suffix));
        assert!(found.tags.contains(&suffix.to_owned()));
    }

    #[test]
    fn what_is_no_tag_is_kept_nowhere() {
        let long = "1".repeat(129);
        let found =
            found("shop/web:1.4", &["a/b", "1.4\u{7}", "../x", &long, "1.3@x", "1 3"], true);

        assert_eq!((found.tags, found.meant), (vec![], None));
    }
}
