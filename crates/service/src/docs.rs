//! The pages that explain the API: `/openapi.json`, and Swagger UI at `/docs`, both from the binary.

use actix_web::{HttpResponse, get, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::described::Described;

/// Serves the document and the pages, and lets problems speak of what it describes.
pub fn mount(config: &mut web::ServiceConfig, document: OpenApi) {
    config.app_data(web::Data::new(Described::of(&document)));
    config.service(redirect).service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document));
}

/// `GET /docs`: where people look first.
#[get("/docs")]
async fn redirect() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header(("Location", "/docs/")).finish()
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

    use super::*;

    #[actix_web::test]
    async fn the_page_and_the_document_are_there() {
        let info = InfoBuilder::new().title("a title").version("1").build();
        let document = OpenApiBuilder::new().info(info).build();
        let app = test::init_service(App::new().configure(|it| mount(it, document))).await;

        for (path, status) in [("/docs", 307), ("/docs/", 200), ("/openapi.json", 200)] {
            let request = test::TestRequest::get().uri(path).to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
    }
}
