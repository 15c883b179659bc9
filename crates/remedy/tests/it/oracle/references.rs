//! Which names may be written where, once more.

use serde_json::{Value, json};
use types::{Evidence, FixPlan, ReferenceFacts};

use super::{Opinion, need, no, spec_of, text};

/// Fields of a pod spec that hold a name of something else, below the pod spec.
const REFERENCES: [&str; 18] = [
    "containers/*/volumeMounts/*/subPath",
    "priorityClassName",
    "schedulerName",
    "nodeSelector/*",
    "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/*/matchExpressions/*/key",
    "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/*/matchExpressions/*/values/*",
    "volumes/*/secret/items/*/key",
    "containers/*/env/*/valueFrom/configMapKeyRef/name",
    "containers/*/env/*/valueFrom/configMapKeyRef/key",
    "containers/*/env/*/valueFrom/secretKeyRef/name",
    "containers/*/env/*/valueFrom/secretKeyRef/key",
    "containers/*/envFrom/*/configMapRef/name",
    "containers/*/envFrom/*/secretRef/name",
    "volumes/*/configMap/name",
    "volumes/*/secret/secretName",
    "volumes/*/persistentVolumeClaim/claimName",
    "volumes/*/projected/sources/*/configMap/name",
    "imagePullSecrets/*/name",
];

/// Labels that say where or what a node is.
const PLACES: [&str; 8] = [
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
];

/// What a node may run, as kubelets say it.
const SYSTEMS: &str = "darwin freebsd linux netbsd openbsd windows";
const PROCESSORS: &str = "386 amd64 arm arm64 loong64 mips64le ppc64 ppc64le riscv64 s390x";

pub(super) fn reference_opinion(
    edit: &Value,
    names: &[&str],
    (plan, evidence): (&FixPlan, &Evidence),
) -> Opinion {
    let holds = REFERENCES.iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == names.len()
            && pattern.iter().zip(names).all(|(left, right)| *left == "*" || left == right)
    });
    let (from, to) = (text(&edit["from"]), text(&edit["to"]));
    let seen = evidence.references.iter().any(|it| {
        let kind = json!(it.kind);
        let is_label = kind == "node_label_key" || kind == "node_label_value";
        it.path == text(&edit["path"])
            && it.exists != Some(true)
            && it.near_miss.as_deref() == Some(to)
            && if [Some(&"key"), Some(&"subPath")].contains(&names.last()) && !is_label {
                it.key.as_deref() == Some(from)
            } else {
                it.name == from
            }
            && (kind != "node_label_key" || names.last() == Some(&"key"))
            && (kind != "priority_class" || !to.starts_with("system-"))
            && is_word(to, kind == "node_label_key")
            && is_slip(from, to)
            && (json!(plan.risk) != "auto"
                || goes_unasked(it, from, to)
                || is_way_back(edit, it, evidence))
            && kind != "service_account"
            && kind != "runtime_class"
    });
    need(holds && seen, "reference")
}

/// The name of a ConfigMap that is not there, in a plan that puts an image of the same workload as well.
pub(super) fn beside_opinion(
    edit: &Value,
    names: &[&str],
    (plan, evidence): (&FixPlan, &Evidence),
) -> Opinion {
    let steps = json!(plan.steps);
    let mut of_step =
        steps.as_array().unwrap().iter().filter_map(|it| it["action"]["edit"].as_array());
    let edits = of_step.find(|it| it.contains(edit));
    let puts_image =
        edits.is_some_and(|it| it.iter().any(|it| text(&it["path"]).ends_with("/image")));
    let is_absent = evidence.references.iter().any(|it| {
        it.path == text(&edit["path"]) && json!(it.kind) == "config_map" && it.exists == Some(false)
    });
    need(puts_image && is_absent, "not beside an image")?;
    reference_opinion(edit, names, (plan, evidence))
}

/// Whether one or two letters were added, left out or taken for others.
fn is_slip(from: &str, to: &str) -> bool {
    fn within(left: &[char], right: &[char], edits: usize) -> bool {
        match (left, right) {
            ([a, left @ ..], [b, right @ ..]) if a == b => within(left, right, edits),
            ([], []) => true,
            _ if edits == 0 => false,
            ([_, left @ ..], [_, right @ ..]) if within(left, right, edits - 1) => true,
            _ => {
                left.split_first().is_some_and(|it| within(it.1, right, edits - 1))
                    || right.split_first().is_some_and(|it| within(left, it.1, edits - 1))
            }
        }
    }
    let letters = |it: &str| it.chars().collect::<Vec<_>>();
    from != to && within(&letters(from), &letters(to), 2)
}

/// Whether nobody has to be asked: no data, no place and no order changes hands, and the two are no siblings.
fn goes_unasked(it: &ReferenceFacts, from: &str, to: &str) -> bool {
    let bare = |it: &str| it.replace(|it: char| it.is_ascii_digit(), "");
    let kind = json!(it.kind);
    let is_label = kind == "node_label_key" || kind == "node_label_value";
    let but_last = |it: &str| {
        let mut letters: Vec<char> = it.chars().collect();
        letters.pop();
        letters
    };
    let is_of_kind = |known: &str| known.split(' ').all(|it| it != from);
    let is_nonsense = match it.key.as_deref() {
        Some("kubernetes.io/os") => is_of_kind(SYSTEMS),
        Some("kubernetes.io/arch") => is_of_kind(PROCESSORS),
        _ => false,
    };
    if kind == "node_label_value" && is_nonsense {
        return true;
    }
    let is_place =
        kind == "node_label_value" && it.key.as_deref().is_none_or(|it| PLACES.contains(&it));
    let may_be_shared = kind == "config_map" || kind == "secret";
    kind != "claim"
        && (kind != "priority_class" || is_style(from, to))
        && kind != "scheduler"
        && !is_place
        && bare(from) != bare(to)
        && (!may_be_shared || it.belongs_to.is_none() && slipped(from, to))
        && !(is_label && but_last(from) == but_last(to))
}

/// Whether one of the three revisions before this one was ready with just this change undone.
fn is_way_back(edit: &Value, it: &ReferenceFacts, evidence: &Evidence) -> bool {
    let kind = json!(it.kind);
    let may = ["config_map", "secret", "node_label_key", "node_label_value"];
    let Some(now) = evidence.revisions.iter().find(|it| it.current) else { return false };
    let mut before: Vec<_> =
        evidence.revisions.iter().filter(|it| it.revision < now.revision).collect();
    before.sort_by_key(|it| -it.revision);
    before.truncate(3);
    let owner = evidence.subject.kind.to_string();
    may.iter().any(|it| kind == **it)
        && ["Deployment", "StatefulSet", "DaemonSet"].contains(&&*owner)
        && before.iter().filter(|it| it.was_ready).flat_map(|it| &it.edits).any(|known| {
            let known = json!(known);
            ["path", "from", "to"].iter().all(|it| known[it] == edit[it])
        })
}

/// Whether nothing but what separates the words differs.
fn is_style(from: &str, to: &str) -> bool {
    let plain = |it: &str| it.replace(['-', '_', '.'], "");
    plain(from) == plain(to)
}

/// Whether the fingers slipped: by what a slip makes of the longer of the two words that differ.
fn slipped(from: &str, to: &str) -> bool {
    if is_style(from, to) {
        return true;
    }
    let words = |it: &str| it.split(['-', '_', '.']).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (words(from), words(to));
    let apart: Vec<_> = (0..from.len().min(to.len())).filter(|it| from[*it] != to[*it]).collect();
    if from.len() != to.len() || apart.len() != 1 {
        return false;
    }
    let mut pair = [&from[apart[0]], &to[apart[0]]].map(|it| it.chars().collect::<Vec<_>>());
    pair.sort_by_key(Vec::len);
    let [short, long] = pair;
    let same_start = short.first() == long.first();
    let without = |word: &[char], place: usize| {
        let mut rest = word.to_vec();
        rest.remove(place);
        rest
    };
    let digits = |it: &[char]| it.iter().filter(|it| it.is_ascii_digit()).count();
    let lost: Vec<Vec<char>> = (0..long.len()).map(|it| without(&long, it)).collect();
    match long.len() - short.len() {
        0 => {
            let swapped = (1..long.len()).any(|it| {
                let mut other = long.clone();
                other.swap(it - 1, it);
                2 < long.len() && other == short
            });
            let replaced = (1..long.len().saturating_sub(1)).any(|it| {
                let letters = short[it].is_alphabetic() && long[it].is_alphabetic();
                4 < long.len() && letters && without(&short, it) == lost[it]
            });
            swapped || replaced
        }
        1 => {
            let doubled = (1..long.len()).any(|it| long[it] == long[it - 1] && lost[it] == short);
            let missing = same_start && 4 < long.len() && digits(&short) == digits(&long);
            2 < long.len() && doubled || missing && lost.contains(&short)
        }
        2 => {
            let mut twice =
                lost.iter().flat_map(|it| (0..it.len()).map(|place| without(it, place)));
            let long_enough = same_start && 7 < long.len() && digits(&short) == digits(&long);
            long_enough && twice.any(|it| it == short)
        }
        _ => false,
    }
}

/// The key of one label, changed to the one that nodes have; its value stays.
pub(super) fn rename_opinion(
    edits: &[Value],
    kind: &str,
    (plan, evidence): (&FixPlan, &Evidence),
) -> Opinion {
    let [old, new] = edits else { return no("not a rename") };
    need(old["to"].is_null() && new["from"].is_null() && old["from"] == new["to"], "moved")?;
    let prefix = format!("{}/nodeSelector/", spec_of(kind));
    let key = |it: &Value| {
        let rest = text(&it["path"]).strip_prefix(&prefix)?.to_owned();
        (!rest.contains('/')).then(|| rest.replace("~1", "/").replace("~0", "~"))
    };
    let (Some(wrong), Some(right)) = (key(old), key(new)) else { return no("not a label") };
    let known = evidence.references.iter().any(|it| {
        json!(it.kind) == "node_label_key"
            && it.path == text(&old["path"])
            && it.exists == Some(false)
            && it.name == wrong
            && it.near_miss.as_ref() == Some(&right)
            && old["from"].is_string()
            && it.key.as_deref() == old["from"].as_str()
            && is_slip(&wrong, &right)
            && (json!(plan.risk) != "auto" || goes_unasked(it, &wrong, &right))
    });
    need(known && is_word(&right, true), "unknown label")
}

/// What names are made of; before the name of a label a domain may stand.
fn is_word(text: &str, may_have_domain: bool) -> bool {
    let plain = |it: &str| {
        let letter = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '.' || it == '_';
        !it.is_empty() && it.chars().all(letter)
    };
    match text.split_once('/') {
        Some((domain, name)) if may_have_domain => plain(domain) && plain(name),
        _ => plain(text),
    }
}
