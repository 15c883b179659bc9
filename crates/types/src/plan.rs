//! A remedy that leaves nothing to decide, and its undo.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{FieldPath, ObjectRef, Strategy};

/// Who may say yes to a plan.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// May be carried out unasked, in mode `auto`.
    Auto,
    /// Is carried out after a person's yes.
    Ask,
    /// Is never carried out by machine: a patch for a person to apply.
    Advice,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Ask => "ask",
            Self::Advice => "advice",
        })
    }
}

/// A remedy, ready to be carried out or to be shown to a person.
///
/// Its values are what the cluster really holds, so a plan is never serialised on its way out:
/// what leaves the agent is an [`crate::Offer`], whose words are redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixPlan {
    /// What kind of remedy it is, with its dose.
    pub strategy: Strategy,
    /// Who may say yes.
    pub risk: Risk,
    /// Why this plan was made, in one sentence, for the reader.
    pub because: String,
    /// What it does, in order. Empty for a plan that only waits.
    pub steps: Vec<Step>,
}

/// One change of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The object, with the uid and resourceVersion that the plan was made for.
    pub target: ObjectRef,
    /// The subresource that is written, where it is not the object itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<Subresource>,
    /// What is done to it.
    pub action: Action,
}

/// The subresources that a step may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subresource {
    /// `pods/resize`: resources of a running pod, changed in place (KEP-1287).
    Resize,
}

/// The changes we know how to make. A change that cannot be taken back is not an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Fields from what we saw to what we want.
    Edit(Vec<Edit>),
    /// Evict the pod; its controller makes it again, so nothing is left to undo.
    Evict,
    /// Roll all pods of the owner once, by an annotation that holds the fix id; nothing is left to undo.
    Restart,
}

/// One field, from what we saw to what we want. `None` is an absent field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The field.
    pub path: FieldPath,
    /// What we saw there.
    pub from: Option<Value>,
    /// What we want there.
    pub to: Option<Value>,
}

impl FixPlan {
    /// The plan that puts the cluster back where this one found it.
    #[must_use]
    pub fn undo(&self) -> Self {
        let steps = self.steps.iter().rev().filter_map(Step::inverse).collect();
        Self {
            strategy: self.strategy.clone(),
            risk: self.risk,
            because: "the fix did not help".to_owned(),
            steps,
        }
    }

    /// Whether there is anything to write.
    pub fn writes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Whether the cluster can be put back: every step leaves nothing to undo, or has an inverse.
    pub fn is_reversible(&self) -> bool {
        self.steps.iter().all(|it| match &it.action {
            Action::Edit(edits) => !edits.is_empty(),
            Action::Evict | Action::Restart => true,
        })
    }
}

impl Step {
    /// The step that takes this one back; `None` when nothing is left to undo.
    pub fn inverse(&self) -> Option<Self> {
        match &self.action {
            Action::Edit(edits) => Some(Self {
                target: self.target.clone(),
                subresource: self.subresource,
                action: Action::Edit(edits.iter().rev().map(Edit::inverse).collect()),
            }),
            Action::Evict | Action::Restart => None,
        }
    }
}

impl Edit {
    /// The edit that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { path: self.path.clone(), from: self.to.clone(), to: self.from.clone() }
    }
}

/// The plan as a person on call reads it. Not redacted: redact before it leaves the process.
impl fmt::Display for FixPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.strategy, self.risk)?;
        if !self.because.is_empty() {
            write!(f, ": {}", self.because)?;
        }
        for step in &self.steps {
            write!(f, "\n{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Edit(edits) => {
                let verb = match self.subresource {
                    Some(Subresource::Resize) => "resize",
                    None => "edit",
                };
                write!(f, "  {verb} {}", self.target)?;
                for edit in edits {
                    write!(f, "\n    {edit}")?;
                }
                Ok(())
            }
            Action::Evict => write!(f, "  evict {}", self.target),
            Action::Restart => write!(f, "  restart {}", self.target),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |it: &Option<Value>| it.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, word(&self.from), word(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;

    fn plan() -> FixPlan {
        let target = ObjectRef::named(Kind::Deployment, "shop", "web");
        let path = FieldPath::root().child("spec").child("replicas");
        let edit = Edit { path, from: None, to: Some(json!(2)) };
        let step = |action| Step { target: target.clone(), subresource: None, action };
        FixPlan {
            strategy: Strategy::RollBack,
            risk: Risk::Auto,
            because: String::new(),
            steps: vec![step(Action::Edit(vec![edit])), step(Action::Restart)],
        }
    }

    #[test]
    fn undo_of_undo_is_the_plan_without_what_leaves_nothing_to_undo() {
        let plan = plan();

        let twice = plan.undo().undo();

        assert_eq!(twice.steps, plan.steps[..1]);
    }

    #[test]
    fn a_plan_reads_like_a_diff() {
        assert_eq!(
            plan().to_string(),
            "roll back to the last revision that was ready (auto)\n  edit Deployment shop/web\n    \
             /spec/replicas: nothing -> 2\n  restart Deployment shop/web"
        );
    }
}
