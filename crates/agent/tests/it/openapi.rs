//! The committed document is the one that is served.

use std::path::Path;

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer};

/// `UPDATE_OPENAPI=1` writes it.
#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi/agent.json");
    let served = agent::http::document().to_pretty_json().unwrap() + "\n";

    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &served).unwrap();
    }

    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == served,
        "the API has changed: run `UPDATE_OPENAPI=1 cargo test -p agent openapi` and commit \
         docs/openapi/agent.json"
    );
}

/// The promises of the integration guide, by path and method.
#[test]
fn every_route_of_the_contract_is_described() {
    let document = serde_json::to_value(agent::http::document()).unwrap();
    for (path, method) in [
        ("/api/v1/k8sgpt-analyze", "post"),
        ("/api/v1/pod-status/{podName}", "get"),
        ("/api/v1/cluster-metrics", "get"),
        ("/api/v1/recent-events", "get"),
        ("/health", "get"),
        ("/api/v1/incidents", "get"),
        ("/api/v1/incidents/{id}", "get"),
        ("/api/v1/incidents/stream", "get"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
}

#[test]
fn the_document_keeps_the_rules_of_every_operation() {
    assert_eq!(service::openapi::broken_rules(&agent::http::document()), Vec::<String>::new());
}

/// A document that says less than the service does would hide the lock from Swagger UI.
#[actix_web::test]
async fn what_is_described_as_protected_wants_a_token_and_nothing_else_does() {
    let api = ApiServer::start(ANY_PORT);
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "read dashboard aaaaaaaaaaaaaaaaaaaa").unwrap();
    let flags = ["--tokens-file", tokens.to_str().unwrap()];
    let agent = AgentProcess::with(&api.kubeconfig(), &flags).await;

    let document = serde_json::to_value(agent::http::document()).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{id}", &uuid::Uuid::nil().to_string());
            let status = agent.send(&method.to_uppercase(), &path, &[]).await.0;
            assert_eq!(
                status == 401,
                operation["security"].is_array(),
                "{method} {path}: {status}"
            );
        }
    }
}
