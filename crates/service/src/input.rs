//! Bodies on their way in: JSON, in time, not too large, and explained when they cannot be read.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::described::{Explained, listed, shown};
use crate::problem::{Failure, MAX_BODY_BYTES};

/// How long a body may take to arrive: a caller that stalls holds a connection.
const BODY_TIME: Duration = Duration::from_secs(15);

/// Handler argument: the JSON body of a request. Refuses with 400, 408, 413 or 415, in words of ours.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> Body<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Body<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check(request);
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            checked?;
            let Ok(payload) = payload else { return Err(unreadable("the body cannot be read")) };
            parse(&read(payload, BODY_TIME).await?).map(Self)
        })
    }
}

/// What its headers say of the body.
fn check(request: &HttpRequest) -> Result<(), Failure> {
    let is_json = request
        .mime_type()
        .ok()
        .flatten()
        .is_some_and(|it| it.subtype() == "json" || it.suffix().is_some_and(|it| it == "json"));
    if !is_json {
        return Err(not_json());
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|it| MAX_BODY_BYTES < it) { Err(too_large()) } else { Ok(()) }
}

async fn read(payload: web::Payload, limit: Duration) -> Result<web::Bytes, Failure> {
    let arrived = tokio::time::timeout(limit, payload.to_bytes_limited(MAX_BODY_BYTES)).await;
    match arrived {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) => Err(unreadable("the body broke off")),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", limit.as_secs());
            Err(Failure::new(408, "slow-body", detail, "send it at once"))
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let failed = |(detail, next)| Failure::new(400, "bad-json", detail, next);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        failed(explain(error.inner(), &path))
    })?;
    reader.end().map_err(|error| failed(explain(&error, ".")))?;
    Ok(parsed)
}

/// What is wrong with a body: where, and what would be right.
pub(crate) fn explain(error: &serde_json::Error, path: &str) -> Explained {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let words = error.to_string();
            let words = words.rsplit_once(" at line ").map_or(words.as_str(), |it| it.0);
            fault(words, path)
        }
        Category::Eof => {
            ("the body is no JSON: it ends too early".to_owned(), format!("look at {place}"))
        }
        Category::Syntax | Category::Io => {
            ("the body is no JSON".to_owned(), format!("look at {place}"))
        }
    }
}

/// The words that serde has for what does not fit are the same for every format; ours name no type of a programming
/// language.
fn fault(words: &str, path: &str) -> Explained {
    let quoted: Vec<_> = words.split('`').skip(1).step_by(2).collect();
    let (first, rest) =
        (quoted.first().copied().unwrap_or_default(), quoted.get(1..).unwrap_or_default());
    // A field that is missing is missed in the object around it, and an unknown one is named in its words.
    let here = if path == "." || path.is_empty() { "the body".to_owned() } else { shown(path) };
    if words.starts_with("missing field") {
        return (
            format!("{} is missing", shown(first)),
            format!("add {}; /docs shows a whole body", shown(first)),
        );
    }
    if words.starts_with("duplicate field") {
        return (format!("{} is given twice", shown(first)), "give it once".to_owned());
    }
    if words.starts_with("unknown field") {
        return (format!("there is no field {}", shown(first)), format!("give {}", listed(rest)));
    }
    if words.starts_with("unknown variant") {
        return (format!("{here} cannot be {}", shown(first)), format!("give {}", listed(rest)));
    }
    let wanted = words.rsplit_once(", expected ").map(|it| kind(it.1));
    match wanted {
        Some(wanted) => (format!("{here} is of the wrong kind"), format!("give {wanted}")),
        None => (format!("{here} cannot be read"), "/docs says what it may be".to_owned()),
    }
}

/// A kind of value in words.
fn kind(expected: &str) -> &'static str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, at least 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "string or map" => "a text",
        "a sequence" => "a list",
        it if it.starts_with("struct ") || it == "a map" => "an object",
        _ => "what /docs shows there",
    }
}

fn unreadable(detail: &str) -> Failure {
    Failure::new(400, "bad-body", detail, "send it again")
}

pub(crate) fn not_json() -> Failure {
    let next = "send the body with `Content-Type: application/json`";
    Failure::new(415, "not-json", "the body is not declared as JSON", next)
}

pub(crate) fn too_large() -> Failure {
    let next = format!("send at most {MAX_BODY_BYTES} bytes");
    Failure::new(413, "body-too-large", "the body is too large", next)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only read from JSON")]
        pod: String,
        #[expect(dead_code, reason = "only read from JSON")]
        wait: u32,
        #[expect(dead_code, reason = "only read from JSON")]
        mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Observe,
        Auto,
    }

    #[track_caller]
    fn check(body: &str, detail: &str, next: &str) {
        let failure = parse::<Order>(body.as_bytes()).unwrap_err();
        assert_eq!((failure.0.detail.as_str(), failure.0.next.as_str()), (detail, next));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named_with_what_would_be_right() {
        check(r#"{"pod": "#, "the body is no JSON: it ends too early", "look at line 1, column 8");
        check("{]", "the body is no JSON", "look at line 1, column 2");
        check(r#"{"pod": "a", "wait": 1} x"#, "the body is no JSON", "look at line 1, column 25");
        check("[]", "the body is of the wrong kind", "give an object");
        check("7", "the body is of the wrong kind", "give an object");
        check(r#"{"wait": 1}"#, "`pod` is missing", "add `pod`; /docs shows a whole body");
        check(r#"{"pod": 7}"#, "`pod` is of the wrong kind", "give a text");
        check(
            r#"{"pod": "a", "wait": -1}"#,
            "`wait` is of the wrong kind",
            "give a whole number, at least 0",
        );
        check(r#"{"force": true}"#, "there is no field `force`", "give `pod`, `wait` or `mode`");
        let berserk = r#"{"pod": "a", "wait": 1, "mode": "berserk"}"#;
        check(berserk, "`mode` cannot be `berserk`", "give `observe` or `auto`");
    }

    #[test]
    fn a_long_word_of_the_caller_is_not_repeated() {
        let body = format!(r#"{{"{}": 1}}"#, "x".repeat(20_000));
        check(&body, "there is no field what was given", "give `pod`, `wait` or `mode`");
    }

    #[actix_web::test]
    async fn a_body_that_stalls_is_given_up() {
        let stalled: Pin<Box<dyn futures::Stream<Item = _>>> = Box::pin(futures::stream::pending());
        let mut stalled = Payload::Stream { payload: stalled };
        let request = actix_web::test::TestRequest::default().to_http_request();
        let payload = web::Payload::from_request(&request, &mut stalled).into_inner().unwrap();

        let failure = read(payload, Duration::from_millis(1)).await.unwrap_err();

        assert_eq!(failure.0.status, 408);
    }
}
