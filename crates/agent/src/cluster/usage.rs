//! What nodes and containers use, where a metrics server tells (`metrics.k8s.io/v1beta1`).

use std::collections::BTreeMap;

use diagnosis::Usage;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::Request;
use kube::discovery::ApiResource;
use kube::{Client, Resource, ResourceExt};
use serde::Deserialize;
use serde_json::Value;
use types::Quantity;

use super::kube::{READ, within};
use super::{ClusterError, NodeUsage, UsageRead};

/// The API group.
const GROUP: &str = "metrics.k8s.io";

#[derive(Default, Deserialize)]
struct Amounts {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    name: String,
    #[serde(default)]
    usage: Amounts,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Place,
    containers: Option<Vec<ContainerMetrics>>,
}

#[derive(Deserialize)]
struct List {
    items: Option<Vec<PodMetrics>>,
}

impl PodMetrics {
    /// What its containers use, with its namespace.
    fn containers(self) -> (String, Vec<Usage>) {
        let Self { metadata, containers } = self;
        let usage = containers.into_iter().flatten().map(|container| Usage {
            pod: metadata.name.clone(),
            cpu_millis: container.usage.cpu_millis(),
            memory_bytes: container.usage.memory_bytes(),
            container: container.name,
        });
        let usage = usage.collect();
        (metadata.namespace, usage)
    }
}

impl Amounts {
    /// Thousandths of a processor.
    fn cpu_millis(&self) -> u64 {
        self.cpu.as_ref().and_then(millicores).unwrap_or(0)
    }

    fn memory_bytes(&self) -> u64 {
        self.memory.as_ref().and_then(Quantity::units).unwrap_or(0)
    }
}

/// A metrics server counts in billionths, which no manifest does.
fn millicores(amount: &Quantity) -> Option<u64> {
    if let Some(billionths) = amount.0.strip_suffix('n') {
        return billionths.parse::<u64>().ok().map(|it| it.div_ceil(1_000_000));
    }
    if let Some(millionths) = amount.0.strip_suffix('u') {
        return millionths.parse::<u64>().ok().map(|it| it.div_ceil(1000));
    }
    amount.milli_units()
}

/// What each node uses. `NotFound` where no metrics server is installed.
pub(super) async fn of_nodes(client: &Client) -> Result<Vec<NodeUsage>, ClusterError> {
    let api = Api::all_with(client.clone(), &resource("NodeMetrics", "nodes"));
    let of_node = |it: DynamicObject| {
        let usage = part::<Amounts>(&it.data, "usage").unwrap_or_default();
        NodeUsage {
            node: it.name_any(),
            cpu_millis: usage.cpu_millis(),
            memory_bytes: usage.memory_bytes(),
        }
    };
    Ok(list(api).await?.into_iter().map(of_node).collect())
}

/// What each container of the namespace uses. `NotFound` where no metrics server is installed.
pub(super) async fn of_containers(
    client: &Client,
    namespace: &str,
) -> Result<Vec<Usage>, ClusterError> {
    let pods = pods(client, Some(namespace)).await?;
    Ok(pods.into_iter().flat_map(|it| it.containers().1).collect())
}

/// What each container uses, in one namespace or in all, by namespace, and what of it could not be read; `None` where
/// no metrics server is installed.
pub(super) async fn of_cluster(client: &Client, namespace: Option<&str>) -> UsageRead {
    match pods(client, namespace).await {
        Ok(pods) => {
            let mut all: BTreeMap<String, Vec<Usage>> = BTreeMap::new();
            for (namespace, containers) in pods.into_iter().map(PodMetrics::containers) {
                all.entry(namespace).or_default().extend(containers);
            }
            (Some(all), vec![])
        }
        Err(ClusterError::NotFound(_)) => (None, vec![]),
        Err(error) => (None, vec![format!("pods of {GROUP}: {error}")]),
    }
}

/// What pods use. A metrics server answers with all at once: nothing but what is read of it is kept.
async fn pods(client: &Client, namespace: Option<&str>) -> Result<Vec<PodMetrics>, ClusterError> {
    let url = DynamicObject::url_path(&resource("PodMetrics", "pods"), namespace);
    let request = Request::new(url).list(&ListParams::default());
    let request = request.map_err(|it| ClusterError::Refused(format!("no request: {it}")))?;
    let list: List = within(READ, GROUP, client.request(request)).await?;
    Ok(list.items.unwrap_or_default())
}

async fn list(api: Api<DynamicObject>) -> Result<Vec<DynamicObject>, ClusterError> {
    let list = within(READ, GROUP, api.list(&ListParams::default())).await?;
    Ok(list.items)
}

fn part<T: serde::de::DeserializeOwned>(object: &Value, name: &str) -> Option<T> {
    object.get(name).and_then(|it| T::deserialize(it).ok())
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: GROUP.to_owned(),
        version: "v1beta1".to_owned(),
        api_version: format!("{GROUP}/v1beta1"),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_may_be_written_as_null() {
        let list: List = serde_json::from_str(
            r#"{"items": [{"metadata": {"name": "web", "namespace": "shop"}, "containers": null}]}"#,
        )
        .unwrap();
        let none: List = serde_json::from_str(r#"{"items": null}"#).unwrap();

        let pods = list.items.into_iter().flatten().map(PodMetrics::containers);
        assert_eq!(pods.collect::<Vec<_>>(), [("shop".to_owned(), vec![])]);
        assert!(none.items.is_none());
    }

    #[test]
    fn a_metrics_server_may_count_in_billionths() {
        let amount = |it: &str| millicores(&Quantity(it.to_owned()));

        assert_eq!(amount("156340123n"), Some(157));
        assert_eq!(amount("2500u"), Some(3));
        assert_eq!(amount("250m"), Some(250));
        assert_eq!(amount("2"), Some(2000));
        assert_eq!(amount("much"), None);
    }
}
