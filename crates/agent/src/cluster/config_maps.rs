//! The ConfigMaps around a workload: names and keys, and what few of them say that its template refers to.

use std::collections::BTreeSet;
use std::sync::Arc;

use diagnosis::{ConfigMapKeys, Root, Texts};
use k8s_openapi::api::core::v1::{ConfigMap, Container, Event, Pod, PodSpec};
use kube::ResourceExt;
use kube::api::{Api, ListParams};

use super::ClusterError;
use super::gather::list;
use super::kube::{KubeCluster, READ, within};

/// More references than this in one template are looked up by one list instead of one by one, and no more are searched.
const MAX_SINGLE: usize = 4;

/// The names of ConfigMaps that somebody has to know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Those that the template of the root or its pods refer to.
    referred_to: BTreeSet<String>,
    /// Those of Secrets that are said not to be there: a ConfigMap may have been meant.
    perhaps: BTreeSet<String>,
}

/// The names of the ConfigMaps that the template of the root or its pods refer to, and of the Secrets that they refer
/// to in vain, as the kubelet says of a container or in an event.
pub(super) fn wanted(pods: &[Arc<Pod>], root: Option<&Root>, events: &[Arc<Event>]) -> Wanted {
    let specs = pods.iter().filter_map(|it| it.spec.as_ref());
    let secrets = specs.chain(root.and_then(template)).flat_map(diagnosis::named_secrets);
    let statuses = pods.iter().filter_map(|it| it.status.as_ref());
    let containers = statuses.flat_map(|it| {
        let first = it.init_container_statuses.iter().flatten();
        first.chain(it.container_statuses.iter().flatten())
    });
    let waiting = containers.filter_map(|it| it.state.as_ref()?.waiting.as_ref()?.message.as_ref());
    let said: Vec<_> = waiting.chain(events.iter().filter_map(|it| it.message.as_ref())).collect();
    let is_missing = |name: &String| {
        let absence = format!("secret \"{name}\" not found");
        said.iter().any(|it| it.contains(&absence))
    };
    let referred_to = referred_to(pods, root);
    let perhaps = secrets.filter(|it| !referred_to.contains(it) && is_missing(it)).collect();
    Wanted { referred_to, perhaps }
}

/// The ConfigMaps of the namespace with their keys, as far as somebody has to know them.
///
/// While everything that is referred to is there, nothing else is read: a namespace may hold megabytes of
/// ConfigMaps. Where something is missing, all are read, to find the near miss. What any other says than the few
/// that are referred to is let go of at once.
pub(super) async fn read(
    cluster: &KubeCluster,
    namespace: &str,
    wanted: &Wanted,
) -> Result<Vec<ConfigMapKeys>, ClusterError> {
    let Wanted { referred_to, perhaps } = wanted;
    if referred_to.len() <= MAX_SINGLE {
        let api = Api::<ConfigMap>::namespaced(cluster.client.clone(), namespace);
        let namesakes = perhaps.iter().take(MAX_SINGLE);
        let namesakes = namesakes.map(|it| within(READ, it, api.get_opt(it)));
        let each = referred_to.iter().map(|it| within(READ, it, api.get_opt(it)));
        let found = futures::future::try_join_all(each).await?;
        let found: Option<Vec<_>> = found.into_iter().collect();
        if let Some(found) = found {
            let namesakes = futures::future::try_join_all(namesakes).await?;
            let namesakes = namesakes.iter().flatten().map(ConfigMapKeys::of);
            return Ok(found.iter().map(ConfigMapKeys::with_texts).chain(namesakes).collect());
        }
    }
    let all = list::<ConfigMap>(cluster, namespace, ListParams::default()).await?;
    let searched: Vec<_> = referred_to.iter().take(MAX_SINGLE).collect();
    let of = |it: &ConfigMap| {
        let is_searched = searched.iter().any(|name| **name == it.name_any());
        if is_searched { ConfigMapKeys::with_texts(it) } else { ConfigMapKeys::of(it) }
    };
    Ok(all.iter().map(of).collect())
}

/// The same, where nobody has a word to look for: what they say is let go of.
pub(super) fn unsearched(maps: Vec<ConfigMapKeys>) -> Vec<ConfigMapKeys> {
    maps.into_iter().map(|it| ConfigMapKeys { texts: Texts::default(), ..it }).collect()
}

/// The names of the ConfigMaps that the template of the root or its pods refer to.
fn referred_to(pods: &[Arc<Pod>], root: Option<&Root>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let specs = pods.iter().filter_map(|it| it.spec.as_ref());
    for spec in specs.chain(root.and_then(template)) {
        in_spec(spec, &mut names);
    }
    names
}

fn template(root: &Root) -> Option<&PodSpec> {
    match root {
        Root::Service(_) => None,
        Root::Pod(it) => it.spec.as_ref(),
        Root::Deployment(it) => it.spec.as_ref()?.template.spec.as_ref(),
        Root::ReplicaSet(it) => it.spec.as_ref()?.template.as_ref()?.spec.as_ref(),
        Root::StatefulSet(it) => it.spec.as_ref()?.template.spec.as_ref(),
        Root::DaemonSet(it) => it.spec.as_ref()?.template.spec.as_ref(),
        Root::Job(it) => it.spec.as_ref()?.template.spec.as_ref(),
        Root::CronJob(it) => it.spec.job_template.spec.as_ref()?.template.spec.as_ref(),
    }
}

fn in_spec(spec: &PodSpec, names: &mut BTreeSet<String>) {
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        in_container(container, names);
    }
    for volume in spec.volumes.iter().flatten() {
        names.extend(volume.config_map.iter().map(|it| it.name.clone()));
        let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
        names.extend(sources.filter_map(|it| Some(it.config_map.as_ref()?.name.clone())));
    }
    // Written by Kubernetes itself into every namespace.
    names.remove("kube-root-ca.crt");
}

fn in_container(container: &Container, names: &mut BTreeSet<String>) {
    let whole = container.env_from.iter().flatten();
    names.extend(whole.filter_map(|it| Some(it.config_map_ref.as_ref()?.name.clone())));
    let keys = container.env.iter().flatten().filter_map(|it| it.value_from.as_ref());
    names.extend(keys.filter_map(|it| Some(it.config_map_key_ref.as_ref()?.name.clone())));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_searches_is_let_go_of() {
        let map: ConfigMap = serde_json::from_value(json!({
            "metadata": {"name": "a"}, "data": {"url": "pg://db"}, "binaryData": {"blob": "AA=="}}))
        .unwrap();

        let searched = ConfigMapKeys::with_texts(&map);

        assert_ne!(searched.texts, Texts::default());
        assert_eq!(unsearched(vec![searched]), [ConfigMapKeys::of(&map)]);
        assert_eq!(ConfigMapKeys::of(&map).keys, ["url", "blob"]);
    }

    #[test]
    fn a_config_map_is_looked_for_where_a_secret_of_its_name_is_missing_and_no_other() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "web-1"}, "spec": {
            "containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "a"}},
                {"secretRef": {"name": "b"}}, {"secretRef": {"name": "there"}}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "c"}}]},
            "status": {"containerStatuses": [{"name": "app", "image": "", "imageID": "", "ready": false,
                "restartCount": 0, "state": {"waiting": {"message": "secret \"b\" not found"}}}]}}))
        .unwrap();
        let event: Event = serde_json::from_value(json!({"metadata": {}, "involvedObject": {},
            "message": "MountVolume.SetUp failed for volume \"v\" : secret \"c\" not found, secret \"../x\" not found"}))
        .unwrap();

        let wanted = wanted(&[Arc::new(pod)], None, &[Arc::new(event)]);

        let of = |it: BTreeSet<String>| it.into_iter().collect::<Vec<_>>();
        assert_eq!(of(wanted.referred_to), ["a"]);
        assert_eq!(of(wanted.perhaps), ["b", "c"]);
    }

    #[test]
    fn every_way_to_refer_to_a_config_map_is_known() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {}, "spec": {
            "initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "a"}}]}],
            "containers": [{"name": "app", "env": [
                {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "b", "key": "x"}}}]}],
            "volumes": [
                {"name": "v", "configMap": {"name": "c"}},
                {"name": "p", "projected": {"sources": [{"configMap": {"name": "d"}},
                    {"configMap": {"name": "kube-root-ca.crt"}}]}}]}}))
        .unwrap();

        let names = referred_to(&[Arc::new(pod)], None);

        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }
}
