//! `/api/v1/executions`: what was done, and a person's yes, no or take it back.

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(_routes: &mut ServiceConfig<'_>) {}
