//! How lists and maps of the API are merged: by key, as sets, or as a whole.

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Items with the same values of these members are the same item.
    Keyed(&'static [&'static str]),
    /// Each item is its own key.
    Set,
    /// The list is one value.
    Atomic,
}

/// How server-side apply merges the list `field` that stands in `parent`.
pub(crate) fn listing(parent: &str, field: &str) -> Listing {
    let keys: &'static [&'static str] = match (parent, field) {
        (
            _,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "env"
            | "volumes"
            | "schedulingGates"
            | "resourceClaims",
        )
        | ("spec", "imagePullSecrets")
        | ("resources", "claims")
        | ("", "secrets") => &["name"],
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            &["containerPort", "protocol"]
        }
        ("spec", "ports") => &["port", "protocol"],
        (_, "volumeMounts") => &["mountPath"],
        (_, "volumeDevices") => &["devicePath"],
        (_, "hostAliases" | "podIPs") => &["ip"],
        (_, "topologySpreadConstraints") => &["topologyKey", "whenUnsatisfiable"],
        ("status", "conditions" | "addresses") => &["type"],
        ("metadata", "ownerReferences") => &["uid"],
        ("metadata", "finalizers") | ("spec", "podCIDRs") => return Listing::Set,
        _ => return Listing::Atomic,
    };
    Listing::Keyed(keys)
}

/// How a strategic merge patch merges a list: by one key, as a set, or not at all.
pub(crate) fn strategic(parent: &str, field: &str) -> Listing {
    match (parent, field) {
        (_, "topologySpreadConstraints") => Listing::Keyed(&["topologyKey"]),
        ("spec", "ports") => Listing::Keyed(&["port"]),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            Listing::Keyed(&["containerPort"])
        }
        ("status", "hostIPs") => Listing::Keyed(&["ip"]),
        _ => listing(parent, field),
    }
}

/// What a member of a list key is when it is left out.
pub(crate) fn key_default(key: &str) -> Option<&'static str> {
    (key == "protocol").then_some("TCP")
}

/// Whether a map is one value for server-side apply.
pub(crate) fn is_atomic(field: &str) -> bool {
    matches!(
        field,
        "selector"
            | "labelSelector"
            | "podSelector"
            | "namespaceSelector"
            | "nodeSelector"
            | "requiredDuringSchedulingIgnoredDuringExecution"
            | "configMapKeyRef"
            | "secretKeyRef"
            | "fieldRef"
            | "resourceFieldRef"
            | "involvedObject"
            | "scopeSelector"
            | "secretRef"
            // An item of this list: an owner is one value.
            | "ownerReferences"
    )
}

/// Whether a struct is always there, however empty: nobody owns its mere presence.
pub(crate) fn is_always_there(field: &str) -> bool {
    matches!(
        field,
        "metadata"
            | "spec"
            | "status"
            | "strategy"
            | "updateStrategy"
            | "template"
            | "jobTemplate"
            | "containers"
            | "loadBalancer"
    )
}
