//! Removes what has lost its owner, and lets go what waits for that.

use serde_json::{Value, json};

use super::family::Place;
use super::{Desk, Task, Who};
use crate::clock::Moment;
use crate::fields::{Fields, put};
use crate::store::{Deletion, Propagation};

/// The task of looking at an object, and at what it owns. Its names hold what is needed even when
/// the object itself is gone.
pub(super) fn task(plural: &'static str, object: &Value) -> Task {
    let place = format!("{plural}/{}/{}", object.namespace(), object.name());
    (Who::Garbage, place, object.uid().to_owned())
}

/// The task of looking at an owner of an object: it may have waited for the object to go.
pub(super) fn task_of_owner(namespace: &str, owner: &Value) -> Option<Task> {
    let resource = crate::resources::by_kind(owner.text("/kind"))?;
    let home = if resource.namespaced { namespace } else { "" };
    let place = format!("{}/{home}/{}", resource.plural, owner.text("/name"));
    Some((Who::Garbage, place, owner.text("/uid").to_owned()))
}

/// Looks at one object.
pub(super) fn reconcile(desk: &mut Desk<'_>, place: &str, uid: &str) -> Option<Moment> {
    let mut parts = place.splitn(3, '/');
    let (plural, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    let object = desk.world.store.get(plural, namespace, name).filter(|it| it.uid() == uid);
    let Some(object) = object else {
        for child in desk.family.places(uid) {
            collect(desk, &child);
        }
        return None;
    };
    if object.is_going() {
        let finalizers = object.words("/metadata/finalizers");
        if finalizers.iter().any(|it| it == "foregroundDeletion") {
            foreground(desk, plural, &object);
        } else if finalizers.iter().any(|it| it == "orphan") {
            orphan(desk, plural, &object);
        }
        return None;
    }
    let plural = crate::resources::by_plural(plural)?.plural;
    collect(desk, &(plural, namespace.to_owned(), name.to_owned()));
    None
}

/// Removes an object when none of its owners is left.
fn collect(desk: &Desk<'_>, (plural, namespace, name): &Place) {
    let store = &desk.world.store;
    let Some(object) = store.get(plural, namespace, name) else { return };
    let owners = object.list("/metadata/ownerReferences");
    if owners.is_empty() || object.is_going() {
        return;
    }
    let alive = owners.iter().any(|it| {
        let Some(resource) = crate::resources::by_kind(it.text("/kind")) else {
            // Nobody here knows the kind, so nobody can say that the owner is gone.
            return true;
        };
        let home = if resource.namespaced { namespace.as_str() } else { "" };
        store
            .get(resource.plural, home, it.text("/name"))
            .is_some_and(|owner| owner.uid() == it.text("/uid"))
    });
    if !alive {
        delete(desk, plural, &object, Propagation::Background);
    }
}

fn delete(desk: &Desk<'_>, plural: &str, object: &Value, propagation: Propagation) {
    let deletion = Deletion {
        uid: Some(object.uid().to_owned()),
        propagation: Some(propagation),
        ..Deletion::default()
    };
    // It may be gone already, which is what is wanted.
    drop(desk.world.store.delete(plural, object.namespace(), object.name(), &deletion));
}

/// The children go first.
fn foreground(desk: &Desk<'_>, plural: &str, object: &Value) {
    let children = desk.family.places(object.uid());
    let mut left = false;
    for (plural, namespace, name) in children {
        let Some(child) = desk.world.store.get(plural, &namespace, &name) else { continue };
        left = true;
        if !child.is_going() {
            delete(desk, plural, &child, Propagation::Foreground);
        }
    }
    if !left {
        let_go(desk, plural, object, "foregroundDeletion");
    }
}

/// The children stay, and forget their owner.
fn orphan(desk: &Desk<'_>, plural: &str, object: &Value) {
    for (plural, namespace, name) in desk.family.places(object.uid()) {
        drop(desk.world.store.update(plural, &namespace, &name, |it| {
            let owners = it.list("/metadata/ownerReferences");
            let others: Vec<Value> =
                owners.iter().filter(|it| it.text("/uid") != object.uid()).cloned().collect();
            let left = if others.is_empty() { Value::Null } else { Value::Array(others) };
            crate::json::set(it, "metadata.ownerReferences", left);
            Ok(())
        }));
    }
    let_go(desk, plural, object, "orphan");
}

fn let_go(desk: &Desk<'_>, plural: &str, object: &Value, finalizer: &str) {
    drop(desk.world.store.update(plural, object.namespace(), object.name(), |it| {
        let left: Vec<String> =
            it.words("/metadata/finalizers").into_iter().filter(|it| it != finalizer).collect();
        put(it, &["metadata", "finalizers"], json!(left));
        Ok(())
    }));
}
