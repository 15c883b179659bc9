//! How the journal is opened: durable, private, of the right version, and whole.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::{Journal, JournalError};

/// The schema, step by step.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/agent");

/// Damaged files that are kept under names of their own; the last name is used again.
const MAX_ASIDE: u32 = 100;
/// How long a statement waits for another process that has the file locked.
const BUSY: Duration = Duration::from_secs(5);

impl Journal {
    /// Opens the journal in this folder; makes both where they are not there.
    pub async fn open(folder: &Path) -> Result<Self, JournalError> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = folder.join("journal.db");
        let opened =
            std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&file)?;
        // A backup that was put back may be open to everybody.
        opened.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        let pool = match connect(&file).await {
            Ok(pool) => pool,
            Err(error) if is_damage(&error) => return Err(put_aside(&file)?),
            Err(error) => return Err(error.into()),
        };
        if !is_whole(&pool).await? {
            pool.close().await;
            return Err(put_aside(&file)?);
        }
        MIGRATIONS.run(&pool).await?;
        Ok(Self { pool })
    }

    /// The pool, for tests that look at the file itself.
    #[doc(hidden)]
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A damaged journal that was put aside in this folder.
    pub fn damaged(folder: &Path) -> Option<PathBuf> {
        let entries = std::fs::read_dir(folder).ok()?;
        let mut found: Vec<_> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
        found.sort();
        let is_damaged = |it: &PathBuf| {
            let name = it.file_name().map(|it| it.to_string_lossy().into_owned());
            name.is_some_and(|it| it.starts_with("journal.damaged"))
        };
        found.into_iter().find(is_damaged)
    }

    /// Writes back what is pending and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// One connection: writes are rare, and a queue of one is the simplest lock.
async fn connect(file: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file);
    // That is written into the file: one that is there, and may be damaged, stays as it is.
    let is_new = std::fs::metadata(file).is_ok_and(|it| it.len() == 0);
    let options = if is_new { options.auto_vacuum(SqliteAutoVacuum::Incremental) } else { options };
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await
}

async fn is_whole(pool: &SqlitePool) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar::<_, String>("PRAGMA integrity_check").fetch_one(pool).await;
    match found {
        Ok(found) => Ok(found == "ok"),
        Err(error) if is_damage(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // The low byte is the kind: 11 is SQLITE_CORRUPT, 26 SQLITE_NOTADB (https://www.sqlite.org/rescode.html).
    let kind = code.and_then(|it| it.parse::<u32>().ok()).map(|it| it & 0xff);
    matches!(kind, Some(11 | 26))
}

/// Renames the file: a person decides what becomes of it.
fn put_aside(file: &Path) -> Result<JournalError, std::io::Error> {
    let aside: PathBuf = (1..MAX_ASIDE)
        .map(|number| file.with_extension(format!("damaged-{number}")))
        .find(|it| !it.exists())
        .unwrap_or_else(|| file.with_extension("damaged"));
    std::fs::rename(file, &aside)?;
    for part in ["db-wal", "db-shm"] {
        let rest = file.with_extension(part);
        if rest.exists() {
            std::fs::rename(&rest, aside.with_extension(format!("{part}-aside")))?;
        }
    }
    Ok(JournalError::Damaged { aside })
}
