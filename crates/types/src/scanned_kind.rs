//! The kinds of objects that a scan speaks about, by all the names that people have for them.

/// Kind, plural and short names, as `kubectl api-resources` lists them. K8sGPT may report of each of these as well.
const KINDS: [(&str, &str, &[&str]); 55] = [
    ("Pod", "pods", &["po"]),
    ("Deployment", "deployments", &["deploy"]),
    ("ReplicaSet", "replicasets", &["rs"]),
    ("StatefulSet", "statefulsets", &["sts"]),
    ("DaemonSet", "daemonsets", &["ds"]),
    ("Job", "jobs", &[]),
    ("CronJob", "cronjobs", &["cj"]),
    ("Service", "services", &["svc"]),
    ("Ingress", "ingresses", &["ing"]),
    ("IngressClass", "ingressclasses", &[]),
    ("NetworkPolicy", "networkpolicies", &["netpol"]),
    ("PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"]),
    ("PersistentVolume", "persistentvolumes", &["pv"]),
    ("StorageClass", "storageclasses", &["sc"]),
    ("HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"]),
    ("PodDisruptionBudget", "poddisruptionbudgets", &["pdb"]),
    ("ConfigMap", "configmaps", &["cm"]),
    ("Secret", "secrets", &[]),
    ("ServiceAccount", "serviceaccounts", &["sa"]),
    ("ResourceQuota", "resourcequotas", &["quota"]),
    ("LimitRange", "limitranges", &["limits"]),
    ("Namespace", "namespaces", &["ns"]),
    ("Node", "nodes", &["no"]),
    ("Role", "roles", &[]),
    ("RoleBinding", "rolebindings", &[]),
    ("ClusterRole", "clusterroles", &[]),
    ("ClusterRoleBinding", "clusterrolebindings", &[]),
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", &[]),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", &[]),
    ("APIService", "apiservices", &[]),
    ("PriorityClass", "priorityclasses", &["pc"]),
    ("CustomResourceDefinition", "customresourcedefinitions", &["crd", "crds"]),
    ("GatewayClass", "gatewayclasses", &["gc"]),
    ("Gateway", "gateways", &["gtw"]),
    ("HTTPRoute", "httproutes", &[]),
    ("GRPCRoute", "grpcroutes", &[]),
    ("TLSRoute", "tlsroutes", &[]),
    ("TCPRoute", "tcproutes", &[]),
    ("Certificate", "certificates", &["cert", "certs"]),
    ("CertificateRequest", "certificaterequests", &["cr", "crs"]),
    ("Issuer", "issuers", &[]),
    ("ClusterIssuer", "clusterissuers", &["ciss"]),
    ("ScaledObject", "scaledobjects", &["so"]),
    ("ScaledJob", "scaledjobs", &["sj"]),
    ("Prometheus", "prometheuses", &["prom"]),
    ("Alertmanager", "alertmanagers", &["am"]),
    ("ServiceMonitor", "servicemonitors", &["smon"]),
    ("Application", "applications", &["app", "apps"]),
    ("Kustomization", "kustomizations", &["ks"]),
    ("HelmRelease", "helmreleases", &["hr"]),
    ("GitRepository", "gitrepositories", &["gitrepo"]),
    ("OCIRepository", "ocirepositories", &["ocirepo"]),
    ("HelmRepository", "helmrepositories", &["helmrepo"]),
    ("HelmChart", "helmcharts", &[]),
    ("Bucket", "buckets", &[]),
];

/// The longest word that is repeated of one that is no kind, in characters.
const MAX_SHOWN: usize = 60;

/// A word that names no kind that a scan speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind(String);

impl std::fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is no kind that a scan speaks about; it speaks about ", self.0)?;
        for (index, (kind, _, short)) in KINDS.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{kind}")?;
            if let Some(short) = short.first() {
                write!(f, " ({short})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for UnknownKind {}

/// The kind that this word means: as in a manifest, in the plural or short as `kubectl` takes it, with or without the
/// group (`deployments.apps`), in capitals or not.
pub fn scanned_kind(word: &str) -> Result<&'static str, UnknownKind> {
    let word = word.trim();
    let plain = word.split_once('.').map_or(word, |it| it.0);
    let is_it = |it: &&str| it.eq_ignore_ascii_case(plain);
    let mut kinds = KINDS.iter();
    let found =
        kinds.find(|(kind, plural, short)| is_it(kind) || is_it(plural) || short.iter().any(is_it));
    let shown = || word.chars().filter(|it| !it.is_control()).take(MAX_SHOWN).collect();
    found.map(|it| it.0).ok_or_else(|| UnknownKind(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_goes_by_all_its_names() {
        for (word, kind) in [
            ("Deployment", "Deployment"),
            ("deployment", "Deployment"),
            ("deployments", "Deployment"),
            ("deploy", "Deployment"),
            ("deployments.apps", "Deployment"),
            ("Deployment.v1.apps", "Deployment"),
            ("po", "Pod"),
            ("PVC", "PersistentVolumeClaim"),
            (" svc ", "Service"),
            ("netpol", "NetworkPolicy"),
            ("hr", "HelmRelease"),
        ] {
            assert_eq!(scanned_kind(word).as_deref(), Ok(kind), "{word}");
        }
    }

    #[test]
    fn what_is_none_is_said_with_those_there_are() {
        for word in ["", "deploymint", ".apps", "pod/web", "all"] {
            assert!(scanned_kind(word).is_err(), "{word}");
        }
        let told = scanned_kind("deploymint\u{1b}[2J").unwrap_err().to_string();
        assert!(
            told.starts_with("`deploymint[2J` is no kind that a scan speaks about; "),
            "{told}"
        );
        assert!(told.contains("Deployment (deploy), ReplicaSet (rs)"), "{told}");
    }

    #[test]
    fn no_name_is_that_of_two_kinds() {
        let names = KINDS.iter().flat_map(|(kind, plural, short)| {
            [kind, plural].into_iter().chain(*short).map(|it| it.to_ascii_lowercase())
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
