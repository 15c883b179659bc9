//! A Service as the subject of an incident: what it selects, what it reaches, and what was probably meant.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Finding;

/// What a Service asks for, and what it gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrafficFacts {
    /// The labels that it asks for.
    pub selector: BTreeMap<String, String>,
    /// Its ports, in their order.
    pub ports: Vec<ServicePortFacts>,
    /// Pods with these labels that have not ended.
    pub pods: u32,
    /// Endpoints that are ready on each of its ports; `None` where they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<u32>,
    /// The one label that keeps all pods out, where changing it lets those of just one workload in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<LabelSlip>,
    /// The two labels whose values changed places, where putting them back lets the pods of just one workload in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped: Option<SwappedLabels>,
    /// The one label too many, where the pods of just one workload have all the others, and only the workload has
    /// this one, or nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<SurplusLabel>,
    /// What the survey says of it that is its own trouble: a workload's is told there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// A label of a selector that keeps the pods of a workload out, which have all the others: the workload has it for
/// itself and does not give it to them, or nobody has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurplusLabel {
    /// The key in the selector.
    pub key: String,
    /// The value in the selector.
    pub value: String,
    /// The workload, such as `Deployment shop/web`.
    pub workload: String,
    /// How many of its pods have all the other labels.
    pub pods: u32,
    /// How many of those are ready.
    pub ready: u32,
    /// Whether no workload, no template and no pod of the namespace has it, and no other Service takes those pods.
    #[serde(default)]
    pub nobodys: bool,
    /// Whether an earlier revision of that workload had the very labels that are asked for: its pods lost one.
    #[serde(default)]
    pub formerly: bool,
}

/// Two labels of a selector, each of which has the value that pods have under the key of the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwappedLabels {
    /// Both keys, in their order in the selector.
    pub keys: [String; 2],
    /// The one workload whose pods have the values the other way round, such as `Deployment shop/web`.
    pub workload: String,
    /// How many of its pods have them.
    pub pods: u32,
    /// How many of those are ready.
    pub ready: u32,
    /// Whether all of them are ready for half a minute and no other version of them is on its way.
    pub settled: bool,
}

/// A label of a selector that lets nobody in, and the one that would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LabelSlip {
    /// The key in the selector.
    pub key: String,
    /// The value in the selector.
    pub value: String,
    /// The key that pods have.
    pub meant_key: String,
    /// The value that pods have.
    pub meant_value: String,
    /// The one workload whose pods have it, such as `Deployment shop/web`.
    pub workload: String,
    /// How many of its pods have it.
    pub pods: u32,
    /// How many of those are ready.
    pub ready: u32,
    /// Whether all of them are ready for half a minute and no other version of them is on its way.
    pub settled: bool,
    /// Whether a letter or two, of the key or of the value, or the word for the kind at the end of the value are all
    /// that differs, and no other label is as near, or none of those is what the Service is called.
    pub near: bool,
    /// Whether an earlier revision of that workload had the very labels that are asked for: its pods were relabelled.
    #[serde(default)]
    pub formerly: bool,
    /// Whether the selector asks for what the Service is called: then it says what it means, and no slip is likely.
    pub meant_so: bool,
    /// Whether another Service takes those pods already.
    pub served: bool,
    /// Whether the pods have the same value under another of the keys that all the world uses, where Service,
    /// workload and value have one name, and the pods have what each port of the Service leads to.
    #[serde(default)]
    pub agreed: bool,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServicePortFacts {
    /// Its place in `spec.ports`.
    pub index: usize,
    /// Its name; empty where it has none.
    pub name: String,
    /// The number that callers use.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// Where in the pods it leads; `None` where the object says nothing, and the number is the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<PortTarget>,
    /// Where it was probably meant to lead, where just one port of all pods remains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<MeantPort>,
    /// The protocol for which the pods declare that very port, where the Service asks for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant_protocol: Option<String>,
}

/// The one port that all pods behind a Service declare, or at which their probes find somebody where they declare none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeantPort {
    /// The port.
    pub target: PortTarget,
    /// Whether its name is a letter or two away from the one that is asked for, or its number a digit, and no other is.
    pub near: bool,
    /// Whether it is the only port that is left or the only near one, and each pod is ready by a probe that asks it.
    pub proven: bool,
    /// Whether a name that no pod declares is asked for, and two things of the Service's port speak for this one
    /// and not for another: its number, its name, a word of the name that is asked for.
    #[serde(default)]
    pub agreed: bool,
}

/// A port of a pod: by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PortTarget {
    /// The number.
    Number(i32),
    /// The name that a container gives it.
    Name(String),
}

impl PortTarget {
    /// The port as it stands in a manifest.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => Value::from(*number),
            Self::Name(name) => Value::from(name.clone()),
        }
    }
}

impl fmt::Display for PortTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_reads_as_a_manifest_writes_it() {
        for (target, value) in [
            (PortTarget::Number(8080), json!(8080)),
            (PortTarget::Name("http".to_owned()), json!("http")),
        ] {
            assert_eq!(serde_json::from_value::<PortTarget>(value.clone()).unwrap(), target);
            assert_eq!(
                (target.to_value(), serde_json::to_value(&target).unwrap()),
                (value.clone(), value)
            );
        }
    }
}
