//! How far each agent's stream was handled.

use sqlx::SqliteConnection;

use super::{Store, StoreError};

/// A place in an agent's stream: everything up to it is durable here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The agent's address.
    pub agent: String,
    /// The id of the last message that was handled.
    pub last_id: String,
}

impl Store {
    /// Where to read on in this agent's stream.
    pub async fn cursor(&self, agent: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT last_id FROM cursors WHERE agent = ?").bind(agent);
        Ok(query.fetch_optional(&self.pool).await?)
    }
}

/// Moves the cursor, in the transaction that made the messages before it durable.
pub(super) async fn advance(
    write: &mut SqliteConnection,
    cursor: Option<&Cursor>,
) -> Result<(), StoreError> {
    let Some(cursor) = cursor else { return Ok(()) };
    sqlx::query(
        "INSERT INTO cursors (agent, last_id) VALUES (?, ?) ON CONFLICT (agent) DO UPDATE SET last_id = excluded.last_id",
    )
    .bind(&cursor.agent)
    .bind(&cursor.last_id)
    .execute(write)
    .await?;
    Ok(())
}
