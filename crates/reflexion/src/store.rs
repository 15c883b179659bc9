//! The knowledge base: a SQLite file. All SQL of this service is in here.

mod episodes;
mod runs;
mod cursors;
mod search;
mod correct;
mod forget;
mod write;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Mutex;

pub use cursors::Cursor;
pub use episodes::EpisodeFilter;
pub use forget::{Forgotten, What};

/// How long a statement waits for another writer.
const BUSY: Duration = Duration::from_secs(5);
/// Readers beside the one writer; each holds a page cache of its own.
const CONNECTIONS: u32 = 3;

/// The migrations, embedded.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/reflexion");

/// Why the knowledge base cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or written.
    #[error("knowledge base {path} cannot be opened")]
    Open {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It was written by a newer version.
    #[error(
        "knowledge base {path} was written by a newer version (migration {migration}); start that version, or give another --data folder"
    )]
    Newer {
        /// The file.
        path: String,
        /// The migration that this version does not know.
        migration: i64,
    },
    /// A migration failed.
    #[error("knowledge base could not be brought up to date")]
    Migrate(#[source] MigrateError),
    /// A statement failed.
    #[error("knowledge base failed")]
    Sql(#[from] sqlx::Error),
    /// The backup before a deletion could not be made: then nothing is deleted.
    #[error("backup {path} cannot be made, nothing was deleted")]
    Backup {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There are as many backups as may be: then nothing is deleted.
    #[error("there are {count} backups in {folder}, nothing was deleted")]
    Backups {
        /// The folder.
        folder: String,
        /// How many.
        count: usize,
    },
    /// A row does not hold what it should.
    #[error("knowledge base holds a row that cannot be read")]
    Row(#[from] serde_json::Error),
}

/// The knowledge base. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    /// The file.
    path: Arc<Path>,
    /// Whose turn it is to write.
    turn: Arc<Mutex<()>>,
}

/// A store, and the damaged file that was set aside for it, if there was one.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Where a damaged file now lies. The store then began empty.
    pub quarantined: Option<PathBuf>,
}

impl Store {
    /// Opens `knowledge.db` in this folder, making both when they are missing.
    ///
    /// A damaged file is set aside under another name and never written again.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<Opened, StoreError> {
        let path = folder.join("knowledge.db");
        let open_error = |source| StoreError::Open { path: path.display().to_string(), source };
        prepare(folder, &path).map_err(open_error)?;
        let mut quarantined = None;
        if !is_sound(&path).await {
            quarantined = Some(set_aside(&path, now).map_err(open_error)?);
            prepare(folder, &path).map_err(open_error)?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options(&path))
            .await?;
        let store = Self { pool, path: path.as_path().into(), turn: Arc::default() };
        store.migrate(&path).await?;
        Ok(Opened { store, quarantined })
    }

    async fn migrate(&self, path: &Path) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.pool).await.map_err(|error| {
            if let MigrateError::VersionMissing(migration) = error {
                return StoreError::Newer { path: path.display().to_string(), migration };
            }
            StoreError::Migrate(error)
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The pool, for tests that look at the file itself.
    #[doc(hidden)]
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A setting that was changed while running.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?").bind(name);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Keeps a setting over restarts.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut *write)
        .await?;
        write.commit().await
    }
}

/// Makes folder and file, readable by their owner alone: lessons hold words from the cluster.
fn prepare(folder: &Path, path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    Ok(())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // 1 MiB a connection: the whole working set of a few thousand episodes, and little memory at rest.
        .pragma("cache_size", "-1024")
        .optimize_on_close(true, None)
}

/// Whether SQLite finds the file whole. A file that is not even a database is not.
async fn is_sound(path: &Path) -> bool {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(path)).await;
    let Ok(pool) = pool else { return false };
    let answer: Result<Vec<String>, _> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&pool).await;
    pool.close().await;
    answer.is_ok_and(|it| it == ["ok"])
}

/// Renames the file and what belongs to it.
fn set_aside(path: &Path, now: Timestamp) -> std::io::Result<PathBuf> {
    let suffix = format!("damaged-{}", now.as_second());
    let target = path.with_extension(format!("db.{suffix}"));
    fs::rename(path, &target)?;
    for extension in ["db-wal", "db-shm"] {
        let beside = path.with_extension(extension);
        if beside.exists() {
            fs::rename(&beside, path.with_extension(format!("{extension}.{suffix}")))?;
        }
    }
    Ok(target)
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}
