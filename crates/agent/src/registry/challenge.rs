//! `WWW-Authenticate: Bearer realm="…",service="…"`, taken apart.

/// The longest header that is read.
const MAX_LENGTH: usize = 4096;

/// Where a registry wants to be asked for a token, in its own words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The address. Nothing says yet that it may be asked.
    pub(super) realm: String,
    /// Its name for itself.
    pub(super) service: Option<String>,
}

impl Challenge {
    /// What this header asks for; `None` for anything but a bearer's token. A scope is not read: we know what we want.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if MAX_LENGTH < header.len() || !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        while let Some((name, value, after)) = parameter(rest) {
            match name.to_ascii_lowercase().as_str() {
                "realm" if realm.is_none() => realm = Some(value),
                "service" if service.is_none() => service = Some(value),
                _ => {}
            }
            rest = after;
        }
        Some(Self { realm: realm?, service })
    }
}

/// The next `name="value"` or `name=value`, and what comes after it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start_matches([' ', ',']);
    let (name, rest) = text.split_once('=')?;
    let Some(quoted) = rest.strip_prefix('"') else {
        let (value, after) = rest.split_once(',').unwrap_or((rest, ""));
        return Some((name.trim(), value.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    loop {
        match letters.next()? {
            '"' => return Some((name.trim(), value, letters.as_str())),
            '\\' => value.push(letters.next()?),
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Option<(&str, Option<&str>)>) {
        let expected = expected.map(|(realm, service)| Challenge {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        });
        assert_eq!(Challenge::parse(header), expected, "{header}");
    }

    #[test]
    fn what_registries_ask_for_is_read() {
        let docker = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        check(docker, Some(("https://auth.docker.io/token", Some("registry.docker.io"))));
        check(
            r#"bearer service="a,b=c" , realm=https://a.b/t"#,
            Some(("https://a.b/t", Some("a,b=c"))),
        );
        check(r#"Bearer realm="a\"b""#, Some(("a\"b", None)));
    }

    #[test]
    fn the_first_word_counts_and_what_is_no_challenge_is_none() {
        check(r#"Bearer realm="a",realm="b""#, Some(("a", None)));
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Basic realm=\"a\"",
            "Bearer realm=\"a",
            "Bearer service=\"a\"",
        ] {
            check(header, None);
        }
        check(&format!("Bearer realm=\"{}\"", "a".repeat(MAX_LENGTH)), None);
    }
}
