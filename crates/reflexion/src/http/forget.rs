//! Forgetting on purpose: for an administrator alone, and never without a backup.

use actix_web::{delete, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service::auth::{Admin, Caller};
use service::problem::Failure;
use types::{Fault, Problem};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{MAX_SHOWN, id, store_failure};
use crate::Reflexion;
use crate::store::What;

/// What has to stand in the body before everything is forgotten.
const WORDS: &str = "forget everything";

pub(super) fn configure(routes: &mut ServiceConfig<'_>) {
    routes.service(forget_episode).service(forget_strategy);
    routes.service(forget_episodes).service(forget_strategies).service(clear);
}

/// Answer of a deletion.
#[derive(Debug, Serialize, ToSchema)]
struct ForgottenResponse {
    /// What was done, in words.
    message: String,
    /// What was deleted from: records are folds over episodes and follow them.
    cleared_components: Vec<String>,
    /// Episodes deleted.
    episodes: u64,
    /// Lessons deleted.
    lessons: u64,
    /// The file that holds the whole knowledge base as it was before.
    backup: String,
    /// RFC 3339.
    timestamp: String,
}

/// The body that lets everything be forgotten.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Confirmation {
    /// `forget everything`
    confirm: String,
}

/// Forgets one episode, after a backup. The records follow.
#[utoipa::path(
    tag = "memory",
    params(("id" = String, Path, description = "The episode's id")),
    responses(
        (status = 200, description = "It is forgotten, and where the backup is", body = ForgottenResponse),
        (status = 400, description = "No id", body = Problem),
        (status = 404, description = "No such episode", body = Problem),
        (status = 409, description = "Too many backups", body = Problem),
        (status = 503, description = "The knowledge base or its backup cannot be written", body = Problem),
    )
)]
#[delete("/api/v1/memory/episodes/{id}")]
async fn forget_episode(
    admin: Admin,
    reflexion: web::Data<Reflexion>,
    path: web::Path<String>,
) -> Result<web::Json<ForgottenResponse>, Failure> {
    let what = What::Episode(id(&path, "an episode")?);
    let missing = || {
        let next = "GET /api/v1/memory/episodes lists them";
        Failure::new(404, "episode-not-found", format!("there is no episode {path}"), next)
    };
    forget(&reflexion, &admin, &what).await?.ok_or_else(missing)
}

/// Forgets what a strategy did for a fault, after a backup: every episode that its record is folded from.
#[utoipa::path(
    tag = "memory",
    params(
        ("fault" = String, Path, description = "The first part of the record's id, such as OomKilled"),
        ("strategy" = String, Path, description = "Its second part, such as raise_memory_limit@2"),
    ),
    responses(
        (status = 200, description = "It is forgotten, and where the backup is", body = ForgottenResponse),
        (status = 404, description = "No such record", body = Problem),
        (status = 409, description = "Too many backups", body = Problem),
        (status = 503, description = "The knowledge base or its backup cannot be written", body = Problem),
    )
)]
#[delete("/api/v1/memory/strategies/{fault}/{strategy}")]
async fn forget_strategy(
    admin: Admin,
    reflexion: web::Data<Reflexion>,
    path: web::Path<(String, String)>,
) -> Result<web::Json<ForgottenResponse>, Failure> {
    let (fault, strategy) = path.into_inner();
    let shown = learning::fence(&format!("{fault}/{strategy}"), MAX_SHOWN);
    let missing = || {
        let detail = format!("there is no record `{shown}`");
        let next = "use the id that GET /api/v1/memory/strategies shows";
        Failure::new(404, "record-not-found", detail, next)
    };
    let fault = Fault::ALL.into_iter().find(|it| it.as_str() == fault).ok_or_else(missing)?;
    forget(&reflexion, &admin, &What::Strategy { fault, strategy }).await?.ok_or_else(missing)
}

/// Forgets every episode and lesson, after a backup. Wants `{"confirm": "forget everything"}` in the body.
#[utoipa::path(
    tag = "memory",
    request_body = Confirmation,
    responses(
        (status = 200, description = "All is forgotten, and where the backup is", body = ForgottenResponse),
        (status = 400, description = "Not confirmed", body = Problem),
        (status = 409, description = "Too many backups", body = Problem),
        (status = 503, description = "The knowledge base or its backup cannot be written", body = Problem),
    )
)]
#[delete("/api/v1/memory/episodes")]
async fn forget_episodes(
    admin: Admin,
    reflexion: web::Data<Reflexion>,
    body: web::Bytes,
) -> Result<web::Json<ForgottenResponse>, Failure> {
    forget_everything(&reflexion, &admin, &body).await
}

/// The same as for episodes: records are folds over them, and would come back as long as these are there.
#[utoipa::path(
    tag = "memory",
    request_body = Confirmation,
    responses(
        (status = 200, description = "All is forgotten, and where the backup is", body = ForgottenResponse),
        (status = 400, description = "Not confirmed", body = Problem),
        (status = 409, description = "Too many backups", body = Problem),
        (status = 503, description = "The knowledge base or its backup cannot be written", body = Problem),
    )
)]
#[delete("/api/v1/memory/strategies")]
async fn forget_strategies(
    admin: Admin,
    reflexion: web::Data<Reflexion>,
    body: web::Bytes,
) -> Result<web::Json<ForgottenResponse>, Failure> {
    forget_everything(&reflexion, &admin, &body).await
}

/// The same under the name that it had first.
#[utoipa::path(
    tag = "memory",
    request_body = Confirmation,
    responses(
        (status = 200, description = "All is forgotten, and where the backup is", body = ForgottenResponse),
        (status = 400, description = "Not confirmed", body = Problem),
        (status = 409, description = "Too many backups", body = Problem),
        (status = 503, description = "The knowledge base or its backup cannot be written", body = Problem),
    )
)]
#[delete("/api/v1/memory/clear")]
async fn clear(
    admin: Admin,
    reflexion: web::Data<Reflexion>,
    body: web::Bytes,
) -> Result<web::Json<ForgottenResponse>, Failure> {
    forget_everything(&reflexion, &admin, &body).await
}

async fn forget_everything(
    reflexion: &Reflexion,
    admin: &Caller,
    body: &[u8],
) -> Result<web::Json<ForgottenResponse>, Failure> {
    let said = serde_json::from_slice::<Confirmation>(body).ok();
    if said.is_none_or(|it| it.confirm != WORDS) {
        return Err(Failure::new(
            400,
            "not-confirmed",
            "this would forget everything that was learned, and it was not confirmed",
            format!("send {{\"confirm\": \"{WORDS}\"}} as the body; a backup is made first"),
        ));
    }
    let forgotten = forget(reflexion, admin, &What::Everything).await?;
    forgotten.ok_or_else(|| {
        Failure::new(500, "not-forgotten", "nothing was forgotten", "this is a bug: report it")
    })
}

async fn forget(
    reflexion: &Reflexion,
    admin: &Caller,
    what: &What,
) -> Result<Option<web::Json<ForgottenResponse>>, Failure> {
    let forgotten = reflexion.memory.forget(what).await.map_err(|it| store_failure(&it))?;
    let Some(forgotten) = forgotten else { return Ok(None) };
    let backup = forgotten.backup.display().to_string();
    let (episodes, lessons) = (forgotten.episodes, forgotten.lessons);
    tracing::warn!(by = admin.name, ?what, episodes, lessons, backup, "forgotten on purpose");
    Ok(Some(web::Json(ForgottenResponse {
        message: format!("{episodes} episodes and {lessons} lessons are forgotten"),
        cleared_components: ["episodes", "lessons", "strategies"].map(str::to_owned).to_vec(),
        episodes,
        lessons,
        backup,
        timestamp: Timestamp::now().to_string(),
    })))
}
