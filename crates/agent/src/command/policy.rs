//! `agent policy`: what a policy says, before an agent gets it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use remedy::{Consent, Policy};
use serde_json::{Map, Value, json};
use types::Strategy;
use utoipa::{PartialSchema, ToSchema};

use crate::fix::read_policy;

/// What no admission policy can hold of whoever puts templates of before back.
const UNHELD: &str = "Notice: as `roll_back` is on, the admission policies let the restorer write a template without limits of memory and CPU, \
     whatever `caps` says: an earlier revision may have had none. Only the agent's guard holds it to such a revision.";

/// What is done with a policy.
#[derive(Debug, Clone, Subcommand)]
pub enum PolicyCommand {
    /// Say what is wrong with it, or what it comes to. Exit code 1 when an agent would not take it.
    Check {
        /// The policy (YAML).
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the JSON Schema of a policy, for an editor.
    Schema,
}

pub(super) fn run(command: &PolicyCommand) -> anyhow::Result<ExitCode> {
    let text = match command {
        PolicyCommand::Check { file } => checked(file)?,
        PolicyCommand::Schema => serde_json::to_string_pretty(&schema())? + "\n",
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn checked(file: &Path) -> anyhow::Result<String> {
    let policy = read_policy(file)?;
    let mut res = format!("{} is a policy. Under it\n", file.display());
    for name in Strategy::NAMES {
        // Writing into a String cannot fail.
        let _ = writeln!(res, "  {name:<20} {}", consent(&policy, name));
    }
    let caps = &policy.caps;
    let _ = writeln!(
        res,
        "and at most {} writes in the cluster and {} in a namespace within a minute, {} of one workload within an hour.",
        caps.global_per_60s, caps.namespace_per_60s, caps.workload_per_hour
    );
    if remedy::rolls_back(&policy) {
        let _ = writeln!(res, "{UNHELD}");
    }
    Ok(res)
}

/// Who says yes to plans of this strategy, in words.
fn consent(policy: &Policy, name: &str) -> &'static str {
    match policy.strategies.get(name) {
        None => "as each plan says",
        Some(Consent::Auto) => "without asking, in enrolled namespaces",
        Some(Consent::Ask) => "after a person's yes",
        Some(Consent::Off) => "never",
    }
}

/// The JSON Schema (2020-12) of a policy.
pub fn schema() -> Value {
    let mut parts = vec![];
    Policy::schemas(&mut parts);
    let definitions: Map<String, Value> =
        parts.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let mut res = json!(Policy::schema());
    if let Value::Object(schema) = &mut res {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        schema.insert("$schema".to_owned(), json!(dialect));
        schema.insert("title".to_owned(), json!("Policy of the agent"));
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    point_inwards(&mut res);
    res
}

/// The references of an API document, as those of a schema that stands alone.
fn point_inwards(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("$ref") {
                *text = text.replace("#/components/schemas/", "#/$defs/");
            }
            object.values_mut().for_each(point_inwards);
        }
        Value::Array(items) => items.iter_mut().for_each(point_inwards),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
