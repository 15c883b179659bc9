//! The pages that explain the API: `/openapi.json`, and Swagger UI at `/docs`, both from the binary.

use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::described::Described;

/// The OpenAPI document of a service as JSON: the committed file, which a test holds to the routes.
///
/// It is served from the program itself and read only when a problem has to speak of it: as a tree it would cost
/// megabytes for each thread that serves.
#[derive(Debug, Clone, Copy)]
pub struct Document(pub &'static str);

/// Serves the document and the pages, and lets problems speak of what it describes.
pub fn mount(config: &mut web::ServiceConfig, document: Document) {
    config.app_data(web::Data::new(document));
    config.app_data(web::Data::new(Described::of(document.0)));
    let pages = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json"));
    config.service(redirect).service(openapi).service(pages);
}

/// `GET /openapi.json`
#[get("/openapi.json")]
async fn openapi(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0)
}

/// `GET /docs`: where people look first.
#[get("/docs")]
async fn redirect() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header(("Location", "/docs/")).finish()
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[actix_web::test]
    async fn the_page_and_the_document_are_there() {
        let document = Document(r#"{"openapi": "3.1.0", "paths": {}}"#);
        let app = test::init_service(App::new().configure(|it| mount(it, document))).await;

        for (path, status) in [("/docs", 307), ("/docs/", 200), ("/openapi.json", 200)] {
            let request = test::TestRequest::get().uri(path).to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
    }
}
