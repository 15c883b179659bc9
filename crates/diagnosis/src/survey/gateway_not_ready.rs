//! A `GatewayClass` or a Gateway is not accepted or not programmed.
//!
//! ## What it looks for
//! A Gateway whose class is not there (the near miss that exists is named); the conditions `Accepted` and
//! `Programmed` of both and of each listener, with the reason and message of their controller.
//!
//! ## What it does not see
//! Conditions about an older generation, and what was just made. The certificates that a listener names: Secrets are
//! not read, and only the controller's word about them is passed on.

use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::json::{Trouble, list, subject, text, trouble};
use super::mend::mended;
use super::scene::Scene;
use super::words::{meant, missing, quoted};
use crate::confidence;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let classes = scene.all.gateway_classes.iter().flatten();
    let mut found: Vec<_> = classes.filter_map(|it| of_class(it, scene)).collect();
    found.extend(scene.all.gateways.iter().flatten().flat_map(|it| of_gateway(it, scene)));
    found
}

fn of_class(class: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let trouble = trouble(class, list(class, "/status/conditions"), &["Accepted"], scene)?;
    let member = match trouble.reason {
        "InvalidParameters" => "parametersRef",
        _ => "controllerName",
    };
    let field = format!("/spec/{member}");
    let shown = match member {
        "parametersRef" => text(class, "/spec/parametersRef/name"),
        _ => text(class, "/spec/controllerName"),
    };
    let told = told(subject("GatewayClass", class), &trouble, scene);
    Some(told.clue(field.clone(), shown).at(field))
}

/// What is wrong with one Gateway; its routes hang on it.
pub(super) fn of_gateway(gateway: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    let about = subject("Gateway", gateway);
    let wanted = text(gateway, "/spec/gatewayClassName");
    if let Some(classes) = &scene.all.gateway_classes {
        let mut names = classes.iter().map(|it| text(it, "/metadata/name"));
        if !names.clone().any(|it| it == wanted) {
            let meant = meant(wanted, names.clone());
            let cause = missing("gateway class", wanted, names.by_ref());
            let field = "/spec/gatewayClassName";
            let finding = finding(about, cause).clue(field, wanted).at(field);
            return vec![mended(finding, wanted.into(), meant)];
        }
    }
    let conditions = list(gateway, "/status/conditions");
    let own = trouble(gateway, conditions, &["Accepted", "Programmed"], scene);
    let listeners = of_listeners(gateway, scene);
    match own {
        // What a listener says is nearer to the cause than what the Gateway makes of it.
        Some(_) if !listeners.is_empty() => listeners,
        Some(own) => {
            let finding = told(about, &own, scene);
            let class = scene.all.gateway_classes.iter().flatten();
            let class = class.filter(|it| text(it, "/metadata/name") == wanted);
            let class = class.filter_map(|it| of_class(it, scene)).map(|it| it.subject);
            vec![class.fold(finding, Finding::because_of)]
        }
        None => listeners,
    }
}

fn of_listeners(gateway: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    let names: Vec<_> =
        list(gateway, "/spec/listeners").iter().map(|it| text(it, "/name")).collect();
    let statuses = list(gateway, "/status/listeners").iter();
    let found = statuses.filter_map(|it| {
        let name = text(it, "/name");
        let place = names.iter().position(|it| *it == name)?;
        let conditions = list(it, "/conditions");
        let wanted = ["Accepted", "ResolvedRefs", "Programmed"];
        let trouble = trouble(gateway, conditions, &wanted, scene)?;
        // A listener that waits says nothing that its Gateway does not say.
        if trouble.status != "False" {
            return None;
        }
        let cause = format!(
            "Its listener {name} is not in order, says its controller: {}.",
            why(&trouble, scene)
        );
        let fact = format!("status.listeners[{name}].{}", trouble.condition);
        let finding = finding(subject("Gateway", gateway), cause).clue(fact, trouble.status);
        Some(finding.at(format!("/spec/listeners/{place}")))
    });
    found.collect()
}

fn told(about: Subject, trouble: &Trouble<'_>, scene: &Scene<'_>) -> Finding {
    let why = why(trouble, scene);
    let fact = format!("status.conditions[{}]", trouble.condition);
    let cause = match (trouble.status, trouble.condition) {
        ("False", "Programmed") => format!("Its controller could not put it into effect: {why}."),
        ("False", _) => format!("Its controller does not accept it: {why}."),
        _ => format!("No controller has taken it up: {why}."),
    };
    let sure = if trouble.status == "False" { confidence::READ } else { confidence::FOLLOWS };
    finding(about, cause).clue(fact, trouble.status).sure(sure)
}

/// `InvalidParameters, no such ConfigMap`
fn why(trouble: &Trouble<'_>, scene: &Scene<'_>) -> String {
    let words = [trouble.reason, trouble.message].map(|it| quoted(it, scene));
    words.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
}

fn finding(about: Subject, cause: String) -> Finding {
    Finding::new(about, Severity::Critical, cluster(ClusterFault::GatewayNotReady), cause)
}
