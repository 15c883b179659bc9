//! What can be wrong with an object that is neither a workload nor a Service.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is wrong with an object that is neither a workload nor a Service. No fix is learned for these: they explain and
/// point.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum ClusterFault {
    /// A Service waits for a load balancer that cannot be made.
    LoadBalancerPending,
    /// An Ingress names a Service or a port that is not there.
    IngressBackendMissing,
    /// Two Ingresses claim the same host and path for different Services.
    IngressRulesCollide,
    /// An Ingress names a class that is not there, or none and there is no default.
    IngressClassMissing,
    /// A claim is not bound, or lost what it was bound to.
    ClaimNotBound,
    /// Several storage classes are the default, so that the newest decides.
    StorageClassAmbiguous,
    /// A storage class of volumes that are made by hand binds claims before their pods are placed.
    StorageClassBindsEarly,
    /// A volume failed, or was released and waits for somebody.
    VolumeNotUsable,
    /// An autoscaler cannot scale: its target or its metrics are missing.
    AutoscalerCannotScale,
    /// An autoscaler wants more replicas than it may have.
    AutoscalerAtLimit,
    /// A disruption budget allows no disruption, or protects nothing.
    BudgetBlocksEviction,
    /// A quota is used up.
    QuotaExhausted,
    /// A node is not ready.
    NodeNotReady,
    /// A node runs short of memory, disk or process ids, or reports another trouble.
    NodePressure,
    /// Network policies let nobody in to the pods of a Service, or nothing in to or out of pods.
    PolicyBlocksTraffic,
    /// A network policy selects no pod.
    PolicySelectsNothing,
    /// A webhook's Service is missing or has nobody ready behind it.
    WebhookUnavailable,
    /// The jobs of a CronJob fail, or are not started.
    CronJobFailing,
    /// A StatefulSet names a Service or a storage class that is not there.
    StatefulSetReferenceMissing,
    /// A namespace or an object is being deleted and does not go.
    StuckTerminating,
    /// A `GatewayClass` or a Gateway is not accepted or not programmed.
    GatewayNotReady,
    /// A route names a Gateway, a listener, a Service or a port that is not there or does not take it.
    RouteNotAccepted,
    /// A service account may not do what its pods try to do.
    AccessForbidden,
    /// A key of a ConfigMap has what a program that is given it cannot use.
    ConfigMapBroken,
    /// A ConfigMap is nearly as large as it may be, or empty.
    ConfigMapUnused,
    /// A container that is privileged, shares its node's processes, or may run as root.
    PodNotConfined,
    /// Workloads run as the default service account of their namespace, with its token.
    DefaultAccountUsed,
    /// A role allows everything, or everybody has a role that does.
    RightsTooWide,
    /// A volume or a claim is smaller than what programs mostly need.
    VolumeSmall,
    /// Pods run another template than the one of their owner, and nothing will change that.
    PodsNotAsTemplate,
    /// Pods were started before what they are configured with was changed, and do not see the change.
    ConfigOutdated,
    /// A certificate of cert-manager is not issued, or its issuer is not ready.
    CertificateNotReady,
    /// Argo CD or Flux cannot bring the cluster to what it should be.
    DeliveryFailing,
    /// Pods had to go for others of a higher priority.
    PodsPreempted,
    /// An Ingress names a Secret that is probably not there.
    IngressSecretMissing,
    /// Two workloads select each other's pods.
    SelectorsOverlap,
    /// A container uses all the CPU that its limit allows.
    AtCpuLimit,
    /// A container uses nearly all the memory that its limit allows.
    AtMemoryLimit,
    /// A pod was resized while it runs, and its node does not do it.
    ResizePending,
    /// A claim asks for more than its volume has, and the volume does not grow.
    ExpansionPending,
    /// A controller says again and again what is wrong with an object of which nothing else is known to be wrong.
    ControllerComplains,
    /// A policy engine such as Kyverno reports that an object breaks one of its policies.
    PolicyBroken,
    /// An operator cannot bring about what one of its objects asks it for.
    OperatorFailing,
    /// K8sGPT reports something that none of our rules found.
    ReportedByK8sgpt,
}

/// The word that stands for a [`ClusterFault`], and the same in plain words.
const WORDS: [(ClusterFault, &str, &str); 44] = [
    (ClusterFault::LoadBalancerPending, "LoadBalancerPending", "load balancer pending"),
    (ClusterFault::IngressBackendMissing, "IngressBackendMissing", "ingress backend missing"),
    (ClusterFault::IngressRulesCollide, "IngressRulesCollide", "ingress rules collide"),
    (ClusterFault::IngressClassMissing, "IngressClassMissing", "ingress class missing"),
    (ClusterFault::ClaimNotBound, "ClaimNotBound", "claim not bound"),
    (ClusterFault::StorageClassAmbiguous, "StorageClassAmbiguous", "storage class ambiguous"),
    (
        ClusterFault::StorageClassBindsEarly,
        "StorageClassBindsEarly",
        "storage class binds before pods are placed",
    ),
    (ClusterFault::VolumeNotUsable, "VolumeNotUsable", "volume not usable"),
    (ClusterFault::AutoscalerCannotScale, "AutoscalerCannotScale", "autoscaler cannot scale"),
    (ClusterFault::AutoscalerAtLimit, "AutoscalerAtLimit", "autoscaler at its limit"),
    (
        ClusterFault::BudgetBlocksEviction,
        "BudgetBlocksEviction",
        "disruption budget blocks evictions",
    ),
    (ClusterFault::QuotaExhausted, "QuotaExhausted", "quota exhausted"),
    (ClusterFault::NodeNotReady, "NodeNotReady", "node not ready"),
    (ClusterFault::NodePressure, "NodePressure", "node in trouble"),
    (ClusterFault::PolicyBlocksTraffic, "PolicyBlocksTraffic", "network policy blocks traffic"),
    (ClusterFault::PolicySelectsNothing, "PolicySelectsNothing", "network policy selects nothing"),
    (ClusterFault::WebhookUnavailable, "WebhookUnavailable", "webhook unavailable"),
    (ClusterFault::CronJobFailing, "CronJobFailing", "cron job failing"),
    (ClusterFault::StatefulSetReferenceMissing, "StatefulSetReferenceMissing", "reference missing"),
    (ClusterFault::StuckTerminating, "StuckTerminating", "stuck in deletion"),
    (ClusterFault::GatewayNotReady, "GatewayNotReady", "gateway not ready"),
    (ClusterFault::RouteNotAccepted, "RouteNotAccepted", "route not accepted"),
    (ClusterFault::AccessForbidden, "AccessForbidden", "access forbidden"),
    (ClusterFault::ConfigMapBroken, "ConfigMapBroken", "config map broken"),
    (ClusterFault::ConfigMapUnused, "ConfigMapUnused", "config map unused"),
    (ClusterFault::PodNotConfined, "PodNotConfined", "pod not confined"),
    (ClusterFault::DefaultAccountUsed, "DefaultAccountUsed", "default service account used"),
    (ClusterFault::RightsTooWide, "RightsTooWide", "rights too wide"),
    (ClusterFault::VolumeSmall, "VolumeSmall", "volume small"),
    (ClusterFault::PodsNotAsTemplate, "PodsNotAsTemplate", "pods not as their template"),
    (ClusterFault::ConfigOutdated, "ConfigOutdated", "pods with old configuration"),
    (ClusterFault::CertificateNotReady, "CertificateNotReady", "certificate not ready"),
    (ClusterFault::DeliveryFailing, "DeliveryFailing", "delivery failing"),
    (ClusterFault::PodsPreempted, "PodsPreempted", "pods preempted"),
    (ClusterFault::IngressSecretMissing, "IngressSecretMissing", "ingress secret missing"),
    (ClusterFault::SelectorsOverlap, "SelectorsOverlap", "selectors overlap"),
    (ClusterFault::AtCpuLimit, "AtCpuLimit", "at its CPU limit"),
    (ClusterFault::AtMemoryLimit, "AtMemoryLimit", "at its memory limit"),
    (ClusterFault::ResizePending, "ResizePending", "resize pending"),
    (ClusterFault::ExpansionPending, "ExpansionPending", "expansion pending"),
    (ClusterFault::ControllerComplains, "ControllerComplains", "a controller complains"),
    (ClusterFault::PolicyBroken, "PolicyBroken", "policy broken"),
    (ClusterFault::OperatorFailing, "OperatorFailing", "operator failing"),
    (ClusterFault::ReportedByK8sgpt, "ReportedByK8sgpt", "reported by K8sGPT"),
];

impl ClusterFault {
    /// The fault as one word, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|it| it.0 == self).map_or("Unknown", |it| it.1)
    }
}

impl fmt::Display for ClusterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WORDS.iter().find(|it| it.0 == *self).map_or("unknown", |it| it.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyFault;

    #[test]
    fn every_cluster_fault_is_one_word_in_json() {
        for (fault, word, _) in WORDS {
            assert_eq!(serde_json::to_value(AnyFault::Cluster(fault)).unwrap(), word);
            assert_eq!(fault.as_str(), word);
        }
    }
}
