//! The stop button as an object: a ConfigMap that stops all writing as long as it is there, whatever it holds.

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use tokio::sync::watch;

/// Its name.
pub const STOP_OBJECT: &str = "k8s-reflexion-stop";

/// Whether it is there, told within a moment of every change; ends when nobody listens any more. While the API server
/// does not answer, it is as it was.
pub(super) async fn follow(client: Client, namespace: String, there: watch::Sender<bool>) {
    let api = Api::<PartialObjectMeta<ConfigMap>>::namespaced(client, &namespace);
    let mut seen = std::pin::pin!(watch_object(api, STOP_OBJECT).default_backoff());
    let mut is_broken = false;
    loop {
        let next = tokio::select! {
            next = seen.next() => next,
            () = there.closed() => return,
        };
        match next {
            Some(Ok(object)) => {
                is_broken = false;
                there.send_if_modified(|it| {
                    std::mem::replace(it, object.is_some()) != object.is_some()
                });
            }
            Some(Err(error)) => {
                if !is_broken {
                    let error = service::telemetry::chain(&error);
                    tracing::warn!(
                        error,
                        namespace,
                        "the stop object cannot be watched; the mode is as it was"
                    );
                }
                is_broken = true;
            }
            None => return,
        }
    }
}
