//! What every operation of a service has in common, written into its document once.
//!
//! Handlers describe what is theirs: the body of success, and the problems of their own. What comes from
//! authentication, from reading input and from [`crate::origin`] is added here, where it cannot be forgotten.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, Object, SchemaFormat};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response, Schema};

/// The name of the one way to prove who calls.
const SCHEME: &str = "bearer";
/// The type of every body that says what went wrong.
const PROBLEM_TYPE: &str = "application/problem+json";
/// Where bodies of problems are described.
const PROBLEM_SCHEMA: &str = "#/components/schemas/Problem";
/// Below this path callers are authenticated; everything else is open.
const PROTECTED: &str = "/api/";

/// Adds what handlers do not say: problems that every operation can give, their type, who may call, and a
/// description where one is missing.
pub fn complete(document: &mut OpenApi) {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    let words = "A token of the tokens file. Without a tokens file none is needed.";
    scheme.description = Some(words.to_owned());
    let components = document.components.get_or_insert_with(Components::new);
    components.security_schemes.insert(SCHEME.to_owned(), RefOr::T(SecurityScheme::Http(scheme)));
    for (path, item) in &mut document.paths.paths {
        let is_protected = path.starts_with(PROTECTED);
        let PathItem { get, put, post, delete, patch, .. } = item;
        if let Some(operation) = get {
            complete_one(operation, is_protected);
        }
        for operation in [put, post, delete, patch].into_iter().flatten() {
            declare(operation, 415, "The body is not JSON");
            complete_one(operation, is_protected);
        }
    }
}

fn complete_one(operation: &mut Operation, is_protected: bool) {
    let has_body = operation.request_body.is_some();
    let mut parameters = operation.parameters.iter().flatten();
    let is_read = |it: &RefOr<_>| match it {
        RefOr::T(Parameter { parameter_in, .. }) => {
            matches!(parameter_in, ParameterIn::Path | ParameterIn::Query)
        }
        RefOr::Ref(_) => true,
    };
    if has_body || parameters.any(is_read) {
        declare(operation, 400, "The request cannot be read, or asks for what cannot be");
    }
    if has_body {
        declare(operation, 408, "The body does not arrive in time");
        declare(operation, 413, "The body is too large");
    }
    if is_protected {
        declare(operation, 401, "No valid token was sent");
        let words =
            "The token's role is not enough; or no tokens are set and the request is foreign";
        declare(operation, 403, words);
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, [])]);
    } else {
        declare(operation, 403, "No tokens are set and the request is foreign");
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(Parameter { schema: Some(RefOr::T(Schema::Object(schema))), .. }) =
            parameter
        {
            widen(schema);
        }
    }
    let summary = operation.summary.clone();
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            describe(response, summary.as_deref());
        }
    }
}

/// A `u32` is described as an `int32` from 0, which it outgrows.
fn widen(schema: &mut Object) {
    let is_int32 = schema.format == Some(SchemaFormat::KnownFormat(KnownFormat::Int32));
    if is_int32 && schema.minimum.is_some() {
        schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::Int64));
        schema.maximum.get_or_insert(Number::UInt(u32::MAX as usize));
    }
}

/// Adds the response of a problem, unless the handler has said more.
fn declare(operation: &mut Operation, status: u16, description: &str) {
    operation.responses.responses.entry(status.to_string()).or_insert_with(|| {
        let content = Content::new(Some(RefOr::<Schema>::Ref(Ref::new(PROBLEM_SCHEMA))));
        let mut response = Response::new(description);
        response.content.insert(PROBLEM_TYPE.to_owned(), RefOr::T(content));
        RefOr::T(response)
    });
}

/// A description for who has none, and the type of problems as it is sent.
fn describe(response: &mut Response, summary: Option<&str>) {
    if response.description.is_empty() {
        let words = summary.unwrap_or("The answer").trim_end_matches('.');
        words.clone_into(&mut response.description);
    }
    let content = std::mem::take(&mut response.content);
    response.content = content
        .into_iter()
        .map(|(type_, content)| {
            if is_problem(&content) { (PROBLEM_TYPE.to_owned(), content) } else { (type_, content) }
        })
        .collect();
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = content else { return false };
    schema.ref_location == PROBLEM_SCHEMA
}

/// What a complete document breaks of its own rules, one line each; nothing when it is well.
pub fn broken_rules(document: &OpenApi) -> Vec<String> {
    let mut res = broken_references(document);
    let mut ids = BTreeSet::new();
    for (path, item) in &document.paths.paths {
        let PathItem { get, put, post, delete, patch, .. } = item;
        for operation in [get, put, post, delete, patch].into_iter().flatten() {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            if !ids.insert(id) {
                res.push(format!("{path}: its operation id `{id}` is that of another"));
            }
            let broken = broken_by(operation, path).into_iter();
            res.extend(broken.map(|it| format!("{path}: {it}")));
        }
    }
    res
}

fn broken_by(operation: &Operation, path: &str) -> Vec<String> {
    let mut res = vec![];
    let is_protected = path.starts_with(PROTECTED);
    if is_protected != operation.security.is_some() {
        res.push("protected without a security requirement, or open with one".to_owned());
    }
    let responses = &operation.responses.responses;
    let has_body = operation.request_body.is_some();
    let has_input = has_body || path.contains('{');
    let wanted = [
        ("400", has_input),
        ("401", is_protected),
        ("403", true),
        ("413", has_body),
        ("415", has_body),
    ];
    let missing =
        wanted.iter().filter(|(status, wanted)| *wanted && !responses.contains_key(*status));
    res.extend(missing.map(|(status, _)| format!("no response {status}")));
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            res.push(format!("no description of {status}"));
        }
        if !status.starts_with('2') && !response.content.contains_key(PROBLEM_TYPE) {
            res.push(format!("{status} is no {PROBLEM_TYPE}"));
        }
    }
    res
}

/// References that lead nowhere.
fn broken_references(document: &OpenApi) -> Vec<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut res = vec![];
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str)
            && document.pointer(reference.trim_start_matches('#')).is_none()
        {
            res.push(format!("{reference} leads nowhere"));
        }
        open.extend(value.as_object().into_iter().flatten().map(|it| it.1));
        open.extend(value.as_array().into_iter().flatten());
    }
    res
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{HttpMethod, PathsBuilder};
    use utoipa::openapi::request_body::RequestBody;
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

    use super::*;

    /// Two routes that say nothing but that they are there.
    fn silent() -> OpenApi {
        let mut order = Operation::default();
        order.operation_id = Some("order".to_owned());
        order.request_body = Some(RefOr::T(RequestBody::default()));
        order.responses.responses.insert("200".to_owned(), RefOr::T(Response::default()));
        let mut health = Operation::default();
        health.operation_id = Some("health".to_owned());
        health.summary = Some("How it is.".to_owned());
        health.responses.responses.insert("200".to_owned(), RefOr::T(Response::default()));
        let paths = PathsBuilder::new()
            .path("/api/v1/order", PathItem::new(HttpMethod::Post, order))
            .path("/health", PathItem::new(HttpMethod::Get, health))
            .build();
        let mut components = Components::new();
        components.schemas.insert("Problem".to_owned(), RefOr::T(Schema::default()));
        let info = InfoBuilder::new().title("a title").version("1").build();
        OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
    }

    #[test]
    fn a_silent_document_breaks_the_rules_and_a_complete_one_none() {
        let mut document = silent();
        assert_ne!(broken_rules(&document), Vec::<String>::new());

        complete(&mut document);

        assert_eq!(broken_rules(&document), Vec::<String>::new());
        let document = serde_json::to_value(document).unwrap();
        let order = &document["paths"]["/api/v1/order"]["post"];
        assert_eq!(order["security"][0]["bearer"], serde_json::json!([]));
        let statuses: Vec<_> = order["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["200", "400", "401", "403", "408", "413", "415"]);
        let health = &document["paths"]["/health"]["get"];
        assert!(health["security"].is_null());
        assert_eq!(health["responses"]["200"]["description"], "How it is");
    }
}
