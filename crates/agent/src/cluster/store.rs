//! One kind of object as the watch last saw it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kube::ResourceExt;

/// Namespace and name; the namespace is empty for objects that have none.
type Key = (Box<str>, Box<str>);

/// One kind of object, by namespace and name. Written by one watch, read by everybody; no lock outlives a call.
#[derive(Debug)]
pub struct Store<K> {
    objects: RwLock<BTreeMap<Key, Arc<K>>>,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self { objects: RwLock::new(BTreeMap::new()) }
    }
}

impl<K: ResourceExt> Store<K> {
    /// The object of this name.
    pub fn find(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.read().get(&(namespace.into(), name.into())).cloned()
    }

    /// All objects, by namespace and name.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.read().values().cloned().collect()
    }

    /// The objects of one namespace.
    pub fn of(&self, namespace: &str) -> Vec<Arc<K>> {
        let first = (namespace.into(), "".into());
        let objects = self.read();
        let rest = objects.range::<Key, _>(first..);
        rest.take_while(|((it, _), _)| **it == *namespace).map(|(_, it)| Arc::clone(it)).collect()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Keeps this version of the object.
    pub fn put(&self, object: Arc<K>) {
        self.write(|objects| objects.insert(key(&*object), object));
    }

    /// Forgets the object.
    pub fn remove(&self, object: &K) {
        self.write(|objects| objects.remove(&key(object)));
    }

    /// Takes what a new list holds; answers with what is not in it any more.
    pub fn replace(&self, list: Vec<Arc<K>>) -> Vec<Arc<K>> {
        let new: BTreeMap<_, _> = list.into_iter().map(|it| (key(&*it), it)).collect();
        self.write(|objects| {
            let mut old = std::mem::replace(objects, new);
            old.retain(|key, _| !objects.contains_key(key));
            old.into_values().collect()
        })
    }

    /// Forgets the objects that come first by `rank` until `limit` are left.
    pub fn shrink<R: Ord>(&self, limit: usize, rank: impl Fn(&K) -> R) {
        self.write(|objects| {
            let surplus = objects.len().saturating_sub(limit);
            let mut ranked: Vec<_> = objects.iter().map(|(key, it)| (rank(it), key)).collect();
            ranked.sort();
            let gone: Vec<Key> = ranked.into_iter().take(surplus).map(|it| it.1.clone()).collect();
            for key in gone {
                objects.remove(&key);
            }
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Arc<K>>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<Key, Arc<K>>) -> T) -> T {
        change(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key<K: ResourceExt>(object: &K) -> Key {
    (object.namespace().unwrap_or_default().into(), object.name_any().into())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    fn pod(namespace: &str, name: &str) -> Arc<Pod> {
        let (namespace, name) = (Some(namespace.to_owned()), Some(name.to_owned()));
        Arc::new(Pod {
            metadata: ObjectMeta { namespace, name, ..ObjectMeta::default() },
            ..Pod::default()
        })
    }

    fn names(pods: &[Arc<Pod>]) -> Vec<String> {
        pods.iter().map(|it| it.name_any()).collect()
    }

    #[test]
    fn a_namespace_whose_name_begins_like_another_is_another() {
        let store = Store::default();
        for (namespace, name) in [("shop", "b"), ("shop", "a"), ("shop-two", "c"), ("aa", "d")] {
            store.put(pod(namespace, name));
        }

        assert_eq!(names(&store.of("shop")), ["a", "b"]);
    }

    #[test]
    fn a_new_list_tells_what_was_deleted_unseen() {
        let store = Store::default();
        store.put(pod("shop", "old"));
        store.put(pod("shop", "both"));

        let gone = store.replace(vec![pod("shop", "both"), pod("shop", "new")]);

        assert_eq!(names(&gone), ["old"]);
        assert_eq!(names(&store.all()), ["both", "new"]);
    }

    #[test]
    fn the_last_by_rank_stay() {
        let store = Store::default();
        for name in ["c", "a", "b"] {
            store.put(pod("shop", name));
        }

        store.shrink(2, |it: &Pod| it.name_any());

        assert_eq!(names(&store.all()), ["b", "c"]);
    }
}
