//! What the operator of K8sGPT reports, looked up for one workload: one list for all of them, kept for a minute.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diagnosis::K8sgptResult;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};

use super::ClusterError;
use super::kube::{READ, within};

/// Results that are read: more of them are no help.
const MAX_RESULTS: u32 = 500;
/// How long what was read, or could not be, counts: the operator looks every few minutes.
const FRESH: Duration = Duration::from_mins(1);
/// How long nobody asks again where the kind is not installed.
const ABSENT: Duration = Duration::from_mins(10);

/// How long what was read counts, and what that is: on its way, or there.
type Answer = Shared<BoxFuture<'static, (Duration, Arc<[K8sgptResult]>)>>;

/// What was asked last, and when.
#[derive(Default)]
pub(super) struct Reports(Mutex<Option<(Instant, Answer)>>);

impl Reports {
    /// The reports about the whole cluster; none where they cannot be read. Nothing that is done hangs on them.
    pub(super) async fn read(&self, client: &Client) -> Arc<[K8sgptResult]> {
        // Who comes meanwhile waits for the same answer.
        let answer = self.answer(client);
        answer.await.1
    }

    fn answer(&self, client: &Client) -> Answer {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, answer)) = &*kept
            && answer.peek().is_none_or(|it| asked.elapsed() < it.0)
        {
            return answer.clone();
        }
        let answer = read(client.clone()).boxed().shared();
        *kept = Some((Instant::now(), answer.clone()));
        answer
    }
}

async fn read(client: Client) -> (Duration, Arc<[K8sgptResult]>) {
    match listed(&client).await {
        Ok(results) => (FRESH, results.into()),
        Err(ClusterError::NotFound(_)) => (ABSENT, Arc::from([])),
        Err(_) => (FRESH, Arc::from([])),
    }
}

async fn listed(client: &Client) -> Result<Vec<K8sgptResult>, ClusterError> {
    let named = GroupVersionKind::gvk("core.k8sgpt.ai", "v1alpha1", "Result");
    let resource = ApiResource::from_gvk_with_plural(&named, "results");
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let page = within(READ, "results", api.list(&ListParams::default().limit(MAX_RESULTS))).await?;
    let specs = page.items.iter().filter_map(|it| it.data.get("spec"));
    Ok(specs.filter_map(K8sgptResult::read).collect())
}
