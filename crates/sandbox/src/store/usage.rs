//! What containers use, where a metrics server was installed that tells.

use std::collections::BTreeMap;

use super::Store;

/// What one container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// CPU in thousandths.
    pub(crate) cpu_millis: u64,
    /// Memory in bytes.
    pub(crate) memory_bytes: u64,
}

/// By container.
pub(crate) type PodUsage = BTreeMap<String, Usage>;

/// By namespace and pod; `None` while there is no metrics server.
#[derive(Debug, Default)]
pub(super) struct Measured(Option<BTreeMap<(String, String), PodUsage>>);

impl Measured {
    pub(super) fn forget(&mut self, namespace: &str, pod: &str) {
        if let Some(pods) = &mut self.0 {
            pods.remove(&(namespace.to_owned(), pod.to_owned()));
        }
    }
}

impl Store {
    /// Installs a metrics server: from now on the API says what containers use.
    pub fn install_metrics_server(&self) {
        self.measured_kept().0.get_or_insert_default();
    }

    /// Takes down what the containers of a pod use, if anybody wants to know.
    pub(crate) fn measure(&self, namespace: &str, pod: &str, usage: impl FnOnce() -> PodUsage) {
        if let Some(pods) = &mut self.measured_kept().0 {
            pods.insert((namespace.to_owned(), pod.to_owned()), usage());
        }
    }

    /// What the pods of a namespace use, or of all of them, by namespace and name; `None` without a metrics server.
    pub(crate) fn measured(
        &self,
        namespace: Option<&str>,
    ) -> Option<Vec<((String, String), PodUsage)>> {
        let measured = self.measured_kept();
        let pods = measured.0.as_ref()?.iter();
        let wanted = pods.filter(|(key, _)| namespace.is_none_or(|it| it == key.0));
        Some(wanted.map(|(key, it)| (key.clone(), it.clone())).collect())
    }
}
