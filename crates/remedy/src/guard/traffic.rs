//! What may be written to a Service: one label of its selector, or two values that changed places there, or where
//! one of its ports leads; nothing else, ever.

use serde_json::Value;
use types::{Edit, Evidence, FixPlan, Kind, LabelSlip, Risk, ServicePortFacts, Strategy};

use super::Refusal;
use crate::service::{
    crossed_edits, is_hardly_meant, is_port, is_ready, is_sure, is_sure_label, leads_to_a_label,
    selector_edits, swap_edits,
};

/// The edits of a plan for a Service, held against the facts.
pub(super) fn is_in_scope(
    plan: &FixPlan,
    edits: &[Edit],
    evidence: &Evidence,
) -> Result<(), Refusal> {
    let what = edits.first().map_or(plan.strategy.name(), |it| it.path.as_str());
    let outside = |rule| Refusal::OutOfScope { what: what.to_owned(), rule };
    let service = evidence.service.as_ref().filter(|_| evidence.subject.kind == Kind::Service);
    let service = service.ok_or_else(|| outside("nothing is known of such a Service"))?;
    let crossed = crossed_edits(&service.ports);
    // One of the two by itself would let both lead to one port.
    let is_crossed = crossed.is_some();
    let answer = match plan.strategy {
        Strategy::FixSelector if service.slip.is_none() => {
            let swap = service.swapped.as_ref().and_then(|it| swap_edits(it, service));
            let is_it = swap.as_deref() == Some(edits) && plan.risk != Risk::Auto;
            let rule = "two values of a selector change places after a person's yes, where one workload has them so";
            if is_it { Ok(()) } else { Err(rule) }
        }
        Strategy::FixSelector => {
            let slip = service.slip.as_ref().filter(|it| holds(&service.selector, it));
            slip.ok_or("no label is known that was meant").and_then(|it| label(plan, edits, it))
        }
        Strategy::FixServicePort if service.pods == 0 => {
            Err("a port leads nowhere while the selector takes no pod")
        }
        Strategy::FixServicePort if is_crossed || 1 < edits.len() => {
            let is_it = crossed.as_deref() == Some(edits);
            let rule = "two ports change places after a person's yes, where each was meant to lead where the other does";
            if is_it && plan.risk != Risk::Auto { Ok(()) } else { Err(rule) }
        }
        Strategy::FixServicePort => port(plan, edits, &service.ports),
        Strategy::RollBack
        | Strategy::ReplaceImageTag { .. }
        | Strategy::RaiseMemoryLimit { .. }
        | Strategy::LowerRequests
        | Strategy::RaiseCpuLimit { .. }
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::RelaxProbe
        | Strategy::FixProbePort
        | Strategy::FixReference
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => Err("this strategy never writes a Service"),
    };
    answer.map_err(outside)
}

/// Whether the slip is one of this selector, and what was meant is not in it yet.
fn holds(selector: &std::collections::BTreeMap<String, String>, slip: &LabelSlip) -> bool {
    selector.get(&slip.key) == Some(&slip.value)
        && (slip.key == slip.meant_key || !selector.contains_key(&slip.meant_key))
}

/// Exactly the edits that lead to ready pods of the one workload.
fn label(plan: &FixPlan, edits: &[Edit], slip: &LabelSlip) -> Result<(), &'static str> {
    if edits != selector_edits(slip) || !leads_to_a_label(slip) {
        return Err("only the one label is changed that lets nobody in, to the one that was meant");
    }
    if !is_ready(slip) {
        return Err("traffic is led to pods that are ready, and have been for a while");
    }
    if is_hardly_meant(slip) {
        return Err("a Service that asks for what it is called is not led to another's pods");
    }
    if plan.risk == Risk::Auto && !is_sure_label(slip) {
        return Err(
            "without a person only a plain typo, or a label of an earlier revision, is mended",
        );
    }
    Ok(())
}

/// One `targetPort`, from what was seen to the one port that was meant.
fn port(plan: &FixPlan, edits: &[Edit], ports: &[ServicePortFacts]) -> Result<(), &'static str> {
    let rule = "only where one port leads is changed, to the one port that remains";
    let [edit] = edits else { return Err(rule) };
    let is_it = |it: &&ServicePortFacts| {
        edit.path.as_str() == format!("/spec/ports/{}/targetPort", it.index)
    };
    let port = ports.iter().find(is_it).ok_or(rule)?;
    let meant = port.meant.as_ref().filter(|it| is_port(&it.target)).ok_or(rule)?;
    let seen: Option<Value> = port.target.as_ref().map(types::PortTarget::to_value);
    if edit.from != seen || edit.to != Some(meant.target.to_value()) || edit.from == edit.to {
        return Err(rule);
    }
    if plan.risk == Risk::Auto && !is_sure(port, meant) {
        return Err(
            "without a person only a plain typo, or what a probe or two things of the port prove, is mended",
        );
    }
    Ok(())
}
