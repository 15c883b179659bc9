//! The API document, whether the service keeps to it, and who may come in at all.

use actix_web::App;
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, try_call_service};
use clap::Parser;
use reflexion::config::Config;
use reflexion::http::{Services, document};
use reflexion::start::start;
use service::auth::Tokens;
use tempfile::TempDir;

use crate::world::World;

#[test]
fn the_document_keeps_the_rules_of_every_operation() {
    assert_eq!(service::openapi::broken_rules(&document()), Vec::<String>::new());
}

/// A document that says less than the service does would hide the lock from Swagger UI.
#[actix_web::test]
async fn what_is_described_as_protected_wants_a_token_and_nothing_else_does() {
    let world = World::new(&[]).await;
    let file = world.folder.path().join("tokens");
    std::fs::write(&file, "read dashboard aaaaaaaaaaaaaaaaaaaa").unwrap();
    let services = Services::new(world.reflexion.clone(), Tokens::load(&file).unwrap());
    let app = init_service(App::new().configure(move |it| services.install(it))).await;

    let document = serde_json::to_value(document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = TestRequest::default().method(method.clone()).uri(path).to_request();
            let status = match try_call_service(&app, request).await {
                Ok(response) => response.status().as_u16(),
                Err(error) => error.as_response_error().status_code().as_u16(),
            };
            assert_eq!(status == 401, operation["security"].is_array(), "{method} {path}");
        }
    }
}

fn config(folder: &TempDir, listen: &str) -> Config {
    let data = folder.path().join("data");
    let arguments = ["reflexion", "--listen", listen, "--follow", "false", "--data"];
    Config::parse_from(arguments.into_iter().chain([data.to_str().unwrap()]))
}

#[actix_web::test]
async fn without_tokens_only_this_machine_is_let_in_and_probes_may_ask_with_head() {
    let folder = TempDir::new().unwrap();
    let running = start(&config(&folder, "127.0.0.1:0")).await.unwrap();
    let url = format!("http://{}/health", running.address);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(running.until(async {
        let _ = stopped.await;
        "the test is over"
    }));
    let http = service::client::http(std::time::Duration::from_secs(5)).unwrap();

    let page = http.get(&url).header("Origin", "http://evil.example").send().await.unwrap();
    let rebound = http.get(&url).header("Host", "evil.example").send().await.unwrap();
    let head = http.head(&url).send().await.unwrap();

    assert_eq!((page.status().as_u16(), rebound.status().as_u16()), (403, 403));
    assert_eq!(head.status().as_u16(), 200);
    drop(stop);
    served.await.unwrap().unwrap();
}

#[actix_web::test]
async fn an_address_that_is_taken_is_refused_before_anything_is_opened() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let refused = start(&config(&folder, &address)).await.err().unwrap();

    assert!(refused.to_string().contains(&address), "{refused}");
    assert!(!folder.path().join("data").exists());
}
