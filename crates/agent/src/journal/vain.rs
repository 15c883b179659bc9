//! How much was ordered in vain: each order is kept with all that it was decided on, and a disk has an end.

use jiff::Timestamp;
use types::ObjectRef;

use super::{Journal, JournalError};

impl Journal {
    /// How many orders of this caller about this workload, since then, wrote nothing.
    pub async fn in_vain(
        &self,
        subject: &ObjectRef,
        by: &str,
        since: Timestamp,
    ) -> Result<i64, JournalError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM executions WHERE requested_at >= ? AND subject = ? \
             AND applied_at IS NULL AND json_extract(body, '$.requested_by') = ?",
        )
        .bind(since.as_microsecond())
        .bind(subject.to_string())
        .bind(by)
        .fetch_one(&self.pool)
        .await?;
        Ok(count)
    }
}
