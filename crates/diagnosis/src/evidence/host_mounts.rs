//! Whether another template mounts files of the host that the present one does not.

use serde_json::Value;

/// The lists of containers.
const LISTS: [&str; 2] = ["containers", "initContainers"];

/// Whether a container of `to` mounts a path of the host that the container of its name in `from` does not, or may
/// write where that one may only read.
pub(super) fn opens(from: &Value, to: &Value) -> bool {
    let host: Vec<&Value> = list(to.pointer("/spec/volumes"))
        .filter(|it| it.get("hostPath").is_some())
        .filter_map(|it| it.get("name"))
        .collect();
    let is_of_host = |it: &&Value| it.get("name").is_some_and(|it| host.contains(&it));
    let mut mounts = containers(to).flat_map(|container| {
        let mounts = list(container.get("volumeMounts")).filter(is_of_host);
        mounts.map(move |mount| (container.get("name"), mount))
    });
    mounts.any(|(name, mount)| {
        let same = containers(from).filter(|it| it.get("name") == name);
        let mut before = same.flat_map(|it| list(it.get("volumeMounts")));
        !before.any(|it| it == mount || is_read_only(mount) && writable(it) == writable(mount))
    })
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    let spec = template.get("spec");
    LISTS.into_iter().flat_map(move |it| list(spec.and_then(|spec| spec.get(it))))
}

fn is_read_only(mount: &Value) -> bool {
    mount.get("readOnly") == Some(&Value::Bool(true))
}

/// The mount without what keeps it from being written.
fn writable(mount: &Value) -> Value {
    let mut mount = mount.clone();
    if let Some(members) = mount.as_object_mut() {
        members.remove("readOnly");
    }
    mount
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(mounts: &[Value]) -> Value {
        json!({"spec": {
            "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}, {"name": "data", "emptyDir": {}}],
            "containers": [{"name": "app", "volumeMounts": mounts}],
        }})
    }

    #[test]
    fn a_mount_of_the_host_that_is_new_or_may_be_written_opens_it() {
        let logs =
            |read_only: bool| json!({"name": "logs", "mountPath": "/logs", "readOnly": read_only});
        let data = json!({"name": "data", "mountPath": "/data"});
        let none = template(&[]);
        let read = template(&[logs(true)]);
        let written = template(&[logs(false)]);

        assert!(opens(&none, &read));
        assert!(opens(&read, &written));
        assert!(!opens(&written, &read));
        assert!(!opens(&read, &none));
        assert!(!opens(&read, &template(&[logs(true), data])));
        let mut other = read.clone();
        other["spec"]["containers"][0]["name"] = json!("proxy");
        assert!(opens(&read, &other));
        assert!(!opens(&json!({}), &json!({"spec": null})));
    }
}
