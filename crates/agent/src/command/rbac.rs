//! `agent rbac`: the roles that the agent needs under a policy, and no more.
//!
//! Three identities: `agent` reads and answers, `restorer` writes rollbacks, `executor` all else. The agent may ask for
//! a token of these two, and for nobody else's. Without that right it can write nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use remedy::{Policy, Right, Writer, rolls_back};
use serde_json::{Value, json};

use super::admission::{self, Scope};
use crate::cluster::{
    AUTHORITY_PATH, EVENTS, LEASE, LEASE_READ, LEASE_WRITES, READS, REVIEWS, STOP_OBJECT,
};
use crate::fix::read_policy;

/// The name of the identity that reads.
const AGENT: &str = "agent";
/// Its role, in the whole cluster.
const OBSERVER_ROLE: &str = "k8s-reflexion-observer";
/// The role by which it may speak for those who write.
const TOKEN_ROLE: &str = "k8s-reflexion-executor-token";
/// The role by which it sees the stop object.
const STOP_ROLE: &str = "k8s-reflexion-observer-stop";
/// The role by which it sees who leads, where there are replicas.
const LEASE_ROLE: &str = "k8s-reflexion-observer-lease";
/// The role by which the executor says that a replica leads.
const LEADER_ROLE: &str = "k8s-reflexion-executor-lease";
/// The role by which it asks who calls.
const REVIEW_ROLE: &str = "k8s-reflexion-observer-reviews";
/// The API group of roles.
const GROUP: &str = "rbac.authorization.k8s.io";

/// The first lines of what is printed.
const RBAC_HEAD: &str = "# Made by `agent rbac`: what the agent may do, and nothing that it does not.\n\
    # Reflexion has no service account token and no rights at all.\n";
/// The same of the admission policies.
const ADMISSION_HEAD: &str = "# Made by `agent rbac --admission`: what those who write may change, field by field,\n\
    # whoever holds their tokens.\n";

/// For which policy, and where.
#[derive(Debug, Clone, Args)]
pub struct RbacArguments {
    /// The policy (YAML); the reference policy where none is given. A strategy that is `off` gets no right.
    #[arg(long, env = "AGENT_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The namespace that the agent runs in.
    #[arg(long, value_name = "NAME", default_value = "k8s-reflexion")]
    pub namespace: String,
    /// Let it write in these namespaces alone. Without any: in all, where policy and enrolment decide.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Let it write nothing at all.
    #[arg(long, conflicts_with = "only")]
    pub observe: bool,
    /// Let it ask who calls and what he may do, for `AGENT_AUTH=tokenreview`; and print roles to give to callers.
    #[arg(long)]
    pub tokenreview: bool,
    /// Print what holds those who write to their strategies inside the API server instead: roles name resources,
    /// admission policies (Kubernetes 1.30 and later) fields.
    #[arg(long, conflicts_with_all = ["only", "observe"])]
    pub admission: bool,
    /// Let the API server refuse all that is written where the namespace is not enrolled, after a person's yes too.
    #[arg(long, requires = "admission")]
    pub enrolled_only: bool,
}

pub(super) fn run(arguments: &RbacArguments) -> anyhow::Result<ExitCode> {
    super::print(&manifests(arguments)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The manifests as YAML, one document an object.
pub fn manifests(arguments: &RbacArguments) -> anyhow::Result<String> {
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?.unwrap_or_default();
    let (head, objects) = if arguments.admission {
        let enrolled_only = arguments.enrolled_only;
        let scope = Scope { namespace: &arguments.namespace, policy: &policy, enrolled_only };
        (ADMISSION_HEAD, admission::objects(scope))
    } else {
        (RBAC_HEAD, objects(arguments, &policy))
    };
    let mut text = head.to_owned();
    for object in objects {
        text += "---\n";
        text += &serde_yaml_ng::to_string(&object)?;
    }
    Ok(text)
}

fn objects(arguments: &RbacArguments, policy: &Policy) -> Vec<Value> {
    let namespace = arguments.namespace.as_str();
    let mut objects = vec![
        account(AGENT, namespace),
        role("ClusterRole", OBSERVER_ROLE, None, &read_rules()),
        binding("ClusterRoleBinding", (OBSERVER_ROLE, "ClusterRole"), None, (AGENT, namespace)),
    ];
    let stop = [json!({
        "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [STOP_OBJECT],
        "verbs": ["get", "list", "watch"],
    })];
    objects.extend([
        role("Role", STOP_ROLE, Some(namespace), &stop),
        binding("RoleBinding", (STOP_ROLE, "Role"), Some(namespace), (AGENT, namespace)),
    ]);
    if arguments.tokenreview {
        objects.extend(review_objects(namespace));
    }
    if arguments.observe {
        return objects;
    }
    let writers = writers(policy);
    let names: Vec<_> = writers.iter().map(|it| it.name()).collect();
    let token = [json!({
        "apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": names,
        "verbs": ["create"],
    })];
    let here = Some(namespace);
    let leader = LEASE_WRITES.map(|(right, named)| lease_rule(right, named));
    objects.extend([
        role("Role", TOKEN_ROLE, here, &token),
        binding("RoleBinding", (TOKEN_ROLE, "Role"), here, (AGENT, namespace)),
        role("Role", LEASE_ROLE, here, &[lease_rule(LEASE_READ, true)]),
        binding("RoleBinding", (LEASE_ROLE, "Role"), here, (AGENT, namespace)),
        role("Role", LEADER_ROLE, here, &leader),
        binding("RoleBinding", (LEADER_ROLE, "Role"), here, (Writer::Executor.name(), namespace)),
    ]);
    objects.extend(writers.into_iter().flat_map(|it| write_objects(it, arguments, policy)));
    objects
}

/// Those who have something to write under this policy.
fn writers(policy: &Policy) -> Vec<Writer> {
    let has_work = |it: &Writer| match it {
        // Events are his.
        Writer::Executor => true,
        Writer::Restorer => rolls_back(policy),
    };
    Writer::ALL.into_iter().filter(has_work).collect()
}

/// Who carries plans out: his account and role, in the whole cluster or in the namespaces that are named.
fn write_objects(writer: Writer, arguments: &RbacArguments, policy: &Policy) -> Vec<Value> {
    let (account, name) = ((writer.name(), arguments.namespace.as_str()), role_of(writer));
    let mut objects = vec![
        self::account(account.0, account.1),
        role("ClusterRole", name, None, &write_rules(writer, policy)),
    ];
    let role = (name, "ClusterRole");
    if arguments.only.is_empty() {
        objects.push(binding("ClusterRoleBinding", role, None, account));
    }
    let each = arguments.only.iter();
    objects.extend(each.map(|it| binding("RoleBinding", role, Some(it), account)));
    objects
}

/// The name of his role, and of the admission policy for what owns pods.
pub(super) fn role_of(writer: Writer) -> &'static str {
    match writer {
        Writer::Executor => "k8s-reflexion-executor",
        Writer::Restorer => "k8s-reflexion-restorer",
    }
}

/// What the agent needs to ask for callers, and a role for each of theirs. Nobody is given one here.
fn review_objects(namespace: &str) -> Vec<Value> {
    let ask: Vec<_> = REVIEWS
        .iter()
        .map(|it| json!({"apiGroups": [it.group], "resources": [it.resource], "verbs": [it.verb]}))
        .collect();
    let caller = |name: &str, verbs: &[&str]| {
        let rule = json!({"nonResourceURLs": [AUTHORITY_PATH], "verbs": verbs});
        role("ClusterRole", name, None, &[rule])
    };
    vec![
        role("ClusterRole", REVIEW_ROLE, None, &ask),
        binding("ClusterRoleBinding", (REVIEW_ROLE, "ClusterRole"), None, (AGENT, namespace)),
        caller("k8s-reflexion-caller-read", &["get"]),
        caller("k8s-reflexion-caller-order", &["get", "patch"]),
        caller("k8s-reflexion-caller-act", &["get", "patch", "post"]),
        caller("k8s-reflexion-caller-admin", &["get", "patch", "post", "put"]),
    ]
}

fn lease_rule(right: Right, is_named: bool) -> Value {
    let (group, resource, verb) = (right.group, right.resource, right.verb);
    if is_named {
        json!({"apiGroups": [group], "resources": [resource], "verbs": [verb], "resourceNames": [LEASE]})
    } else {
        json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
    }
}

/// Its token is mounted nowhere unless a pod asks for it.
fn account(name: &str, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, Some(namespace)),
        "automountServiceAccountToken": false,
    })
}

fn role(kind: &str, name: &str, namespace: Option<&str>, rules: &[Value]) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata(name, namespace),
        "rules": rules,
    })
}

fn binding(
    kind: &str,
    (role, role_kind): (&str, &str),
    namespace: Option<&str>,
    (account, of): (&str, &str),
) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata(role, namespace),
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": of}],
    })
}

fn metadata(name: &str, namespace: Option<&str>) -> Value {
    match namespace {
        Some(namespace) => json!({"name": name, "namespace": namespace}),
        None => json!({"name": name}),
    }
}

fn read_rules() -> Vec<Value> {
    let rule = |it: &crate::cluster::Reads| json!({"apiGroups": [it.group], "resources": it.resources, "verbs": it.verbs});
    READS.iter().map(rule).collect()
}

/// One rule for each group and verb.
fn write_rules(writer: Writer, policy: &Policy) -> Vec<Value> {
    let mut rules: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let events = [EVENTS].into_iter().filter(|_| writer == Writer::Executor);
    for Right { group, resource, verb } in writer.rights_under(policy).into_iter().chain(events) {
        rules.entry((group, verb)).or_default().push(resource);
    }
    let rule = |((group, verb), resources)| json!({"apiGroups": [group], "resources": resources, "verbs": [verb]});
    rules.into_iter().map(rule).collect()
}
