//! What the operator of K8sGPT reports, looked up for one workload: one list for all of them, kept for a minute.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diagnosis::K8sgptResult;
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

/// Until when it counts, and what was read.
type Kept = (Instant, Arc<[K8sgptResult]>);

/// What was read last.
#[derive(Default)]
pub(super) struct Reports(Mutex<Option<Kept>>);

impl Reports {
    /// The reports about the whole cluster; none where they cannot be read. Nothing that is done hangs on them.
    pub(super) async fn read(&self, client: &Client) -> Arc<[K8sgptResult]> {
        if let Some((until, results)) = self.kept().clone()
            && Instant::now() < until
        {
            return results;
        }
        let (patience, results) = match listed(client).await {
            Ok(results) => (FRESH, results),
            Err(ClusterError::NotFound(_)) => (ABSENT, vec![]),
            Err(_) => (FRESH, vec![]),
        };
        let results: Arc<[K8sgptResult]> = results.into();
        *self.kept() = Some((Instant::now() + patience, Arc::clone(&results)));
        results
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
