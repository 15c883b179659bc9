//! The rules for probes.

use serde_json::{Value, json};

use super::Causes;
use super::containers::port;
use crate::json::{at, has, number};
use crate::status::Cause;

/// The longest name of a port.
const PORT_NAME: usize = 15;
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

/// Checks a probe.
pub(super) fn check(probe: &Value, place: &str, causes: &mut Causes) {
    let mut found = 0;
    for handler in HANDLERS {
        if !has(probe, handler) {
            continue;
        }
        found += 1;
        let place = format!("{place}.{handler}");
        if 1 < found {
            causes.push(Cause::forbidden(place, "may not specify more than 1 handler type"));
        } else if handler != "exec" {
            handler_port(at(at(probe, handler), "port"), format!("{place}.port"), causes);
        }
    }
    if found == 0 {
        causes.push(Cause::required(place, "must specify a handler type"));
    }
    let counts = [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ];
    for field in counts {
        if number(probe, field).is_some_and(|it| it < 0) {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("{place}.{field}"), at(probe, field), why));
        }
    }
    let liveness = !place.ends_with("readinessProbe");
    if liveness && number(probe, "successThreshold").is_some_and(|it| 1 < it) {
        let place = format!("{place}.successThreshold");
        causes.push(Cause::invalid(place, at(probe, "successThreshold"), "must be 1"));
    }
}

/// A port by number or by name.
fn handler_port(value: &Value, place: String, causes: &mut Causes) {
    let Some(name) = value.as_str() else {
        port(value.as_i64(), place, causes);
        return;
    };
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let why = if PORT_NAME < name.len() {
        format!("must be no more than {PORT_NAME} characters")
    } else if name.is_empty() || !name.chars().all(allowed) {
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned()
    } else if !name.contains(|it: char| it.is_ascii_lowercase()) {
        "must contain at least one letter (a-z)".to_owned()
    } else {
        return;
    };
    causes.push(Cause::invalid(place, &json!(name), &why));
}
