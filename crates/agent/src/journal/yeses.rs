//! What people said yes to and was not carried out yet: an entry when it is said, and one when it comes to nothing.
//! One that was carried out shows in the state of its execution.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use uuid::Uuid;

use super::chain::{self, Entry};
use super::{Journal, JournalError, text, value};

/// What an entry is called by which a yes is kept.
const YES: &str = "yes";
/// What an entry is called after which it counts no more.
const OVER: &str = "yes_over";

/// What such an entry is about. It is no state of the execution, and so stands in the body.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    execution: Uuid,
}

/// A yes that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptYes {
    /// The proposal.
    pub execution: Uuid,
    /// Who said it.
    pub who: String,
}

impl Journal {
    /// Keeps the yes to a proposal until it is carried out or comes to nothing.
    pub async fn keep_yes(&self, execution: Uuid, who: &str) -> Result<(), JournalError> {
        self.note_yes(YES, execution, who).await
    }

    /// The yes came to nothing: it does not count any more.
    pub async fn end_yes(&self, execution: Uuid, who: &str) -> Result<(), JournalError> {
        self.note_yes(OVER, execution, who).await
    }

    async fn note_yes(&self, what: &str, execution: Uuid, who: &str) -> Result<(), JournalError> {
        let mut tx = self.write().await?;
        let entry = Entry {
            at: Timestamp::now().to_string(),
            who: who.to_owned(),
            what: what.to_owned(),
            execution: None,
            body: text(&About { execution })?,
        };
        chain::append(&mut tx, &entry).await?;
        tx.commit().await
    }

    /// The yeses that count still, whatever has become of their proposals.
    pub async fn kept_yeses(&self) -> Result<Vec<KeptYes>, JournalError> {
        let mut kept: BTreeMap<Uuid, String> = BTreeMap::new();
        let mut rows =
            sqlx::query("SELECT who, what, body FROM entries WHERE what IN (?, ?) ORDER BY number")
                .bind(YES)
                .bind(OVER)
                .fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let about: About = value(&row, "body")?;
            let (who, what): (String, String) = (row.try_get("who")?, row.try_get("what")?);
            if what == YES {
                kept.insert(about.execution, who);
            } else {
                kept.remove(&about.execution);
            }
        }
        Ok(kept.into_iter().map(|(execution, who)| KeptYes { execution, who }).collect())
    }
}
