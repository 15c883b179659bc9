//! Registries beside the agent: honest ones, and those that lead elsewhere, never end or say rubbish.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent::registry::{Listed, Registries};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Longer than an answer on this machine takes.
const AMPLE: Duration = Duration::from_secs(30);
const LIST: &str = "/v2/shop/web/tags/list";

/// The registry of `registry.example`, which is a server on this machine.
pub(crate) fn registry_at(server: &MockServer) -> String {
    format!("registry.example={}", server.uri())
}

/// Answers with these tags.
pub(crate) fn list(tags: &[&str]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"name": "shop/web", "tags": tags}))
}

pub(crate) async fn mount(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(LIST)).respond_with(answer).mount(server).await;
}

fn asking(server: &MockServer, limit: Duration) -> Registries {
    Registries::new(registry_at(server).parse().unwrap(), limit).unwrap()
}

async fn asked(server: &MockServer) -> Option<Arc<Listed>> {
    asking(server, AMPLE).tags_of("registry.example/shop/web:1.4").await
}

async fn n_requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// Nothing is learned from such an answer.
#[track_caller]
fn check(answer: Option<&Arc<Listed>>, claim: &str) {
    assert_eq!(answer, None, "{claim}");
}

#[actix_web::test]
async fn the_tags_of_a_repository_are_read_once() {
    let server = MockServer::start().await;
    mount(&server, list(&["1.4", "1.3", "a/b", "1\n2"])).await;
    let registries = asking(&server, AMPLE);

    let first = registries.tags_of("registry.example/shop/web:v1.4").await.unwrap();
    let again = registries.tags_of("registry.example/shop/web:1.5@sha256:ab").await.unwrap();

    assert_eq!(
        (first.tags.as_slice(), first.whole),
        (&["1.4".to_owned(), "1.3".to_owned()][..], true)
    );
    assert_eq!((first, n_requests(&server).await), (again, 1));
}

#[actix_web::test]
async fn nobody_else_is_asked_whatever_an_image_is_called() {
    let server = MockServer::start().await;
    mount(&server, list(&["1.4"])).await;
    let registries = asking(&server, AMPLE);
    let address = server.address();

    for image in [
        "shop/web:1".to_owned(),
        "evil.example/shop/web:1".to_owned(),
        format!("{address}/shop/web:1"),
        format!("registry.example@{address}/shop/web:1"),
        format!("registry.example:80@{address}/shop/web"),
        "registry.example/../shop/web:1".to_owned(),
        "registry.example/shop/web?x=/tags/list".to_owned(),
        "registry.example./shop/web:1".to_owned(),
        "REGISTRY.example/shop/web:1".to_owned(),
    ] {
        check(registries.tags_of(&image).await.as_ref(), &image);
    }
    assert_eq!(n_requests(&server).await, 0);
}

#[actix_web::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    mount(&other, list(&["1.4"])).await;
    let there = format!("{}{LIST}", other.uri());
    mount(&server, ResponseTemplate::new(307).insert_header("Location", there)).await;

    check(asked(&server).await.as_ref(), "a redirect is no list");
    assert_eq!((n_requests(&server).await, n_requests(&other).await), (1, 0));
}

fn challenge(realm: &str) -> ResponseTemplate {
    let words =
        format!(r#"Bearer realm="{realm}",service="the registry",scope="repository:other:push""#);
    ResponseTemplate::new(401).insert_header("WWW-Authenticate", words)
}

#[actix_web::test]
async fn an_anonymous_token_is_asked_for_reading_this_repository_alone() {
    let server = MockServer::start().await;
    let token = json!({"token": "a-token"});
    let allowed =
        Mock::given(method("GET")).and(path(LIST)).and(header("Authorization", "Bearer a-token"));
    allowed.respond_with(list(&["1.4"])).with_priority(1).mount(&server).await;
    Mock::given(path("/token"))
        .and(query_param("scope", "repository:shop/web:pull"))
        .and(query_param("service", "the registry"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&server)
        .await;
    mount(&server, challenge(&format!("{}/token", server.uri()))).await;

    assert_eq!(asked(&server).await.unwrap().tags, ["1.4"]);
}

#[actix_web::test]
async fn a_token_is_not_asked_for_on_another_host() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let token = json!({"token": "a-token"});
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&other)
        .await;
    mount(&server, challenge(&format!("{}/token", other.uri()))).await;

    check(asked(&server).await.as_ref(), "a realm on another host");
    assert_eq!((n_requests(&server).await, n_requests(&other).await), (1, 0));
}

#[actix_web::test]
async fn who_wants_a_token_again_and_again_gets_one_answer() {
    let server = MockServer::start().await;
    let token = json!({"token": "forged\r\nHost: evil.example"});
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"access_token": "b"})))
        .mount(&server)
        .await;
    mount(&server, challenge(&format!("{}/token", server.uri()))).await;

    check(asked(&server).await.as_ref(), "a token that is none");
    assert_eq!(n_requests(&server).await, 2);
    check(asked(&server).await.as_ref(), "a token that does not help");
    assert_eq!(n_requests(&server).await, 5);
}

/// A page with one tag, and another after it.
fn endless(tags: &[String], next: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"tags": tags}))
        .insert_header("Link", format!("<{next}>; rel=\"next\""))
}

#[actix_web::test]
async fn of_endless_pages_a_few_are_read_and_the_list_is_not_taken_for_whole() {
    let server = MockServer::start().await;
    // Each has another one after it.
    Mock::given(path(LIST))
        .respond_with(|request: &wiremock::Request| {
            let last = request.url.query_pairs().find(|it| it.0 == "last").map(|it| it.1.len());
            let next = format!("{LIST}?last={}", "x".repeat(last.unwrap_or(0) + 1));
            endless(&["1.4".to_owned()], &next)
        })
        .mount(&server)
        .await;

    let listed = asked(&server).await.unwrap();

    assert_eq!((listed.whole, n_requests(&server).await), (false, 5));
}

#[actix_web::test]
async fn a_next_page_on_another_host_is_not_read() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    mount(&other, list(&["1.5"])).await;
    mount(&server, endless(&["1.4".to_owned()], &format!("{}{LIST}", other.uri()))).await;

    let listed = asked(&server).await.unwrap();

    assert_eq!((listed.tags.as_slice(), listed.whole), (&["1.4".to_owned()][..], false));
    assert_eq!(n_requests(&other).await, 0);
}

#[actix_web::test]
async fn more_tags_than_are_kept_are_a_part() {
    let server = MockServer::start().await;
    let many: Vec<String> = (0..2001).map(|it| it.to_string()).collect();
    mount(&server, ResponseTemplate::new(200).set_body_json(json!({"tags": many}))).await;

    let listed = asked(&server).await.unwrap();

    assert_eq!((listed.tags.len(), listed.whole), (2000, false));
}

#[actix_web::test]
async fn what_is_too_long_or_no_list_says_nothing() {
    let huge = "1".repeat(2 << 20);
    for (answer, claim) in [
        (ResponseTemplate::new(200).set_body_json(json!({"tags": [huge]})), "an endless body"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "a page for people"),
        (ResponseTemplate::new(200).set_body_json(json!({"tags": "1.4"})), "no list"),
        (ResponseTemplate::new(404), "no repository"),
        (ResponseTemplate::new(503), "an outage"),
        (ResponseTemplate::new(401), "a refusal without a way"),
        (
            ResponseTemplate::new(401).insert_header("WWW-Authenticate", "Basic realm=\"x\""),
            "a password",
        ),
    ] {
        let server = MockServer::start().await;
        mount(&server, answer).await;
        check(asked(&server).await.as_ref(), claim);
        assert_eq!(n_requests(&server).await, 1, "{claim}");
    }
}

#[actix_web::test]
async fn a_slow_registry_is_not_waited_for_and_left_alone_for_a_while() {
    let server = MockServer::start().await;
    mount(&server, list(&["1.4"]).set_delay(AMPLE)).await;
    let registries = asking(&server, Duration::from_millis(200));
    let started = Instant::now();

    check(registries.tags_of("registry.example/shop/web:1.4").await.as_ref(), "a slow answer");
    check(registries.tags_of("registry.example/shop/web:1.4").await.as_ref(), "a second question");
    check(
        registries.tags_of("registry.example/shop/api:1.4").await.as_ref(),
        "another repository of it",
    );

    assert!(started.elapsed() < AMPLE);
    assert_eq!(n_requests(&server).await, 1);
}

#[actix_web::test]
async fn without_a_registry_in_the_settings_there_is_nobody_to_ask() {
    assert!(Registries::configured(&"".parse().unwrap()).unwrap().is_none());
    assert!(Registries::configured(&"docker.io".parse().unwrap()).unwrap().is_some());
}

/// The tags that the evidence of an incident holds.
pub(crate) fn listed_in(incident: &Value) -> &Value {
    &incident["evidence"]["registry_tags"]
}
