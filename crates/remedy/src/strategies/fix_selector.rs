//! Let a Service ask for the label that the pods of the one workload have that it was meant for.
//!
//! ## When it helps
//! One label of the selector keeps all pods out, and with another value or under another key it takes the ready
//! pods of just one workload of the namespace: `app: wbe` for `app: web`. Or the values of two of its labels
//! changed places. Or it takes the pods of another workload, which declare none of its ports, and the one that is
//! called like it declares all.
//!
//! ## When it does not
//! Pods of two workloads would do, or of none; the pods are not ready, or another version of them is on its way; a
//! label too many that something else in the namespace has, that the Service is called after (`web-canary`) or whose
//! pods another Service takes: it may be there to keep just these pods out; a Service called what it asks for
//! (`cart`), beside pods that have a Service of their own (`card`).
//!
//! ## Risk
//! Traffic goes where it did not go before. Auto only where a letter or two are all that differs, or the word for the
//! kind at its end (`seat-map-svc`), and nothing else is as near, or where an earlier revision of the same workload
//! had the label, and no other Service takes those pods already and the Service is not called what it asks for; or
//! where the same value stands under another usual key, and Service, workload and value have one name and the pods all
//! ports. A person is asked where only the name, or that nothing else is there, points at the workload, where the
//! selector takes another's pods, where the labels differ in digits alone or in a short word that is another one
//! (`orders-eu`, `orders-us`), and where two values change places. A label too many is advice, and only where the
//! workload has it on itself or nothing in the namespace has it. Bound: one label of the selector, its value or its
//! key, or the values of two of them. Undo: the former label. Verified by the endpoints over time. Attack: a label
//! that is none, or that lies farther away than the facts say, yields no plan.

use types::{
    Action, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, Risk, Step, Strategy,
    SurplusLabel, SwappedLabels, TrafficFacts,
};

use crate::service::{
    is_hardly_meant, is_ready, is_sure_label, leads_to_a_label, selector_edits, swap_edits,
};

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let is_empty = diagnosis.fault == Fault::ServiceWithoutEndpoints;
    let is_twin = diagnosis.fault == Fault::ServicePortMismatch;
    let Some(service) = &evidence.service else { return vec![] };
    // Pods that it does take are another Service's.
    if !is_empty && (!is_twin || service.slip.is_none()) {
        return vec![];
    }
    let Some(slip) = &service.slip else {
        let swap = service.swapped.as_ref().and_then(|it| swapped(it, service, evidence));
        let surplus = || service.surplus.iter().map(|it| without(it, evidence)).collect();
        return swap.map_or_else(surplus, |it| vec![it]);
    };
    let may_be_meant = is_ready(slip) && !is_hardly_meant(slip) && leads_to_a_label(slip);
    if evidence.subject.kind != Kind::Service || !may_be_meant {
        return vec![];
    }
    let (ready, pods) = (slip.ready, slip.pods);
    let formerly = if is_twin {
        " They declare the ports that it leads to, and those that it takes now do not.".to_owned()
    } else if slip.formerly {
        format!(" An earlier revision of it had {}={}.", slip.key, slip.value)
    } else {
        String::new()
    };
    let agreed = if slip.agreed {
        " That is what the Service is called too, and they have all its ports."
    } else {
        ""
    };
    let because = format!(
        "All pods that it takes with {}={} are of {}, and {ready} of {pods} are ready.{formerly}{agreed}",
        slip.meant_key, slip.meant_value, slip.workload
    );
    let risk = if is_sure_label(slip) && is_empty { Risk::Auto } else { Risk::Ask };
    let action = Action::Edit(selector_edits(slip));
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    vec![FixPlan { strategy: Strategy::FixSelector, risk, because, steps: vec![step] }]
}

/// The values of two labels changed places: exact values, and yet a person decides where traffic goes.
fn swapped(swap: &SwappedLabels, service: &TrafficFacts, evidence: &Evidence) -> Option<FixPlan> {
    let SwappedLabels { keys: [first, second], workload, pods, ready, .. } = swap;
    let edits = swap_edits(swap, service).filter(|_| evidence.subject.kind == Kind::Service)?;
    let because = format!(
        "With the values of {first} and {second} the other way round it takes the pods of {workload}, of which {ready} of \
         {pods} are ready, and of nobody else."
    );
    let action = Action::Edit(edits);
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    Some(FixPlan { strategy: Strategy::FixSelector, risk: Risk::Ask, because, steps: vec![step] })
}

/// A label too many may be there to keep these very pods out: a person decides.
fn without(surplus: &SurplusLabel, evidence: &Evidence) -> FixPlan {
    let SurplusLabel { key, value, workload, pods, ready, nobodys, formerly } = surplus;
    let whose = if *nobodys {
        format!(
            "Nothing in the namespace has {key}={value}, and all pods that it takes without it are of {workload}"
        )
    } else {
        format!("{workload} has {key}={value} and does not give it to its pods")
    };
    let what = if *formerly {
        ". An earlier revision gave it to them: apply or commit the patch, or give it to them again."
    } else {
        ": apply or commit the patch, or give it to them."
    };
    let because = format!("{whose}, of which {ready} of {pods} are ready{what}");
    let path = FieldPath::root().child("spec").child("selector").child(key);
    let edit = Edit { path, from: Some(value.clone().into()), to: None };
    let action = Action::Edit(vec![edit]);
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    FixPlan { strategy: Strategy::FixSelector, risk: Risk::Advice, because, steps: vec![step] }
}
