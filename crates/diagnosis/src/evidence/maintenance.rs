//! Whether a workload says of itself that it is under maintenance: then it is unready on purpose.

use k8s_openapi::api::core::v1::EnvVar;

use crate::Objects;

/// The annotation in which `kubectl` keeps why a rollout was made.
const CAUSE: &str = "kubernetes.io/change-cause";
/// How it is written in names.
const WORD: &str = "maintenance";
/// Values that switch nothing on.
const OFF: [&str; 7] = ["", "0", "false", "off", "no", "none", "disabled"];

/// Where it says so: an annotation or a variable, by name. Its words can only keep a machine from writing.
pub(super) fn fact(objects: &Objects) -> Option<String> {
    let own = objects.root.metadata().annotations.iter().flatten();
    let of_pods = objects.root.template_metadata().and_then(|it| it.annotations.as_ref());
    let all = own.chain(of_pods.into_iter().flatten());
    let annotation = all.into_iter().find(|(key, value)| is_note(key, value));
    let spec = objects.root.pod_spec();
    let containers = spec.into_iter().flat_map(|it| &it.containers);
    let mut variables = containers.flat_map(|it| it.env.iter().flatten());
    let annotation = annotation.map(|it| format!("annotation {}", it.0));
    annotation
        .or_else(|| variables.find(|it| is_switch(it)).map(|it| format!("variable {}", it.name)))
}

/// `example.com/maintenance: until 18:00`, or the cause of a rollout that speaks of it.
fn is_note(key: &str, value: &str) -> bool {
    let is_named = name_of(key).to_lowercase().contains(WORD) && is_on(value);
    is_named || key == CAUSE && value.to_lowercase().contains(WORD)
}

/// The part of a key behind its domain.
fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn is_on(value: &str) -> bool {
    !OFF.contains(&value.trim().to_lowercase().as_str())
}

/// `MAINTENANCE=on`, `APP_MAINTENANCE_MODE=true`; not `MAINTENANCE_WINDOW=sun:04:00`.
fn is_switch(variable: &EnvVar) -> bool {
    let name = variable.name.to_lowercase();
    let is_named = [WORD, "maintenance_mode", "maint_mode"].iter().any(|it| name.ends_with(it));
    let on = ["1", "true", "on", "yes", "enabled"];
    let value = variable.value.as_deref().unwrap_or_default().trim().to_lowercase();
    is_named && on.contains(&value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_that_it_is_under_maintenance_is_heard() {
        assert!(is_note("ops.example/maintenance", "CHG-4411"));
        assert!(is_note("maintenance-until", "18:00"));
        assert!(is_note(CAUSE, "CHG-4411 Maintenance window until 18:00"));
        assert!(!is_note("ops.example/maintenance", "false"));
        assert!(!is_note("ops.example/note", "see the maintenance guide"));
        assert!(!is_note("maintenance.example/owner", "team-a"));
    }

    #[test]
    fn a_variable_that_switches_it_on_is_told_from_one_that_speaks_of_it() {
        let check = |name: &str, value: &str| {
            let (name, value) = (name.to_owned(), Some(value.to_owned()));
            is_switch(&EnvVar { name, value, value_from: None })
        };

        assert!(check("MAINTENANCE", "on") && check("APP_MAINTENANCE_MODE", "True"));
        assert!(!check("MAINTENANCE", "off") && !check("MAINTENANCE_WINDOW", "sun:04:00"));
    }
}
