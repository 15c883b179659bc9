//! Two names of which each fits the workload that asks for it: `tenant-carlsen-key` of `sync-carlsen`, beside
//! `tenant-carlson-key` of `sync-carlson`. Who asks for the one did not misspell the other.

use types::ReferenceKind;

use super::{Known, names};
use crate::Root;

/// What stands between the words of a name.
const BETWEEN: [char; 4] = ['-', '_', '.', '/'];

impl Known<'_> {
    /// The mark of a workload that uses what is called `near`, where all that do bear the word by which the names
    /// differ, and this workload bears that of the name that it asks for.
    pub(super) fn namesake(&self, kind: ReferenceKind, name: &str, near: &str) -> Option<String> {
        let (own, theirs) = differing(name, near)?;
        let root = &self.objects.root;
        let _ = mark(root, own)?;
        let users = self.objects.workloads.iter().filter(|it| names(it.pod_spec(), kind, near));
        let marks: Option<Vec<_>> =
            users.map(|it| if mark(it, own).is_none() { mark(it, theirs) } else { None }).collect();
        marks?.into_iter().next()
    }
}

/// The one word in which two names differ: in the first, and in the second.
fn differing<'n>(name: &'n str, near: &'n str) -> Option<(&'n str, &'n str)> {
    let words = |it: &'n str| it.split(BETWEEN).collect::<Vec<_>>();
    let (own, theirs) = (words(name), words(near));
    if own.len() != theirs.len() {
        return None;
    }
    let mut differ = own.into_iter().zip(theirs).filter(|it| it.0 != it.1);
    let only = differ.next()?;
    differ.next().is_none().then_some(only)
}

/// The label, or the name, in which the workload bears this word.
fn mark(root: &Root, word: &str) -> Option<String> {
    let bears = |it: &str| it.split(BETWEEN).any(|it| it == word);
    let metadata = [Some(root.metadata()), root.template_metadata()].into_iter().flatten();
    let mut labels = metadata.flat_map(|it| it.labels.iter().flatten());
    let label = labels.find(|it| bears(it.1)).map(|(key, value)| format!("{key}={value}"));
    let name = root.metadata().name.as_deref().filter(|it| bears(it));
    label.or_else(|| name.map(|it| format!("name={it}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_one_word_or_in_no_way_that_counts() {
        let differ = differing("tenant-carlsen-key", "tenant-carlson-key");
        assert_eq!(differ, Some(("carlsen", "carlson")));
        assert_eq!(differing("web_keys", "web-keys"), None);
        assert_eq!(differing("web-key", "wbe-keys"), None);
        assert_eq!(differing("web-keys", "webkeys"), None);
    }
}
