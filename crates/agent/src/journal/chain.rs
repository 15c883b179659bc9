//! The append-only entries: each is hashed together with the one before it, so that a change shows.

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, SqliteConnection};

use super::{JournalError, decisions};

/// What the first entry is hashed with.
const BEGINNING: &str = "k8s-reflexion journal 1";

/// Who did what, when, and how things are since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, RFC 3339.
    pub at: String,
    /// Who asked for it.
    pub who: String,
    /// The state that was reached, `mode`, `armed`, `decision`, `thinned`, or what became of a yes.
    pub what: String,
    /// The execution it is about.
    pub execution: Option<String>,
    /// The execution or the mode as it is since, redacted JSON; of a decision its hash; of what was made thin its ids.
    pub body: String,
}

/// What shows that the journal was changed by somebody else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// The first entry that does not fit the one before it, by its number from 1.
    #[error("entry {0} of the journal was changed, or one before it is missing")]
    Entry(i64),
    /// An execution, how it was decided, or the mode is not what its newest entry says.
    #[error(
        "the journal's {0} is not what its newest entry says: one of them was changed, or an entry is missing"
    )]
    Kept(String),
}

/// Appends an entry to the chain.
pub(super) async fn append(tx: &mut SqliteConnection, entry: &Entry) -> Result<(), JournalError> {
    let last = sqlx::query("SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1")
        .fetch_optional(&mut *tx)
        .await?;
    let (number, before): (i64, String) = match last {
        Some(row) => (row.try_get("number")?, row.try_get("hash")?),
        None => (0, BEGINNING.to_owned()),
    };
    sqlx::query(
        "INSERT INTO entries (number, at, who, what, execution, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(number + 1)
    .bind(&entry.at)
    .bind(&entry.who)
    .bind(&entry.what)
    .bind(&entry.execution)
    .bind(&entry.body)
    .bind(hash(number + 1, &before, entry))
    .execute(tx)
    .await?;
    Ok(())
}

/// The number of entries, or what is broken.
pub(super) async fn verify(pool: &SqlitePool) -> Result<Result<u64, BrokenChain>, JournalError> {
    let mut before = BEGINNING.to_owned();
    let mut number = 0_i64;
    let mut rows = sqlx::query(
        "SELECT number, at, who, what, execution, body, hash FROM entries ORDER BY number",
    )
    .fetch(pool);
    while let Some(row) = rows.try_next().await? {
        let entry = Entry {
            at: row.try_get("at")?,
            who: row.try_get("who")?,
            what: row.try_get("what")?,
            execution: row.try_get("execution")?,
            body: row.try_get("body")?,
        };
        let (found, hash_found): (i64, String) = (row.try_get("number")?, row.try_get("hash")?);
        number += 1;
        if found != number || hash_found != hash(number, &before, &entry) {
            return Ok(Err(BrokenChain::Entry(found)));
        }
        before = hash_found;
    }
    drop(rows);
    Ok(kept_as_written(pool).await?.map(|()| u64::try_from(number).unwrap_or(0)))
}

/// A chain does not show that its end is missing; what is kept beside it does.
async fn kept_as_written(pool: &SqlitePool) -> Result<Result<(), BrokenChain>, JournalError> {
    let odd: Option<String> = sqlx::query_scalar(
        "WITH newest AS ( \
             SELECT execution, body, max(number) FROM entries \
             WHERE execution IS NOT NULL GROUP BY execution) \
         SELECT 'execution ' || coalesce(executions.id, newest.execution) \
         FROM executions FULL JOIN newest ON newest.execution = executions.id \
         WHERE newest.body IS NOT executions.body LIMIT 1",
    )
    .fetch_optional(pool)
    .await?;
    let mode: Option<String> = sqlx::query_scalar(
        "SELECT 'mode' FROM (SELECT 1) \
         LEFT JOIN (SELECT value FROM settings WHERE name = 'mode') AS kept \
         LEFT JOIN (SELECT body, max(number) FROM entries WHERE what = 'mode') AS newest \
         WHERE json_extract(kept.value, '$') IS NOT json_extract(newest.body, '$.mode')",
    )
    .fetch_optional(pool)
    .await?;
    let decision = decisions::changed(pool).await?.map(|it| format!("decision of execution {it}"));
    Ok(odd.or(mode).or(decision).map_or(Ok(()), |it| Err(BrokenChain::Kept(it))))
}

/// Hash over an entry and the hash before it; lengths keep the fields apart.
fn hash(number: i64, before: &str, entry: &Entry) -> String {
    let mut hash = Sha256::new();
    let number = number.to_string();
    let execution = entry.execution.as_deref().unwrap_or_default();
    for field in [before, &number, &entry.at, &entry.who, &entry.what, execution, &entry.body] {
        hash.update(field.len().to_be_bytes());
        hash.update(field.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
