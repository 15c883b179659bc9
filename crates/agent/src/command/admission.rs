//! What holds the executor to the registry inside the API server: a `ValidatingAdmissionPolicy`.
//!
//! The guard decides what is right; this decides what is possible with a stolen token. A role can only name
//! resources, so fields are held here (KEP-3488,
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>).

use remedy::{FIX_ID_ANNOTATION, HARD_DENIED, OPT_OUT_ANNOTATION, Policy, rights_of};
use serde_json::{Value, json};
use types::Quantity;

use super::rbac::{EXECUTOR, EXECUTOR_ROLE};

mod kept;
mod leases;
mod opened;
mod rights;
mod services;

/// The policy for owners of pods.
const WORKLOADS: &str = EXECUTOR_ROLE;
/// The policy for pods.
const PODS: &str = "k8s-reflexion-executor-pods";

/// The policy for Services.
const SERVICES: &str = "k8s-reflexion-executor-services";
/// The policy for Leases.
const LEASES: &str = "k8s-reflexion-executor-leases";

/// `image` without digest and tag, and without what somebody put around it: a scheme, a second tag, or a tag with a
/// slash, as the name of a branch has. With one of these it cannot run. A colon before digits and a slash belongs
/// to a port, and those in brackets to an address (<https://pkg.go.dev/github.com/distribution/reference>).
const REPOSITORY: &str = "IMAGE.replace('docker://', '').replace('https://', '').replace('http://', '')\
    .find('^(?:(?:[[][0-9A-Fa-f:.]*[]]|[^:@/]*)(?::[0-9]+)?/)?[^:@]*')";

/// The API server counts in it itself, for a DaemonSet whose template changes.
const GENERATION: &str = "deprecated.daemonset.template.generation";
/// The subresource that is asked for; the API server leaves the field out where there is none.
const SUBRESOURCE: &str = "(has(request.subResource) ? request.subResource : '')";

/// All policies with their bindings, for the executor of this namespace.
pub(super) fn objects(namespace: &str, policy: &Policy) -> Vec<Value> {
    let apps = json!({
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
    });
    let batch = json!({
        "apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["cronjobs", "jobs"],
    });
    let pods = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["pods", "pods/resize", "pods/ephemeralcontainers", "pods/eviction"],
    });
    let workloads = Held {
        rules: vec![apps, batch],
        variables: of_workloads(),
        claims: workload_claims(namespace, policy),
    };
    let pods =
        Held { rules: vec![pods], variables: of_pods(), claims: pod_claims(namespace, policy) };
    let (services, leases) = (services::held(namespace, policy), leases::held(namespace));
    [(WORKLOADS, workloads), (PODS, pods), (SERVICES, services), (LEASES, leases)]
        .into_iter()
        .flat_map(|(name, held)| [held.policy(name, namespace), binding(name)])
        .collect()
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
    fn policy(&self, name: &str, namespace: &str) -> Value {
        let user = format!("system:serviceaccount:{namespace}:{EXECUTOR}");
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
                    "name": "by-the-executor",
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

/// What holds for everything that the executor writes.
fn common_claims(namespace: &str, policy: &Policy) -> Vec<Claim> {
    let denied = policy.denied_namespaces.iter().map(String::as_str);
    let closed: Vec<_> = HARD_DENIED.into_iter().chain([namespace]).chain(denied).collect();
    let closed: Vec<_> =
        closed.into_iter().filter(|it| is_namespace(it)).map(|it| format!("'{it}'")).collect();
    let kept = |field: &str, empty: &str| {
        let (now, before) =
            (format!("object.metadata.{field}"), format!("oldObject.metadata.{field}"));
        format!("{} == {}", or_empty(&now, empty), or_empty(&before, empty))
    };
    vec![
        (
            format!("!(request.namespace in [{}])", closed.join(", ")),
            "nothing is ever written in this namespace",
        ),
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
    ]
}

/// Whether there can be a namespace of this name: one with a quotation mark would be read as more than a name.
fn is_namespace(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

/// What holds for everything that the executor writes and that has containers.
fn container_claims(namespace: &str, policy: &Policy) -> Vec<Claim> {
    let mut claims = common_claims(namespace, policy);
    claims.push((
        format!(
            "variables.containers.all(c, (c.name + ' ' + {}) in variables.imagesBefore)",
            repository("c.image")
        ),
        "no container is added, and none gets an image of another repository",
    ));
    claims
}

fn workload_claims(namespace: &str, policy: &Policy) -> Vec<Claim> {
    let mut claims = vec![(
        format!(
            "request.operation == 'UPDATE' && {SUBRESOURCE} == '' && request.resource.resource != 'jobs'"
        ),
        "workloads are edited, never made, deleted or scaled",
    )];
    claims.extend(container_claims(namespace, policy));
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
    claims.extend(rights::claims(policy));
    claims.extend(caps(policy));
    if rolls_back(policy) {
        claims.extend(opened::claims());
    } else {
        // A rollback puts back whatever an earlier revision had; nothing else writes these.
        claims.push(limits_stay());
        claims.extend(kept::claims());
    }
    claims
}

/// Whether a template may be written that an earlier revision had, as a whole.
pub(super) fn rolls_back(policy: &Policy) -> bool {
    !rights_of("roll_back").is_empty()
        && policy.strategies.get("roll_back") != Some(&remedy::Consent::Off)
}

fn pod_claims(namespace: &str, policy: &Policy) -> Vec<Claim> {
    let eviction = format!("{SUBRESOURCE} == 'eviction'");
    let mut claims = vec![(
        format!(
            "{eviction} ? request.operation == 'CREATE' : (request.operation == 'UPDATE' && {SUBRESOURCE} in ['', 'resize'])"
        ),
        "pods are edited, resized and evicted, never made or deleted",
    )];
    let mut of_pods = container_claims(namespace, policy);
    of_pods.extend([(
        same_but("object.spec", "oldObject.spec", &["containers", "initContainers"]),
        "only containers are edited",
    )]);
    of_pods.extend(caps(policy));
    of_pods.push(limits_stay());
    // The object of an eviction is no pod: of it only the namespace can be held.
    claims.push((of_pods.remove(0).0, "nothing is ever written in this namespace"));
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

/// Whether the container has a limit of this resource.
fn has_limit(of: &str, resource: &str) -> String {
    format!(
        "has({of}.resources) && has({of}.resources.limits) && '{resource}' in {of}.resources.limits"
    )
}

/// What had a limit has one: without any, no cap would hold it.
fn limits_stay() -> Claim {
    let stays = ["memory", "cpu"].map(|resource| {
        format!(
            "variables.containersBefore.all(b, !({}) || \
             variables.containers.exists(c, c.name == b.name && {}))",
            has_limit("b", resource),
            has_limit("c", resource),
        )
    });
    (stays.join(" && "), "no limit of memory or CPU is dropped")
}

/// Each limit is the one before, or not above the cap.
fn capped(resource: &str, cap: &Quantity) -> String {
    let limit = |of: &str| has_limit(of, resource);
    let amount = |of: &str| format!("{of}.resources.limits['{resource}']");
    format!(
        "variables.containers.all(c, !({}) || quantity(string({now})).compareTo(quantity('{cap}')) <= 0 || \
         variables.containersBefore.exists(b, b.name == c.name && {} && {} == {now}))",
        limit("c"),
        limit("b"),
        amount("b"),
        now = amount("c"),
    )
}

/// No amount of memory or CPU is raised above its cap.
fn caps(policy: &Policy) -> [Claim; 2] {
    [
        (
            capped("memory", &policy.caps.memory),
            "no memory limit is raised above the cap of the policy",
        ),
        (capped("cpu", &policy.caps.cpu), "no CPU limit is raised above the cap of the policy"),
    ]
}
