//! `POST /api/v1/execute-fix`: asks for a fix.

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(_routes: &mut ServiceConfig<'_>) {}
