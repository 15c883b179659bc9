//! What ended long ago and can never be taken up again is kept thin: what became of it stays, the facts behind it go.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};
use types::{Evidence, FixPlan};

use super::chain::{self, Entry};
use super::{Journal, JournalError, text, value};

/// How many are made thin at once: as long is nothing else written.
const BATCH: i64 = 50;
/// Up to when, in microseconds since 1970, all that may be thin is so.
const UNTIL: &str = "thin_until";
/// Who does it.
const WHO: &str = "agent";

/// What an entry is about that tells which executions were made thin.
pub(super) const THINNED: &str = "thinned";

/// What such an entry tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Thinned {
    /// The executions whose facts, steps and decision are not kept any more.
    pub(super) executions: Vec<String>,
}

impl Journal {
    /// Drops the facts, the steps and the decision of every execution that was asked for before this and is proposed,
    /// refused, rejected or undone by now; how many these were. What was written and holds can still be taken back, and
    /// keeps all. The entries stay, and one more says what was dropped.
    pub async fn thin(&self, before: Timestamp) -> Result<usize, JournalError> {
        let mut sum = 0;
        loop {
            let Some(count) = self.thin_some(before).await? else { return Ok(sum) };
            sum += count;
        }
    }

    /// The next few; `None` when there are no more.
    async fn thin_some(&self, before: Timestamp) -> Result<Option<usize>, JournalError> {
        let mut tx = self.write().await?;
        let done: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(UNTIL)
            .fetch_optional(&mut *tx)
            .await?;
        let done = done.and_then(|it| it.parse().ok()).unwrap_or(i64::MIN);
        let rows = sqlx::query(
            "SELECT id, requested_at, plan, before FROM executions \
             WHERE ? < requested_at AND requested_at < ? \
             AND state IN ('proposed', 'refused', 'rejected', 'undone') ORDER BY requested_at LIMIT ?",
        )
        .bind(done)
        .bind(before.as_microsecond())
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await?;
        let Some(last) = rows.last() else {
            tx.commit().await?;
            return Ok(None);
        };
        let until: i64 = last.try_get("requested_at")?;
        let mut executions = vec![];
        for row in &rows {
            // What cannot be read any more stays as it is.
            let (Ok(plan), Ok(facts)) = (value(row, "plan"), value(row, "before")) else {
                continue;
            };
            let id: String = row.try_get("id")?;
            keep_thin(&mut tx, &id, plan, facts).await?;
            executions.push(id);
        }
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?, ?) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(UNTIL)
        .bind(until.to_string())
        .execute(&mut *tx)
        .await?;
        let count = executions.len();
        let entry = Entry {
            at: Timestamp::now().to_string(),
            who: WHO.to_owned(),
            what: THINNED.to_owned(),
            execution: None,
            body: text(&Thinned { executions })?,
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(Some(count))
    }
}

async fn keep_thin(
    tx: &mut SqliteConnection,
    id: &str,
    plan: FixPlan,
    facts: Evidence,
) -> Result<(), JournalError> {
    let plan = FixPlan { steps: vec![], ..plan };
    sqlx::query("UPDATE executions SET plan = ?, before = ? WHERE id = ?")
        .bind(text(&plan)?)
        .bind(text(&thin(facts))?)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM decisions WHERE execution = ?").bind(id).execute(tx).await?;
    Ok(())
}

/// Which workload it was, and when; nothing of what was seen there.
fn thin(facts: Evidence) -> Evidence {
    Evidence {
        taken_at: facts.taken_at,
        cluster: facts.cluster,
        subject: facts.subject,
        workload: facts.workload,
        containers: vec![],
        pods: vec![],
        events: vec![],
        revisions: vec![],
        references: vec![],
        images: vec![],
        on_nodes: vec![],
        nodes: None,
        neighbours: vec![],
        node_mates: vec![],
        services: vec![],
        service: None,
        unread: vec![],
        failed: vec![],
        slips: vec![],
        registry_tags: None,
        room: None,
        leftovers: vec![],
        kubernetes_minor: None,
        manifest: None,
    }
}
