//! The journal: intent before each write, every state after it, and a chain of hashes over all of it.
//!
//! A SQLite file that only the agent's user can read. When it cannot be written, nothing is written
//! to the cluster either.

mod chain;
mod decisions;
mod open;
mod room;
mod remembered;
mod earlier;
mod suppressions;
mod thin;
mod vain;
mod write;
mod yeses;

use std::path::PathBuf;

use jiff::Timestamp;
use remedy::PastWrite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};
use types::{Action, DecisionRecord, Edit, Evidence, Execution, ExecutionState, FixPlan, Verdict};
use uuid::Uuid;

pub use chain::{BrokenChain, Entry};
pub use open::MIGRATIONS;
pub use yeses::KeptYes;

/// How long a caller's own name for a request is remembered, in microseconds: a day.
const KEY_LIFETIME: i64 = 24 * 60 * 60 * 1_000_000;
/// The most executions that one answer lists.
const MAX_LISTED: i64 = 500;

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database refused: full, locked, gone.
    #[error("the journal cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// A row holds what this version cannot read.
    #[error("the journal holds something that cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The schema is newer than this binary, or a migration failed.
    #[error(
        "the journal's schema does not fit this version; run the version that wrote it, or a newer one"
    )]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The file is damaged. It was put aside, and nothing was deleted.
    #[error(
        "the journal was damaged and was put aside as {aside}; restore a backup, or start again with an empty one"
    )]
    Damaged {
        /// Where it is now.
        aside: PathBuf,
    },
    /// The caller gave this name to another request before.
    #[error("the caller used this name for a request before")]
    KeyUsed,
    /// So many findings are accepted that nobody can mean it.
    #[error("1000 findings are accepted already; take some back before another one is")]
    Full,
    /// The folder or the file cannot be used.
    #[error("the journal's folder cannot be used")]
    Folder(#[from] std::io::Error),
}

/// An execution with what is needed to verify or undo it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// As it is shown.
    pub execution: Execution,
    /// The plan, with true values.
    pub plan: FixPlan,
    /// The facts before the fix.
    pub before: Evidence,
    /// How it was decided, where that is to be kept. It is read on demand alone.
    pub decision: Option<Box<DecisionRecord>>,
}

impl Stored {
    /// What is written in the workload itself.
    pub fn edits(&self) -> Vec<Edit> {
        let on_subject =
            self.plan.steps.iter().filter(|it| it.target.is_same(&self.execution.subject));
        let edits = on_subject.filter_map(|it| match &it.action {
            Action::Edit(edits) => Some(edits.clone()),
            Action::Restart | Action::Evict => None,
        });
        edits.flatten().collect()
    }
}

/// A caller's own name for a request, and a hash of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who called.
    pub caller: String,
    /// His name for it.
    pub key: String,
    /// Hash of what he asked for.
    pub body_hash: String,
}

/// The journal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    pool: SqlitePool,
}

impl Journal {
    /// Keeps a new execution, with its caller's name for it, and an entry for it, all or nothing.
    pub async fn begin(
        &self,
        stored: &Stored,
        key: Option<&RequestKey>,
    ) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        insert(&mut tx, stored).await?;
        decisions::keep(&mut tx, stored).await?;
        if let Some(key) = key {
            keep_key(&mut tx, key, &stored.execution).await?;
        }
        chain::append(&mut tx, &entry(&stored.execution)?).await?;
        tx.commit().await
    }

    /// Brings an execution up to date and appends an entry, all or nothing. With `only_from`, only while it is in that
    /// state: false when it was not.
    pub async fn update(
        &self,
        stored: &Stored,
        only_from: Option<ExecutionState>,
    ) -> Result<bool, JournalError> {
        let mut tx = self.write().await?;
        let execution = &stored.execution;
        let done = sqlx::query(
            "UPDATE executions SET state = ?, applied_at = ?, body = ?, plan = ?, before = ? \
             WHERE id = ? AND state = coalesce(?, state)",
        )
        .bind(execution.state.as_str())
        .bind(execution.applied_at.map(Timestamp::as_microsecond))
        .bind(text(execution)?)
        .bind(text(&stored.plan)?)
        .bind(text(&stored.before)?)
        .bind(execution.id.to_string())
        .bind(only_from.map(ExecutionState::as_str))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        decisions::keep(&mut tx, stored).await?;
        chain::append(&mut tx, &entry(execution)?).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The execution of this id.
    pub async fn find(&self, id: Uuid) -> Result<Option<Stored>, JournalError> {
        let row = sqlx::query("SELECT body, plan, before FROM executions WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(stored).transpose()
    }

    /// Executions, newest first; of one state, where that is asked for.
    pub async fn list(
        &self,
        state: Option<ExecutionState>,
        limit: u32,
    ) -> Result<Vec<Execution>, JournalError> {
        let rows = sqlx::query(
            "SELECT body FROM executions WHERE state = coalesce(?, state) \
             ORDER BY requested_at DESC, id DESC LIMIT ?",
        )
        .bind(state.map(ExecutionState::as_str))
        .bind(i64::from(limit).min(MAX_LISTED))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|it| value(it, "body")).collect()
    }

    /// The executions that something was begun for and that have not ended.
    pub async fn unfinished(&self) -> Result<Vec<Stored>, JournalError> {
        let rows = sqlx::query(
            "SELECT body, plan, before FROM executions \
             WHERE state IN ('applying', 'verifying', 'undoing') ORDER BY requested_at",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Our writes since then, for the guard, without this one; what has not ended counts however old it is.
    pub async fn writes_since(
        &self,
        since: Timestamp,
        except: Uuid,
    ) -> Result<Vec<PastWrite>, JournalError> {
        let recent = self.recent(since, except).await?;
        Ok(recent.iter().filter(|it| it.plan.writes()).map(past_write).collect())
    }

    /// The executions behind them, and those that wrote nothing.
    pub async fn recent(
        &self,
        since: Timestamp,
        except: Uuid,
    ) -> Result<Vec<Stored>, JournalError> {
        let rows = sqlx::query(
            "SELECT body, plan, before FROM executions \
             WHERE id != ? AND (applied_at >= ? OR state IN ('applying', 'verifying', 'undoing')) \
             ORDER BY requested_at",
        )
        .bind(except.to_string())
        .bind(since.as_microsecond())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// The execution that this caller named so before, and the hash of what he asked for then.
    pub async fn named(
        &self,
        caller: &str,
        key: &str,
    ) -> Result<Option<(Uuid, String)>, JournalError> {
        let row = sqlx::query(
            "SELECT execution, body_hash FROM requests WHERE caller = ? AND key = ? AND at >= ?",
        )
        .bind(caller)
        .bind(key)
        .bind(Timestamp::now().as_microsecond() - KEY_LIFETIME)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: String = row.try_get("execution")?;
        let id = Uuid::parse_str(&id).map_err(|it| sqlx::Error::Decode(it.into()))?;
        Ok(Some((id, row.try_get("body_hash")?)))
    }

    /// Checks every entry against the one before it, and what is kept beside them against the newest ones.
    pub async fn verify_chain(&self) -> Result<Result<u64, BrokenChain>, JournalError> {
        chain::verify(&self.pool).await
    }
}

async fn insert(tx: &mut SqliteConnection, stored: &Stored) -> Result<(), JournalError> {
    let execution = &stored.execution;
    sqlx::query(
        "INSERT INTO executions (id, subject, state, requested_at, applied_at, body, plan, before) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(execution.id.to_string())
    .bind(execution.subject.to_string())
    .bind(execution.state.as_str())
    .bind(execution.requested_at.as_microsecond())
    .bind(execution.applied_at.map(Timestamp::as_microsecond))
    .bind(text(execution)?)
    .bind(text(&stored.plan)?)
    .bind(text(&stored.before)?)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps the caller's name for the request, and forgets old ones.
async fn keep_key(
    tx: &mut SqliteConnection,
    key: &RequestKey,
    execution: &Execution,
) -> Result<(), JournalError> {
    let now = execution.requested_at.as_microsecond();
    sqlx::query("DELETE FROM requests WHERE at < ?")
        .bind(now - KEY_LIFETIME)
        .execute(&mut *tx)
        .await?;
    let kept = sqlx::query(
        "INSERT INTO requests (caller, key, body_hash, execution, at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&key.caller)
    .bind(&key.key)
    .bind(&key.body_hash)
    .bind(execution.id.to_string())
    .bind(now)
    .execute(&mut *tx)
    .await;
    match kept {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(JournalError::KeyUsed)
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// The entry of an execution that reached its state. Redacted, as the execution is.
fn entry(execution: &Execution) -> Result<Entry, JournalError> {
    Ok(Entry {
        at: Timestamp::now().to_string(),
        who: execution.last_word().to_owned(),
        what: execution.state.to_string(),
        execution: Some(execution.id.to_string()),
        body: text(execution)?,
    })
}

/// What the guard knows a write by.
pub(crate) fn past_write(stored: &Stored) -> PastWrite {
    ended_write(&stored.execution, stored.edits())
}

fn ended_write(execution: &Execution, edits: Vec<Edit>) -> PastWrite {
    let ended = execution.state.is_final();
    PastWrite {
        at: execution.applied_at.unwrap_or(execution.requested_at),
        subject: execution.subject.clone(),
        spec_hash: execution.spec_hash.clone(),
        strategy: execution.strategy.key(),
        under_way: !ended,
        verdict: execution.verdict.or(unjudged(execution)).filter(|_| ended),
        undone: execution.state == ExecutionState::Undone,
        again: execution.again,
        result_hash: execution.result_hash.clone(),
        edits,
    }
}

/// What a write came to that was never verified: in vain when the cluster refused the rest of it or somebody has to
/// look; nothing is known when its workload went away, or it was cut off.
fn unjudged(execution: &Execution) -> Option<Verdict> {
    let refused = execution.refusal.as_ref().is_some_and(|it| it.code == "refused_by_cluster");
    (refused || execution.state == ExecutionState::Stranded).then_some(Verdict::Unchanged)
}

fn text(value: &impl Serialize) -> Result<String, JournalError> {
    Ok(serde_json::to_string(value)?)
}

fn value<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, JournalError> {
    let text: String = row.try_get(column)?;
    Ok(serde_json::from_str(&text)?)
}

fn stored(row: &SqliteRow) -> Result<Stored, JournalError> {
    Ok(Stored {
        execution: value(row, "body")?,
        plan: value(row, "plan")?,
        before: value(row, "before")?,
        decision: None,
    })
}
