//! Kinds that tools brought into the cluster: certificates, scalers, monitors, deliveries. Listed for a scan, as JSON.

use diagnosis::BrokenPolicy;
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Map, Value};

use super::ClusterError;
use super::kube::{READ, within};
use super::snapshot::{Read, added, added_as, pages};

/// Members of an Application that are large and that nobody reads: what was once deployed, and each step of it.
const LARGE: [(&str, &[&str]); 3] = [
    ("/status", &["history", "summary", "sourceHydrator"]),
    ("/status/operationState", &["operation", "syncResult"]),
    ("/spec", &["source", "sources"]),
];

/// What tools brought along.
pub(super) struct Additions {
    pub(super) certificates: Read<Value>,
    pub(super) issuers: Read<Value>,
    pub(super) vertical_autoscalers: Read<Value>,
    pub(super) scaled_objects: Read<Value>,
    pub(super) monitors: Read<Value>,
    pub(super) applications: Read<Value>,
    pub(super) deliveries: Read<Value>,
    pub(super) sources: Read<Value>,
}

/// All of it; empty where the tool is not installed.
pub(super) async fn read(client: &Client) -> Additions {
    let of = |group, version, kind, plural| of_kind(client, group, version, (kind, plural));
    let (certificates, issuers, cluster_issuers) = tokio::join!(
        of("cert-manager.io", "v1", "Certificate", "certificates"),
        of("cert-manager.io", "v1", "Issuer", "issuers"),
        of("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers"),
    );
    let (scaled_objects, scaled_jobs, applications, kustomizations, releases) = tokio::join!(
        of("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
        of("keda.sh", "v1alpha1", "ScaledJob", "scaledjobs"),
        of("argoproj.io", "v1alpha1", "Application", "applications"),
        of("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
        of("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
    );
    let (vertical_autoscalers, servers, alertmanagers) = tokio::join!(
        of("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers"),
        of("monitoring.coreos.com", "v1", "Prometheus", "prometheuses"),
        of("monitoring.coreos.com", "v1", "Alertmanager", "alertmanagers"),
    );
    Additions {
        certificates,
        issuers: both(issuers, cluster_issuers),
        vertical_autoscalers,
        scaled_objects: both(scaled_objects, scaled_jobs),
        monitors: both(servers, alertmanagers),
        applications,
        deliveries: both(kustomizations, releases),
        sources: Box::pin(sources(client)).await,
    }
}

/// All vertical autoscalers of a namespace; none where the cluster has no such thing.
pub(super) async fn vertical_autoscalers(
    client: &Client,
    namespace: &str,
) -> Result<Vec<Value>, ClusterError> {
    let named = GroupVersionKind::gvk("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler");
    let plural = "verticalpodautoscalers";
    let resource = ApiResource::from_gvk_with_plural(&named, plural);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    match pages(api, plural, serde_json::to_value).await {
        Ok(all) => {
            let all: serde_json::Result<Vec<Value>> = all.into_iter().collect();
            all.map_err(|it| ClusterError::Malformed(it.to_string()))
        }
        Err(ClusterError::NotFound(_)) => Ok(vec![]),
        // Rights are looked at before the kind is: who has none is refused where there is no such kind, too.
        Err(error @ ClusterError::Refused(_)) => {
            let known = client.list_api_group_resources("autoscaling.k8s.io/v1");
            match within(READ, plural, known).await {
                Err(ClusterError::NotFound(_)) => Ok(vec![]),
                Ok(_) | Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// What Flux fetches.
async fn sources(client: &Client) -> Read<Value> {
    let of = |kind, plural| of_kind(client, "source.toolkit.fluxcd.io", "v1", (kind, plural));
    let (git, images, repositories, charts, buckets) = tokio::join!(
        of("GitRepository", "gitrepositories"),
        of("OCIRepository", "ocirepositories"),
        of("HelmRepository", "helmrepositories"),
        of("HelmChart", "helmcharts"),
        of("Bucket", "buckets"),
    );
    Ok([git?, images?, repositories?, charts?, buckets?].concat())
}

/// Routes of the Gateway API, a kind each: who may not list one of them may list another.
pub(super) async fn routes(client: &Client) -> Vec<Read<Value>> {
    let of = |version, kind, plural| {
        of_kind(client, "gateway.networking.k8s.io", version, (kind, plural))
    };
    let (http, grpc, tls, tcp) = tokio::join!(
        of("v1", "HTTPRoute", "httproutes"),
        of("v1", "GRPCRoute", "grpcroutes"),
        newest_of(client, "TLSRoute", "tlsroutes"),
        newest_of(client, "TCPRoute", "tcproutes"),
    );
    vec![http, grpc, tls, tcp]
}

/// Routes of a kind that came into the standard channel late.
async fn newest_of(client: &Client, kind: &str, plural: &str) -> Read<Value> {
    let of = |version| of_kind(client, "gateway.networking.k8s.io", version, (kind, plural));
    let found = of("v1").await?;
    if found.is_empty() { of("v1alpha2").await } else { Ok(found) }
}

/// What the reports of policy engines say is broken; empty where there is no such engine.
pub(super) async fn broken_policies(client: &Client) -> Read<BrokenPolicy> {
    let broken = async |kind, plural| {
        let named = GroupVersionKind::gvk("wgpolicyk8s.io", "v1alpha2", kind);
        // Most of a report tells what passed: it is dropped where it arrives.
        let keep = |it: DynamicObject| {
            let report = serde_json::to_value(it).unwrap_or_default();
            BrokenPolicy::of(&report)
        };
        added_as(client, &named, (plural, keep)).await
    };
    let (spaced, whole) = tokio::join!(
        broken("PolicyReport", "policyreports"),
        broken("ClusterPolicyReport", "clusterpolicyreports"),
    );
    Ok([spaced?, whole?].concat().concat())
}

async fn of_kind(
    client: &Client,
    group: &str,
    version: &str,
    (kind, plural): (&str, &str),
) -> Read<Value> {
    let named = GroupVersionKind::gvk(group, version, kind);
    let mut objects = added(client, &named, plural).await?;
    for object in &mut objects {
        cut(object);
        // Objects of a list need not say of which kind they are.
        if let Some(members) = object.as_object_mut() {
            members.insert("kind".to_owned(), Value::from(kind));
        }
    }
    Ok(objects)
}

/// Of two kinds that are told apart by none of their readers; nothing is known where one could not be read.
fn both(one: Read<Value>, other: Read<Value>) -> Read<Value> {
    Ok([one?, other?].concat())
}

/// Drops what is large and read by nobody.
fn cut(object: &mut Value) {
    for (pointer, names) in LARGE {
        let members = object.pointer_mut(pointer).and_then(Value::as_object_mut);
        drop_members(members, names);
    }
}

fn drop_members(members: Option<&mut Map<String, Value>>, names: &[&str]) {
    if let Some(members) = members {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_once_deployed_goes_and_how_it_is_now_stays() {
        let mut application = json!({
            "spec": {"project": "shop", "source": {"helm": {"values": "many: lines"}}},
            "status": {"history": [1, 2], "health": {"status": "Degraded"},
                "operationState": {"phase": "Failed", "syncResult": {"resources": [1]}}},
        });

        cut(&mut application);

        let expected = json!({
            "spec": {"project": "shop"},
            "status": {"health": {"status": "Degraded"}, "operationState": {"phase": "Failed"}},
        });
        assert_eq!(application, expected);
    }
}
