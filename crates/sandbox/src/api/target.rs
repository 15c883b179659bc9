//! Which object, or which list, a URL names.

use crate::resources::{self, Resource};
use crate::status::StatusError;

/// What a URL is about.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Objects of a resource.
    Resource(Target),
    /// Something else: discovery, documentation, health.
    Other,
}

/// A resource, and which part of it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    /// `None` is every namespace; empty for resources without one.
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// The old `/watch/` prefix.
    pub(crate) watch: bool,
}

impl Target {
    /// The namespace, for requests about one object.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The object's name, for requests about one object.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

/// Reads a URL's path.
pub(crate) fn parse(path: &str) -> Result<Place, StatusError> {
    let mut parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    let (group, version, from) = match parts.as_slice() {
        ["api", version, _, ..] => ("", *version, 2),
        ["apis", group, version, _, ..] => (*group, *version, 3),
        _ => return Ok(Place::Other),
    };
    parts.drain(..from);
    let watch = parts.first() == Some(&"watch");
    if watch {
        parts.remove(0);
    }
    let (namespace, rest) = match parts.as_slice() {
        // `namespaces/x` and its own subresources are the namespace itself.
        ["namespaces", namespace, plural, rest @ ..]
            if !matches!(*plural, "status" | "finalize") =>
        {
            let mut all = vec![*plural];
            all.extend(rest);
            (Some((*namespace).to_owned()), all)
        }
        rest => (None, rest.to_vec()),
    };
    let (plural, name, subresource) = match rest.as_slice() {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
        _ => return Err(unknown()),
    };
    if !resources::ALL.iter().any(|it| it.group == group && it.version == version) {
        return Ok(Place::Other);
    }
    let resource = resources::find(group, version, plural).ok_or_else(unknown)?;
    if resource.namespaced && namespace.is_none() && name.is_some() {
        return Err(unknown());
    }
    let namespace = if resource.namespaced { namespace } else { Some(String::new()) };
    Ok(Place::Resource(Target {
        resource,
        namespace,
        name: name.map(str::to_owned),
        subresource: subresource.map(str::to_owned),
        watch,
    }))
}

fn unknown() -> StatusError {
    StatusError::not_served()
}
