//! Requests to a reflexion over fakes, without a network.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use reflexion::http::Services;
use serde_json::{Value, json};
use service::auth::Tokens;

use crate::world::World;

/// The answer to one request, of an app of its own.
pub(crate) async fn raw(world: &World, request: TestRequest) -> (u16, String) {
    raw_with(world, Tokens::none(), request).await
}

/// The same of a service with these tokens.
pub(crate) async fn raw_with(world: &World, tokens: Tokens, request: TestRequest) -> (u16, String) {
    let services = Services::new(world.reflexion.clone(), tokens);
    let app = App::new().configure(move |it| services.install(it));
    let app = init_service(app.default_service(web::to(service::problem::not_found))).await;
    let response = call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

pub(crate) async fn call(world: &World, request: TestRequest) -> (u16, Value) {
    let (status, body) = raw(world, request).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

pub(crate) async fn process(world: &World, body: Value) -> (u16, Value) {
    let request = TestRequest::post().uri("/api/v1/reflexion/process").set_json(body);
    call(world, request).await
}

pub(crate) async fn get(world: &World, path: &str) -> (u16, Value) {
    call(world, TestRequest::get().uri(path)).await
}

pub(crate) fn oom(pod: &str) -> Value {
    json!({"pod_name": pod, "namespace": "shop", "error_type": "OOMKilled"})
}
