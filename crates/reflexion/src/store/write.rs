//! Writing: one writer at a time, all or nothing, and no connection is used again after a write that failed.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::OwnedMutexGuard;

use super::{Store, StoreError};

/// A transaction that holds the write lock from its first moment: it cannot fail later for another writer.
///
/// Without [`commit`](Self::commit) it never was: its connection is closed, and SQLite takes back what was written.
/// A connection is not kept after a failure, since a full disk may leave it in a transaction that is none.
pub(super) struct Write {
    connection: PoolConnection<Sqlite>,
    committed: bool,
    _turn: OwnedMutexGuard<()>,
}

impl Store {
    /// Begins to write, as soon as nobody else of this process does.
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        self.write_in(turn).await
    }

    /// Begins to write in a turn that was waited for before.
    pub(super) async fn write_in(&self, turn: OwnedMutexGuard<()>) -> Result<Write, StoreError> {
        let connection = self.pool.acquire().await?;
        let mut write = Write { connection, committed: false, _turn: turn };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *write).await?;
        Ok(write)
    }

    /// Whether what is acknowledged here is kept: writes, and waits until it is on the disk.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.set_setting("checked_at", &jiff::Timestamp::now().to_string()).await
    }
}

impl Write {
    /// Makes durable what was written.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
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
