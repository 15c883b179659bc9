//! What was written before, as it may have been.

use remedy::PastWrite;
use serde_json::json;
use types::{Edit, Kind, ObjectRef, Verdict};

use super::{Chance, NAMES, NAMESPACES};
use crate::scene::{self, APP, at};

/// Ages in seconds, at the ends of windows.
pub(super) const LATELY: [i64; 12] = [-5, 30, 60, 61, 100, 101, 300, 301, 1000, 3600, 3601, 9000];
pub(super) const LONG_AGO: [i64; 6] = [14_401, 14_500, 15_400, 18_001, 23_400, 90_000];

/// No two at the same second: which of them is the newest would be a matter of taste.
pub(super) fn writes(chance: &mut Chance, ages: &[i64]) -> Vec<PastWrite> {
    let mut writes = drawn(chance, ages);
    writes.sort_by_key(|it| it.at);
    writes.dedup_by_key(|it| it.at);
    writes
}

fn drawn(chance: &mut Chance, ages: &[i64]) -> Vec<PastWrite> {
    let many = if chance.one_in(2) { 0 } else { chance.below(8) };
    (0..many)
        .map(|_| {
            let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::Job];
            let kind = *chance.pick(&kinds);
            let (namespace, name) = (*chance.pick(&NAMESPACES), *chance.pick(&NAMES));
            let ended = [Verdict::Recovered, Verdict::Progress, Verdict::Unchanged, Verdict::Worse];
            let verdict = if chance.one_in(8) { None } else { Some(*chance.pick(&ended)) };
            PastWrite {
                at: at(scene::NOW - *chance.pick(ages)),
                subject: ObjectRef {
                    // Another life of the same name, now and then.
                    uid: (*chance.pick(&["uid-web", "uid-web", "uid-web of before"])).to_owned(),
                    ..ObjectRef::named(kind, namespace, name)
                },
                spec_hash: (*chance.pick(&["00000000deadbeef", "a", "b"])).to_owned(),
                strategy: (*chance.pick(&[
                    "roll_back",
                    "raise_memory_limit@1.5",
                    "raise_memory_limit@2",
                    "raise_cpu_limit@1.5",
                    "raise_cpu_limit@2",
                    "restart_pod",
                ]))
                .to_owned(),
                under_way: verdict.is_none(),
                verdict,
                undone: chance.one_in(2),
                again: chance.one_in(2),
                result_hash: chance.one_in(2).then(|| "hash of revision 3".to_owned()),
                edits: past_edits(chance),
            }
        })
        .collect()
}

/// What a write of ours wrote.
fn past_edits(chance: &mut Chance) -> Vec<Edit> {
    let limit = format!("{APP}/resources/limits/memory");
    let cpu = format!("{APP}/resources/limits/cpu");
    match chance.below(8) {
        6 => vec![scene::edit(&cpu, "500m", "750m")],
        7 => vec![scene::edit(&cpu, "500m", "1000m")],
        0 => vec![],
        1 => vec![scene::edit(&limit, "64Mi", "96Mi")],
        2 => vec![scene::edit(&limit, "64Mi", "128Mi")],
        3 => vec![scene::edit(&limit, "1536Mi", "2Gi")],
        4 => vec![scene::edit(
            &format!("{APP}/resources"),
            json!({}),
            json!({"limits": {"memory": "96Mi"}}),
        )],
        _ => vec![scene::edit(&format!("{APP}/image"), "shop/web:1.4", "shop/web:1.3")],
    }
}
