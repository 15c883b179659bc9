//! Recall by text: lessons that share words with a cause, where structure finds too little.

use super::{Store, StoreError};

/// More words than this do not make a better search.
const MAX_WORDS: usize = 12;
/// Shorter words are in every sentence.
const MIN_WORD: usize = 4;

impl Store {
    /// Lessons that share words with this text, the nearest first.
    pub async fn lessons_about(&self, text: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let Some(query) = query(text) else { return Ok(vec![]) };
        let search = sqlx::query_scalar(
            "SELECT lesson FROM lessons WHERE lessons MATCH ? ORDER BY rank LIMIT ?",
        );
        Ok(search.bind(query).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Keeps a lesson that belongs to no single episode.
    pub async fn add_lesson(&self, lesson: &str) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("INSERT INTO lessons (lesson, fault, episode) VALUES (?, '', '')")
            .bind(lesson)
            .execute(&mut *write)
            .await?;
        write.commit().await
    }
}

/// Any of the words, each quoted: a word of a stranger is never query syntax.
fn query(text: &str) -> Option<String> {
    let words: Vec<_> = text
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| MIN_WORD <= it.chars().count())
        .take(MAX_WORDS)
        .map(|it| format!("\"{it}\""))
        .collect();
    (!words.is_empty()).then(|| words.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_strangers_are_quoted() {
        let found = query(r#"NEAR("memory" limit) OR lesson:* ) a"#);

        assert_eq!(found.as_deref(), Some(r#""NEAR" OR "memory" OR "limit" OR "lesson""#));
        assert_eq!(query("*\"' -- ;"), None);
    }
}
