//! What a caller asked for in `execute-fix`, as a plan of ours.

use serde_json::{Map, Value, json};
use types::{Diagnosis, Evidence, FixPlan, Risk, SeedStrategy, Strategy};

use crate::image::is_tag;
use crate::place;
use crate::strategies::{known_tags, with_cpu_dose, with_dose, with_tag};

/// The tag that the contract names when the caller names none.
const CONTRACT_TAG: &str = "latest";
/// The parameter of the contract's `image_tag_replacement`.
const NEW_TAG: &str = "new_tag";
/// How much of a caller's word is repeated to him.
const QUOTED_LETTERS: usize = 60;

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
/// Other members of the map (a confidence, a reason) are somebody's words and are not read. An unknown
/// type falls back to the first plan with risk `auto`, as the contract says.
pub fn requested(
    strategy: &Map<String, Value>,
    diagnoses: &[Diagnosis],
    evidence: &Evidence,
) -> Result<FixPlan, RequestError> {
    let name = strategy.get("type").and_then(Value::as_str).ok_or(RequestError::TypeIsNoString)?;
    let none = Map::new();
    let parameters = match strategy.get("parameters") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(parameters)) => parameters,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(RequestError::BadParameters("`parameters` is no object".to_owned()));
        }
    };
    let plans = crate::plans(diagnoses, evidence);
    if let Some(seed) = SeedStrategy::parse(name) {
        return contracted(seed, parameters, plans, (diagnoses, evidence));
    }
    if Strategy::NAMES.contains(&name) {
        let wanted = registered(name, parameters)?;
        return exactly(&wanted, plans, (diagnoses, evidence));
    }
    first(plans, |it| it.risk == Risk::Auto)
        .ok_or_else(|| not_applicable(&format!("`{}` is unknown, and there", quoted(name)), &[]))
}

/// One of the contract's four types.
fn contracted(
    seed: SeedStrategy,
    parameters: &Map<String, Value>,
    plans: Vec<FixPlan>,
    facts: (&[Diagnosis], &Evidence),
) -> Result<FixPlan, RequestError> {
    let tag = contract_tag(parameters)?;
    let others = names(&plans);
    let plan = match (seed, tag) {
        (SeedStrategy::ImageTagReplacement, Some(new_tag)) => {
            return exactly(&Strategy::ReplaceImageTag { new_tag }, plans, facts);
        }
        (SeedStrategy::ImageTagReplacement, None) => {
            let is_contracts = |it: &FixPlan| {
                let wanted = Strategy::ReplaceImageTag { new_tag: CONTRACT_TAG.to_owned() };
                it.strategy == wanted && it.risk == Risk::Auto
            };
            first(plans.clone(), is_contracts)
                .or_else(|| first(plans, |it| it.strategy.seed() == seed))
        }
        (SeedStrategy::ResourceAdjustment | SeedStrategy::TemporalOptimization, _) => {
            first(plans, |it| it.strategy.seed() == seed)
        }
        (SeedStrategy::ContextAdaptive, _) => first(plans, |_| true),
    };
    plan.ok_or_else(|| not_applicable(&format!("for `{}` there", seed.as_str()), &others))
}

/// The contract's only parameter. Every seed type may carry it; one of them reads it.
fn contract_tag(parameters: &Map<String, Value>) -> Result<Option<String>, RequestError> {
    if let Some(unknown) = parameters.keys().find(|it| it.as_str() != NEW_TAG) {
        let unknown = quoted(unknown);
        return Err(RequestError::BadParameters(format!(
            "parameter `{unknown}` is unknown; `{NEW_TAG}` is the only one of this type"
        )));
    }
    match parameters.get(NEW_TAG) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(tag)) if is_tag(tag) => Ok(Some(tag.clone())),
        Some(other) => Err(RequestError::BadParameters(format!(
            "`{NEW_TAG}` must be an image tag, not {}",
            quoted(&other.to_string())
        ))),
    }
}

/// A registered name with exactly its parameters.
fn registered(name: &str, parameters: &Map<String, Value>) -> Result<Strategy, RequestError> {
    let wire = if parameters.is_empty() {
        json!({"type": name})
    } else {
        json!({"type": name, "parameters": parameters})
    };
    let strategy = serde_json::from_value(wire)
        .map_err(|it| RequestError::BadParameters(quoted(&format!("{name}: {it}"))))?;
    match &strategy {
        Strategy::ReplaceImageTag { new_tag } if !is_tag(new_tag) => {
            Err(RequestError::BadParameters(format!("`{NEW_TAG}` must be an image tag")))
        }
        Strategy::RaiseMemoryLimit { halves } => {
            let mut doses = vec![Strategy::AS_MUCH_AS_FITS];
            doses.extend(Strategy::MEMORY_DOSES);
            doses.push(Strategy::AS_MEANT);
            is_dose(*halves, &doses).map(|()| strategy)
        }
        Strategy::RaiseCpuLimit { halves } => {
            is_dose(*halves, &Strategy::CPU_DOSES).map(|()| strategy)
        }
        Strategy::RollBack
        | Strategy::ReplaceImageTag { .. }
        | Strategy::LowerRequests
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::RelaxProbe
        | Strategy::FixProbePort
        | Strategy::FixReference
        | Strategy::FixSelector
        | Strategy::FixServicePort
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => Ok(strategy),
    }
}

/// Whether it is one of these doses; else which there are, for the caller.
fn is_dose(halves: u8, doses: &[u8]) -> Result<(), RequestError> {
    if doses.contains(&halves) {
        return Ok(());
    }
    let words: Vec<_> = doses.iter().map(u8::to_string).collect();
    let words = match words.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        all => all.concat(),
    };
    Err(RequestError::BadParameters(format!("`halves` must be {words}")))
}

/// The plan of this very strategy; a tag beyond the offered ones counts if it is known to run. A dose that is not
/// offered (any more) is for the guard to refuse, with its reason.
fn exactly(
    wanted: &Strategy,
    plans: Vec<FixPlan>,
    (diagnoses, evidence): (&[Diagnosis], &Evidence),
) -> Result<FixPlan, RequestError> {
    let others = names(&plans);
    if let Some(plan) = first(plans, |it| it.strategy == *wanted) {
        return Ok(plan);
    }
    let provable = |it| place::provable(it, evidence);
    if let Strategy::ReplaceImageTag { new_tag } = wanted
        && !evidence.workload.paused
    {
        let known = known_tags(diagnoses, evidence);
        return with_tag(new_tag, diagnoses, evidence).map(provable).ok_or_else(|| {
            not_applicable(&format!("tag `{new_tag}` is not known to run, and there"), &known)
        });
    }
    if let Strategy::RaiseMemoryLimit { halves } = wanted
        && !evidence.workload.paused
        && let Some(plan) = with_dose(*halves, diagnoses, evidence)
    {
        return Ok(provable(plan));
    }
    if let Strategy::RaiseCpuLimit { halves } = wanted
        && !evidence.workload.paused
        && let Some(plan) = with_cpu_dose(*halves, diagnoses, evidence)
    {
        return Ok(provable(plan));
    }
    Err(not_applicable(&format!("for `{}` there", wanted.name()), &others))
}

fn first(plans: Vec<FixPlan>, fits: impl Fn(&FixPlan) -> bool) -> Option<FixPlan> {
    plans.into_iter().find(fits)
}

fn names(plans: &[FixPlan]) -> Vec<String> {
    plans.iter().map(|it| it.strategy.key()).collect()
}

fn not_applicable(what: &str, candidates: &[String]) -> RequestError {
    let instead = if candidates.is_empty() {
        "nothing else is offered".to_owned()
    } else {
        format!("offered: {}", candidates.join(", "))
    };
    RequestError::NotApplicable(format!("{what} is nothing to do here; {instead}"))
}

/// A caller's word, short and on one line.
fn quoted(word: &str) -> String {
    word.chars().filter(|it| !it.is_control()).take(QUOTED_LETTERS).collect()
}
