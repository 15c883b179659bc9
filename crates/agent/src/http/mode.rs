//! `/api/v1/mode`: the stop button.

use actix_web::{get, put, web};
use service::auth::{Admin, Reader};
use service::input::Body;
use service::problem::Failure;
use types::wire::ModeBody;
use types::{Mode, Problem};
use utoipa_actix_web::service_config::ServiceConfig;

use super::executions::{journal_failure, not_leading};
use super::mode_order::ModeOrder;
use crate::fix::{Fixer, OpenError};

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(read).service(set);
}

/// What the agent may do: `observe`, `suggest` or `auto`; and who set it last and why, where anybody did.
#[utoipa::path(operation_id = "read_mode", tag = "mode", responses((status = 200, body = ModeBody)))]
#[get("/api/v1/mode")]
async fn read(_: Reader, fixer: web::Data<Fixer>) -> web::Json<ModeBody> {
    // The mode is told whatever becomes of the journal.
    let reason = fixer.journal().mode_reason().await.ok().flatten().unwrap_or_default();
    web::Json(ModeBody { mode: fixer.mode(), reason })
}

/// Sets what the agent may do. `observe` stops all writing of this replica at once, whether it leads or not; neither a
/// restart nor a takeover arms it again. `auto` wants a reason.
#[utoipa::path(operation_id = "set_mode", tag = "mode", request_body = ModeOrder, responses(
    (status = 200, body = ModeBody),
    (status = 400, description = "No such mode, or no reason for `auto`", body = Problem),
    (status = 409, description = "`auto` wants a policy and authenticated callers, the stop object is in the cluster, or it was stopped meanwhile", body = Problem),
    (status = 503, description = "The mode is set, but not durable or not known to other replicas; or another replica leads", body = Problem),
))]
#[put("/api/v1/mode")]
async fn set(
    caller: Admin,
    fixer: web::Data<Fixer>,
    body: Body<ModeBody>,
) -> Result<web::Json<ModeBody>, Failure> {
    if body.mode == Mode::Auto && body.reason.trim().is_empty() {
        let detail = "mode auto wants a reason: who reads the journal later will ask for it";
        let next = "give `reason` beside `mode`, in your own words";
        return Err(Failure::new(400, "reason-missing", detail, next));
    }
    // A stop is taken by every replica, whoever leads.
    if body.mode != Mode::Observe {
        fixer.lead().check().map_err(|it| not_leading(&it))?;
    }
    match fixer.set_mode(body.mode, &caller.name, &body.reason).await {
        Ok(()) => Ok(web::Json(ModeBody { mode: fixer.mode(), reason: body.reason.clone() })),
        Err(error @ OpenError::Unarmed(_)) => {
            Err(Failure::new(409, "unarmed", error.to_string(), "docs/operating.md says how"))
        }
        Err(error @ OpenError::Held) => {
            let next = "kubectl delete configmap k8s-reflexion-stop, in the agent's namespace";
            Err(Failure::new(409, "held", error.to_string(), next))
        }
        Err(error @ OpenError::Overtaken) => {
            let next = "find out who stopped it and why, then set the mode again";
            Err(Failure::new(409, "stopped", error.to_string(), next))
        }
        Err(error @ OpenError::NotShared(_)) => {
            let next = "make the ConfigMap k8s-reflexion-stop to stop every replica";
            Err(Failure::new(503, "not-shared", service::telemetry::chain(&error), next))
        }
        Err(OpenError::Journal(error)) => Err(journal_failure(&error)),
        Err(
            error @ (OpenError::Chain(_)
            | OpenError::PolicyFile { .. }
            | OpenError::Policy { .. }
            | OpenError::Lease(_)),
        ) => Err(Failure::new(500, "mode", error.to_string(), "this may be a bug: report it")),
    }
}
