//! Who else writes a workload, and what the guard makes of it.

use remedy::{Authority, Past, Policy, World};
use types::{Evidence, Mode, Owner, Strategy};

use crate::casebook::gathered;

const MEMORY: &str = "/spec/template/spec/containers/0/resources";

/// A workload that is killed for memory, as a person applied it, with more metadata and objects beside it.
fn page(metadata: &str, beside: &str) -> Evidence {
    gathered(&format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: web
  resourceVersion: '7'
{metadata}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: app, image: 'shop/web:1', resources: {{limits: {{memory: 128Mi}}, requests: {{memory: 64Mi}}}}}}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: shop
  uid: web-1
  labels: {{app: web}}
  ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: web, controller: true}}]
spec: {{nodeName: node1, containers: [{{name: app, image: 'shop/web:1', resources: {{limits: {{memory: 128Mi}}, requests: {{memory: 64Mi}}}}}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'False'}}]
  containerStatuses:
  - name: app
    image: shop/web:1
    imageID: ''
    ready: false
    restartCount: 6
    state: {{waiting: {{reason: CrashLoopBackOff}}}}
    lastState: {{terminated: {{exitCode: 137, reason: OOMKilled, startedAt: '2026-11-24T02:57:00Z', finishedAt: '2026-11-24T02:58:00Z'}}}}
---
apiVersion: v1
kind: Node
metadata: {{name: node1, uid: node1}}
status: {{allocatable: {{cpu: '4', memory: 8Gi, pods: '110'}}, conditions: [{{type: Ready, status: 'True'}}]}}
{beside}"
    ))
}

/// What the guard says of more memory, by a person's yes: the code of its refusal.
fn guard(evidence: &Evidence) -> Result<(), &'static str> {
    let diagnoses = diagnosis::diagnose(evidence);
    let plans = remedy::plans(&diagnoses, evidence);
    let plan = plans.into_iter().find(|it| it.strategy.name() == raise().name()).unwrap();
    let world = World {
        now: evidence.taken_at,
        mode: Mode::Auto,
        authority: Authority::Person("kim".to_owned()),
        authenticated: true,
        policy_given: true,
        enrolled: true,
        evidence,
        writes: &[],
        past: Past::default(),
        unhealthy: 1,
        workloads: 20,
        own_namespaces: vec![],
        last_storm: None,
        accepted: None,
    };
    remedy::approve(plan, &Policy::default(), &world).map(|_| ()).map_err(|it| it.code())
}

fn raise() -> Strategy {
    Strategy::RaiseMemoryLimit { halves: 0 }
}

#[track_caller]
fn check(metadata: &str, beside: &str, expected: Result<(), &'static str>) {
    let evidence = page(metadata, beside);
    assert_eq!(guard(&evidence), expected, "{:?}", evidence.workload.owners);
}

const THEIRS: Result<(), &str> = Err("owned_elsewhere");

/// The entry of a field manager that holds the container's image and resources.
fn entry(manager: &str, operation: &str, fields: &str) -> String {
    format!(
        "  - {{manager: {manager}, operation: {operation}, apiVersion: apps/v1, fieldsType: FieldsV1, time: '2026-11-20T22:14:46Z', fieldsV1: {{f:metadata: {{f:annotations: {{'.': {{}}, 'f:kubectl.kubernetes.io/last-applied-configuration': {{}}}}, f:labels: {{'.': {{}}, 'f:app.kubernetes.io/instance': {{}}}}}}, f:spec: {{f:replicas: {{}}, f:selector: {{}}, f:template: {{f:spec: {{f:containers: {{'k:{{\"name\":\"app\"}}': {{{fields}}}}}}}}}}}}}}}\n"
    )
}

const ALL: &str = "'.': {}, f:image: {}, f:name: {}, f:resources: {'.': {}, f:limits: {'.': {}, f:memory: {}}, f:requests: {'.': {}, f:memory: {}}}";
const NO_LIMIT: &str = "'.': {}, f:image: {}, f:name: {}";
const LIMIT: &str = "f:resources: {f:limits: {f:memory: {}}}";

fn labelled(entries: &str) -> String {
    format!("  labels: {{app.kubernetes.io/instance: shop-web}}\n  managedFields:\n{entries}")
}

#[test]
fn what_argo_cd_writes_is_its_own_by_its_name_where_it_tracks_by_a_label() {
    for manager in ["argocd-controller", "argocd-application-controller"] {
        check(&labelled(&entry(manager, "Update", ALL)), "", THEIRS);
        check(&labelled(&entry(manager, "Apply", ALL)), "", THEIRS);
    }
    // The label is what charts and people set as well.
    check(&labelled(&entry("kubectl-client-side-apply", "Update", ALL)), "", Ok(()));
    check("  labels: {app.kubernetes.io/instance: shop-web}", "", Ok(()));
}

#[test]
fn a_field_that_a_person_set_after_a_tool_is_the_persons() {
    for tool in ["argocd-controller", "helm"] {
        let both = entry(tool, "Update", NO_LIMIT) + &entry("kubectl-edit", "Update", LIMIT);
        check(&labelled(&both), "", Ok(()));
        let other = entry(tool, "Update", LIMIT) + &entry("kubectl-edit", "Update", NO_LIMIT);
        check(&labelled(&other), "", THEIRS);
    }
}

#[test]
fn what_helm_or_flux_wrote_is_theirs_without_a_mark() {
    for manager in ["helm", "helm-controller", "terraform-provider-helm_v2.13.0_x5", "deploy@node1"]
    {
        check(&labelled(&entry(manager, "Update", ALL)), "", THEIRS);
    }
    check(&labelled(&entry("kustomize-controller", "Apply", ALL)), "", THEIRS);
    for script in ["Go-http-client", "python-requests", "helmut", "argocd-server"] {
        let entries = entry(script, "Update", ALL);
        assert_eq!(guard(&page(&labelled(&entries), "")), Ok(()), "{script}");
    }
}

/// A vertical autoscaler of this target, with more of its spec.
fn vertical(target: &str, spec: &str) -> String {
    format!(
        "---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {{name: web, namespace: shop, uid: vpa}}
spec: {{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}{spec}}}
"
    )
}

#[test]
fn a_vertical_autoscaler_that_has_not_acted_yet_owns_what_containers_ask_for() {
    for spec in [
        "",
        ", updatePolicy: {updateMode: Auto}",
        ", updatePolicy: {updateMode: Initial}",
        ", resourcePolicy: {containerPolicies: [{containerName: proxy, mode: 'Off'}]}",
        ", resourcePolicy: {containerPolicies: [{containerName: '*', mode: 'Off'}, {containerName: app, mode: Auto}]}",
    ] {
        check("", &vertical("web", spec), THEIRS);
    }
    for spec in [
        ", updatePolicy: {updateMode: 'Off'}",
        ", resourcePolicy: {containerPolicies: [{containerName: app, mode: 'Off'}]}",
        ", resourcePolicy: {containerPolicies: [{containerName: '*', mode: 'Off'}]}",
    ] {
        check("", &vertical("web", spec), Ok(()));
    }
    check("", &vertical("orders", ""), Ok(()));
    let owners = page("", &vertical("web", "")).workload.owners;
    assert_eq!(told(&owners), [("vpa", "VerticalPodAutoscaler web", MEMORY)]);
}

/// Names, marks and first fields.
fn told(owners: &[Owner]) -> Vec<(&str, &str, &str)> {
    owners
        .iter()
        .map(|it| (&*it.name, &*it.mark, it.fields.first().map_or("", |it| &**it)))
        .collect()
}

#[test]
fn horizontal_autoscalers_own_the_number_of_replicas_and_nothing_else() {
    let scaler = |labels: &str| {
        format!(
            "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web, namespace: shop, uid: hpa, labels: {{{labels}}}}}
spec: {{maxReplicas: 5, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}
"
        )
    };
    for (labels, name) in [("", "hpa"), ("scaledobject.keda.sh/name: web", "keda")] {
        let evidence = page("", &scaler(labels));

        let mark = "HorizontalPodAutoscaler web";
        assert_eq!(told(&evidence.workload.owners), [(name, mark, "/spec/replicas")]);
        assert_eq!(guard(&evidence), Ok(()));
    }
}

#[test]
fn who_controls_a_workload_owns_it_as_a_whole() {
    let mut evidence = page("", "");
    assert_eq!(guard(&evidence), Ok(()));
    let mark = "ownerReference to Rollout web".to_owned();
    evidence.workload.owners = vec![Owner { name: "Rollout".to_owned(), mark, fields: vec![] }];
    assert_eq!(guard(&evidence), THEIRS);
}
