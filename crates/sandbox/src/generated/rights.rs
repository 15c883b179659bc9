//! Accounts and roles.

use serde_json::{Value, json};

use super::workloads::App;
use super::{Draw, SYSTEM};

const DAY: usize = 24 * 60 * 60;
/// Roles of the whole cluster, the rules of each, and how many of them somebody has.
const CLUSTER_ROLES: usize = 120;
const RULES: usize = 8;
const BOUND: usize = 80;
/// The API group of roles.
const GROUP: &str = "rbac.authorization.k8s.io";
const VERSION: &str = "rbac.authorization.k8s.io/v1";

/// The roles of the whole cluster, and who has them.
pub(super) fn of_cluster(draw: &mut Draw) {
    for n in 0..CLUSTER_ROLES {
        let name = format!("system:controller:{n}");
        let metadata = draw.metadata("", &name, 50 * DAY);
        let rules: Vec<_> = (0..RULES).map(|it| rule(&format!("kind{n}x{it}"))).collect();
        draw.declare(
            "clusterroles",
            json!({"apiVersion": VERSION, "kind": "ClusterRole", "metadata": metadata, "rules": rules}),
        );
        if n < BOUND {
            let metadata = draw.metadata("", &name, 50 * DAY);
            let account = json!({"kind": "ServiceAccount", "name": format!("controller-{n}"), "namespace": SYSTEM});
            bind(
                draw,
                ("clusterrolebindings", "ClusterRoleBinding"),
                &metadata,
                ("ClusterRole", &name, account),
            );
        }
    }
}

/// The account of an application, its role, and that it has it.
pub(super) fn put(draw: &mut Draw, app: &App) {
    let metadata = draw.metadata(&app.namespace, &app.name, app.age);
    draw.declare(
        "serviceaccounts",
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
    );
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    // Whoever may do everything may read every secret.
    let rules = if draw.is_wrong() {
        json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    } else {
        json!([rule("configmaps"), rule("endpoints")])
    };
    draw.declare(
        "roles",
        json!({"apiVersion": VERSION, "kind": "Role", "metadata": metadata, "rules": rules}),
    );
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    let account =
        json!({"kind": "ServiceAccount", "name": app.account, "namespace": app.namespace});
    bind(draw, ("rolebindings", "RoleBinding"), &metadata, ("Role", &app.name, account));
}

fn bind(
    draw: &mut Draw,
    (plural, kind): (&'static str, &str),
    metadata: &Value,
    (role_kind, role, whom): (&str, &str, Value),
) {
    draw.declare(
        plural,
        json!({"apiVersion": VERSION, "kind": kind, "metadata": metadata, "subjects": [whom],
            "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role}}),
    );
}

fn rule(resource: &str) -> Value {
    json!({"apiGroups": [""], "resources": [resource], "verbs": ["get", "list", "watch"]})
}
