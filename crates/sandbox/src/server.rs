//! Serves the API over plain HTTP.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use crate::api::{Answer, Api, Body, Call, YAML};
use crate::status::StatusError;

/// The largest body that the API server reads, as the real one.
const LARGEST_BODY: usize = 3 * 1024 * 1024;
/// Threads that serve: requests only touch memory.
const WORKERS: usize = 2;
/// How long open watches may delay the end, in seconds.
const SHUTDOWN_SECS: u64 = 1;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
}

/// Starts to serve on the current runtime.
pub(crate) fn start(listen: SocketAddr, api: Api) -> io::Result<Server> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(api.clone()))
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .default_service(web::to(serve))
    })
    .workers(WORKERS)
    .disable_signals()
    .shutdown_timeout(SHUTDOWN_SECS)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Server { address, handle })
}

async fn serve(
    api: web::Data<Api>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let answer = match body {
        Ok(body) => {
            let call = call(&request, body.to_vec());
            in_yaml(&call.accept, api.answer(&call))
        }
        Err(_) => Answer::failed(&StatusError::plain(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {LARGEST_BODY}"),
        )),
    };
    respond(answer)
}

fn call(request: &HttpRequest, body: Vec<u8>) -> Call {
    let header = |name: header::HeaderName| {
        let value = request.headers().get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: query.map(web::Query::into_inner).unwrap_or_default(),
        accept: header(header::ACCEPT),
        content_type: header(header::CONTENT_TYPE),
        user_agent: header(header::USER_AGENT),
        token: header(header::AUTHORIZATION).trim_start_matches("Bearer ").to_owned(),
        body,
    }
}

/// The same answer as YAML, for a client that would rather have that than JSON.
fn in_yaml(accept: &str, answer: Answer) -> Answer {
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if let Body::Json(value) = &answer.body
        && first == YAML
    {
        let text = serde_yaml_ng::to_string(value).unwrap_or_default();
        return Answer { body: Body::Text(YAML, text), ..answer };
    }
    answer
}

fn respond(answer: Answer) -> HttpResponse {
    let code = actix_web::http::StatusCode::from_u16(answer.code).unwrap_or_default();
    let mut response = HttpResponse::build(code);
    for warning in answer.warnings {
        response.append_header((header::WARNING, format!("299 - {warning:?}")));
    }
    match answer.body {
        Body::Json(value) => response.json(value),
        Body::Typed(media, value) => response.content_type(media).json(value),
        Body::Text(media, text) => response.content_type(media).body(text),
        Body::Lines(lines) => response.content_type("application/json").streaming(lines),
        Body::TextLines(lines) => response.content_type("text/plain").streaming(lines),
    }
}
