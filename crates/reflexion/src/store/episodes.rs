//! Episodes: added once; `correct.rs` is the one place that changes them.

use jiff::Timestamp;
use learning::Experience;
use sqlx::AssertSqlSafe;
use types::{Context, Episode, Fault, ObjectRef, Observation, Strategy};

use super::{Cursor, Store, StoreError, cursors, millis, runs};
use crate::run::Run;

/// Which episodes to list.
#[derive(Debug, Clone, Default)]
pub struct EpisodeFilter {
    /// Only these faults; empty means all.
    pub faults: Vec<Fault>,
    /// Only since then.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Adds an episode together with the run it belongs to and the place in the stream, all or nothing.
    ///
    /// False when its execution was counted before; the run is kept all the same.
    pub async fn remember(
        &self,
        episode: &Episode,
        run: &Run,
        cursor: Option<&Cursor>,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let execution = &episode.execution;
        let added = sqlx::query(
            "INSERT INTO episodes (id, at_ms, cluster, subject, fault, context, strategy, spec_hash, recovered, execution, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (execution) DO NOTHING",
        )
        .bind(episode.id.to_string())
        .bind(millis(episode.at))
        .bind(&execution.cluster)
        .bind(execution.subject.to_string())
        .bind(execution.fault.as_str())
        .bind(serde_json::to_string(&execution.context)?)
        .bind(execution.strategy.key())
        .bind(&execution.spec_hash)
        .bind(i64::from(episode.observation.recovered))
        .bind(execution.id.to_string())
        .bind(serde_json::to_string(episode)?)
        .execute(&mut *write)
        .await?
        .rows_affected();
        if added == 1 {
            sqlx::query("INSERT INTO lessons (lesson, fault, episode) VALUES (?, ?, ?)")
                .bind(&episode.reflection.lesson)
                .bind(execution.fault.as_str())
                .bind(episode.id.to_string())
                .execute(&mut *write)
                .await?;
        }
        runs::upsert(&mut write, run).await?;
        cursors::advance(&mut write, cursor).await?;
        write.commit().await?;
        Ok(added == 1)
    }

    /// What is counted and what is predicted, of every episode that counts, oldest first: all folds begin here.
    pub async fn history(&self) -> Result<Vec<(Experience, Observation)>, StoreError> {
        let rows: Vec<(String, String, String, bool, String)> = sqlx::query_as(
            "SELECT fault, context, strategy, recovered, body -> '$.observation' FROM episodes
             WHERE body ->> '$.execution.verdict' IS NOT 'progress' ORDER BY at_ms, id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(fault, context, strategy, recovered, observation)| {
                let context: Context = serde_json::from_str(&context)?;
                let fault: Fault = serde_json::from_value(serde_json::Value::String(fault))?;
                let experience = Experience { fault, context, strategy, recovered };
                Ok((experience, serde_json::from_str(&observation)?))
            })
            .collect()
    }

    /// Episodes, newest first.
    pub async fn episodes(&self, filter: &EpisodeFilter) -> Result<Vec<Episode>, StoreError> {
        let faults: Vec<_> = filter.faults.iter().map(|it| it.as_str()).collect();
        let chosen =
            if faults.is_empty() { "" } else { "AND fault IN (SELECT value FROM json_each(?3))" };
        // Both parts are ours; what varies is bound.
        let sql = format!(
            "SELECT body FROM episodes WHERE ?1 <= at_ms {chosen} ORDER BY at_ms DESC, id DESC LIMIT ?2"
        );
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(filter.since.map_or(i64::MIN, millis))
            .bind(filter.limit);
        if !faults.is_empty() {
            query = query.bind(serde_json::to_string(&faults)?);
        }
        let rows: Vec<String> = query.fetch_all(&self.pool).await?;
        rows.iter().map(|it| Ok(serde_json::from_str(it)?)).collect()
    }

    /// How many episodes there are.
    pub async fn episode_count(&self) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM episodes").fetch_one(&self.pool).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// What failed on this very spec of this very object, for this fault, and has not helped there since.
    pub async fn failed_on(
        &self,
        subject: &ObjectRef,
        spec_hash: &str,
        fault: Fault,
    ) -> Result<Vec<Strategy>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT failed.body -> '$.execution.strategy' FROM episodes AS failed
             WHERE failed.spec_hash = ?1 AND failed.recovered = 0 AND failed.fault = ?2
               AND failed.body ->> '$.execution.verdict' IS NOT 'progress'
               AND (?3 = '' OR coalesce(failed.body ->> '$.execution.subject.uid', '') IN ('', ?3))
               AND NOT EXISTS (
                 SELECT 1 FROM episodes AS won
                 WHERE won.spec_hash = ?1 AND won.recovered = 1 AND won.fault = ?2
                   AND won.strategy = failed.strategy AND failed.at_ms <= won.at_ms)",
        )
        .bind(spec_hash)
        .bind(fault.as_str())
        .bind(&subject.uid)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|it| Ok(serde_json::from_str(it)?)).collect()
    }
}
