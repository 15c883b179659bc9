//! The tables of everything that is not a workload.

use serde_json::{Value, json};

use super::workloads::class;
use super::{NONE, age, joined, or, size};
use crate::api::{labels, selector};
use crate::json::{at, entries, has, list, number, text};

/// The cells after the name.
pub(super) fn cells(plural: &str, object: &Value) -> Value {
    let age = age(object, "metadata.creationTimestamp");
    match plural {
        "configmaps" => json!([size(object, "data") + size(object, "binaryData"), age]),
        "secrets" => json!([text(object, "type"), size(object, "data"), age]),
        "namespaces" => json!([text(object, "status.phase"), age]),
        "nodes" => node(object, &age),
        "services" => service(object, &age),
        "endpoints" => json!([endpoints(object), age]),
        "endpointslices" => {
            json!([text(object, "addressType"), slice_ports(object), addresses(object), age])
        }
        "leases" => json!([text(object, "spec.holderIdentity"), age]),
        "ingresses" => {
            let hosts = joined(object, "spec.rules", "host");
            let ports = if list(object, "spec.tls").is_empty() { "80" } else { "80, 443" };
            json!([
                or(text(object, "spec.ingressClassName"), NONE),
                or(&hosts, "*"),
                "",
                ports,
                age
            ])
        }
        "networkpolicies" => {
            let chosen = selector(at(object, "spec.podSelector"));
            json!([or(&chosen, NONE), age])
        }
        "resourcequotas" => json!([quota(object, false), quota(object, true), age]),
        "poddisruptionbudgets" => {
            let bound = |path: &str| {
                let value = at(object, path);
                let number =
                    || value.as_i64().map_or_else(|| "N/A".to_owned(), |it| it.to_string());
                value.as_str().map_or_else(number, str::to_owned)
            };
            let allowed = number(object, "status.disruptionsAllowed").unwrap_or(0);
            json!([bound("spec.minAvailable"), bound("spec.maxUnavailable"), allowed, age])
        }
        "priorityclasses" => {
            let global = at(object, "globalDefault") == true;
            json!([at(object, "value"), global, age, text(object, "preemptionPolicy")])
        }
        "storageclasses" => {
            let expands = at(object, "allowVolumeExpansion") == true;
            json!([
                text(object, "provisioner"),
                text(object, "reclaimPolicy"),
                text(object, "volumeBindingMode"),
                expands,
                age
            ])
        }
        "persistentvolumeclaims" => claim(object, &age),
        "persistentvolumes" => volume(object, &age),
        "horizontalpodautoscalers" => autoscaler(object, &age),
        _ => json!([age]),
    }
}

/// The whole row of an event: it is not led by its name.
pub(super) fn event(event: &Value) -> Value {
    let member = |core: &str, other: &str| {
        let value = at(event, core);
        if value.is_null() { at(event, other).clone() } else { value.clone() }
    };
    let object = member("involvedObject", "regarding");
    let source = member("source", "deprecatedSource");
    let seen = |path: &str, other: &str| {
        let found = [path, other, "eventTime", "metadata.creationTimestamp"];
        found.iter().find(|it| has(event, it)).map_or_else(String::new, |it| age(event, it))
    };
    let from = [text(&source, "component"), text(&source, "host")];
    let from: Vec<_> = from.into_iter().filter(|it| !it.is_empty()).collect();
    json!([
        seen("lastTimestamp", "deprecatedLastTimestamp"),
        text(event, "type"),
        text(event, "reason"),
        format!("{}/{}", text(&object, "kind").to_lowercase(), text(&object, "name")),
        text(&object, "fieldPath"),
        if from.is_empty() {
            text(event, "reportingComponent").to_owned()
        } else {
            from.join(", ")
        },
        member("message", "note"),
        seen("firstTimestamp", "deprecatedFirstTimestamp"),
        number(event, "count").or(number(event, "series.count")).unwrap_or(1),
        text(event, "metadata.name"),
    ])
}

fn node(node: &Value, age: &str) -> Value {
    let ready = list(node, "status.conditions").iter().find(|it| text(it, "type") == "Ready");
    let mut status = match ready.map(|it| text(it, "status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if at(node, "spec.unschedulable") == true {
        status.push_str(",SchedulingDisabled");
    }
    let prefix = "node-role.kubernetes.io/";
    let roles: Vec<_> =
        entries(node, "metadata.labels").filter_map(|(key, _)| key.strip_prefix(prefix)).collect();
    let address = |kind: &str| {
        let all = list(node, "status.addresses").iter();
        let mut found = all.filter(|it| text(it, "type") == kind).map(|it| text(it, "address"));
        found.next().unwrap_or(NONE).to_owned()
    };
    let of =
        |field: &str| or(text(node, &format!("status.nodeInfo.{field}")), "<unknown>").to_owned();
    let architecture = of("architecture");
    json!([
        status,
        or(&roles.join(","), NONE),
        age,
        of("kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        of("osImage"),
        format!("{} ({architecture})", of("kernelVersion")),
        of("containerRuntimeVersion")
    ])
}

fn service(service: &Value, age: &str) -> Value {
    let kind = text(service, "spec.type");
    let external = match kind {
        "ExternalName" => text(service, "spec.externalName").to_owned(),
        "LoadBalancer" => joined(service, "status.loadBalancer.ingress", "ip"),
        _ => list(service, "spec.externalIPs")
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(","),
    };
    let absent = if kind == "LoadBalancer" { "<pending>" } else { NONE };
    let ports: Vec<_> = list(service, "spec.ports")
        .iter()
        .map(|it| {
            let (port, protocol) = (number(it, "port").unwrap_or(0), text(it, "protocol"));
            match number(it, "nodePort") {
                Some(node) => format!("{port}:{node}/{protocol}"),
                None => format!("{port}/{protocol}"),
            }
        })
        .collect();
    let chosen = labels(service, "spec.selector");
    json!([
        kind,
        or(text(service, "spec.clusterIP"), NONE),
        or(&external, absent),
        or(&ports.join(","), NONE),
        age,
        or(&chosen, NONE)
    ])
}

fn endpoints(object: &Value) -> String {
    let mut all = Vec::new();
    for subset in list(object, "subsets") {
        for port in list(subset, "ports") {
            let port = number(port, "port").unwrap_or(0);
            let addresses = list(subset, "addresses").iter();
            all.extend(addresses.map(|it| format!("{}:{port}", text(it, "ip"))));
        }
    }
    shortened(&all)
}

/// At most three, and how many more there are.
fn shortened(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = all.iter().take(SHOWN).cloned().collect();
    match all.len() {
        0 => NONE.to_owned(),
        few if few <= SHOWN => shown.join(","),
        many => format!("{} + {} more...", shown.join(","), many - SHOWN),
    }
}

fn slice_ports(object: &Value) -> String {
    let ports: Vec<_> = list(object, "ports")
        .iter()
        .filter_map(|it| number(it, "port"))
        .map(|it| it.to_string())
        .collect();
    if ports.is_empty() { "<unset>".to_owned() } else { ports.join(",") }
}

fn addresses(object: &Value) -> String {
    let all: Vec<_> = list(object, "endpoints")
        .iter()
        .filter_map(|it| list(it, "addresses").first()?.as_str().map(str::to_owned))
        .collect();
    if all.is_empty() { "<unset>".to_owned() } else { shortened(&all) }
}

fn quota(object: &Value, limits: bool) -> String {
    let used = at(object, "status.used");
    let parts: Vec<_> = entries(object, "spec.hard")
        .filter(|(key, _)| key.starts_with("limits.") == limits)
        .map(|(key, hard)| {
            let used = used.get(key).and_then(Value::as_str).unwrap_or("0");
            format!("{key}: {used}/{}", hard.as_str().unwrap_or_default())
        })
        .collect();
    parts.join(", ")
}

fn modes(object: &Value) -> String {
    let short = |mode: &str| match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        _ => "RWOP",
    };
    let modes: Vec<_> =
        list(object, "spec.accessModes").iter().filter_map(Value::as_str).map(short).collect();
    modes.join(",")
}

fn claim(claim: &Value, age: &str) -> Value {
    json!([
        text(claim, "status.phase"),
        text(claim, "spec.volumeName"),
        text(claim, "status.capacity.storage"),
        modes(claim),
        text(claim, "spec.storageClassName"),
        class(claim, "spec.volumeAttributesClassName"),
        age,
        text(claim, "spec.volumeMode")
    ])
}

fn volume(volume: &Value, age: &str) -> Value {
    let owner = at(volume, "spec.claimRef");
    let owner = if owner.is_null() {
        String::new()
    } else {
        format!("{}/{}", text(owner, "namespace"), text(owner, "name"))
    };
    json!([
        text(volume, "spec.capacity.storage"),
        modes(volume),
        text(volume, "spec.persistentVolumeReclaimPolicy"),
        text(volume, "status.phase"),
        owner,
        text(volume, "spec.storageClassName"),
        class(volume, "spec.volumeAttributesClassName"),
        text(volume, "status.reason"),
        age
    ])
}

fn autoscaler(object: &Value, age: &str) -> Value {
    let reference = format!(
        "{}/{}",
        text(object, "spec.scaleTargetRef.kind"),
        text(object, "spec.scaleTargetRef.name")
    );
    let targets: Vec<_> = list(object, "spec.metrics")
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let name = text(metric, "resource.name");
            let wanted = number(metric, "resource.target.averageUtilization");
            let now = list(object, "status.currentMetrics")
                .get(index)
                .and_then(|it| number(it, "resource.current.averageUtilization"));
            let shown =
                |it: Option<i64>| it.map_or_else(|| "<unknown>".to_owned(), |it| format!("{it}%"));
            format!("{name}: {}/{}", shown(now), shown(wanted))
        })
        .collect();
    json!([
        reference,
        targets.join(", "),
        number(object, "spec.minReplicas").unwrap_or(1),
        number(object, "spec.maxReplicas"),
        number(object, "status.currentReplicas").unwrap_or(0),
        age
    ])
}
