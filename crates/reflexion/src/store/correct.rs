//! Correcting an episode whose execution ended otherwise than was first seen.

use types::{Episode, ExecutionState};
use uuid::Uuid;

use super::{Store, StoreError, runs};
use crate::run::Run;

impl Store {
    /// The episode of this execution.
    pub async fn episode_of(&self, execution: Uuid) -> Result<Option<Episode>, StoreError> {
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM episodes WHERE execution = ?")
                .bind(execution.to_string())
                .fetch_optional(&self.pool)
                .await?;
        body.map(|it| Ok(serde_json::from_str(&it)?)).transpose()
    }

    /// The newest executions that are remembered as verified, at most `limit`.
    pub async fn newest_verified(&self, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT execution FROM episodes WHERE recovered = 1 ORDER BY at_ms DESC, id DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().filter_map(|it| it.parse().ok()).collect())
    }

    /// Keeps the corrected episode in its place, with its lesson and the run that ended with it, all or nothing.
    pub async fn correct(&self, episode: &Episode, run: Option<&Run>) -> Result<(), StoreError> {
        let recovered = episode.execution.state == ExecutionState::Verified;
        let mut write = self.write().await?;
        sqlx::query("UPDATE episodes SET recovered = ?, body = ? WHERE id = ?")
            .bind(i64::from(recovered))
            .bind(serde_json::to_string(episode)?)
            .bind(episode.id.to_string())
            .execute(&mut *write)
            .await?;
        sqlx::query("UPDATE lessons SET lesson = ? WHERE episode = ?")
            .bind(&episode.reflection.lesson)
            .bind(episode.id.to_string())
            .execute(&mut *write)
            .await?;
        if let Some(run) = run {
            runs::upsert(&mut write, run).await?;
        }
        write.commit().await
    }
}
