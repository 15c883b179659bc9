//! How executions were decided, and which entries there are about one.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, SqliteConnection};
use types::{DecisionRecord, JournalEntry};
use uuid::Uuid;

use super::chain::{self, Entry};
use super::thin::{THINNED, Thinned};
use super::{Journal, JournalError, Stored, text, value};

/// The most entries of one execution that are told.
const MAX_ENTRIES: i64 = 200;

/// What an entry is about that tells the hash of a decision.
pub(super) const DECISION: &str = "decision";

/// What an entry tells of a decision: it is long, and read on demand alone.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// The execution that was decided.
    execution: String,
    /// SHA-256 of the record as it is kept.
    sha256: String,
}

/// Keeps how an execution was decided, in place of what was kept before, with an entry that tells its hash.
pub(super) async fn keep(tx: &mut SqliteConnection, stored: &Stored) -> Result<(), JournalError> {
    let Some(decision) = &stored.decision else { return Ok(()) };
    let (id, body) = (stored.execution.id.to_string(), text(decision)?);
    let kept = sqlx::query(
        "INSERT INTO decisions (execution, body) VALUES (?, ?) \
         ON CONFLICT (execution) DO UPDATE SET body = excluded.body WHERE body != excluded.body",
    )
    .bind(&id)
    .bind(&body)
    .execute(&mut *tx)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(());
    }
    let entry = Entry {
        at: Timestamp::now().to_string(),
        who: stored.execution.last_word().to_owned(),
        what: DECISION.to_owned(),
        execution: None,
        body: text(&Seal { execution: id, sha256: sha256(&body) })?,
    };
    chain::append(tx, &entry).await
}

/// The first execution whose decision is not the one that the newest entry about it tells. Those from before there
/// were such entries are not told of at all, and may be anything.
pub(super) async fn changed(pool: &SqlitePool) -> Result<Option<String>, JournalError> {
    // `None`: it was dropped in time, and an entry says so.
    let mut sealed: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut seals =
        sqlx::query("SELECT what, body FROM entries WHERE what IN (?, ?) ORDER BY number")
            .bind(DECISION)
            .bind(THINNED)
            .fetch(pool);
    while let Some(row) = seals.try_next().await? {
        if row.try_get::<String, _>("what")? == DECISION {
            let seal: Seal = value(&row, "body")?;
            sealed.insert(seal.execution, Some(seal.sha256));
        } else {
            let thinned: Thinned = value(&row, "body")?;
            sealed.extend(thinned.executions.into_iter().map(|it| (it, None)));
        }
    }
    drop(seals);
    let mut kept = sqlx::query("SELECT execution, body FROM decisions").fetch(pool);
    while let Some(row) = kept.try_next().await? {
        let (id, body): (String, String) = (row.try_get("execution")?, row.try_get("body")?);
        if sealed.remove(&id).is_some_and(|it| it != Some(sha256(&body))) {
            return Ok(Some(id));
        }
    }
    // What is left has an entry, and is kept no more.
    Ok(sealed.into_iter().find_map(|(id, seal)| seal.map(|_| id)))
}

fn sha256(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
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
