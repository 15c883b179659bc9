//! Forgetting on purpose: what is deleted stands in a backup first, and no backup is ever deleted here.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use types::Fault;
use uuid::Uuid;

use super::{Store, StoreError};

/// More than this fill the disk unseen: somebody has to move them away first.
const MAX_BACKUPS: usize = 100;

/// What to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One episode.
    Episode(Uuid),
    /// The record of a strategy for a fault: every episode that it is folded from.
    Strategy {
        /// The fault.
        fault: Fault,
        /// The strategy's key, with its dose.
        strategy: String,
    },
    /// Every episode and every lesson.
    Everything,
}

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Episodes deleted.
    pub episodes: u64,
    /// Lessons deleted.
    pub lessons: u64,
    /// The whole knowledge base as it was before.
    pub backup: PathBuf,
}

/// The episodes that are meant; a part that is not given lets all through.
const MEANT: &str =
    "(?1 IS NULL OR id = ?1) AND (?2 IS NULL OR fault = ?2) AND (?3 IS NULL OR strategy = ?3)";

impl What {
    fn parts(&self) -> (Option<String>, Option<&str>, Option<&str>) {
        match self {
            Self::Episode(id) => (Some(id.to_string()), None, None),
            Self::Strategy { fault, strategy } => (None, Some(fault.as_str()), Some(strategy)),
            Self::Everything => (None, None, None),
        }
    }
}

impl Store {
    /// Makes a backup and then deletes; `None` when there is nothing of the kind, and then nothing was done.
    ///
    /// Nobody writes in between: what is deleted is in the backup.
    pub async fn forget(
        &self,
        what: &What,
        now: Timestamp,
    ) -> Result<Option<Forgotten>, StoreError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let (id, fault, strategy) = what.parts();
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM episodes WHERE {MEANT}"));
        let count: i64 = sqlx::query_scalar(count)
            .bind(&id)
            .bind(fault)
            .bind(strategy)
            .fetch_one(&self.pool)
            .await?;
        if count == 0 && *what != What::Everything {
            return Ok(None);
        }
        let backup = self.backup(now).await?;
        let mut write = self.write_in(turn).await?;
        let of_episodes = format!(
            "DELETE FROM lessons WHERE episode IN (SELECT id FROM episodes WHERE {MEANT}) OR ?4"
        );
        let lessons = sqlx::query(sqlx::AssertSqlSafe(of_episodes))
            .bind(&id)
            .bind(fault)
            .bind(strategy)
            .bind(*what == What::Everything)
            .execute(&mut *write)
            .await?
            .rows_affected();
        let episodes = sqlx::AssertSqlSafe(format!("DELETE FROM episodes WHERE {MEANT}"));
        let episodes = sqlx::query(episodes)
            .bind(&id)
            .bind(fault)
            .bind(strategy)
            .execute(&mut *write)
            .await?
            .rows_affected();
        write.commit().await?;
        Ok(Some(Forgotten { episodes, lessons, backup }))
    }

    /// Writes the whole knowledge base into a file of its own, and waits until it is on the disk.
    async fn backup(&self, now: Timestamp) -> Result<PathBuf, StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new(".")).join("backups");
        let name = now.strftime("knowledge-%Y%m%dT%H%M%S.%3fZ.db").to_string();
        let path = folder.join(name);
        let failed = |source| StoreError::Backup { path: path.display().to_string(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let count = fs::read_dir(&folder).map_err(failed)?.count();
        if MAX_BACKUPS <= count {
            return Err(StoreError::Backups { folder: folder.display().to_string(), count });
        }
        // SQLite writes into a file that is there and empty: so it is for its owner alone from the start.
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let written =
            sqlx::query("VACUUM INTO ?").bind(path.display().to_string()).execute(&self.pool).await;
        if let Err(error) = written {
            // Half a backup is none; what is left of it is in nobody's way.
            let _ = fs::remove_file(&path);
            return Err(error.into());
        }
        let on_disk = File::open(&path).and_then(|it| it.sync_all());
        on_disk.and_then(|()| File::open(&folder)?.sync_all()).map_err(failed)?;
        Ok(path)
    }
}
