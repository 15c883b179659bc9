//! The columns of everything that is not a workload.

use super::Column;

const PLAIN: &[Column] = &[("Name", "string", 0), ("Age", "string", 0)];

macro_rules! strings {
    ($($name:literal),*) => { &[$(($name, "string", 0)),*] };
}

/// The columns of a resource.
pub(super) fn columns(plural: &str) -> &'static [Column] {
    match plural {
        "events" => &[
            ("Last Seen", "string", 0),
            ("Type", "string", 0),
            ("Reason", "string", 0),
            ("Object", "string", 0),
            ("Subobject", "string", 1),
            ("Source", "string", 1),
            ("Message", "string", 0),
            ("First Seen", "string", 1),
            ("Count", "string", 1),
            ("Name", "string", 1),
        ],
        "nodes" => &[
            ("Name", "string", 0),
            ("Status", "string", 0),
            ("Roles", "string", 0),
            ("Age", "string", 0),
            ("Version", "string", 0),
            ("Internal-IP", "string", 1),
            ("External-IP", "string", 1),
            ("OS-Image", "string", 1),
            ("Kernel-Version", "string", 1),
            ("Container-Runtime", "string", 1),
        ],
        "services" => &[
            ("Name", "string", 0),
            ("Type", "string", 0),
            ("Cluster-IP", "string", 0),
            ("External-IP", "string", 0),
            ("Port(s)", "string", 0),
            ("Age", "string", 0),
            ("Selector", "string", 1),
        ],
        plural => mixed_columns(plural),
    }
}

fn mixed_columns(plural: &str) -> &'static [Column] {
    match plural {
        "poddisruptionbudgets" => &[
            ("Name", "string", 0),
            ("Min Available", "string", 0),
            ("Max Unavailable", "string", 0),
            ("Allowed Disruptions", "integer", 0),
            ("Age", "string", 0),
        ],
        "priorityclasses" => &[
            ("Name", "string", 0),
            ("Value", "integer", 0),
            ("Global-Default", "boolean", 0),
            ("Age", "string", 0),
            ("PreemptionPolicy", "string", 0),
        ],
        "persistentvolumeclaims" => &[
            ("Name", "string", 0),
            ("Status", "string", 0),
            ("Volume", "string", 0),
            ("Capacity", "string", 0),
            ("Access Modes", "string", 0),
            ("StorageClass", "string", 0),
            ("VolumeAttributesClass", "string", 0),
            ("Age", "string", 0),
            ("VolumeMode", "string", 1),
        ],
        plural => plain_columns(plural),
    }
}

fn plain_columns(plural: &str) -> &'static [Column] {
    match plural {
        "configmaps" => strings!("Name", "Data", "Age"),
        "secrets" => strings!("Name", "Type", "Data", "Age"),
        "namespaces" => strings!("Name", "Status", "Age"),
        "endpoints" => strings!("Name", "Endpoints", "Age"),
        "endpointslices" => strings!("Name", "AddressType", "Ports", "Endpoints", "Age"),
        "leases" => strings!("Name", "Holder", "Age"),
        "ingresses" => strings!("Name", "Class", "Hosts", "Address", "Ports", "Age"),
        "networkpolicies" => strings!("Name", "Pod-Selector", "Age"),
        "resourcequotas" => strings!("Name", "Request", "Limit", "Age"),
        "horizontalpodautoscalers" => {
            strings!("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age")
        }
        "storageclasses" => strings!(
            "Name",
            "Provisioner",
            "ReclaimPolicy",
            "VolumeBindingMode",
            "AllowVolumeExpansion",
            "Age"
        ),
        "persistentvolumes" => strings!(
            "Name",
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "VolumeAttributesClass",
            "Reason",
            "Age"
        ),
        _ => PLAIN,
    }
}
