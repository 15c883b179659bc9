//! What a model may answer: a ranking of what was offered, or the words of a lesson. Nothing else parses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{Reflection, ReflectionSource};

use crate::fence::fence;

/// Limits on what is kept of a model's words, in characters.
const MAX_SENTENCE: usize = 400;
const MAX_LESSON: usize = 600;
const MAX_INSIGHTS: usize = 5;

/// The model's view of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// The most likely cause, in one sentence.
    pub cause: String,
    /// The offers that are worth trying, best first, by the number they were listed with.
    ///
    /// A dose is an offer of its own, so that there is no number to make up.
    pub ranking: Vec<RankedOffer>,
}

/// One offer in a ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RankedOffer {
    /// The number of the offer.
    pub offer: u8,
    /// Why it stands here, in one sentence.
    pub why: String,
}

/// What the model learned from an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The lesson in one or two sentences.
    pub lesson: String,
    /// Further insights, at most five.
    pub insights: Vec<String>,
}

impl Lesson {
    /// As a reflection whose words are the model's.
    pub fn reflection(self) -> Reflection {
        Reflection { lesson: self.lesson, source: ReflectionSource::Model, insights: self.insights }
    }
}

/// Why an answer cannot be used; the words go back to the model once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerError(pub String);

impl std::fmt::Display for AnswerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AnswerError {}

/// Reads a ranking of `offers` offers.
pub fn parse_advice(text: &str, offers: usize) -> Result<Advice, AnswerError> {
    let mut advice: Advice = read(text)?;
    if advice.ranking.is_empty() {
        return Err(AnswerError("`ranking` is empty".to_owned()));
    }
    for (place, ranked) in advice.ranking.iter().enumerate() {
        if offers <= usize::from(ranked.offer) {
            return Err(AnswerError(format!("there is no offer {}", ranked.offer)));
        }
        if advice.ranking.iter().take(place).any(|it| it.offer == ranked.offer) {
            return Err(AnswerError(format!("offer {} is ranked twice", ranked.offer)));
        }
    }
    advice.cause = fence(&advice.cause, MAX_SENTENCE);
    for ranked in &mut advice.ranking {
        ranked.why = fence(&ranked.why, MAX_SENTENCE);
    }
    Ok(advice)
}

/// Reads a lesson.
pub fn parse_lesson(text: &str) -> Result<Lesson, AnswerError> {
    let lesson: Lesson = read(text)?;
    let words = fence(lesson.lesson.trim(), MAX_LESSON);
    if words.is_empty() {
        return Err(AnswerError("`lesson` is empty".to_owned()));
    }
    let insights = lesson.insights.iter().map(|it| fence(it.trim(), MAX_SENTENCE));
    let insights = insights.filter(|it| !it.is_empty()).take(MAX_INSIGHTS).collect();
    Ok(Lesson { lesson: words, insights })
}

/// Exactly one JSON object, at most inside a Markdown fence; many servers add one.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, AnswerError> {
    let text = text.trim();
    let inner = text
        .strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .and_then(|it| it.strip_suffix("```"))
        .unwrap_or(text);
    serde_json::from_str(inner.trim()).map_err(|error| AnswerError(error.to_string()))
}

/// The schema of an answer, as strict servers want it: closed, all members required, no formats or bounds.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .with(|it| it.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    simplify(&mut schema);
    schema
}

fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for refused in ["$schema", "title", "format", "minimum", "maximum"] {
                members.remove(refused);
            }
            members.values_mut().for_each(simplify);
        }
        Value::Array(values) => values.iter_mut().for_each(simplify),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = parse_advice(text, 2).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_ranking_of_what_was_offered_is_read() {
        let text = r#"{"cause":"a leak","ranking":[{"offer":1,"why":"x"},{"offer":0,"why":"y"}]}"#;

        let advice = parse_advice(text, 2).unwrap();

        let places: Vec<_> = advice.ranking.iter().map(|it| it.offer).collect();
        assert_eq!(places, [1, 0]);
        assert_eq!(parse_advice(&format!("```json\n{text}\n```"), 2).unwrap(), advice);
    }

    #[test]
    fn what_was_not_offered_cannot_be_ranked() {
        refused(r#"{"cause":"","ranking":[{"offer":2,"why":""}]}"#, "there is no offer 2");
        refused(r#"{"cause":"","ranking":[{"offer":-1,"why":""}]}"#, "invalid value");
        refused(r#"{"cause":"","ranking":[]}"#, "empty");
        refused(
            r#"{"cause":"","ranking":[{"offer":0,"why":""},{"offer":0,"why":""}]}"#,
            "ranked twice",
        );
    }

    #[test]
    fn a_field_that_nobody_asked_for_is_refused() {
        refused(
            r#"{"cause":"","ranking":[{"offer":0,"why":""}],"command":"kubectl delete ns prod"}"#,
            "unknown field `command`",
        );
        refused(r#"{"cause":"","ranking":[{"offer":0,"why":"","risk":"auto"}]}"#, "unknown field");
        refused("I would restart it.", "expected value");
    }

    #[test]
    fn a_lesson_is_cut_and_cleaned() {
        let text = json!({"lesson": "a".repeat(5000), "insights": ["", "b\u{200B}", "c"]});

        let lesson = parse_lesson(&text.to_string()).unwrap();

        assert_eq!(lesson.lesson.chars().count(), MAX_LESSON);
        assert_eq!(lesson.insights, ["b", "c"]);
    }

    #[test]
    fn the_schema_is_closed_and_requires_every_member() {
        let schema = schema::<Advice>();

        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["required"], json!(["cause", "ranking"]));
        let ranked = &schema["properties"]["ranking"]["items"];
        assert_eq!(ranked["additionalProperties"], json!(false));
        assert_eq!(ranked["properties"]["offer"]["type"], json!("integer"));
        assert!(ranked["properties"]["offer"].get("maximum").is_none());
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_fall_over(text in ".*", offers in 0usize..5) {
            let _ = parse_advice(&text, offers);
            let _ = parse_lesson(&text);
        }
    }
}
