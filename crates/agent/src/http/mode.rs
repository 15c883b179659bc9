//! `/api/v1/mode`: the stop button.

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(_routes: &mut ServiceConfig<'_>) {}
