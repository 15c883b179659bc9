//! Every route of the agent, one file for each noun.

mod execute_fix;
mod executions;
mod mode;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every route; what they need comes as `web::Data<Agent>` and `web::Data<Fixer>`.
pub fn configure(routes: &mut ServiceConfig<'_>) {
    execute_fix::configure(routes);
    executions::configure(routes);
    mode::configure(routes);
}
