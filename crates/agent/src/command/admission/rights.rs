//! The rights of pods: they stay as they are, or, where a template is rolled back, become fewer. None is given, to
//! no one.

use remedy::{INNER_VOLUMES, Writer};

use super::{Claim, of_each, or_empty, same_but, unchanged};

/// Fields of a pod that say who it is and how it is kept apart.
const IDENTITY: [&str; 7] = [
    "serviceAccountName",
    "serviceAccount",
    "automountServiceAccountToken",
    "hostUsers",
    "runtimeClassName",
    "restartPolicy",
    "securityContext",
];
/// What a pod shares with its host, or its containers with each other.
const SHARED: [&str; 4] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"];

/// Nothing gets more rights.
pub(super) fn claims(writer: Writer) -> Vec<Claim> {
    let may_lose = writer == Writer::Restorer;
    let (now, before) = ("variables.now.spec", "variables.before.spec");
    let kept = |names: &[&str]| names.iter().map(|it| unchanged(now, before, it)).collect();
    let mut of_pod: Vec<String> = if may_lose {
        let identity: Vec<&str> =
            IDENTITY.into_iter().filter(|it| *it != "securityContext").collect();
        let mut all: Vec<String> = kept(&identity);
        all.extend(SHARED.map(|it| not_turned_on(now, before, it)));
        all
    } else {
        kept(&[&IDENTITY[..], &SHARED[..]].concat())
    };
    if may_lose {
        of_pod.push(kernel_settings(now, before));
    }
    let kinds = INNER_VOLUMES.map(|it| format!("'{it}'")).join(", ");
    let volumes = format!(
        "!has(variables.now.spec.volumes) || variables.now.spec.volumes.all(v, \
         (dyn(v).all(k, k == 'name' || k in [{kinds}]) && !(has(v.projected) && has(v.projected.sources) && \
         v.projected.sources.exists(s, has(s.serviceAccountToken)))) || \
         (has(variables.before.spec.volumes) && v in variables.before.spec.volumes))"
    );
    let of_containers = if may_lose {
        format!("{} && {}", of_each(&["lifecycle", "volumeDevices"]), of_each_container())
    } else {
        of_each(&["securityContext", "lifecycle", "volumeDevices"])
    };
    vec![
        (of_pod.join(" && "), "the identity and the isolation of pods stay as they are"),
        (
            volumes,
            "no volume of the host, of a driver or of another server, and no token is mounted",
        ),
        (of_containers, "the rights of containers stay as they are"),
        (
            format!(
                "!has(variables.now.spec.priorityClassName) || \
                 !variables.now.spec.priorityClassName.startsWith('system-') || ({})",
                unchanged(now, before, "priorityClassName")
            ),
            "no pod gets a priority class of the system",
        ),
    ]
}

/// The switch is off, or was on before.
fn not_turned_on(now: &str, before: &str, name: &str) -> String {
    format!("(!({}) || ({}))", is(now, name), is(before, name))
}

/// Whether a switch is there and on.
fn is(of: &str, name: &str) -> String {
    format!("has({of}.{name}) && {of}.{name}")
}

/// Whether a switch is there and off.
fn is_not(of: &str, name: &str) -> String {
    format!("has({of}.{name}) && !{of}.{name}")
}

/// The security context of a pod is as it was, but for kernel settings that it has no more.
fn kernel_settings(now: &str, before: &str) -> String {
    let context = |of: &str| or_empty(&format!("{of}.securityContext"), "{}");
    let has = |of: &str| format!("has({of}.securityContext) && has({of}.securityContext.sysctls)");
    format!(
        "{} && (!({}) || {now}.securityContext.sysctls.all(s, {} && s in {before}.securityContext.sysctls))",
        same_but(&context(now), &context(before), &["sysctls"]),
        has(now),
        has(before),
    )
}

/// The security context of each container is as it was in the container of its name, or narrower.
fn of_each_container() -> String {
    let context = |of: &str| or_empty(&format!("{of}.securityContext"), "{}");
    let free = [
        "privileged",
        "allowPrivilegeEscalation",
        "capabilities",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsNonRoot",
    ];
    let has = |of: &str| format!("has({of}.securityContext)");
    let of = |of: &str| format!("{of}.securityContext");
    let on = |it: &str, name: &str| format!("({} && {})", has(it), is(&of(it), name));
    let off = |it: &str, name: &str| format!("({} && {})", has(it), is_not(&of(it), name));
    let mut all = vec![same_but(&context("c"), &context("b"), &free)];
    all.push(format!("(!{} || {})", on("c", "privileged"), on("b", "privileged")));
    let escalation = "allowPrivilegeEscalation";
    all.push(format!("(!{} || {})", off("b", escalation), off("c", escalation)));
    // What is not said is left to the pod: only what is on, and what was off already, is as narrow as before.
    for name in ["readOnlyRootFilesystem", "runAsNonRoot"] {
        all.push(format!("(!{} || {})", on("b", name), on("c", name)));
        all.push(format!("(!{} || {})", off("c", name), off("b", name)));
    }
    all.push(capabilities("c", "b", "add"));
    all.push(capabilities("b", "c", "drop"));
    all.push(
        "(!(has(c.securityContext) && has(c.securityContext.procMount)) || \
         c.securityContext.procMount == 'Default' || (has(b.securityContext) && \
         has(b.securityContext.procMount) && b.securityContext.procMount == c.securityContext.procMount))"
            .to_owned(),
    );
    format!(
        "variables.containers.all(c, variables.containersBefore.exists(b, b.name == c.name && {}))",
        all.join(" && ")
    )
}

/// Each capability of this list of the one is in that of the other.
fn capabilities(one: &str, other: &str, list: &str) -> String {
    let path = |of: &str| format!("{of}.securityContext.capabilities.{list}");
    let has = |of: &str| {
        format!(
            "has({of}.securityContext) && has({of}.securityContext.capabilities) && has({})",
            path(of)
        )
    };
    format!("(!({}) || {}.all(x, {} && x in {}))", has(one), path(one), has(other), path(other))
}
