//! One kind of object as the watch last saw it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread;

use kube::ResourceExt;

use super::kept::{Content, Kept, Links, Parcel};
use super::packed::Press;

/// From so many objects on a second thread is worth its start.
const MANY: usize = 1_000;

/// Namespace and name; the namespace is empty for objects that have none.
pub(super) type Key = (Box<str>, Box<str>);

/// One kind of object, by namespace and name. Written by one watch, read by everybody; no lock outlives a call.
/// Quiet objects are kept packed, and unpacked for whoever asks for them.
#[derive(Debug)]
pub struct Store<K: Kept> {
    objects: RwLock<BTreeMap<Key, Parcel<K>>>,
    press: Press,
}

impl<K: Kept> Default for Store<K> {
    fn default() -> Self {
        Self { objects: RwLock::new(BTreeMap::new()), press: Press::default() }
    }
}

impl<K: Kept> Store<K> {
    /// The object of this name.
    pub fn find(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        let content = self.read().get(&(namespace.into(), name.into()))?.content.clone();
        content.open()
    }

    /// Who the object of this name is, and who owns it; nothing is unpacked for that.
    pub(super) fn links(&self, namespace: &str, name: &str) -> Option<Links> {
        self.read().get(&(namespace.into(), name.into())).map(|it| it.links.clone())
    }

    /// All objects, by namespace and name.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.all_where(|_| true)
    }

    /// All objects of which this is true.
    pub(super) fn all_where(&self, is_wanted: impl Fn(&Links) -> bool) -> Vec<Arc<K>> {
        let objects = self.read();
        let wanted = objects.values().filter(|it| is_wanted(&it.links));
        let contents = wanted.map(|it| it.content.clone()).collect();
        drop(objects);
        open(contents)
    }

    /// Adds to each namespace how many objects it has of which this is true.
    pub(super) fn count(
        &self,
        counts: &mut BTreeMap<String, usize>,
        is_wanted: impl Fn(&Links) -> bool,
    ) {
        let objects = self.read();
        for ((namespace, _), _) in objects.iter().filter(|it| is_wanted(&it.1.links)) {
            if let Some(count) = counts.get_mut(&**namespace) {
                *count += 1;
            } else {
                counts.insert(namespace.to_string(), 1);
            }
        }
    }

    /// The objects that are not quiet: of the others nothing bad can be said, at any time.
    pub(crate) fn restless(&self) -> Vec<Arc<K>> {
        self.read().values().filter_map(Parcel::restless).collect()
    }

    /// All objects in outline.
    pub(crate) fn outlines(&self) -> Vec<K::Outline> {
        self.read().values().map(|it| it.outline.clone()).collect()
    }

    /// All objects of whose outline this is true.
    pub(super) fn all_outlined(&self, is_wanted: impl Fn(&K::Outline) -> bool) -> Vec<Arc<K>> {
        let objects = self.read();
        let wanted = objects.values().filter(|it| is_wanted(&it.outline));
        let contents = wanted.map(|it| it.content.clone()).collect();
        drop(objects);
        open(contents)
    }

    /// The objects of one namespace of whose outline this is true.
    pub(super) fn of_outlined(
        &self,
        namespace: &str,
        is_wanted: impl Fn(&K::Outline) -> bool,
    ) -> Vec<Arc<K>> {
        let is_wanted = |_: &str, it: &Parcel<K>| is_wanted(&it.outline);
        self.of_parcels(namespace, is_wanted)
    }

    /// The objects of one namespace in outline, each with its name.
    pub(crate) fn outlines_of(&self, namespace: &str) -> Vec<(Box<str>, K::Outline)> {
        let first = (namespace.into(), "".into());
        let objects = self.read();
        let rest = objects.range::<Key, _>(first..);
        rest.take_while(|((it, _), _)| **it == *namespace)
            .map(|((_, name), it)| (name.clone(), it.outline.clone()))
            .collect()
    }

    /// The namespaces that hold one.
    pub(crate) fn namespaces(&self) -> BTreeSet<Box<str>> {
        self.read().keys().map(|it| it.0.clone()).collect()
    }

    /// The objects of one namespace.
    pub fn of(&self, namespace: &str) -> Vec<Arc<K>> {
        self.of_where(namespace, |_, _| true)
    }

    /// The objects of one namespace of whose name and links this is true.
    pub(super) fn of_where(
        &self,
        namespace: &str,
        is_wanted: impl Fn(&str, &Links) -> bool,
    ) -> Vec<Arc<K>> {
        self.of_parcels(namespace, |name, it| is_wanted(name, &it.links))
    }

    fn of_parcels(
        &self,
        namespace: &str,
        is_wanted: impl Fn(&str, &Parcel<K>) -> bool,
    ) -> Vec<Arc<K>> {
        let first = (namespace.into(), "".into());
        let objects = self.read();
        let rest = objects.range::<Key, _>(first..);
        let contents = rest
            .take_while(|((it, _), _)| **it == *namespace)
            .filter(|((_, name), it)| is_wanted(name, it))
            .map(|(_, it)| it.content.clone())
            .collect();
        drop(objects);
        open(contents)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// This version of the object, as it is kept here.
    pub(super) fn parcel(&self, object: &Arc<K>) -> (Key, Parcel<K>) {
        (key(&**object), Parcel::of(object, &self.press))
    }

    /// Keeps this version of the object.
    pub fn put(&self, object: &Arc<K>) {
        let (key, parcel) = self.parcel(object);
        self.write(|objects| objects.insert(key, parcel));
    }

    /// Forgets the object.
    pub fn remove(&self, object: &K) {
        self.write(|objects| objects.remove(&key(object)));
    }

    /// Takes what a new list holds; answers with what is not in it any more.
    pub(super) fn replace(&self, list: Vec<(Key, Parcel<K>)>) -> Vec<Arc<K>> {
        let new: BTreeMap<_, _> = list.into_iter().collect();
        self.write(|objects| {
            let mut old = std::mem::replace(objects, new);
            old.retain(|key, _| !objects.contains_key(key));
            open(old.into_values().map(|it| it.content).collect())
        })
    }

    /// Forgets the objects that come first by `rank` until `limit` are left.
    pub fn shrink<R: Ord>(&self, limit: usize, rank: impl Fn(&K::Outline) -> R) {
        self.write(|objects| {
            let surplus = objects.len().saturating_sub(limit);
            let ranked = objects.iter().map(|(key, it)| (rank(&it.outline), key));
            let mut ranked: Vec<_> = ranked.collect();
            ranked.sort();
            let gone: Vec<Key> = ranked.into_iter().take(surplus).map(|it| it.1.clone()).collect();
            for key in gone {
                objects.remove(&key);
            }
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Parcel<K>>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<Key, Parcel<K>>) -> T) -> T {
        change(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Objects that are read after the lock is let go: to unpack thousands takes its time, and then two share the work.
fn open<K: Kept>(mut contents: Vec<Content<K>>) -> Vec<Arc<K>> {
    let in_turn = |it: Vec<Content<K>>| it.into_iter().filter_map(Content::open);
    if contents.len() < MANY {
        return in_turn(contents).collect();
    }
    let rest = contents.split_off(contents.len() / 2);
    thread::scope(|scope| {
        let rest = scope.spawn(|| in_turn(rest).collect::<Vec<_>>());
        let mut all: Vec<_> = in_turn(contents).collect();
        all.extend(rest.join().unwrap_or_else(|it| resume_unwind(it)));
        all
    })
}

fn key<K: Kept>(object: &K) -> Key {
    (object.namespace().unwrap_or_default().into(), object.name_any().into())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use kube::ResourceExt;
    use serde_json::json;

    use super::*;

    fn pod(namespace: &str, name: &str, phase: &str) -> Arc<Pod> {
        let pod = json!({"metadata": {"namespace": namespace, "name": name, "uid": name},
            "status": {"phase": phase}});
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    fn names(pods: &[Arc<Pod>]) -> Vec<String> {
        pods.iter().map(|it| it.name_any()).collect()
    }

    #[test]
    fn a_namespace_whose_name_begins_like_another_is_another() {
        let store = Store::default();
        for (namespace, name) in [("shop", "b"), ("shop", "a"), ("shop-two", "c"), ("aa", "d")] {
            store.put(&pod(namespace, name, "Running"));
        }

        assert_eq!(names(&store.of("shop")), ["a", "b"]);
    }

    #[test]
    fn a_new_list_tells_what_was_deleted_unseen() {
        let store = Store::default();
        store.put(&pod("shop", "old", "Running"));
        store.put(&pod("shop", "both", "Running"));

        let list = ["both", "new"].map(|it| pod("shop", it, "Running"));
        let list = list.map(|it| store.parcel(&it));
        let gone = store.replace(list.into());

        assert_eq!(names(&gone), ["old"]);
        assert_eq!(names(&store.all()), ["both", "new"]);
    }

    #[test]
    fn the_last_by_rank_stay() {
        let store = Store::default();
        for name in ["c", "a", "b"] {
            store.put(&pod("shop", name, "Running"));
        }

        store.shrink(2, |it| it.name.clone());

        assert_eq!(names(&store.all()), ["b", "c"]);
    }

    #[test]
    fn a_quiet_object_is_found_as_it_was_put() {
        let store = Store::default();
        let done = pod("shop", "done", "Succeeded");
        store.put(&done);
        store.put(&pod("shop", "starting", "Pending"));

        assert_eq!(store.find("shop", "done"), Some(done));
        assert_eq!(names(&store.restless()), ["starting"]);
        assert_eq!(store.all().len(), 2);
    }
}
