//! The rules for services, budgets, scalers and configuration.

use serde_json::{Value, json};

use super::containers::port;
use super::{Causes, names};
use crate::json::{at, entries, has, list, number, text};
use crate::status::Cause;

/// Checks the keys of a config map or a secret.
pub(super) fn keys(object: &Value, causes: &mut Causes) {
    for member in ["data", "binaryData"] {
        for (key, _) in entries(object, member) {
            if let Some(why) = names::config_key(key) {
                causes.push(Cause::invalid(format!("{member}[{key}]"), &json!(key), &why));
            }
        }
    }
}

/// Checks a service.
pub(super) fn service(object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    let ports = list(spec, "ports");
    let kind = text(spec, "type");
    let headless = text(spec, "clusterIP") == "None";
    if ports.is_empty() && !headless && kind != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    let mut seen = Vec::new();
    for (index, it) in ports.iter().enumerate() {
        let place = format!("spec.ports[{index}]");
        let name = text(it, "name");
        if name.is_empty() && 1 < ports.len() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if !name.is_empty() && seen.contains(&name) {
            causes.push(Cause::duplicate(format!("{place}.name"), &json!(name)));
        }
        seen.push(name);
        port(number(it, "port"), format!("{place}.port"), causes);
        if at(it, "targetPort").is_number() {
            port(number(it, "targetPort"), format!("{place}.targetPort"), causes);
        } else if let Some(name) = at(it, "targetPort").as_str() {
            for why in names::port(name) {
                causes.push(Cause::invalid(format!("{place}.targetPort"), &json!(name), why));
            }
        }
    }
    causes.extend(super::labels(object, "spec.selector"));
    let allowed = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !allowed.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &json!(kind), &allowed));
    }
}

/// Checks a disruption budget.
pub(super) fn budget(object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    if has(spec, "minAvailable") && has(spec, "maxUnavailable") {
        let shown = json!({
            "MinAvailable": at(spec, "minAvailable"), "Selector": at(spec, "selector"),
            "MaxUnavailable": at(spec, "maxUnavailable"),
            "UnhealthyPodEvictionPolicy": at(spec, "unhealthyPodEvictionPolicy"),
        });
        let why = "minAvailable and maxUnavailable cannot be both set";
        causes.push(Cause::invalid("spec", &shown, why));
    }
}

/// Checks an autoscaler.
pub(super) fn autoscaler(object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    let most = number(spec, "maxReplicas").unwrap_or(0);
    let least = number(spec, "minReplicas").unwrap_or(1);
    if least < 1 {
        let why = "must be greater than or equal to 1";
        causes.push(Cause::invalid("spec.minReplicas", &json!(least), why));
    }
    if most < 1 {
        causes.push(Cause::required("spec.maxReplicas", "must be set and greater than 0"));
    }
    if most < least {
        let why = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &json!(most), why));
    }
    if text(spec, "scaleTargetRef.apiVersion").is_empty() {
        let why = "apiVersion must specify API group";
        causes.push(Cause::invalid("spec.scaleTargetRef.apiVersion", &json!(""), why));
    }
    for member in ["kind", "name"] {
        if text(at(spec, "scaleTargetRef"), member).is_empty() {
            causes.push(Cause::required(format!("spec.scaleTargetRef.{member}"), ""));
        }
    }
}

/// Checks an event: it stands where what it is about stands.
pub(super) fn event(object: &Value, causes: &mut Causes) {
    let place = "involvedObject.namespace";
    let about = text(object, place);
    let wanted = if about.is_empty() { "default" } else { about };
    if text(object, "metadata.namespace") != wanted {
        let why = "does not match event.namespace";
        causes.push(Cause::invalid(place, &json!(about), why));
    }
}
