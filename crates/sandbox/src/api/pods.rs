//! What only pods have: eviction and binding here, logs beside it.

use serde_json::{Value, json};

use super::call::Call;
use super::selectors::matches;
use super::target::Target;
use super::{Answer, Api, decode, deletes};
use crate::json::{at, has, list, number, remove, set, text};
use crate::status::StatusError;

mod log;

impl Api {
    /// Deletes a pod, unless a disruption budget needs it.
    pub(super) fn evict(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "CreateOptions")?;
        let eviction = decode::document(call, "Eviction")?;
        if text(&eviction, "metadata.name") != target.name() {
            let why = "name in URL does not match name in Eviction object";
            return Err(StatusError::bad_request(why));
        }
        let options = at(&eviction, "deleteOptions");
        let deletion = deletes::read(call, options)?;
        let store = self.writer(call);
        let rehearsal = call.rehearsal() || !list(options, "dryRun").is_empty();
        let store = if rehearsal { store.rehearsal() } else { store };
        let pod = self.found(target)?;
        if needs_leave(&pod) {
            self.spend(&store, &pod)?;
        }
        store.delete("pods", target.namespace(), target.name(), &deletion)?;
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "code": 201});
        Ok(Answer::json(201, status))
    }

    /// Asks the pod's disruption budget, and takes one disruption from it.
    fn spend(&self, store: &crate::store::Store, pod: &Value) -> Result<(), StatusError> {
        let namespace = text(pod, "metadata.namespace");
        let (budgets, _) = self.store.list("poddisruptionbudgets", Some(namespace));
        let labels = at(pod, "metadata.labels");
        let mut budgets = budgets.into_iter().filter(|it| matches(at(it, "spec.selector"), labels));
        let Some(budget) = budgets.next() else { return Ok(()) };
        if budgets.next().is_some() {
            let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                       does not support.";
            return Err(StatusError::plain(500, "InternalError", why));
        }
        let budget_name = text(&budget, "metadata.name").to_owned();
        if !ready(pod) && healthy_enough(&budget) {
            return Ok(());
        }
        if number(&budget, "status.disruptionsAllowed").unwrap_or(0) < 1 {
            return Err(refused(&budget, &budget_name));
        }
        let pod_name = text(pod, "metadata.name").to_owned();
        let spend = |budget: &mut Value| {
            let left = number(budget, "status.disruptionsAllowed").unwrap_or(0) - 1;
            set(budget, "status.disruptionsAllowed", left);
            let disrupted = crate::json::object(crate::json::place(budget, "status.disruptedPods"));
            disrupted.insert(pod_name, json!(jiff::Timestamp::now().to_string()));
            Ok(())
        };
        store.update_status("poddisruptionbudgets", namespace, &budget_name, spend)?;
        Ok(())
    }

    /// Puts a pod on a node, as a scheduler does.
    pub(super) fn bind(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "CreateOptions")?;
        let binding = decode::document(call, "Binding")?;
        let node = text(&binding, "target.name").to_owned();
        let bind = |pod: &mut Value| {
            let present = text(pod, "spec.nodeName");
            if !present.is_empty() {
                let name = target.name();
                let why = format!("pod {name} is already assigned to node {present:?}");
                return Err(StatusError::conflict("pods/binding", name, &why));
            }
            set(pod, "spec.nodeName", node);
            schedule(pod);
            Ok(())
        };
        let key = ("pods", "binding");
        self.writer(call).update_through(key, target.namespace(), target.name(), bind)?;
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "code": 201});
        Ok(Answer::json(201, status))
    }
}

/// A pod that has ended, waits, or is going already needs nobody's leave.
fn needs_leave(pod: &Value) -> bool {
    let phase = text(pod, "status.phase");
    !has(pod, "metadata.deletionTimestamp") && !matches!(phase, "Succeeded" | "Failed" | "Pending")
}

fn ready(pod: &Value) -> bool {
    list(pod, "status.conditions")
        .iter()
        .any(|it| text(it, "type") == "Ready" && text(it, "status") == "True")
}

/// Whether a budget lets pods go that are not ready.
fn healthy_enough(budget: &Value) -> bool {
    let current = number(budget, "status.currentHealthy").unwrap_or(0);
    let desired = number(budget, "status.desiredHealthy").unwrap_or(0);
    text(budget, "spec.unhealthyPodEvictionPolicy") == "AlwaysAllow"
        || (desired <= current && 0 < desired)
}

fn refused(budget: &Value, name: &str) -> StatusError {
    let needed = number(budget, "status.desiredHealthy").unwrap_or(0);
    let current = number(budget, "status.currentHealthy").unwrap_or(0);
    let mut error = StatusError::plain(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    );
    error.details = json!({"causes": [{
        "reason": "DisruptionBudget",
        "message": format!("The disruption budget {name} needs {needed} healthy pods and has {current} currently"),
    }]});
    error
}

/// Says of a pod that it has a node.
fn schedule(pod: &mut Value) {
    let condition = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null,
        "lastTransitionTime": crate::store::now()});
    let mut conditions = list(pod, "status.conditions").to_vec();
    conditions.retain(|it| text(it, "type") != "PodScheduled");
    conditions.push(condition);
    remove(pod, "status.conditions");
    set(pod, "status.conditions", Value::Array(conditions));
}
