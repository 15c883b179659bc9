//! Words at the end of a name that say what kind of thing it names: people leave them out, or write another one.
//!
//! `rates-cfg` and `rates-config` are the same ConfigMap, and `seat-map-svc` is the Service of `seat-map`. A word for
//! what a thing does (`api`, `worker`) tells two things apart, and is none of these.

/// Of a ConfigMap.
pub const OF_CONFIG_MAPS: &[&str] =
    &["config", "configmap", "cm", "conf", "cfg", "configs", "configuration"];
/// Of a Secret.
pub const OF_SECRETS: &[&str] =
    &["secret", "secrets", "creds", "credentials", "credential", "cred"];
/// Of a claim: `data` and `volume` say more than that.
pub const OF_CLAIMS: &[&str] = &["pvc", "claim"];
/// Of a service account.
pub const OF_ACCOUNTS: &[&str] = &["sa", "serviceaccount"];
/// Of a Service, or of the workload that is called instead of it.
pub const OF_SERVICES: &[&str] =
    &["svc", "service", "server", "deployment", "deploy", "statefulset"];
/// Of the values of labels that say what a pod is.
pub const OF_LABELS: &[&str] = &[
    "svc",
    "service",
    "app",
    "deploy",
    "deployment",
    "sts",
    "statefulset",
    "ds",
    "daemonset",
    "pod",
    "pods",
];

/// What stands between the words of a name.
const BETWEEN: [char; 3] = ['-', '_', '.'];
/// A name of fewer letters says too little without the word for its kind.
pub const LEAST_STEM: usize = 3;

/// The name without the word for its kind at its end.
pub fn stem<'n>(name: &'n str, words: &[&str]) -> &'n str {
    let bare = name.rsplit_once(BETWEEN).filter(|it| words.contains(&it.1));
    bare.map_or(name, |it| it.0)
}

/// Whether two names are one but for the word at its end that says what kind of thing it is: another of these
/// words, or none.
pub fn differ_in_kind_word(left: &str, right: &str, words: &[&str]) -> bool {
    let (own, other) = (stem(left, words), stem(right, words));
    left != right && own == other && LEAST_STEM <= own.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_word_for_the_kind_is_told_from_another_name() {
        let words = OF_CONFIG_MAPS;
        for (left, right) in [("api-cfg", "api-config"), ("api", "api-cm"), ("a-b.cfg", "a-b")] {
            assert!(differ_in_kind_word(left, right, words), "{left} {right}");
            assert!(differ_in_kind_word(right, left, words), "{right} {left}");
        }
        for (left, right) in [
            ("api-cfg", "api-cfg"),
            ("api-cfg", "app-cfg"),
            ("api-cfg", "api-secret"),
            ("api-v1", "api-v2"),
            ("api-cfg-eu", "api-config-us"),
            ("a-cfg", "a-cm"),
            ("cfg", "config"),
        ] {
            assert!(!differ_in_kind_word(left, right, words), "{left} {right}");
        }
    }

    #[test]
    fn what_a_thing_does_is_no_word_for_its_kind() {
        for (left, right) in [("seat-map-svc", "seat-map"), ("orders-app", "orders-deployment")] {
            assert!(differ_in_kind_word(left, right, OF_LABELS), "{left} {right}");
        }
        for (left, right) in [
            ("seat-map-svc", "seat-map-import"),
            ("orders-api", "orders"),
            ("orders-worker", "orders-web"),
        ] {
            assert!(!differ_in_kind_word(left, right, OF_LABELS), "{left} {right}");
        }
    }
}
