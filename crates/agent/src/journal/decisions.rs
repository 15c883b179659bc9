//! How executions were decided, and which entries there are about one.

use sqlx::{Row, SqliteConnection};
use types::{DecisionRecord, JournalEntry};
use uuid::Uuid;

use super::{Journal, JournalError, Stored, text, value};

/// The most entries of one execution that are told.
const MAX_ENTRIES: i64 = 200;

/// Keeps how an execution was decided, in place of what was kept before.
pub(super) async fn keep(tx: &mut SqliteConnection, stored: &Stored) -> Result<(), JournalError> {
    let Some(decision) = &stored.decision else { return Ok(()) };
    sqlx::query(
        "INSERT INTO decisions (execution, body) VALUES (?, ?) \
         ON CONFLICT (execution) DO UPDATE SET body = excluded.body",
    )
    .bind(stored.execution.id.to_string())
    .bind(text(decision)?)
    .execute(tx)
    .await?;
    Ok(())
}

impl Journal {
    /// How this execution was decided, where that was kept.
    pub async fn decision(&self, id: Uuid) -> Result<Option<DecisionRecord>, JournalError> {
        let row = sqlx::query("SELECT body FROM decisions WHERE execution = ?")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(|it| value(it, "body")).transpose()
    }

    /// The entries about this execution, in order.
    pub async fn entries_of(&self, id: Uuid) -> Result<Vec<JournalEntry>, JournalError> {
        let rows = sqlx::query(
            "SELECT number, at, who, what, hash FROM entries WHERE execution = ? \
             ORDER BY number LIMIT ?",
        )
        .bind(id.to_string())
        .bind(MAX_ENTRIES)
        .fetch_all(&self.pool)
        .await?;
        let entry = |row: &sqlx::sqlite::SqliteRow| -> Result<JournalEntry, JournalError> {
            Ok(JournalEntry {
                number: row.try_get("number")?,
                at: row.try_get("at")?,
                who: row.try_get("who")?,
                what: row.try_get("what")?,
                hash: row.try_get("hash")?,
            })
        };
        rows.iter().map(entry).collect()
    }
}
