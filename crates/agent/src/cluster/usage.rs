//! What nodes and containers use, where a metrics server tells (`metrics.k8s.io/v1beta1`).

use diagnosis::Usage;
use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use serde::Deserialize;
use serde_json::Value;
use types::Quantity;

use super::kube::{READ, within};
use super::{ClusterError, NodeUsage};

#[derive(Default, Deserialize)]
struct Amounts {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    name: String,
    usage: Amounts,
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
    let resource = resource("PodMetrics", "pods");
    let api = Api::namespaced_with(client.clone(), namespace, &resource);
    let of_pod = |it: DynamicObject| {
        let pod = it.name_any();
        let containers = part::<Vec<ContainerMetrics>>(&it.data, "containers").unwrap_or_default();
        containers.into_iter().map(move |container| Usage {
            pod: pod.clone(),
            cpu_millis: container.usage.cpu_millis(),
            memory_bytes: container.usage.memory_bytes(),
            container: container.name,
        })
    };
    Ok(list(api).await?.into_iter().flat_map(of_pod).collect())
}

async fn list(api: Api<DynamicObject>) -> Result<Vec<DynamicObject>, ClusterError> {
    let list = within(READ, "metrics.k8s.io", api.list(&ListParams::default())).await?;
    Ok(list.items)
}

fn part<T: serde::de::DeserializeOwned>(object: &Value, name: &str) -> Option<T> {
    object.get(name).and_then(|it| T::deserialize(it).ok())
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: "metrics.k8s.io".to_owned(),
        version: "v1beta1".to_owned(),
        api_version: "metrics.k8s.io/v1beta1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
