//! Bounds: budgets and autoscalers of applications, quotas and limit ranges of namespaces.

use serde_json::{Value, json};

use super::events::warn;
use super::workloads::App;
use super::{Draw, written_by};

const DAY: usize = 24 * 60 * 60;

/// The quota and the limit range of a namespace.
pub(super) fn of_namespace(draw: &mut Draw, namespace: &str) {
    let metadata = draw.metadata(namespace, "default", 50 * DAY);
    let hard = json!({"pods": "1000", "requests.cpu": "400", "requests.memory": "800Gi"});
    // One that is used up lets nothing new in.
    let pods = if draw.is_wrong() { "1000" } else { "200" };
    let used = json!({"pods": pods, "requests.cpu": "20", "requests.memory": "50Gi"});
    let mut quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata,
        "spec": {"hard": hard}});
    let status = json!({"hard": hard, "used": used});
    written_by(&mut quota, "helm", ("kube-controller-manager", status));
    draw.put("resourcequotas", quota);
    let metadata = draw.metadata(namespace, "default", 50 * DAY);
    draw.declare(
        "limitranges",
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [
            {"type": "Container", "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
                "default": {"memory": "256Mi"}, "max": {"cpu": "64", "memory": "64Gi"}}]}}),
    );
}

/// The disruption budget and the autoscaler of an application.
pub(super) fn put(draw: &mut Draw, app: &App) {
    budget(draw, app);
    autoscaler(draw, app);
}

fn budget(draw: &mut Draw, app: &App) {
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    metadata["generation"] = json!(1);
    // One that wants all of them lets no node be drained.
    let wants_all = draw.is_wrong();
    let (bound, wanted) = if wants_all {
        (json!({"minAvailable": app.replicas}), app.replicas)
    } else {
        (json!({"maxUnavailable": 1}), app.replicas.saturating_sub(1))
    };
    let mut spec = json!({"selector": {"matchLabels": app.selector()}});
    merge(&mut spec, bound);
    let allowed = app.ready().saturating_sub(wanted);
    let (is_allowed, reason) =
        if allowed == 0 { ("False", "InsufficientPods") } else { ("True", "SufficientPods") };
    let status = json!({"observedGeneration": 1, "expectedPods": app.replicas, "desiredHealthy": wanted,
        "currentHealthy": app.ready(), "disruptionsAllowed": allowed, "conditions": [
            {"type": "DisruptionAllowed", "status": is_allowed, "reason": reason, "message": "",
                "observedGeneration": 1, "lastTransitionTime": draw.ago(app.age)}]});
    let mut object = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": metadata, "spec": spec});
    written_by(&mut object, "helm", ("kube-controller-manager", status));
    draw.put("poddisruptionbudgets", object);
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

fn autoscaler(draw: &mut Draw, app: &App) {
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    let is_blind = draw.is_wrong();
    let is_at_limit = !is_blind && draw.is_wrong();
    let most = if is_at_limit { app.replicas } else { 2 * app.replicas };
    let spec = json!({"minReplicas": 1, "maxReplicas": most,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.name},
        "metrics": [{"type": "Resource", "resource": {"name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 80}}}]});
    let at = draw.ago(app.age);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at});
    let active = if is_blind {
        condition("ScalingActive", "False", "FailedGetResourceMetric", BLIND)
    } else {
        condition(
            "ScalingActive",
            "True",
            "ValidMetricFound",
            "the HPA was able to compute the replica count",
        )
    };
    let limited = if is_at_limit {
        condition(
            "ScalingLimited",
            "True",
            "TooManyReplicas",
            "the desired replica count is more than the maximum replica count",
        )
    } else {
        condition(
            "ScalingLimited",
            "False",
            "DesiredWithinRange",
            "the desired count is within the range",
        )
    };
    let able = condition(
        "AbleToScale",
        "True",
        "ReadyForNewScale",
        "recommended size matches current size",
    );
    let status = json!({"currentReplicas": app.replicas, "desiredReplicas": app.replicas,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu",
            "current": {"averageUtilization": 40, "averageValue": "40m"}}}],
        "conditions": [able, active, limited]});
    let mut object = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": metadata, "spec": spec});
    written_by(&mut object, "helm", ("kube-controller-manager", status));
    if is_blind {
        warn(draw, &object, "horizontal-pod-autoscaler", ("FailedGetResourceMetric", BLIND));
    }
    draw.put("horizontalpodautoscalers", object);
}

/// What an autoscaler says that gets no metrics.
const BLIND: &str = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get \
    metrics for resource cpu: no metrics returned from resource metrics API";
