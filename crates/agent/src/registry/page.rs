//! One page of a list of tags, and where the next one is.

use reqwest::Url;
use serde::Deserialize;

/// The longest `Link` header that is read.
const MAX_LENGTH: usize = 4096;
/// The longest tag that the OCI distribution specification allows.
const MAX_TAG_LENGTH: usize = 128;

/// The answer to `tags/list`.
#[derive(Deserialize)]
struct Page {
    /// `null` of a repository without any.
    tags: Option<Vec<String>>,
}

/// The tags in this body; what is no tag is left out. `None` when it is no page.
pub(super) fn tags(body: &[u8]) -> Option<Vec<String>> {
    let page: Page = serde_json::from_slice(body).ok()?;
    let mut tags = page.tags.unwrap_or_default();
    tags.retain(|it| is_tag(it));
    Some(tags)
}

/// The next page that a `Link` header names: the same list of the same registry, or none.
pub(super) fn next(link: &str, this: &Url) -> Option<Next> {
    if MAX_LENGTH < link.len() {
        return Some(Next::Elsewhere);
    }
    let entry = link.split(',').find(|it| is_next(it))?;
    let address = entry.trim().strip_prefix('<').and_then(|it| it.split_once('>'));
    let next = address.and_then(|it| this.join(it.0).ok());
    let is_same = |it: &Url| {
        let has_no_user = it.username().is_empty() && it.password().is_none();
        it.origin() == this.origin() && it.path() == this.path() && has_no_user && it != this
    };
    Some(next.filter(is_same).map_or(Next::Elsewhere, Next::Page))
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one.
    Page(Url),
    /// Something that is not followed.
    Elsewhere,
}

fn is_next(entry: &str) -> bool {
    entry.split(';').skip(1).any(|it| {
        let (name, value) = it.split_once('=').unwrap_or((it, ""));
        name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next"
    })
}

fn is_tag(tag: &str) -> bool {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    tag.len() <= MAX_TAG_LENGTH
        && tag.starts_with(word)
        && tag.chars().all(|it| word(it) || it == '.' || it == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(link: &str, expected: Option<&str>) {
        let this = Url::parse("https://a.b/v2/shop/web/tags/list?n=1000").unwrap();
        let expected = expected.map(|it| match it {
            "" => Next::Elsewhere,
            it => Next::Page(Url::parse(it).unwrap()),
        });
        assert_eq!(next(link, &this), expected, "{link}");
    }

    #[test]
    fn the_next_page_is_of_the_same_list() {
        let next = "https://a.b/v2/shop/web/tags/list?last=1&n=1000";
        check(r#"</v2/shop/web/tags/list?last=1&n=1000>; rel="next""#, Some(next));
        check("<?last=1&n=1000>;rel=next", Some(next));
        check(&format!("<{next}>; rel=\"next\""), Some(next));
        check("</v2/shop/web/tags/list?last=1>; rel=\"prev\"", None);
        check("", None);
    }

    #[test]
    fn what_leads_elsewhere_is_not_followed() {
        for address in [
            "https://evil.example/v2/shop/web/tags/list?last=1",
            "//evil.example/v2/shop/web/tags/list?last=1",
            "http://a.b/v2/shop/web/tags/list?last=1",
            "https://a.b:8443/v2/shop/web/tags/list?last=1",
            "https://user@a.b/v2/shop/web/tags/list?last=1",
            "/v2/other/tags/list?last=1",
            "/v2/shop/web/tags/list?n=1000",
            "file:///etc/passwd",
            "https://",
        ] {
            check(&format!("<{address}>; rel=\"next\""), Some(""));
        }
        check("nonsense; rel=next", Some(""));
        check(&"x".repeat(MAX_LENGTH + 1), Some(""));
    }

    #[test]
    fn a_page_holds_tags_and_nothing_else() {
        let body = r#"{"name": "a", "tags": ["1.27", "a/b", "1\n2", "", "-x", "..", "latest", "1\u0007"]}"#;
        assert_eq!(tags(body.as_bytes()), Some(vec!["1.27".to_owned(), "latest".to_owned()]));
        let huge = format!(r#"{{"tags": ["{}"]}}"#, "1".repeat(129));
        assert_eq!(tags(huge.as_bytes()), Some(vec![]));
        assert_eq!(tags(br#"{"tags": null}"#), Some(vec![]));
        for rubbish in ["", "[]", "<html>", r#"{"tags": "1.27"}"#, r#"{"tags": [1]}"#] {
            assert_eq!(tags(rubbish.as_bytes()), None, "{rubbish}");
        }
    }
}
