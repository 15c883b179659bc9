//! Room in the file that nothing needs any more goes back to the file system.

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection};

use super::{Journal, JournalError};

/// Gives so many pages back at once: as long is nothing else written.
const GIVE_PIECE: &str = "PRAGMA incremental_vacuum(256)";
const PIECE: i64 = 256;
/// Fewer free pages than this are kept for what comes.
const LEAST: i64 = 256;
/// One free page in so many is worth the work.
const SHARE: i64 = 4;
/// A file longer than this, in bytes, is not written anew at once: an intent would wait too long.
const MAX_ANEW: i64 = 64 * 1024 * 1024;
/// Writes it anew, and so that it gives pages back in pieces from then on: what is asked for takes effect with that.
const WRITE_ANEW: &str = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM";
/// What `PRAGMA auto_vacuum` says of a file that gives pages back in pieces
/// (<https://www.sqlite.org/pragma.html#pragma_auto_vacuum>).
const IN_PIECES: i64 = 2;

impl Journal {
    /// Gives room back that is free in the file, where that is much of it; how many pages these were. A file of an
    /// older version is written anew for it once, if it is not too long.
    pub async fn give_back(&self) -> Result<u64, JournalError> {
        let (pages, free) =
            (self.ask("PRAGMA page_count").await?, self.ask("PRAGMA freelist_count").await?);
        if free < LEAST || free.saturating_mul(SHARE) < pages {
            return Ok(0);
        }
        if self.ask("PRAGMA auto_vacuum").await? == IN_PIECES {
            let pieces = free / PIECE + 1;
            for _ in 0..pieces {
                self.run(GIVE_PIECE).await?;
            }
        } else {
            let bytes = pages.saturating_mul(self.ask("PRAGMA page_size").await?);
            if MAX_ANEW < bytes {
                return Ok(0);
            }
            self.run(WRITE_ANEW).await?;
        }
        // Until then the file is as long as before. A reader may keep it from that: then the next time does it.
        self.run("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        let given = pages.saturating_sub(self.ask("PRAGMA page_count").await?);
        Ok(u64::try_from(given).unwrap_or(0))
    }

    async fn ask(&self, query: &'static str) -> Result<i64, JournalError> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    /// Each is a transaction of its own, whole or not at all. No connection is used again after a failure.
    async fn run(&self, statement: &'static str) -> Result<(), JournalError> {
        let mut connection: PoolConnection<Sqlite> = self.pool.acquire().await?;
        let done = execute(&mut connection, statement).await;
        if done.is_err() {
            connection.close_on_drop();
        }
        Ok(done?)
    }
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statement).execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use tempfile::TempDir;

    use super::*;

    /// A name and a value that takes this many bytes.
    async fn keep(journal: &Journal, name: &str, bytes: usize) {
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?)")
            .bind(name)
            .bind("x".repeat(bytes))
            .execute(journal.pool())
            .await
            .unwrap();
    }

    async fn drop_all(journal: &Journal) {
        sqlx::query("DELETE FROM settings WHERE name LIKE 'old%'")
            .execute(journal.pool())
            .await
            .unwrap();
        journal.run("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    }

    fn length(folder: &TempDir) -> u64 {
        std::fs::metadata(folder.path().join("journal.db")).unwrap().len()
    }

    async fn filled(folder: &TempDir) -> Journal {
        let journal = Journal::open(folder.path()).await.unwrap();
        for number in 0..8 {
            keep(&journal, &format!("old{number}"), 512 * 1024).await;
        }
        keep(&journal, "kept", 512 * 1024).await;
        journal
    }

    async fn kept(journal: &Journal) -> usize {
        let value: String = sqlx::query_scalar("SELECT value FROM settings WHERE name = 'kept'")
            .fetch_one(journal.pool())
            .await
            .unwrap();
        value.len()
    }

    #[tokio::test]
    async fn what_was_dropped_goes_back_to_the_file_system_in_pieces() {
        let folder = TempDir::new().unwrap();
        let journal = filled(&folder).await;
        assert_eq!(journal.ask("PRAGMA auto_vacuum").await.unwrap(), IN_PIECES);
        assert_eq!(journal.give_back().await.unwrap(), 0, "all of it is needed");
        drop_all(&journal).await;
        let before = length(&folder);

        let pages = journal.give_back().await.unwrap();

        assert!(1000 < pages && length(&folder) < before / 4, "{pages} {}", length(&folder));
        assert_eq!(kept(&journal).await, 512 * 1024);
        assert_eq!(journal.give_back().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_file_of_an_older_version_is_written_anew_once() {
        let folder = TempDir::new().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("journal.db"))
            .create_if_missing(true);
        let old = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        sqlx::query("CREATE TABLE before (x)").execute(&old).await.unwrap();
        old.close().await;
        let journal = filled(&folder).await;
        assert_eq!(journal.ask("PRAGMA auto_vacuum").await.unwrap(), 0);
        drop_all(&journal).await;
        let before = length(&folder);

        assert!(1000 < journal.give_back().await.unwrap());

        assert!(length(&folder) < before / 4);
        assert_eq!(journal.ask("PRAGMA auto_vacuum").await.unwrap(), IN_PIECES);
        journal.close().await;
        let again = Journal::open(folder.path()).await.unwrap();
        assert_eq!(kept(&again).await, 512 * 1024);
        assert!(again.verify_chain().await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn little_room_is_kept_for_what_comes() {
        let folder = TempDir::new().unwrap();
        let journal = Journal::open(folder.path()).await.unwrap();
        keep(&journal, "old", 256 * 1024).await;
        drop_all(&journal).await;

        assert_eq!(journal.give_back().await.unwrap(), 0);
    }
}
