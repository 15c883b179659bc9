//! What the templates of workloads hide, remembered of those that were looked at, so that events about them are told
//! without it. Events outlive their workload, so what was deleted is remembered like the rest.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use diagnosis::Secrets;
use types::ObjectRef;

use crate::cluster::key;

/// Workloads that are remembered.
const MAX_WORKLOADS: usize = 1000;
/// Bytes of all that is remembered: whoever may make workloads may make large ones.
const MAX_BYTES: usize = 4 << 20;

/// The secrets of the workloads that were looked at.
#[derive(Default)]
pub(crate) struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    secrets: BTreeMap<ObjectRef, Remembered>,
    bytes: usize,
    looks: u64,
}

struct Remembered {
    secrets: Secrets,
    bytes: usize,
    /// Which look it was, of all.
    look: u64,
}

impl Known {
    /// Remembers what this workload hides, in the place of what it hid before.
    pub(crate) fn remember(&self, subject: &ObjectRef, secrets: Secrets) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = key(subject);
        kept.forget(&subject);
        if secrets.is_empty() {
            return;
        }
        let bytes = secrets.n_bytes();
        kept.looks += 1;
        kept.bytes += bytes;
        let look = kept.looks;
        kept.secrets.insert(subject, Remembered { secrets, bytes, look });
        while MAX_WORKLOADS < kept.secrets.len() || MAX_BYTES < kept.bytes {
            let Some(first) = kept.first_to_go() else { break };
            kept.forget(&first);
        }
    }

    /// What this workload hides, as far as it was looked at.
    pub(crate) fn of(&self, subject: &ObjectRef) -> Secrets {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.secrets.get(&key(subject)).map(|it| it.secrets.clone()).unwrap_or_default()
    }

    /// What the workloads of each namespace hide.
    pub(crate) fn by_namespace(&self) -> BTreeMap<String, Secrets> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spaces: BTreeMap<&str, Vec<&Secrets>> = BTreeMap::new();
        for (subject, it) in &kept.secrets {
            spaces.entry(&subject.namespace).or_default().push(&it.secrets);
        }
        spaces.into_iter().map(|(it, secrets)| (it.to_owned(), Secrets::all(secrets))).collect()
    }
}

impl Kept {
    fn forget(&mut self, subject: &ObjectRef) {
        if let Some(it) = self.secrets.remove(subject) {
            self.bytes -= it.bytes;
        }
    }

    /// What was looked at longest ago in the namespace that takes the most: none can push out what others hide.
    fn first_to_go(&self) -> Option<ObjectRef> {
        let mut spaces: BTreeMap<&str, (usize, (u64, &ObjectRef))> = BTreeMap::new();
        for (subject, it) in self.secrets.iter().filter(|it| it.1.look != self.looks) {
            let space = spaces.entry(&subject.namespace).or_insert((0, (it.look, subject)));
            space.0 += it.bytes;
            space.1 = space.1.min((it.look, subject));
        }
        spaces.into_values().max_by_key(|it| it.0).map(|it| it.1.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use diagnosis::Redactor;
    use serde_json::json;
    use types::Kind;

    use super::*;

    fn workload(namespace: &str, name: &str) -> ObjectRef {
        ObjectRef::named(Kind::Pod, namespace, name)
    }

    /// What a pod hides with so many passwords in its template.
    fn secrets(n: usize, word: &str) -> Secrets {
        let env: Vec<_> = (0..n)
            .map(|it| json!({"name": format!("P{it}_PASSWORD"), "value": format!("{word}Zq7x{it:03}")}))
            .collect();
        let spec = json!({"containers": [{"name": "app", "env": env}]});
        let pod = json!({"metadata": {"name": "web"}, "spec": spec});
        diagnosis::secrets_of_pod(&serde_json::from_value(pod).unwrap(), &Redactor::new([0; 32]))
    }

    fn hides(known: &Known, subject: &ObjectRef, text: &str) -> bool {
        let redactor = Redactor::new([0; 32]).knowing(&known.of(subject));
        !redactor.redact(text).contains(text)
    }

    #[test]
    fn a_namespace_of_many_workloads_pushes_out_its_own_and_not_those_of_others() {
        let known = Known::default();
        known.remember(&workload("shop", "web"), secrets(1, "sommer"));
        for it in 0..300 {
            known.remember(&workload("hostile", &format!("w{it}")), secrets(200, "winter"));
        }

        assert!(hides(&known, &workload("shop", "web"), "sommerZq7x000"));
        assert!(hides(&known, &workload("hostile", "w299"), "winterZq7x000"));
        assert!(known.of(&workload("hostile", "w0")).is_empty());
        assert!(known.0.lock().unwrap().bytes <= MAX_BYTES);
    }

    #[test]
    fn what_a_workload_hides_no_more_is_forgotten() {
        let known = Known::default();
        known.remember(&workload("shop", "web"), secrets(1, "sommer"));
        known.remember(&workload("shop", "web"), Secrets::default());

        assert!(known.of(&workload("shop", "web")).is_empty());
        assert_eq!(known.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn what_the_workloads_of_a_namespace_hide_is_no_secret_elsewhere() {
        let known = Known::default();
        known.remember(&workload("shop", "web"), secrets(1, "sommer"));
        known.remember(&workload("hostile", "web"), secrets(200, "winter"));

        let redactor = Redactor::new([0; 32]).knowing_apart(known.by_namespace());

        let redacted = |space: &str, text: &str| redactor.within(space).redact(text);
        assert!(!redacted("shop", "sommerZq7x000").contains("sommer"));
        assert_eq!(redacted("shop", "winterZq7x000"), "winterZq7x000");
        assert_eq!(redacted("", "sommerZq7x000"), "sommerZq7x000");
    }
}
