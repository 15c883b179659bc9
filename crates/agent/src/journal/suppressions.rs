//! Findings that somebody accepted: what is accepted now, and an entry for each change.

use jiff::Timestamp;
use types::Suppression;

use super::chain::{self, Entry};
use super::{Journal, JournalError, text, value};

/// The most findings that are accepted at once: nobody reads more, and each is looked up in every scan.
const MAX_ACCEPTED: i64 = 1000;

impl Journal {
    /// What is accepted at this time, the first to end first.
    pub async fn accepted(&self, now: Timestamp) -> Result<Vec<Suppression>, JournalError> {
        let rows = sqlx::query(
            "SELECT body FROM suppressions WHERE until > ? ORDER BY until, fingerprint LIMIT ?",
        )
        .bind(now.as_microsecond())
        .bind(MAX_ACCEPTED)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|it| value(it, "body")).collect()
    }

    /// Accepts a finding, in place of what was said of it before. What has ended is forgotten.
    pub async fn accept(&self, accepted: &Suppression, now: Timestamp) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM suppressions WHERE until <= ?")
            .bind(now.as_microsecond())
            .execute(&mut *tx)
            .await?;
        let n_accepted: i64 =
            sqlx::query_scalar("SELECT count(*) FROM suppressions WHERE fingerprint != ?")
                .bind(&accepted.fingerprint)
                .fetch_one(&mut *tx)
                .await?;
        if MAX_ACCEPTED <= n_accepted {
            return Err(JournalError::Full);
        }
        sqlx::query(
            "INSERT INTO suppressions (fingerprint, until, body) VALUES (?, ?, ?) \
             ON CONFLICT (fingerprint) DO UPDATE SET until = excluded.until, body = excluded.body",
        )
        .bind(&accepted.fingerprint)
        .bind(accepted.until.as_microsecond())
        .bind(text(accepted)?)
        .execute(&mut *tx)
        .await?;
        let entry = Entry {
            at: now.to_string(),
            who: accepted.by.clone(),
            what: "accept".to_owned(),
            execution: None,
            body: text(accepted)?,
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await
    }

    /// Takes the acceptance of a finding back; false when there was none at this time.
    pub async fn tell_again(
        &self,
        fingerprint: &str,
        who: &str,
        now: Timestamp,
    ) -> Result<bool, JournalError> {
        let mut tx = self.write().await?;
        let gone = sqlx::query("DELETE FROM suppressions WHERE fingerprint = ? AND until > ?")
            .bind(fingerprint)
            .bind(now.as_microsecond())
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        let entry = Entry {
            at: now.to_string(),
            who: who.to_owned(),
            what: "tell_again".to_owned(),
            execution: None,
            body: serde_json::json!({"fingerprint": fingerprint}).to_string(),
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
