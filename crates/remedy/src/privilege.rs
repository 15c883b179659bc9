//! What a template is allowed beyond its container: what a rollback takes away of it, and what it would give back.

mod held;
mod beside;
mod probes;

use std::collections::BTreeSet;

use serde_json::Value;
use types::{ContainerFacts, Edit};

pub use beside::{INNER_VOLUMES, TELLING_ANNOTATIONS};
pub(crate) use held::held;
use probes::{Commands, PROBES};

/// Fields that let a pod do more when they are true.
const SWITCHES: [&str; 6] = [
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "shareProcessNamespace",
    "privileged",
    "allowPrivilegeEscalation",
];

/// What tells a container what to do.
const TOLD: [&str; 4] = ["command", "args", "env", "envFrom"];

/// Whether the edits give a right that what they replace has not got: a kernel setting with its value, a capability, a
/// switch, an unmasked `/proc`, files and ports of the host, a command or another host of a probe, another answer to a
/// name, a volume of a server or a driver. What a probe of the container runs as it is, another one of it may run too.
pub(crate) fn gives(edits: &[Edit], containers: &[ContainerFacts]) -> bool {
    gives_beside(edits, &Commands::of(containers))
}

/// Whether they take away what no machine gives back: a right, a container, or a fence around one that the admission
/// policies keep. The API server would refuse the undo.
pub(crate) fn takes(edits: &[Edit], containers: &[ContainerFacts]) -> bool {
    let undo: Vec<Edit> = edits.iter().map(Edit::inverse).collect();
    gives_beside(&undo, &Commands::of(containers).after(edits)) || held(&undo).is_some()
}

/// Whether they give a right, where the probes run these commands before.
fn gives_beside(edits: &[Edit], commands: &Commands) -> bool {
    let before = rights(edits, |it| it.from.as_ref());
    let (of_probes, others): (Vec<_>, Vec<_>) = edits.iter().partition(|it| probes::is_of_one(it));
    let after = rights(of_probes, |it| it.to.as_ref());
    let mut given: BTreeSet<_> = after.difference(&commands.allowed()).cloned().collect();
    given.extend(rights(others, |it| it.to.as_ref()));
    !given.is_subset(&before)
}

/// Whether they change what a container is told to do: its program, its arguments, its variables, or all of it.
pub(crate) fn tells(edits: &[Edit]) -> bool {
    let is_told = |it: &Edit| it.path.names().any(|it| TOLD.contains(&it.as_str()));
    edits.iter().any(|it| is_told(it) || is_whole(it))
}

/// Whether it changes a list of containers, or one of them, as a whole.
pub(crate) fn is_whole(edit: &Edit) -> bool {
    let names: Vec<String> = edit.path.names().collect();
    names.iter().rev().take(2).any(|it| is_list(it))
}

fn is_list(name: &str) -> bool {
    ["containers", "initContainers"].contains(&name)
}

/// The rights in one side of the edits.
fn rights<'e>(
    edits: impl IntoIterator<Item = &'e Edit>,
    side: fn(&Edit) -> Option<&Value>,
) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    for edit in edits {
        let names: Vec<String> = edit.path.names().collect();
        if let Some(value) = side(edit) {
            walk(&names, value, &mut rights);
        }
    }
    rights
}

/// Everything in a value at this place that is a right. Nothing of Kubernetes is nested deep enough to matter here:
/// what was decoded has an end.
fn walk(names: &[String], value: &Value, rights: &mut BTreeSet<String>) {
    rights.extend(right(names, value));
    let member = |name: &str| {
        let mut names = names.to_vec();
        names.push(name.to_owned());
        names
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(&member(name), value, rights);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                walk(&member(&index.to_string()), value, rights);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The right that a single value is, if it is one.
fn right(names: &[String], value: &Value) -> Option<String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let container = || {
        let list = names.iter().position(|it| it.ends_with("ontainers"))?;
        Some(format!("{} {}", names.get(list)?, names.get(list + 1)?))
    };
    match (names.as_slice(), value) {
        ([.., name], Value::Bool(true)) if SWITCHES.contains(name) => {
            Some(format!("{name} {}", container().unwrap_or_default()))
        }
        ([.., "procMount"], Value::String(it)) if it != "Default" => {
            Some(format!("procMount {it} {}", container().unwrap_or_default()))
        }
        ([.., "capabilities", "add", _], Value::String(it)) => {
            Some(format!("capability {it} {}", container().unwrap_or_default()))
        }
        ([.., "sysctls", _], Value::Object(it)) => {
            let member = |name| it.get(name).and_then(Value::as_str).unwrap_or_default();
            Some(format!("sysctl {}={}", member("name"), member("value")))
        }
        // One value of a list whose names are the same.
        ([.., "sysctls", place, "value"], Value::String(it)) => {
            Some(format!("sysctl {place} {it}"))
        }
        ([.., "hostPath", "path"], Value::String(it)) => Some(format!("hostPath {it}")),
        _ => reach(&names, value).map(|it| format!("{it} {}", container().unwrap_or_default())),
    }
}

/// What a pod reaches beyond its own, or what is run in it from outside.
fn reach(names: &[&str], value: &Value) -> Option<String> {
    match (names, value) {
        ([.., probe, "exec", "command"], _) if PROBES.contains(probe) => {
            Some(probes::runs(probe, value))
        }
        ([.., probe, "httpGet" | "tcpSocket", "host"], _) if PROBES.contains(probe) => {
            Some(format!("{probe} asks {value}"))
        }
        ([.., "ports", _], Value::Object(it)) if it.contains_key("hostPort") => {
            Some(format!("port of the host {:?} {:?}", it.get("hostIP"), it.get("hostPort")))
        }
        // One value of a list whose names are the same.
        ([.., "ports", _, "hostPort"], _) => Some(format!("port of the host {value}")),
        ([.., "volumes", _, kind], Value::Object(_))
            if *kind != "hostPath" && beside::leads_out(kind) =>
        {
            Some(format!("volume {kind} {value}"))
        }
        ([.., "hostAliases", _] | [.., "dnsConfig"], Value::Object(_)) => {
            Some(format!("answer {value}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::FieldPath;

    use super::*;

    fn edit(path: &str, from: Value, to: Value) -> Edit {
        let path = FieldPath::parse(path).unwrap();
        let seen = |it: Value| Some(it).filter(|it| !it.is_null());
        Edit { path, from: seen(from), to: seen(to) }
    }

    #[track_caller]
    fn check(path: &str, more: &Value, less: &Value) {
        let path = format!("/spec/template/spec/{path}");
        let back = edit(&path, more.clone(), less.clone());
        let there = edit(&path, less.clone(), more.clone());
        assert!(!gives(std::slice::from_ref(&back), &[]), "{back}");
        assert!(gives(std::slice::from_ref(&there), &[]), "{there}");
        assert!(takes(&[back], &[]));
        assert!(!takes(&[there], &[]));
    }

    #[test]
    fn a_right_that_is_taken_away_is_told_from_one_that_is_given() {
        let nothing = Value::Null;
        let sysctl = |value: &str| json!([{"name": "net.core.somaxconn", "value": value}]);
        check("securityContext/sysctls", &sysctl("4096"), &nothing);
        check("securityContext/sysctls", &sysctl("4096"), &json!([]));
        check("securityContext", &json!({"sysctls": sysctl("1")}), &json!({}));
        check("hostNetwork", &json!(true), &nothing);
        check("hostPID", &json!(true), &json!(false));
        let app = "containers/0/securityContext";
        check(app, &json!({"privileged": true}), &nothing);
        check(&format!("{app}/allowPrivilegeEscalation"), &json!(true), &nothing);
        check(&format!("{app}/procMount"), &json!("Unmasked"), &json!("Default"));
        let adds = |it: Value| json!({"add": it});
        check(&format!("{app}/capabilities"), &adds(json!(["SYS_ADMIN"])), &nothing);
        check(
            &format!("{app}/capabilities"),
            &adds(json!(["NET_ADMIN", "SYS_TIME"])),
            &adds(json!(["SYS_TIME"])),
        );
        let host = json!([{"name": "a", "hostPath": {"path": "/"}}, {"name": "b"}]);
        check("volumes", &host, &json!([{"name": "b"}]));
    }

    #[test]
    fn what_a_probe_runs_and_what_is_of_the_host_is_a_right() {
        let nothing = Value::Null;
        let app = "containers/0";
        let exec = json!({"exec": {"command": ["sh"]}});
        check(&format!("{app}/livenessProbe"), &exec, &nothing);
        check(&format!("{app}/readinessProbe"), &exec, &json!({"httpGet": {"port": 80}}));
        check(&format!("{app}/startupProbe/exec"), &exec["exec"], &nothing);
        let asked = json!({"port": 80, "host": "10.0.0.1"});
        check(&format!("{app}/livenessProbe/httpGet"), &asked, &json!({"port": 80}));
        check(&format!("{app}/ports/0/hostPort"), &json!(80), &nothing);
        let port = json!([{"containerPort": 80, "hostPort": 80}]);
        check(&format!("{app}/ports"), &port, &nothing);
        check("hostAliases", &json!([{"ip": "10.0.0.1", "hostnames": ["db"]}]), &json!([]));
        check("dnsConfig", &json!({"nameservers": ["10.0.0.1"]}), &nothing);
    }

    #[test]
    fn a_volume_that_leads_out_of_the_cluster_is_a_right() {
        let edit = |from: &Value, to: &Value| {
            edit("/spec/template/spec/volumes", json!([from]), json!([to]))
        };
        let share = json!({"name": "a", "nfs": {"server": "nfs.example", "path": "/"}});
        let folder = json!({"name": "a", "emptyDir": {}});

        assert!(takes(&[edit(&share, &folder)], &[]) && gives(&[edit(&folder, &share)], &[]));
        assert!(!gives(&[edit(&share, &folder)], &[]));
        let map = json!({"name": "b", "configMap": {"name": "web"}});
        assert!(!takes(&[edit(&map, &folder)], &[]) && !gives(&[edit(&folder, &map)], &[]));
    }

    #[test]
    fn another_command_of_a_probe_is_given() {
        let path = "/spec/template/spec/containers/0/livenessProbe/exec/command";
        assert!(gives(&[edit(path, json!(["true"]), json!(["sh"]))], &[]));
        let probe = "/spec/template/spec/containers/0/livenessProbe";
        let port = |it: u16| json!({"httpGet": {"port": it}});
        assert!(!gives(&[edit(probe, json!({"tcpSocket": {"port": 80}}), port(80))], &[]));
        assert!(!gives(&[edit(probe, Value::Null, port(80))], &[]));
    }

    #[test]
    fn another_value_of_a_kernel_setting_is_given() {
        let path = "/spec/template/spec/securityContext/sysctls";
        let deep = edit(&format!("{path}/0/value"), json!("1024"), json!("4096"));
        let sysctl = |value: &str| json!([{"name": "net.core.somaxconn", "value": value}]);
        let whole = edit(path, sysctl("1024"), sysctl("4096"));

        assert!(gives(&[deep], &[]));
        assert!(gives(&[whole], &[]));
    }

    #[test]
    fn what_is_no_right_is_neither() {
        let image = edit("/spec/template/spec/containers/0/image", json!("a:2"), json!("a:1"));
        let user = "/spec/template/spec/containers/0/securityContext/runAsUser";
        let user = edit(user, json!(1000), Value::Null);

        assert!(!gives(&[image.clone(), user], &[]));
        assert!(!takes(&[image], &[]));
    }

    #[test]
    fn what_the_policy_keeps_is_taken_away_where_its_undo_would_be_refused() {
        let taken = |path: &str, from: Value, to: Value| {
            takes(&[edit(&format!("/spec/template/spec/{path}"), from, to)], &[])
        };
        let none = Value::Null;
        let app = json!({"name": "app", "image": "shop/web:1"});
        let sidecar = json!({"name": "proxy", "image": "shop/proxy:1"});
        let context = "containers/0/securityContext";
        assert!(taken("containers", json!([app, sidecar]), json!([app])));
        assert!(taken("initContainers", json!([sidecar]), none.clone()));
        assert!(!taken("containers", json!([app, sidecar]), json!([sidecar, app])));
        for fence in ["readOnlyRootFilesystem", "runAsNonRoot"] {
            assert!(taken(&format!("{context}/{fence}"), none.clone(), json!(true)), "{fence}");
        }
        assert!(taken(&format!("{context}/allowPrivilegeEscalation"), none.clone(), json!(false)));
        assert!(taken(context, none.clone(), json!({"capabilities": {"drop": ["ALL"]}})));
        let drops = |it: Value| json!({"drop": it});
        let capabilities = format!("{context}/capabilities");
        assert!(taken(
            &capabilities,
            drops(json!(["SYS_TIME"])),
            drops(json!(["ALL", "SYS_TIME"]))
        ));
        assert!(taken("priorityClassName", json!("system-node-critical"), json!("web")));
        // What a bad release changes every day.
        assert!(!taken("containers/0/env", json!([{"name": "A"}]), none.clone()));
        assert!(!taken("containers/0/args", json!(["-x"]), json!([])));
        assert!(!taken("containers/0/resources", json!({"limits": {"cpu": "1"}}), none.clone()));
        let map = json!([{"name": "c", "configMap": {"name": "web"}}]);
        assert!(!taken("volumes", map, none.clone()));
        let mount = json!([{"name": "c", "mountPath": "/etc/web"}]);
        assert!(!taken("containers/0/volumeMounts", mount, none));
    }
}
