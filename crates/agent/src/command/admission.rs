//! What holds those who write to the registry inside the API server: `ValidatingAdmissionPolicy` objects of each.
//!
//! The guard decides what is right; this decides what is possible with a stolen token. Of a template the executor
//! changes the fields that its strategies write, and the restorer what leads to no right and out of no pod. A role can
//! only name resources, so fields are held here (KEP-3488,
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>).

use remedy::{
    FIX_ID_ANNOTATION, HARD_DENIED, MANAGED_LABEL, OPT_OUT_ANNOTATION, Policy, Writer, rolls_back,
};
use serde_json::{Value, json};

use super::rbac::role_of;

mod amounts;
mod kept;
mod leases;
mod opened;
mod rights;
mod services;

/// `image` without digest and tag, and without what somebody put around it: a scheme, a second tag, or a tag with a
/// slash, as the name of a branch has. With one of these it cannot run. A colon before digits and a slash belongs
/// to a port, and those in brackets to an address (<https://pkg.go.dev/github.com/distribution/reference>).
const REPOSITORY: &str = "IMAGE.replace('docker://', '').replace('https://', '').replace('http://', '')\
    .find('^(?:(?:[[][0-9A-Fa-f:.]*[]]|[^:@/]*)(?::[0-9]+)?/)?[^:@]*')";

/// The API server counts in it itself, for a DaemonSet whose template changes.
const GENERATION: &str = "deprecated.daemonset.template.generation";
/// The subresource that is asked for; the API server leaves the field out where there is none.
const SUBRESOURCE: &str = "(has(request.subResource) ? request.subResource : '')";

/// For whom policies are printed.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// Where those who write are at home.
    pub(super) namespace: &'a str,
    /// What they may do.
    pub(super) policy: &'a Policy,
    /// Whether the API server looks at the enrolment too.
    pub(super) enrolled_only: bool,
}

/// All policies with their bindings.
pub(super) fn objects(scope: Scope<'_>) -> Vec<Value> {
    let (executor, restorer) = (Writer::Executor, Writer::Restorer);
    let mut all = vec![
        (executor, "", workloads(executor, scope)),
        (executor, "-pods", pods(scope)),
        (executor, "-services", services::held(scope)),
        (executor, "-leases", leases::held(scope.namespace)),
    ];
    if rolls_back(scope.policy) {
        all.push((restorer, "", workloads(restorer, scope)));
        all.push((restorer, "-pods", evictions(scope)));
    }
    let both = |(writer, suffix, held): (Writer, &str, Held)| {
        let name = format!("{}{suffix}", role_of(writer));
        [held.policy(&name, writer, scope.namespace), binding(&name)]
    };
    all.into_iter().flat_map(both).collect()
}

fn workloads(writer: Writer, scope: Scope<'_>) -> Held {
    let apps = rule("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"]);
    let batch = rule("batch", &["cronjobs", "jobs"]);
    let claims = workload_claims(writer, scope);
    Held { rules: vec![apps, batch], variables: of_workloads(), claims }
}

fn pods(scope: Scope<'_>) -> Held {
    let rules = vec![rule("", &PODS)];
    Held { rules, variables: of_pods(), claims: pod_claims(scope) }
}

/// What the restorer does beside templates, and all that he does to what the executor's other policies are about.
fn evictions(scope: Scope<'_>) -> Held {
    let rules = vec![
        rule("", &PODS),
        rule("", &["services", "services/status"]),
        rule("coordination.k8s.io", &["leases"]),
    ];
    let mut claims = vec![(
        format!(
            "request.resource.resource == 'pods' && {SUBRESOURCE} == 'eviction' && request.operation == 'CREATE'"
        ),
        "beside templates nothing is written, and pods are evicted",
    )];
    claims.extend(of_namespace(scope));
    Held { rules, variables: vec![], claims }
}

/// Pods and what lies below them.
const PODS: [&str; 4] = ["pods", "pods/resize", "pods/ephemeralcontainers", "pods/eviction"];

fn rule(group: &str, resources: &[&str]) -> Value {
    let version = if group == "coordination.k8s.io" { "*" } else { "v1" };
    json!({
        "apiGroups": [group], "apiVersions": [version],
        "operations": ["CREATE", "UPDATE", "DELETE"], "resources": resources,
    })
}

/// A claim that has to be true, in CEL, and what is said where it is not.
type Claim = (String, &'static str);

/// What a policy is made of.
struct Held {
    rules: Vec<Value>,
    variables: Vec<(&'static str, String)>,
    claims: Vec<Claim>,
}

impl Held {
    fn policy(&self, name: &str, writer: Writer, namespace: &str) -> Value {
        let user = format!("system:serviceaccount:{namespace}:{}", writer.name());
        let variable =
            |(name, expression): &(&str, String)| json!({"name": name, "expression": expression});
        let claim = |(expression, message): &Claim| json!({"expression": expression, "message": message, "reason": "Forbidden"});
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": self.rules},
                "matchConditions": [{
                    "name": format!("by-the-{}", writer.name()),
                    "expression": format!("request.userInfo.username == '{user}'"),
                }],
                "variables": self.variables.iter().map(variable).collect::<Vec<_>>(),
                "validations": self.claims.iter().map(claim).collect::<Vec<_>>(),
            },
        })
    }
}

fn binding(name: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    })
}

/// `object.metadata.labels`, or nothing of the same kind where there is none.
fn or_empty(path: &str, empty: &str) -> String {
    format!("(has({path}) ? {path} : {empty})")
}

/// The metadata before and after.
fn metadata() -> Vec<(&'static str, String)> {
    vec![
        ("notes", or_empty("object.metadata.annotations", "{}")),
        ("notesBefore", or_empty("oldObject.metadata.annotations", "{}")),
    ]
}

fn of_workloads() -> Vec<(&'static str, String)> {
    let template = |of: &str| {
        format!(
            "(has({of}.spec.jobTemplate) ? {of}.spec.jobTemplate.spec.template : {of}.spec.template)"
        )
    };
    let marks = |of: &str| {
        let marks = format!("variables.{of}.metadata.annotations");
        format!("(has(variables.{of}.metadata) && has({marks}) ? {marks} : {{}})")
    };
    let of_host = or_empty("variables.now.spec.volumes", "[]");
    let mut variables = metadata();
    variables.extend([("now", template("object")), ("before", template("oldObject"))]);
    variables.extend(containers("variables.now.spec", "variables.before.spec"));
    variables.extend([
        ("marks", marks("now")),
        ("marksBefore", marks("before")),
        ("ofHost", format!("{of_host}.filter(v, has(v.hostPath)).map(v, v.name)")),
    ]);
    variables
}

fn of_pods() -> Vec<(&'static str, String)> {
    let mut variables = metadata();
    variables.extend(containers("object.spec", "oldObject.spec"));
    variables
}

/// All containers before and after, and `name repository` of each before.
fn containers(now: &str, before: &str) -> Vec<(&'static str, String)> {
    let all =
        |of: &str| format!("{of}.containers + {}", or_empty(&format!("{of}.initContainers"), "[]"));
    let repository = repository("c.image");
    vec![
        ("containers", all(now)),
        ("containersBefore", all(before)),
        ("imagesBefore", format!("variables.containersBefore.map(c, c.name + ' ' + {repository})")),
    ]
}

/// The repository of this image, as an expression.
fn repository(image: &str) -> String {
    REPOSITORY.replace("IMAGE", image)
}

/// Where anything may be written at all.
fn of_namespace(scope: Scope<'_>) -> Vec<Claim> {
    let denied = scope.policy.denied_namespaces.iter().map(String::as_str);
    let closed: Vec<_> = HARD_DENIED.into_iter().chain([scope.namespace]).chain(denied).collect();
    let closed: Vec<_> =
        closed.into_iter().filter(|it| is_namespace(it)).map(|it| format!("'{it}'")).collect();
    let mut claims = vec![(
        format!("!(request.namespace in [{}])", closed.join(", ")),
        "nothing is ever written in this namespace",
    )];
    if scope.enrolled_only {
        let labels = "namespaceObject.metadata.labels";
        claims.push((
            format!(
                "has({labels}) && '{MANAGED_LABEL}' in {labels} && {labels}['{MANAGED_LABEL}'] == 'true'"
            ),
            "the namespace is not enrolled",
        ));
    }
    claims
}

/// What holds for everything that is written.
fn common_claims(scope: Scope<'_>) -> Vec<Claim> {
    let kept = |field: &str, empty: &str| {
        let (now, before) =
            (format!("object.metadata.{field}"), format!("oldObject.metadata.{field}"));
        format!("{} == {}", or_empty(&now, empty), or_empty(&before, empty))
    };
    let mut claims = of_namespace(scope);
    claims.extend([
        (
            format!(
                "!('{OPT_OUT_ANNOTATION}' in variables.notesBefore) || \
                 variables.notesBefore['{OPT_OUT_ANNOTATION}'] != 'true'"
            ),
            "it asks to be left alone",
        ),
        (
            [kept("labels", "{}"), kept("finalizers", "[]"), kept("ownerReferences", "[]")]
                .join(" && "),
            "labels, finalizers and owners stay as they are",
        ),
        (
            format!(
                "variables.notes.all(k, k in ['{FIX_ID_ANNOTATION}', '{GENERATION}'] || (k in variables.notesBefore && \
                 variables.notes[k] == variables.notesBefore[k])) && \
                 variables.notesBefore.all(k, k in variables.notes)"
            ),
            "no annotation changes but the fix id",
        ),
    ]);
    claims
}

/// Whether there can be a namespace of this name: one with a quotation mark would be read as more than a name.
fn is_namespace(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

/// What holds for everything that is written and that has containers.
fn container_claims(scope: Scope<'_>) -> Vec<Claim> {
    let mut claims = common_claims(scope);
    claims.push((
        format!(
            "variables.containers.all(c, (c.name + ' ' + {}) in variables.imagesBefore)",
            repository("c.image")
        ),
        "no container is added, and none gets an image of another repository",
    ));
    claims
}

fn workload_claims(writer: Writer, scope: Scope<'_>) -> Vec<Claim> {
    let closed = match writer {
        Writer::Executor => "'jobs'",
        // What is made of a template has no earlier one.
        Writer::Restorer => "'jobs', 'replicasets'",
    };
    let mut claims = vec![(
        format!(
            "request.operation == 'UPDATE' && {SUBRESOURCE} == '' && !(request.resource.resource in [{closed}])"
        ),
        "workloads are edited, never made, deleted or scaled",
    )];
    claims.extend(container_claims(scope));
    claims
        .push((format!("'{FIX_ID_ANNOTATION}' in variables.notes"), "a write carries its fix id"));
    claims.extend([
        (
            same_but("object.spec", "oldObject.spec", &["template", "jobTemplate"]),
            "only the pod template is edited",
        ),
        (
            format!(
                "!has(object.spec.jobTemplate) || (({}) && ({}))",
                same_but("object.spec.jobTemplate", "oldObject.spec.jobTemplate", &["spec"]),
                same_but(
                    "object.spec.jobTemplate.spec",
                    "oldObject.spec.jobTemplate.spec",
                    &["template"]
                ),
            ),
            "only the pod template is edited",
        ),
    ]);
    claims.extend(rights::claims(writer));
    claims.extend(amounts::caps(scope.policy));
    match writer {
        // A rollback puts back whatever an earlier revision had; nothing else writes these.
        Writer::Executor => {
            claims.extend(amounts::bounds(scope.policy));
            claims.extend(kept::claims());
        }
        Writer::Restorer => claims.extend(opened::claims()),
    }
    claims
}

fn pod_claims(scope: Scope<'_>) -> Vec<Claim> {
    let eviction = format!("{SUBRESOURCE} == 'eviction'");
    let mut claims = vec![(
        format!(
            "{eviction} ? request.operation == 'CREATE' : (request.operation == 'UPDATE' && {SUBRESOURCE} in ['', 'resize'])"
        ),
        "pods are edited, resized and evicted, never made or deleted",
    )];
    // The object of an eviction is no pod: of it only the namespace can be held.
    let everywhere = of_namespace(scope);
    let mut of_pods = container_claims(scope).split_off(everywhere.len());
    claims.extend(everywhere);
    of_pods.extend([(
        same_but("object.spec", "oldObject.spec", &["containers", "initContainers"]),
        "only containers are edited",
    )]);
    of_pods.extend(amounts::caps(scope.policy));
    of_pods.extend(amounts::bounds(scope.policy));
    claims.extend(
        of_pods.into_iter().map(|(claim, message)| (format!("{eviction} || ({claim})"), message)),
    );
    claims
}

/// All fields but these are as they were.
fn same_but(now: &str, before: &str, free: &[&str]) -> String {
    let free = free.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
    format!(
        "dyn({now}).all(k, k in [{free}] || (k in dyn({before}) && dyn({now})[k] == dyn({before})[k])) && dyn({before}).all(k, k in [{free}] || k in dyn({now}))"
    )
}

/// The field is there in both and the same, or in none.
fn unchanged(now: &str, before: &str, name: &str) -> String {
    format!(
        "(has({now}.{name}) ? (has({before}.{name}) && {now}.{name} == {before}.{name}) : !has({before}.{name}))"
    )
}

/// These fields of each container are as they were in the container of its name.
fn of_each(names: &[&str]) -> String {
    let same = names.iter().map(|it| unchanged("c", "b", it)).collect::<Vec<_>>().join(" && ");
    format!(
        "variables.containers.all(c, variables.containersBefore.exists(b, b.name == c.name && {same}))"
    )
}
