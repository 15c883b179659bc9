//! Our writes of longer ago, for the error budget and the lock: what became of them, without what they wrote.

use jiff::{SignedDuration, Timestamp};
use remedy::PastWrite;
use types::{Execution, ObjectRef, Strategy};
use uuid::Uuid;

use super::{Journal, JournalError, ended_write, value};

/// So much longer the writes of one workload are told: as long as the failures before a lock may lie apart.
const OF_ONE: SignedDuration = SignedDuration::from_hours(4);

impl Journal {
    /// Our writes before this that have ended, with the ids of their executions: the newest of all, and those of this
    /// workload in the hours before. What only waited wrote nothing, and takes no place among the newest.
    pub async fn writes_before(
        &self,
        before: Timestamp,
        subject: Option<&ObjectRef>,
        newest: usize,
    ) -> Result<Vec<(Uuid, PastWrite)>, JournalError> {
        let rows = sqlx::query(
            "SELECT body FROM executions \
             WHERE applied_at < ?1 AND state NOT IN ('applying', 'verifying', 'undoing') \
             AND (subject = ?2 AND ?3 <= applied_at OR id IN ( \
                 SELECT id FROM executions WHERE applied_at < ?1 \
                 AND json_extract(body, '$.strategy.type') IS NOT 'wait' \
                 ORDER BY applied_at DESC LIMIT ?4))",
        )
        .bind(before.as_microsecond())
        .bind(subject.map(ToString::to_string))
        .bind((before - OF_ONE).as_microsecond())
        .bind(i64::try_from(newest).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        let all: Vec<Execution> =
            rows.iter().map(|it| value(it, "body")).collect::<Result<_, _>>()?;
        let writes = all.iter().filter(|it| it.strategy != Strategy::Wait);
        Ok(writes.map(|it| (it.id, ended_write(it, vec![]))).collect())
    }
}
