//! What the admission policy keeps beside the rights of containers: annotations of pods, and volumes that lead out
//! of the cluster.

use serde_json::Value;

use super::held::Change;

/// What annotations of pods begin with that only tell, beside those without a prefix: nobody is known to act on their
/// values but by a rollout or a look. A name without a prefix is private to the user, and what acts by itself has to
/// use one
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set>).
pub const TELLING_ANNOTATIONS: [&str; 3] =
    ["checksum/", "prometheus.io/", "kubectl.kubernetes.io/restartedAt"];

/// Kinds of volumes that are made of what the cluster has: no files of a node, no server elsewhere, no driver.
pub const INNER_VOLUMES: [&str; 7] = [
    "configMap",
    "secret",
    "emptyDir",
    "persistentVolumeClaim",
    "downwardAPI",
    "projected",
    "ephemeral",
];

/// Whether an annotation changes that somebody may act on: one that confines a container, or has another one put
/// beside it.
pub(super) fn is_mark_changed(below: &[&str], (from, to): Change<'_>) -> bool {
    let tells = |name: &str| {
        !name.contains('/') || TELLING_ANNOTATIONS.iter().any(|it| name.starts_with(it))
    };
    let member = |it: Option<&Value>, name: &str| it.and_then(|it| it.get(name)).cloned();
    match below {
        [] => {
            let (from, to) = (member(from, "annotations"), member(to, "annotations"));
            is_mark_changed(&["annotations"], (from.as_ref(), to.as_ref()))
        }
        ["annotations"] => {
            let all = [from, to].into_iter().flatten().filter_map(Value::as_object);
            let mut names = all.flat_map(|it| it.keys());
            names.any(|it| !tells(it) && member(from, it) != member(to, it))
        }
        ["annotations", name, ..] => !tells(name),
        [..] => false,
    }
}

/// Whether a volume that leads out of the cluster is there after, and was not the same before.
pub(super) fn is_volume_opened(below: &[&str], (from, to): Change<'_>) -> bool {
    let is_outer = |it: &Value| it.as_object().is_some_and(|it| it.keys().any(|it| leads_out(it)));
    match below {
        [] => {
            let before = from.and_then(Value::as_array);
            let mut after = to.and_then(Value::as_array).into_iter().flatten();
            after.any(|it| is_outer(it) && !before.is_some_and(|before| before.contains(it)))
        }
        [_] => to.is_some_and(is_outer),
        [_, kind] => leads_out(kind) && to.is_some(),
        [_, kind, ..] => leads_out(kind),
    }
}

/// Whether a member of a volume says that it is of such a kind.
pub(super) fn leads_out(kind: &str) -> bool {
    kind != "name" && !INNER_VOLUMES.contains(&kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_stay_but_for_those_that_only_tell() {
        let changed = |below: &[&str], from: Value, to: Value| {
            is_mark_changed(below, (Some(&from).filter(|it| !it.is_null()), Some(&to)))
        };
        let confined = "container.apparmor.security.beta.kubernetes.io/app";
        assert!(changed(&["annotations", confined], json!("runtime/default"), json!("unconfined")));
        assert!(changed(&["annotations"], Value::Null, json!({confined: "unconfined"})));
        assert!(changed(&[], json!({}), json!({"annotations": {confined: "unconfined"}})));
        assert!(!changed(&["annotations", "checksum/config"], json!("a"), json!("b")));
        assert!(!changed(&["annotations"], Value::Null, json!({"checksum/config": "b"})));
        assert!(!changed(&["annotations"], Value::Null, json!({"release": "2026-11"})));
        assert!(!changed(&["annotations", "git-sha"], json!("a"), json!("b")));
        assert!(changed(&["annotations", "example.com/release"], json!("a"), json!("b")));
        assert!(changed(&["annotations"], json!({"release": "1"}), json!({"a/inject": "yes"})));
        assert!(!changed(&["labels", "version"], json!("2"), json!("1")));
    }

    #[test]
    fn no_volume_leads_out_of_the_cluster_that_did_not() {
        let opened = |below: &[&str], from: Value, to: Value| {
            let seen = |it| Some(it).filter(|it: &&Value| !it.is_null());
            is_volume_opened(below, (seen(&from), seen(&to)))
        };
        let share = json!({"name": "a", "nfs": {"server": "nfs.example", "path": "/"}});
        let map = json!({"name": "b", "configMap": {"name": "web"}});
        assert!(opened(&[], json!([map]), json!([map, share])));
        assert!(!opened(&[], json!([map, share]), json!([share])));
        assert!(!opened(&[], json!([share]), json!([map])));
        assert!(opened(&["0", "nfs", "server"], json!("a"), json!("b")));
        assert!(opened(&["0", "csi"], Value::Null, json!({"driver": "x"})));
        assert!(!opened(&["0", "csi"], json!({"driver": "x"}), Value::Null));
        assert!(!opened(&["0", "configMap", "name"], json!("a"), json!("b")));
    }
}
