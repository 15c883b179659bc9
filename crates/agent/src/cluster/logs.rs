//! The ends of the logs of failing containers.

use std::sync::Arc;

use diagnosis::Log;
use futures::AsyncReadExt;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;
use kube::api::{Api, LogParams};

use super::ClusterError;
use super::kube::{KubeCluster, READ, within};

/// The most that is read of one log, in bytes and in lines: a usage text, a trace or a farewell may be long.
const MAX_BYTES: u64 = 64 * 1024;
const MAX_LINES: i64 = 200;
/// Lines that are read where those would be too many bytes: the limit would cut off the end.
const FEW_LINES: i64 = 40;
/// How many failing containers are asked: replicas of one owner fail alike.
const MAX_CONTAINERS: usize = 3;

/// What was read, and what was not.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) logs: Vec<Log>,
    pub(super) unread: Vec<String>,
}

/// The logs of the containers that failed last, current and previous.
pub(super) async fn of_failing(cluster: &KubeCluster, pods: &[Arc<Pod>]) -> Logs {
    let wanted: Vec<_> = pods.iter().flat_map(|it| failing(it)).take(2 * MAX_CONTAINERS).collect();
    let each = wanted.iter().map(|it| newest(cluster, it));
    let mut logs = Logs::default();
    for (wish, answer) in wanted.iter().zip(futures::future::join_all(each).await) {
        match answer {
            // The kubelet has thrown it away meanwhile: that, too, is a container without a log.
            Ok(text) if is_gone(&text) => {}
            Ok(text) => logs.logs.push(Log {
                pod: wish.pod.clone(),
                container: wish.container.clone(),
                previous: wish.previous,
                text,
            }),
            // The runtime keeps no log for a container that never ran: that is no failed read.
            Err(ClusterError::NotFound(_) | ClusterError::Refused(_)) => {}
            Err(error) => logs.unread.push(format!("log of {}: {error}", wish.container)),
        }
    }
    logs
}

/// One log that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    namespace: String,
    pod: String,
    container: String,
    previous: bool,
    /// Whether nothing runs: what is called current is the newest end then.
    waits: bool,
}

fn failing(pod: &Pod) -> Vec<Wish> {
    let Some(status) = &pod.status else { return vec![] };
    let first = status.init_container_statuses.iter().flatten();
    let containers = first.chain(status.container_statuses.iter().flatten());
    containers.flat_map(|it| of_container(pod, it)).collect()
}

fn of_container(pod: &Pod, status: &ContainerStatus) -> Vec<Wish> {
    let wish = |previous| Wish {
        namespace: pod.namespace().unwrap_or_default(),
        pod: pod.name_any(),
        container: status.name.clone(),
        previous,
        waits: status.state.as_ref().is_some_and(|it| it.waiting.is_some()),
    };
    let state = status.state.as_ref();
    let ended = state.and_then(|it| it.terminated.as_ref());
    let failed = ended.is_some_and(|it| it.exit_code != 0);
    let running = state.is_some_and(|it| it.running.is_some());
    let mut wishes = vec![];
    if failed || running && !status.ready {
        wishes.push(wish(false));
    }
    if status.last_state.as_ref().is_some_and(|it| it.terminated.is_some()) {
        wishes.push(wish(true));
    }
    wishes
}

/// Whether this is the kubelet's word, with a status of success, that it has no such log any more.
fn is_gone(text: &str) -> bool {
    text.starts_with("unable to retrieve container logs for ")
}

/// The log of the last end. The status may be one restart behind: the one that it tells of is gone then.
async fn newest(cluster: &KubeCluster, wish: &Wish) -> Result<String, ClusterError> {
    let answer = read(cluster, wish).await;
    let is_none = match &answer {
        Ok(text) => text.is_empty() || is_gone(text),
        Err(ClusterError::NotFound(_) | ClusterError::Refused(_)) => true,
        Err(_) => false,
    };
    if is_none && wish.previous && wish.waits {
        return read(cluster, &Wish { previous: false, ..wish.clone() }).await;
    }
    answer
}

async fn read(cluster: &KubeCluster, wish: &Wish) -> Result<String, ClusterError> {
    let text = tail(cluster, wish, MAX_LINES).await?;
    let is_cut = usize::try_from(MAX_BYTES).is_ok_and(|most| most <= text.len());
    if is_cut { tail(cluster, wish, FEW_LINES).await } else { Ok(text) }
}

async fn tail(cluster: &KubeCluster, wish: &Wish, lines: i64) -> Result<String, ClusterError> {
    let api = Api::<Pod>::namespaced(cluster.client.clone(), &wish.namespace);
    let params = LogParams {
        container: Some(wish.container.clone()),
        previous: wish.previous,
        tail_lines: Some(lines),
        limit_bytes: i64::try_from(MAX_BYTES).ok(),
        ..LogParams::default()
    };
    let call = async {
        let mut bytes = vec![];
        let stream = api.log_stream(&wish.pod, &params).await?;
        stream.take(MAX_BYTES).read_to_end(&mut bytes).await.map_err(kube::Error::ReadEvents)?;
        // What a program writes is not always text.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    within(READ, &wish.pod, call).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_word_that_there_is_no_log_is_no_log() {
        assert!(is_gone("unable to retrieve container logs for containerd://8ab18aa92461905867"));
        assert!(!is_gone("dial tcp 10.96.0.12:5432: connect: connection refused"));
    }

    #[track_caller]
    fn check(status: &Value, expected: &[bool]) {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "status": {"containerStatuses": [status]}}))
        .unwrap();
        let previous: Vec<_> = failing(&pod).iter().map(|it| it.previous).collect();
        assert_eq!(previous, expected);
    }

    fn status(state: &Value, last: &Value, ready: bool) -> Value {
        json!({"name": "app", "image": "i", "imageID": "", "ready": ready, "restartCount": 0,
            "state": state, "lastState": last})
    }

    #[test]
    fn only_containers_that_ran_and_failed_have_a_log_worth_reading() {
        let none = json!({});
        let waiting = json!({"waiting": {"reason": "ImagePullBackOff"}});
        let ended = json!({"terminated": {"exitCode": 1}});
        let running = json!({"running": {}});

        check(&status(&waiting, &none, false), &[]);
        check(&status(&waiting, &ended, false), &[true]);
        check(&status(&ended, &none, false), &[false]);
        check(&status(&running, &ended, false), &[false, true]);
        check(&status(&running, &none, true), &[]);
    }
}
