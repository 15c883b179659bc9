//! What a restart has to remember besides executions: the mode and why it was set, when a person armed automation last,
//! and the last storms.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;
use types::Mode;

use super::chain::{self, Entry};
use super::{Journal, JournalError, text, value};

const MODE: &str = "mode";
const REASON: &str = "mode_reason";
const ARMED_AT: &str = "armed_at";
const STORMS: &str = "storms";

impl Journal {
    /// The mode that was set last; `None` when none ever was.
    pub async fn mode(&self) -> Result<Option<Mode>, JournalError> {
        self.remembered(MODE).await
    }

    /// Why it was set, and by whom.
    pub async fn mode_reason(&self) -> Result<Option<String>, JournalError> {
        self.remembered(REASON).await
    }

    /// When a person last set mode `auto`.
    pub async fn armed_at(&self) -> Result<Option<Timestamp>, JournalError> {
        self.remembered(ARMED_AT).await
    }

    /// Sets the mode for good, with an entry that says who and why.
    pub async fn set_mode(&self, mode: Mode, who: &str, why: &str) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        let now = Timestamp::now();
        keep(&mut tx, MODE, &mode).await?;
        keep(&mut tx, REASON, &format!("{who}: {why}")).await?;
        if mode == Mode::Auto {
            keep(&mut tx, ARMED_AT, &now).await?;
        }
        let body = serde_json::json!({"mode": mode, "reason": why}).to_string();
        let entry = Entry {
            at: now.to_string(),
            who: who.to_owned(),
            what: "mode".to_owned(),
            execution: None,
            body,
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await
    }

    /// Keeps when a person armed another replica, with an entry that says so.
    pub async fn keep_arming(&self, at: Timestamp, who: &str) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        keep(&mut tx, ARMED_AT, &at).await?;
        let body = serde_json::json!({"armed_at": at}).to_string();
        let entry = Entry {
            at: Timestamp::now().to_string(),
            who: who.to_owned(),
            what: "armed".to_owned(),
            execution: None,
            body,
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await
    }

    /// When storms were last seen, by the namespace from which.
    pub async fn storms(&self) -> Result<BTreeMap<String, Timestamp>, JournalError> {
        Ok(self.remembered(STORMS).await?.unwrap_or_default())
    }

    /// Keeps when storms were last seen.
    pub async fn keep_storms(
        &self,
        storms: &BTreeMap<String, Timestamp>,
    ) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        keep(&mut tx, STORMS, storms).await?;
        tx.commit().await
    }

    async fn remembered<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, JournalError> {
        let row = sqlx::query("SELECT value FROM settings WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(|it| value(it, "value")).transpose()
    }
}

async fn keep(
    tx: &mut SqliteConnection,
    name: &str,
    value: &impl Serialize,
) -> Result<(), JournalError> {
    sqlx::query(
        "INSERT INTO settings (name, value) VALUES (?, ?) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(text(value)?)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
