//! Writing: all or nothing, and no connection is used again after a write that failed.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection};

use super::{Journal, JournalError};

/// A transaction that holds the write lock from its first moment.
///
/// Without [`commit`](Self::commit) it never was: its connection is closed, and SQLite takes back what was written.
/// A full disk may leave a connection in a transaction that is none, so none is kept after a failure.
pub(super) struct Write {
    connection: PoolConnection<Sqlite>,
    committed: bool,
}

impl Journal {
    pub(super) async fn write(&self) -> Result<Write, JournalError> {
        let connection = self.pool.acquire().await?;
        let mut write = Write { connection, committed: false };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *write).await?;
        Ok(write)
    }

    /// Whether intents can be kept: writes, and waits until it is on the disk.
    pub async fn check(&self) -> Result<(), JournalError> {
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ('checked_at', ?) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(jiff::Timestamp::now().to_string())
        .execute(&mut *write)
        .await?;
        write.commit().await
    }
}

impl Write {
    /// Makes durable what was written.
    pub(super) async fn commit(mut self) -> Result<(), JournalError> {
        sqlx::query("COMMIT").execute(&mut *self).await?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if !self.committed {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
