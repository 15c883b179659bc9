//! `HEAD`: what `GET` would answer, without its body.

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

/// Answers `HEAD` wherever `GET` is served; for `actix_web::middleware::from_fn`.
///
/// The server itself leaves out the body. One without end is never begun.
pub async fn answer<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, ()>>, actix_web::Error> {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?;
    let is_endless = response.response().body().size() == BodySize::Stream;
    if is_head && is_endless {
        return Ok(response.map_body(|_, _| EitherBody::right(())));
    }
    Ok(response.map_body(|_, body| EitherBody::left(body)))
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;
    use crate::health::{self, Probes};

    #[actix_web::test]
    async fn head_is_answered_where_get_is() {
        let app = App::new()
            .wrap(from_fn(answer))
            .app_data(web::Data::new(Probes::waiting_for(["cluster"])))
            .configure(health::mount);
        let app = init_service(app).await;

        for (path, status) in [("/livez", 200), ("/readyz", 503), ("/nothing", 404)] {
            let request = TestRequest::default().method(Method::HEAD).uri(path).to_request();
            assert_eq!(call_service(&app, request).await.status().as_u16(), status, "{path}");
        }
    }
}
