//! Runs: what is being healed, what waits, and what needs a person.

use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{Cursor, Store, StoreError, cursors, millis};
use crate::run::{DISMISSED, Run, RunState};

/// Answers to callers for whose pod nothing was done, kept so that they can be read again for a while.
const MAX_DISMISSED: u32 = 500;

impl Store {
    /// Keeps the run as it is now, and how far the stream was handled, in one transaction.
    pub async fn save_run(&self, run: &Run, cursor: Option<&Cursor>) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        upsert(&mut write, run).await?;
        cursors::advance(&mut write, cursor).await?;
        write.commit().await
    }

    /// Keeps that nothing was done for a pod; of such runs only the newest, as asking costs nothing.
    pub async fn save_dismissed(&self, run: &Run) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        upsert(&mut write, run).await?;
        sqlx::query(
            "DELETE FROM runs WHERE state IN (SELECT value FROM json_each(?1)) AND id NOT IN
             (SELECT id FROM runs WHERE state IN (SELECT value FROM json_each(?1))
              ORDER BY updated_ms DESC, id DESC LIMIT ?2)",
        )
        .bind(serde_json::to_string(&DISMISSED.map(RunState::as_str))?)
        .bind(MAX_DISMISSED)
        .execute(&mut *write)
        .await?;
        write.commit().await
    }

    /// Lets a caller's own name lead to the run. The first run keeps the name.
    pub async fn name_run(&self, thread: &str, run: Uuid) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("INSERT INTO threads (thread, run) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(thread)
            .bind(run.to_string())
            .execute(&mut *write)
            .await?;
        write.commit().await
    }

    /// The run with this id.
    pub async fn run(&self, id: Uuid) -> Result<Option<Run>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM runs WHERE id = ?").bind(id.to_string());
        read(query.fetch_optional(&self.pool).await?)
    }

    /// The run that a caller named.
    pub async fn run_of_thread(&self, thread: &str) -> Result<Option<Run>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT body FROM runs JOIN threads ON threads.run = runs.id WHERE thread = ?",
        )
        .bind(thread);
        read(query.fetch_optional(&self.pool).await?)
    }

    /// The run of this incident.
    pub async fn run_of_incident(&self, incident: Uuid) -> Result<Option<Run>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM runs WHERE incident = ?")
            .bind(incident.to_string());
        read(query.fetch_optional(&self.pool).await?)
    }

    /// The run whose newest attempt is this execution.
    pub async fn run_of_execution(&self, execution: Uuid) -> Result<Option<Run>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM runs WHERE execution = ?")
            .bind(execution.to_string());
        read(query.fetch_optional(&self.pool).await?)
    }

    /// This agent's runs that a restart has to take up again, oldest first.
    pub async fn unfinished_runs(&self, agent: &str) -> Result<Vec<Run>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM runs WHERE agent = ? AND state IN ('healing', 'waiting') ORDER BY started_ms, id",
        )
        .bind(agent)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|it| Ok(serde_json::from_str(it)?)).collect()
    }

    /// The newest runs in these states, at most `limit`.
    pub async fn runs_in(&self, states: &[RunState], limit: u32) -> Result<Vec<Run>, StoreError> {
        let words: Vec<_> = states.iter().map(|it| it.as_str()).collect();
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM runs WHERE state IN (SELECT value FROM json_each(?)) ORDER BY updated_ms DESC LIMIT ?",
        )
        .bind(serde_json::to_string(&words)?)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|it| Ok(serde_json::from_str(it)?)).collect()
    }

    /// How many runs are in each state.
    pub async fn run_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query_as("SELECT state, count(*) FROM runs GROUP BY state");
        Ok(query.fetch_all(&self.pool).await?)
    }
}

fn read(body: Option<String>) -> Result<Option<Run>, StoreError> {
    body.map(|it| Ok(serde_json::from_str(&it)?)).transpose()
}

pub(super) async fn upsert(write: &mut SqliteConnection, run: &Run) -> Result<(), StoreError> {
    let execution = run.attempts.last().and_then(|it| it.execution.as_ref()).map(|it| it.id);
    sqlx::query(
        "INSERT INTO runs (id, agent, cluster, subject, incident, execution, state, started_ms, updated_ms, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET execution = excluded.execution, state = excluded.state,
             incident = excluded.incident, updated_ms = excluded.updated_ms, body = excluded.body",
    )
    .bind(run.id.to_string())
    .bind(&run.agent)
    .bind(&run.incident.cluster)
    .bind(run.subject().to_string())
    .bind(run.incident.id.to_string())
    .bind(execution.map(|it| it.to_string()))
    .bind(run.state.as_str())
    .bind(millis(run.started_at))
    .bind(millis(run.updated_at))
    .bind(serde_json::to_string(run)?)
    .execute(write)
    .await?;
    Ok(())
}
