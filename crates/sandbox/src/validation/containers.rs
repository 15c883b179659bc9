//! The rules for one container.

use serde_json::{Value, json};

use super::{Causes, names, probes};
use crate::json::{at, entries, has, list, number, text};
use crate::quantity::Quantity;
use crate::status::Cause;

/// The highest port.
pub(super) const PORTS: i64 = 65_535;
/// What a container may have of these can be requested in smaller parts than it is limited to.
const OVERCOMMITTED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Checks a container.
pub(super) fn check(container: &Value, place: &str, volumes: &[&str], causes: &mut Causes) {
    let name = text(container, "name");
    if name.is_empty() {
        causes.push(Cause::required(format!("{place}.name"), ""));
    } else if let Some(why) = names::label(name) {
        causes.push(Cause::invalid(format!("{place}.name"), &json!(name), &why));
    }
    image(container, place, causes);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if has(container, probe) {
            probes::check(at(container, probe), &format!("{place}.{probe}"), causes);
        }
    }
    ports(container, place, causes);
    variables(container, place, causes);
    mounts(container, place, volumes, causes);
    let policy = text(container, "imagePullPolicy");
    let allowed = ["Always", "IfNotPresent", "Never"];
    if !allowed.contains(&policy) {
        let place = format!("{place}.imagePullPolicy");
        causes.push(Cause::unsupported(place, &json!(policy), &allowed));
    }
    resources(container, &format!("{place}.resources"), causes);
}

fn image(container: &Value, place: &str, causes: &mut Causes) {
    let image = text(container, "image");
    if image.is_empty() {
        causes.push(Cause::required(format!("{place}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{place}.image"), &json!(image), why));
    }
}

/// What is wrong with a number of a port, if anything.
pub(super) fn port(value: Option<i64>, place: String, causes: &mut Causes) {
    let value = value.unwrap_or(0);
    if !(1..=PORTS).contains(&value) {
        let why = format!("must be between 1 and {PORTS}, inclusive");
        causes.push(Cause::invalid(place, &json!(value), &why));
    }
}

fn ports(container: &Value, place: &str, causes: &mut Causes) {
    let mut seen = Vec::new();
    for (index, it) in list(container, "ports").iter().enumerate() {
        let place = format!("{place}.ports[{index}]");
        let name = text(it, "name");
        if !name.is_empty() && seen.contains(&name) {
            causes.push(Cause::duplicate(format!("{place}.name"), &json!(name)));
        }
        seen.push(name);
        match number(it, "containerPort") {
            None | Some(0) => causes.push(Cause::required(format!("{place}.containerPort"), "")),
            value => port(value, format!("{place}.containerPort"), causes),
        }
        let protocol = text(it, "protocol");
        let allowed = ["SCTP", "TCP", "UDP"];
        if !allowed.contains(&protocol) {
            let place = format!("{place}.protocol");
            causes.push(Cause::unsupported(place, &json!(protocol), &allowed));
        }
    }
}

fn variables(container: &Value, place: &str, causes: &mut Causes) {
    for (index, variable) in list(container, "env").iter().enumerate() {
        let place = format!("{place}.env[{index}]");
        let name = text(variable, "name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if let Some(why) = names::variable(name) {
            causes.push(Cause::invalid(format!("{place}.name"), &json!(name), &why));
        }
        let from = format!("{place}.valueFrom");
        let sources = entries(variable, "valueFrom").count();
        if has(variable, "valueFrom") && !text(variable, "value").is_empty() {
            let why = "may not be specified when `value` is not empty";
            causes.push(Cause::invalid(from, &json!(""), why));
        } else if has(variable, "valueFrom") && sources == 0 {
            let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
                       `secretKeyRef` or `fileKeyRef`";
            causes.push(Cause::invalid(from, &json!(""), why));
        } else if 1 < sources {
            let why = "may not have more than one field specified at a time";
            causes.push(Cause::invalid(from, &json!(""), why));
        }
    }
}

fn mounts(container: &Value, place: &str, volumes: &[&str], causes: &mut Causes) {
    let mut seen = Vec::new();
    for (index, mount) in list(container, "volumeMounts").iter().enumerate() {
        let place = format!("{place}.volumeMounts[{index}]");
        let name = text(mount, "name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if !volumes.contains(&name) {
            causes.push(Cause::not_found(format!("{place}.name"), &json!(name)));
        }
        let path = text(mount, "mountPath");
        if path.is_empty() {
            causes.push(Cause::required(format!("{place}.mountPath"), ""));
        } else if seen.contains(&path) {
            let place = format!("{place}.mountPath");
            causes.push(Cause::invalid(place, &json!(path), "must be unique"));
        }
        seen.push(path);
    }
}

/// Checks requests and limits.
pub(super) fn resources(container: &Value, place: &str, causes: &mut Causes) {
    let resources = at(container, "resources");
    for kind in ["limits", "requests"] {
        for (name, value) in entries(resources, kind) {
            let place = format!("{place}.{kind}[{name}]");
            if read(value).is_some_and(|it| it < Quantity::ZERO) {
                causes.push(Cause::invalid(place, value, "must be greater than or equal to 0"));
            } else if !OVERCOMMITTED.contains(&name.as_str())
                && !name.starts_with("hugepages-")
                && !name.contains('/')
            {
                let why = "must be a standard resource for containers";
                causes.push(Cause::invalid(place, &json!(name), why));
            }
        }
    }
    let mut above: Vec<_> = entries(resources, "requests")
        .filter_map(|(name, value)| Some((name, value, at(resources, "limits").get(name)?)))
        .filter(|(_, value, limit)| read(limit) < read(value))
        .collect();
    // The real server looks at memory before it looks at the processor.
    above.sort_by_key(|(name, ..)| *name != "memory");
    for (name, value, limit) in above {
        let limit = limit.as_str().unwrap_or_default();
        let why = format!("must be less than or equal to {name} limit of {limit}");
        causes.push(Cause::invalid(format!("{place}.requests"), value, &why));
    }
}

fn read(value: &Value) -> Option<Quantity> {
    Quantity::read(value.as_str()?)
}
