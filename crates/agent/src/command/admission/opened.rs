//! What no rollback opens, though an earlier revision may have had it: what a probe runs, ports and files of the
//! host, other answers to names, and annotations that somebody else acts on.

use remedy::{RESTARTED_BY_ANNOTATION, TELLING_ANNOTATIONS};

use super::kept::{PROBES, of_each};
use super::{Claim, same_but, unchanged};

/// Nothing of it is given, and but for annotations all of it may be taken away.
pub(super) fn claims() -> Vec<Claim> {
    let (now, before) = ("variables.now.spec", "variables.before.spec");
    let names = format!(
        "(!has({now}.hostAliases) || {now}.hostAliases.all(a, has({before}.hostAliases) && a in {before}.hostAliases)) && \
         (!has({now}.dnsConfig) || (has({before}.dnsConfig) && {now}.dnsConfig == {before}.dnsConfig))"
    );
    let of_probe =
        |it| [runs_no_other(it), asks_no_other(it, "httpGet"), asks_no_other(it, "tcpSocket")];
    let probes: Vec<_> = PROBES.into_iter().flat_map(of_probe).collect();
    vec![
        (annotations(), "no annotation of pods changes that somebody may act on"),
        (names, "no name gets another answer"),
        (
            of_each(&probes.join(" && ")),
            "no probe runs what no probe of its container ran, or asks another host",
        ),
        (of_each(&ports()), "no port of the host is opened"),
        (of_each(&mounts()), "no files of the host are mounted that were not, or written"),
    ]
}

/// Annotations that only tell are free: what changes with every rollout is among them.
fn annotations() -> String {
    let tells = TELLING_ANNOTATIONS.map(|it| format!("k.startsWith('{it}')")).join(" || ");
    let free = format!("(k == '{RESTARTED_BY_ANNOTATION}' || !k.contains('/') || {tells})");
    format!(
        "variables.marks.all(k, {free} || (k in variables.marksBefore && \
         variables.marks[k] == variables.marksBefore[k])) && \
         variables.marksBefore.all(k, {free} || k in variables.marks)"
    )
}

/// What this probe runs, it or another one of the container ran before.
fn runs_no_other(probe: &str) -> String {
    let exec = |of: &str, probe: &str| format!("has({of}.{probe}) && has({of}.{probe}.exec)");
    let ran = |it: &str| format!("({} && b.{it}.exec == c.{probe}.exec)", exec("b", it));
    format!("(!({}) || {})", exec("c", probe), PROBES.map(ran).join(" || "))
}

/// The host that this probe asks instead of the pod, it asked in that way before.
fn asks_no_other(probe: &str, way: &str) -> String {
    let path = |it: &str| format!("{it}.{probe}.{way}.host");
    let has =
        |it: &str| format!("has({it}.{probe}) && has({it}.{probe}.{way}) && has({})", path(it));
    format!("(!({}) || ({} && {} == {}))", has("c"), has("b"), path("b"), path("c"))
}

fn ports() -> String {
    format!(
        "!has(c.ports) || c.ports.all(p, !has(p.hostPort) || (has(b.ports) && \
         b.ports.exists(o, has(o.hostPort) && o.hostPort == p.hostPort && {})))",
        unchanged("p", "o", "hostIP"),
    )
}

fn mounts() -> String {
    format!(
        "!has(c.volumeMounts) || c.volumeMounts.all(m, !(m.name in variables.ofHost) || (has(b.volumeMounts) && \
         (m in b.volumeMounts || (has(m.readOnly) && m.readOnly && b.volumeMounts.exists(o, {})))))",
        same_but("m", "o", &["readOnly"]),
    )
}
