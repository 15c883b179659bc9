//! The classes that exist, where a template names one: their names and nothing else.

use diagnosis::Root;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use kube::api::{Api, ListParams};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::ClusterError;
use super::kube::{KubeCluster, READ, within};

/// A cluster has a handful of classes.
const MAX_CLASSES: u32 = 500;

/// The names of classes; `None` where the template names none.
pub(super) struct Classes {
    pub(super) priority: Option<Result<Vec<String>, ClusterError>>,
    pub(super) runtime: Option<Result<Vec<String>, ClusterError>>,
}

/// The classes of the kinds that the template of this root names one of.
pub(super) async fn of_template(cluster: &KubeCluster, root: &Root) -> Classes {
    let spec = root.pod_spec();
    let names_priority = spec.is_some_and(|it| it.priority_class_name.is_some());
    let names_runtime = spec.is_some_and(|it| it.runtime_class_name.is_some());
    let priority =
        async { if names_priority { Some(names::<PriorityClass>(cluster).await) } else { None } };
    let runtime =
        async { if names_runtime { Some(names::<RuntimeClass>(cluster).await) } else { None } };
    let (priority, runtime) = tokio::join!(priority, runtime);
    Classes { priority, runtime }
}

async fn names<K>(cluster: &KubeCluster) -> Result<Vec<String>, ClusterError>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let api = Api::<K>::all(cluster.client.clone());
    let params = ListParams::default().limit(MAX_CLASSES);
    let list = within(READ, &K::plural(&()), api.list_metadata(&params)).await?;
    Ok(list.items.iter().map(ResourceExt::name_any).collect())
}
