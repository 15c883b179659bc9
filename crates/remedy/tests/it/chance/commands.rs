//! Rollouts that changed what the probes of a container run.

use serde_json::json;
use types::{Edit, Evidence, Kind, ProbeFacts, ProbeKind};

use super::Chance;
use crate::scene;

const COMMANDS: [&[&str]; 3] = [&["/app", "check"], &["/app check"], &["id"]];

/// An image is put back, and often a probe with it.
pub(super) fn rolled_out(chance: &mut Chance, kind: Kind) -> Evidence {
    let mut evidence = scene::rolled_out(kind);
    if chance.one_in(2) {
        return evidence;
    }
    let asks = scene::probed(ProbeKind::Readiness, "exit 1").containers[0].probes[0].clone();
    for kind in [ProbeKind::Readiness, ProbeKind::Liveness, ProbeKind::Startup] {
        if chance.one_in(2) {
            let command = chance.pick(&COMMANDS).iter().map(|it| (*it).to_owned()).collect();
            evidence.containers[0].probes.push(ProbeFacts { kind, command, ..asks.clone() });
        }
    }
    if chance.one_in(4) {
        let mut beside = evidence.containers[0].clone();
        "beside".clone_into(&mut beside.name);
        beside.index = 1;
        evidence.containers[0].probes.clear();
        evidence.containers.push(beside);
    }
    let image = evidence.revisions[1].edits[0].path.to_string();
    let field = *chance.pick(&["startupProbe", "livenessProbe", "readinessProbe"]);
    let probe = image.replace("image", field);
    let now = evidence.containers[0].probes.iter().find(|it| it.kind.field() == field);
    let now = now.map(|it| json!(it.command));
    let then = (!chance.one_in(4)).then(|| json!(chance.pick(&COMMANDS)));
    if now != then {
        let (path, from, to) = match (now, then) {
            (Some(now), Some(then)) => (format!("{probe}/exec/command"), Some(now), Some(then)),
            (now, then) => {
                let whole = |it| json!({"exec": {"command": it}});
                (probe, now.map(whole), then.map(whole))
            }
        };
        evidence.revisions[1].edits.push(Edit { path: scene::path(&path), from, to });
    }
    evidence
}
