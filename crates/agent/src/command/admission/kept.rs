//! What the executor writes, who rolls nothing back: a template stays as it is, but for the fields that a strategy
//! writes, each named here.
//!
//! Lists keep their entries. A name in an entry may be another one, and what kind of a thing is named stays.

use remedy::RESTARTED_BY_ANNOTATION;

use super::{Claim, same_but};

const NOW: &str = "variables.now.spec";
const BEFORE: &str = "variables.before.spec";
/// Fields of a pod in which names and labels are mended, beside its containers. What may change in each is claimed
/// below.
const FREE_OF_POD: [&str; 9] = [
    "containers",
    "initContainers",
    "volumes",
    "imagePullSecrets",
    "nodeSelector",
    "affinity",
    "topologySpreadConstraints",
    "priorityClassName",
    "schedulerName",
];
/// The same of a container.
const FREE_OF_CONTAINER: [&str; 8] = [
    "image",
    "resources",
    "env",
    "envFrom",
    "volumeMounts",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
];
/// The probes of a container.
pub(super) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
/// Of a probe, times and where it asks: not what it runs.
const FREE_OF_PROBE: [&str; 6] =
    ["initialDelaySeconds", "timeoutSeconds", "failureThreshold", "httpGet", "tcpSocket", "grpc"];
/// The node affinity that a scheduler must not ignore.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// What stays of a template.
pub(super) fn claims() -> Vec<Claim> {
    let marks = format!(
        "({}) && ({})",
        same_but(&metadata("now"), &metadata("before"), &["annotations"]),
        same_but("variables.marks", "variables.marksBefore", &[RESTARTED_BY_ANNOTATION]),
    );
    vec![
        (marks, "labels and annotations of pods stay as they are"),
        (
            all_of(&[same_but(NOW, BEFORE, &FREE_OF_POD), names_of_pod(), affinity()]),
            "of a pod only names and labels are mended",
        ),
        (volumes(), "of a volume only the names and keys in it are mended"),
        (
            all_of(&[
                same_names("containers"),
                same_names("initContainers"),
                of_each(&same_but("c", "b", &FREE_OF_CONTAINER)),
            ]),
            "no container comes or goes, and what it runs stays as it is",
        ),
        (of_each(&amounts()), "of resources only memory and CPU are changed"),
        (
            of_each(&variables()),
            "no variable comes or goes, and only names and keys that they are taken from are mended",
        ),
        (of_each(&mounts()), "no mount comes or goes, and only the key that it shows is mended"),
        (of_each(&probes()), "of a probe only times and where it asks are changed"),
    ]
}

fn metadata(of: &str) -> String {
    format!("(has(variables.{of}.metadata) ? variables.{of}.metadata : {{}})")
}

fn all_of(claims: &[String]) -> String {
    claims.iter().map(|it| format!("({it})")).collect::<Vec<_>>().join(" && ")
}

/// Each container `c` and the one of its name before, `b`.
pub(super) fn of_each(claim: &str) -> String {
    format!(
        "variables.containers.all(c, variables.containersBefore.exists(b, b.name == c.name && ({claim})))"
    )
}

/// The same field in both, or in none.
fn is_in_both(now: &str, before: &str, name: &str) -> String {
    format!("has({now}.{name}) == has({before}.{name})")
}

/// The field is in none, or in both with this claim about the two.
fn within(
    (now, before): (&str, &str),
    name: &str,
    claim: impl FnOnce(&str, &str) -> String,
) -> String {
    let (one, other) = (format!("{now}.{name}"), format!("{before}.{name}"));
    let claim = claim(&one, &other);
    format!("({} && (!has({one}) || ({claim})))", is_in_both(now, before, name))
}

/// As many entries, each of which is one of before but for what this claim lets change, and none of before is missing.
fn paired((now, before): (&str, &str), (x, y): (&str, &str), claim: &str) -> String {
    format!(
        "({now}.size() == {before}.size() && {now}.all({x}, {x} in {before} || {before}.exists({y}, {claim})) && \
         {before}.all({y}, {y} in {now} || {now}.exists({x}, {claim})))"
    )
}

/// The containers of this list have the names that they had, in their order.
fn same_names(list: &str) -> String {
    let names = |of: &str| format!("(has({of}.{list}) ? {of}.{list}.map(c, c.name) : [])");
    format!("{} == {}", names(NOW), names(BEFORE))
}

fn names_of_pod() -> String {
    let size = |one: &str, other: &str| format!("{one}.size() == {other}.size()");
    let mut all: Vec<_> = ["imagePullSecrets", "nodeSelector"]
        .map(|it| within((NOW, BEFORE), it, size))
        .into_iter()
        .chain(["priorityClassName", "schedulerName"].map(|it| is_in_both(NOW, BEFORE, it)))
        .collect();
    all.push(within((NOW, BEFORE), "topologySpreadConstraints", |one, other| {
        paired((one, other), ("t", "u"), &same_but("t", "u", &["topologyKey"]))
    }));
    all_of(&all)
}

/// Keys and values of what a node has to have; not how they are compared, nor how many there are.
fn affinity() -> String {
    let expression = all_of(&[
        "m.operator == n.operator".to_owned(),
        within(("m", "n"), "values", |one, other| format!("{one}.size() == {other}.size()")),
    ]);
    let term = all_of(&[
        same_but("t", "u", &["matchExpressions"]),
        within(("t", "u"), "matchExpressions", |one, other| {
            paired((one, other), ("m", "n"), &expression)
        }),
    ]);
    let required = |one: &str, other: &str| {
        let terms = |of: &str| format!("{of}.nodeSelectorTerms");
        paired((&terms(one), &terms(other)), ("t", "u"), &term)
    };
    within((NOW, BEFORE), "affinity", |one, other| {
        let of_nodes = within((one, other), "nodeAffinity", |one, other| {
            all_of(&[same_but(one, other, &[REQUIRED]), within((one, other), REQUIRED, required)])
        });
        all_of(&[same_but(one, other, &["nodeAffinity"]), of_nodes])
    })
}

/// What is named here, and the keys that are taken of it.
fn named((now, before): (&str, &str), name: &str, entry: (&str, &str)) -> String {
    let (i, j) = entry;
    all_of(&[
        same_but(now, before, &[name, "items"]),
        within((now, before), "items", |one, other| {
            paired((one, other), entry, &same_but(i, j, &["key"]))
        }),
    ])
}

fn volumes() -> String {
    let sources = all_of(&[
        same_but("s", "o", &["configMap", "secret"]),
        within(("s", "o"), "configMap", |one, other| named((one, other), "name", ("i", "j"))),
        within(("s", "o"), "secret", |one, other| named((one, other), "name", ("i", "j"))),
    ]);
    let volume = all_of(&[
        "v.name == w.name".to_owned(),
        same_but("v", "w", &["configMap", "secret", "persistentVolumeClaim", "projected"]),
        within(("v", "w"), "configMap", |one, other| named((one, other), "name", ("i", "j"))),
        within(("v", "w"), "secret", |one, other| named((one, other), "secretName", ("i", "j"))),
        within(("v", "w"), "persistentVolumeClaim", |one, other| {
            same_but(one, other, &["claimName"])
        }),
        within(("v", "w"), "projected", |one, other| {
            let sources = within((one, other), "sources", |one, other| {
                paired((one, other), ("s", "o"), &sources)
            });
            all_of(&[same_but(one, other, &["sources"]), sources])
        }),
    ]);
    within((NOW, BEFORE), "volumes", |one, other| paired((one, other), ("v", "w"), &volume))
}

fn amounts() -> String {
    let resources = |of: &str| format!("(has({of}.resources) ? {of}.resources : {{}})");
    let amounts = |list: &str| {
        let list = |of: &str| {
            format!(
                "(has({of}.resources) && has({of}.resources.{list}) ? {of}.resources.{list} : {{}})"
            )
        };
        same_but(&list("c"), &list("b"), &["memory", "cpu"])
    };
    all_of(&[
        same_but(&resources("c"), &resources("b"), &["limits", "requests"]),
        amounts("limits"),
        amounts("requests"),
    ])
}

fn variables() -> String {
    let from = |one: &str, other: &str| {
        let key = |one: &str, other: &str| same_but(one, other, &["name", "key"]);
        all_of(&[
            same_but(one, other, &["configMapKeyRef", "secretKeyRef"]),
            within((one, other), "configMapKeyRef", key),
            within((one, other), "secretKeyRef", key),
        ])
    };
    let variable = all_of(&[
        "e.name == o.name".to_owned(),
        same_but("e", "o", &["valueFrom"]),
        within(("e", "o"), "valueFrom", from),
    ]);
    let name = |one: &str, other: &str| same_but(one, other, &["name"]);
    let all_of_one = all_of(&[
        same_but("e", "o", &["configMapRef", "secretRef"]),
        within(("e", "o"), "configMapRef", name),
        within(("e", "o"), "secretRef", name),
    ]);
    all_of(&[
        // The order decides which of two of the same name counts, and which another may refer to.
        within(("c", "b"), "env", |one, other| {
            format!(
                "{one} == {other} || ({one}.map(e, e.name) == {other}.map(e, e.name) && \
                 {one}.all(e, e in {other} || {other}.exists(o, {variable})))"
            )
        }),
        within(("c", "b"), "envFrom", |one, other| paired((one, other), ("e", "o"), &all_of_one)),
    ])
}

/// A `subPath` is a key where the volume holds keys, and a path elsewhere.
fn mounts() -> String {
    let mount = all_of(&[
        same_but("m", "n", &["subPath"]),
        is_in_both("m", "n", "subPath"),
        "variables.now.spec.volumes.exists(v, v.name == m.name && \
         (has(v.configMap) || has(v.secret) || has(v.projected)))"
            .to_owned(),
    ]);
    within(("c", "b"), "volumeMounts", |one, other| paired((one, other), ("m", "n"), &mount))
}

fn probes() -> String {
    let probe = |one: &str, other: &str| {
        let place = |name, free: &[&str]| {
            within((one, other), name, |one, other| same_but(one, other, free))
        };
        all_of(&[
            same_but(one, other, &FREE_OF_PROBE),
            place("httpGet", &["port", "path", "scheme"]),
            place("tcpSocket", &["port"]),
            place("grpc", &["port"]),
        ])
    };
    all_of(&PROBES.map(|it| within(("c", "b"), it, probe)))
}
