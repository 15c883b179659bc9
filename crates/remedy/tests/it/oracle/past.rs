//! What our own past writes say, once more.

use remedy::{PastWrite, World};
use serde_json::{Value, json};
use types::{Action, Evidence, FixPlan, Verdict};

use super::room::millis;
use super::{Opinion, Rules, bytes, in_vain, need, own, text};

pub(super) fn history(plan: &FixPlan, rules: &Rules, world: &World<'_>) -> Opinion {
    let cap = |line: &str| rules.count("caps", line);
    // What is under way for an object that is gone has still to end.
    let name = world.evidence.subject.to_string();
    let is_its = |it: &&PastWrite| it.under_way && it.subject.to_string() == name;
    let under_way = world.writes.iter().filter(is_its).count();
    need(under_way < cap("workload_in_flight"), "in flight")?;
    let hash = &world.evidence.workload.spec_hash;
    let key = plan.strategy.key();
    let in_vain_here: Vec<&PastWrite> =
        own(world).filter(|it| it.spec_hash == *hash && in_vain(it)).collect();
    need(in_vain_here.iter().all(|it| it.strategy != key), "failed before")?;
    let wanted = written(plan, world.evidence);
    need(
        wanted.is_empty() || in_vain_here.iter().all(|it| spread(&it.edits) != wanted),
        "the same state failed under another name",
    )?;
    for revision in &world.evidence.revisions {
        let of_failure = own(world)
            .any(|it| in_vain(it) && it.result_hash.as_deref() == Some(&revision.spec_hash));
        let is_aim = !wanted.is_empty() && spread(&revision.edits) == wanted;
        need(!(of_failure && is_aim), "a revision that a failed fix made")?;
    }
    for (resource, read) in AMOUNTS {
        if plan.strategy.name() != format!("raise_{resource}_limit") {
            continue;
        }
        for (path, value) in &wanted {
            let least = proven_too_little(path, resource, world);
            let more = read(text(value)).is_none_or(|it| least < it);
            let is_limit = path.ends_with(&format!("limits/{resource}"));
            need(more || !is_limit, "known to be too little")?;
        }
    }
    let now = world.now.as_second();
    let within = |secs: i64| move |it: &&PastWrite| now - it.at.as_second() <= secs;
    let namespace = &world.evidence.subject.namespace;
    let here = world.writes.iter().filter(|it| it.subject.namespace == *namespace);
    let all = world.writes.iter();
    need(all.filter(within(60)).count() < cap("global_per_60s"), "cluster cap")?;
    need(here.filter(within(60)).count() < cap("namespace_per_60s"), "namespace cap")?;
    // What laid another fault bare is an attempt: that fault may be answered at once.
    let bared = |it: &PastWrite| it.verdict == Some(Verdict::Progress);
    let kept = own(world).filter(|it| !(bared(it) || it.undone && in_vain(it)));
    need(kept.filter(within(300)).count() < cap("workload_per_5min"), "cool-down")?;
    let attempts = own(world).filter(within(300)).count();
    need(attempts < cap("workload_attempts_per_5min"), "attempts")?;
    need(own(world).filter(within(3600)).count() < cap("workload_per_hour"), "hour")
}

/// Whether it writes a field that others turn back, or that is of another hand than the rest.
pub(super) fn is_fought(plan: &FixPlan, world: &World<'_>) -> bool {
    let below = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
    let touches = |path: &str, field: &str| {
        below(path, field) || below(field, path) || !field.is_empty() && !field.starts_with('/')
    };
    let edits = plan.steps.iter().flat_map(|it| match &it.action {
        Action::Edit(edits) if it.target.kind == world.evidence.subject.kind => &edits[..],
        Action::Edit(_) | Action::Evict | Action::Restart => &[],
    });
    let workload = &world.evidence.workload;
    let held = workload.other_hands.iter().flat_map(|it| &it.fields);
    let fields: Vec<_> = workload.turned_back.iter().chain(held).collect();
    edits.into_iter().any(|it| fields.iter().any(|field| touches(it.path.as_str(), field)))
}

/// Whether a write of ours that helped found there what this plan finds there.
pub(super) fn was_mended(plan: &FixPlan, world: &World<'_>) -> bool {
    let name = world.evidence.subject.to_string();
    let steps = plan.steps.iter().filter(|it| it.target.to_string() == name);
    let edits = steps.flat_map(|it| match &it.action {
        Action::Edit(edits) => &edits[..],
        Action::Evict | Action::Restart => &[],
    });
    let helped = |it: &&PastWrite| it.verdict == Some(Verdict::Recovered) && !it.undone;
    let past: Vec<_> = own(world).filter(helped).flat_map(|it| &it.edits).collect();
    edits.into_iter().any(|it| past.iter().any(|old| old.path == it.path && old.from == it.from))
}

/// Every value that the plan writes in the workload, by its path.
fn written(plan: &FixPlan, evidence: &Evidence) -> Vec<(String, Value)> {
    let name = evidence.subject.to_string();
    let on_subject = plan.steps.iter().filter(|it| it.target.to_string() == name);
    let edits: Vec<Value> = on_subject.map(|it| json!(it)["action"]["edit"].clone()).collect();
    let mut all = vec![];
    for edit in edits.iter().filter_map(Value::as_array).flatten() {
        if edit["from"] != edit["to"] {
            walk(text(&edit["path"]).to_owned(), &edit["to"], &mut all);
        }
    }
    sorted(all)
}

fn spread(edits: &[types::Edit]) -> Vec<(String, Value)> {
    let mut all = vec![];
    for edit in edits.iter().map(|it| json!(it)).filter(|it| it["from"] != it["to"]) {
        walk(text(&edit["path"]).to_owned(), &edit["to"], &mut all);
    }
    sorted(all)
}

/// The last of two values for one path is the one that counts.
fn sorted(all: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut kept: Vec<(String, Value)> = vec![];
    for (path, value) in all {
        kept.retain(|it| it.0 != path);
        kept.push((path, value));
    }
    kept.sort_by(|left, right| left.0.cmp(&right.0));
    kept
}

fn walk(path: String, value: &Value, all: &mut Vec<(String, Value)>) {
    match value.as_object().filter(|it| !it.is_empty()) {
        Some(members) => {
            for (name, value) in members {
                walk(format!("{path}/{name}"), value, all);
            }
        }
        None => all.push((path, value.clone())),
    }
}

/// Reads an amount.
type Read = fn(&str) -> Option<u128>;

/// How an amount of each resource is read.
const AMOUNTS: [(&str, Read); 2] = [("memory", bytes), ("cpu", millis)];

/// The most that was written here in vain, while the same trouble was seen again with it.
pub(super) fn proven_too_little(path: &str, resource: &str, world: &World<'_>) -> u128 {
    let read = AMOUNTS.iter().find(|it| it.0 == resource).unwrap().1;
    let hash = &world.evidence.workload.spec_hash;
    own(world)
        .filter(|it| it.spec_hash == *hash && in_vain(it) && it.undone && it.again)
        .filter(|it| {
            let doses = ["1.5", "2"].map(|dose| format!("raise_{resource}_limit@{dose}"));
            doses.contains(&it.strategy)
        })
        .flat_map(|it| &it.edits)
        .filter(|it| it.path.as_str() == path)
        .filter_map(|it| read(text(&json!(it.to))))
        .max()
        .unwrap_or(0)
}
