//! What a token opens, and what it does not.

use actix_web::test::TestRequest;

use super::*;

const FILE: &str = "# people\nread dashboard aaaaaaaaaaaaaaaaaaaa\nact reflexion bbbbbbbbbbbbbbbbbbbb\norder machine dddddddddddddddddddd\nadmin ana cccccccccccccccccccc\n";

/// Knows one token, of one who may see, and of nothing else anything.
#[derive(Debug)]
struct Cluster;

impl Reviewer for Cluster {
    fn review<'a>(&'a self, token: &'a str, needed: Role) -> crate::review::Reviewed<'a> {
        let name = || "system:serviceaccount:ops:watcher".to_owned();
        let verdict = match (token, needed) {
            ("of-a-service-account", Role::Read) => {
                Ok(Verdict::Allowed(Caller { name: name(), role: Role::Read }))
            }
            ("of-a-service-account", _) => Ok(Verdict::Forbidden(name())),
            ("nobody-can-say", _) => Err(ReviewError("no answer".to_owned())),
            (_, _) => Ok(Verdict::Unknown),
        };
        Box::pin(async move { verdict })
    }
}

#[test]
fn a_token_that_the_file_does_not_know_is_asked_for_and_let_in_only_when_somebody_says_yes() {
    for (token, needed, status) in [
        ("of-a-service-account", Role::Read, None),
        ("of-a-service-account", Role::Act, Some(403)),
        ("nobody-can-say", Role::Read, Some(503)),
        ("another-token-altogether", Role::Read, Some(401)),
        ("aaaaaaaaaaaaaaaaaaaa", Role::Read, None),
        ("aaaaaaaaaaaaaaaaaaaa", Role::Act, Some(403)),
    ] {
        let tokens = Tokens::parse(FILE, "tokens").unwrap().and_ask(Arc::new(Cluster));
        check_with(tokens, Some(&format!("Bearer {token}")), needed, status);
    }
    let alone = || Tokens::none().and_ask(Arc::new(Cluster));
    assert!(alone().is_set());
    check_with(alone(), None, Role::Read, Some(401));
    let long = format!("Bearer {}", "x".repeat(MAX_TOKEN_BYTES + 1));
    check_with(alone(), Some(&long), Role::Read, Some(401));
}

#[track_caller]
fn check(header: Option<&str>, needed: Role, status: Option<u16>) {
    check_with(Tokens::parse(FILE, "tokens").unwrap(), header, needed, status);
}

#[track_caller]
fn check_with(tokens: Tokens, header: Option<&str>, needed: Role, status: Option<u16>) {
    let tokens = web::Data::new(tokens);
    let mut request = TestRequest::default().app_data(tokens);
    if let Some(header) = header {
        request = request.insert_header(("Authorization", header));
    }
    let answer = caller_with(&request.to_http_request(), needed);
    let answer = futures::executor::block_on(answer);
    assert_eq!(answer.err().map(|it| it.0.status), status);
}

#[test]
fn a_token_opens_what_its_role_allows_and_no_more() {
    check(Some("Bearer aaaaaaaaaaaaaaaaaaaa"), Role::Order, Some(403));
    check(Some("Bearer aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
    check(Some("Bearer aaaaaaaaaaaaaaaaaaaa"), Role::Act, Some(403));
    check(Some("Bearer dddddddddddddddddddd"), Role::Read, None);
    check(Some("Bearer dddddddddddddddddddd"), Role::Order, None);
    check(Some("Bearer dddddddddddddddddddd"), Role::Act, Some(403));
    check(Some("Bearer bbbbbbbbbbbbbbbbbbbb"), Role::Order, None);
    check(Some("Bearer bbbbbbbbbbbbbbbbbbbb"), Role::Act, None);
    check(Some("Bearer bbbbbbbbbbbbbbbbbbbb"), Role::Admin, Some(403));
    check(Some("Bearer cccccccccccccccccccc"), Role::Admin, None);
}

/// RFC 9110, 11.1: the scheme is case-insensitive.
#[test]
fn the_scheme_is_bearer_in_any_case() {
    check(Some("bearer aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
    check(Some("BEARER  aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
    check(Some("bearer AAAAAAAAAAAAAAAAAAAA"), Role::Read, Some(401));
}

#[test]
fn one_token_is_one_caller() {
    let text = "read a aaaaaaaaaaaaaaaaaaaa\n\nadmin b aaaaaaaaaaaaaaaaaaaa";
    let error = Tokens::parse(text, "tokens").unwrap_err().to_string();

    assert!(error.contains("line 3: its token is that of `a` above"), "{error}");
    assert!(!error.contains("aaaaaaaaaaaaaaaaaaaa"), "{error}");
}

#[test]
fn nothing_or_something_wrong_opens_nothing() {
    check(None, Role::Read, Some(401));
    check(Some("Bearer "), Role::Read, Some(401));
    check(Some("Bearer aaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
    check(Some("Basic aaaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
    check(Some("aaaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
}

#[test]
fn a_bad_file_is_refused_without_showing_the_token() {
    for text in ["", "read x short", "root x aaaaaaaaaaaaaaaaaaaa", "read aaaaaaaaaaaaaaaaaaaa"] {
        let error = Tokens::parse(text, "tokens").unwrap_err().to_string();
        assert!(!error.contains("aaaaaaaaaaaaaaaaaaaa"), "{error}");
    }
}
