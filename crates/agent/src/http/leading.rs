//! `GET /leading`: whether this replica is the one that writes, for a Service that leads to that one alone.

use actix_web::{HttpResponse, get, web};

use crate::fix::Fixer;

pub(super) fn mount(config: &mut web::ServiceConfig) {
    config.service(leading);
}

/// 200 while this replica leads, else 503 with who does. Open, as `/readyz` is.
#[get("/leading")]
async fn leading(fixer: web::Data<Fixer>) -> HttpResponse {
    match fixer.lead().check() {
        Ok(()) => HttpResponse::Ok().content_type("text/plain").body("leading\n"),
        Err(error) => {
            HttpResponse::ServiceUnavailable().content_type("text/plain").body(format!("{error}\n"))
        }
    }
}
