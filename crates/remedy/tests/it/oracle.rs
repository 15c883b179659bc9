//! A second opinion on what may be written: the reference policy, written down again from its text.
//!
//! It shares no code with the guard. It reads a step and a policy as the JSON that they are, and paths as text.

mod calm;
mod commands;
mod consent;
mod images;
mod past;
mod restarts;
mod rules;
mod services;
mod probes;
mod references;
mod room;

use calm::{budget, calm, lock};
use consent::{is_on, unasked};
use images::{has_run, image_opinion};
use past::{history, is_fought, was_mended};
use probes::{probe_opinion, starves};
use references::{beside_opinion, reference_opinion, rename_opinion};
use remedy::{Authority, PastWrite, World};
use room::{raise_opinion, room_opinion};
pub(crate) use rules::Rules;
use serde_json::{Value, json};
use types::{ContainerFacts, Evidence, FixPlan, Mode, Risk, Verdict};

/// Why not; for the reader of a failed test.
pub(crate) type Opinion = Result<(), String>;

fn no(why: &str) -> Opinion {
    Err(why.to_owned())
}

fn need(holds: bool, why: &str) -> Opinion {
    if holds { Ok(()) } else { no(why) }
}

pub(crate) fn opinion(plan: &FixPlan, rules: &Rules, world: &World<'_>) -> Opinion {
    let evidence = world.evidence;
    let age = world.now.as_second() - evidence.taken_at.as_second();
    need(world.mode != Mode::Observe, "observing")?;
    need(plan.risk != Risk::Advice, "advice")?;
    let shown = ["correct_typo", "remove_taint", "rerun_job", "restore_replicas"];
    need(!shown.contains(&plan.strategy.name()), "only shown")?;
    is_on(plan, rules)?;
    need((-5..=rules.age()).contains(&age), "stale")?;
    need(!evidence.workload.opted_out && !evidence.workload.paused, "left alone")?;
    let closed = ["", "kube-system", "kube-public", "kube-node-lease"];
    let namespace = evidence.subject.namespace.as_str();
    need(!closed.contains(&namespace), "namespace")?;
    need(!rules.lists("denied_namespaces", namespace), "denied")?;
    need(!world.own_namespaces.contains(&namespace), "own namespace")?;
    need(plan.steps.len() <= 3, "steps")?;

    let steps: Vec<Value> = plan.steps.iter().map(|it| json!(it)).collect();
    let subject = json!(evidence.subject);
    let on_subject = |it: &&Value| {
        ["kind", "namespace", "name"].iter().all(|name| it["target"][name] == subject[name])
    };
    need(steps.iter().filter(on_subject).count() <= 1, "the workload is written once")?;
    for (index, step) in steps.iter().enumerate() {
        let name = |it: &Value| {
            ["kind", "namespace", "name"].map(|field| text(&it["target"][field]).to_owned())
        };
        need(steps[..index].iter().all(|it| name(it) != name(step)), "each object once")?;
        step_opinion(step, &steps, plan, (rules, world))?;
    }
    if plan.steps.is_empty() {
        return Ok(());
    }
    history(plan, rules, world)?;
    match world.authority {
        Authority::Person(_) => Ok(()),
        Authority::Automation => machine(plan, rules, world),
    }
}

fn machine(plan: &FixPlan, rules: &Rules, world: &World<'_>) -> Opinion {
    need(world.mode == Mode::Auto, "a person is asked")?;
    unasked(plan, rules)?;
    need(world.policy_given && world.authenticated && world.enrolled, "not armed")?;
    need(world.accepted.is_none(), "somebody lives with it")?;
    need(world.evidence.workload.maintenance.is_none(), "it is meant")?;
    let name = plan.strategy.name();
    let sets_amounts = name.starts_with("raise_") || name == "lower_requests";
    let is_hidden = world.evidence.unread.iter().any(|it| it.starts_with("vertical autoscalers: "));
    need(!(sets_amounts && is_hidden), "an autoscaler that nobody could read")?;
    need(!is_fought(plan, world), "two take turns")?;
    need(!was_mended(plan, world), "somebody put it back")?;
    need(has_run(plan, rules, world.evidence), "never ran here")?;
    need(restarts::spoken_for(plan, rules, world.evidence), "nothing speaks for a new pod")?;
    calm(rules, world)?;
    lock(rules, world)?;
    budget(rules, world)?;
    let newest = world.evidence.workload.last_change.as_ref().map(|it| it.at.as_second());
    let is_new = |it: i64| world.now.as_second() - it <= rules.grace();
    need(rules.grace() == 0 || !newest.is_some_and(is_new), "somebody is at it")
}

fn own<'a>(world: &'a World<'_>) -> impl Iterator<Item = &'a PastWrite> {
    let subject = &world.evidence.subject;
    let name = subject.to_string();
    // What was made anew under its name is another.
    let lives = move |uid: &str| uid.is_empty() || subject.uid.is_empty() || uid == subject.uid;
    world.writes.iter().filter(move |it| it.subject.to_string() == name && lives(&it.subject.uid))
}

fn in_vain(write: &PastWrite) -> bool {
    match write.verdict {
        // What it was made for is over.
        Some(Verdict::Recovered | Verdict::Progress) => write.undone,
        Some(Verdict::Unchanged | Verdict::Worse) => true,
        None => false,
    }
}

fn step_opinion(
    step: &Value,
    steps: &[Value],
    plan: &FixPlan,
    (rules, world): (&Rules, &World<'_>),
) -> Opinion {
    let evidence = world.evidence;
    let target = &step["target"];
    let word = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
    need(!word("uid").is_empty() && !word("resource_version").is_empty(), "unidentified")?;
    let is_subject = *target == json!(evidence.subject);
    let pod = evidence.pods.iter().find(|it| {
        word("kind") == "Pod"
            && word("namespace") == evidence.subject.namespace
            && word("name") == it.name
            && word("uid") == it.uid
            && word("resource_version") == it.resource_version
    });
    need(is_subject || pod.is_some(), "foreign target")?;
    let owner = evidence.subject.kind.as_str();
    let strategy = plan.strategy.name();
    if step["action"] == "evict" {
        let pod = pod.filter(|_| !is_subject);
        return need(may_go(pod, steps, strategy, evidence), "eviction");
    }
    let resizes = step.get("subresource").is_some();
    if step["action"] == "restart" {
        let path = "/spec/template/metadata/annotations/k8s-reflexion.io~1restarted-by";
        need(!is_owned(path, evidence), "owned")?;
        let alone = strategy == "restart_rollout" && steps.len() == 1;
        return need(alone && is_subject && rolls(owner), "restart");
    }
    let in_place = !is_subject
        && resizes
        && ["raise_memory_limit", "raise_cpu_limit"].contains(&strategy)
        && pod.is_some_and(|it| stays(it, steps, evidence));
    need(in_place || fits(strategy, owner, is_subject, resizes), "wrong object for this strategy")?;
    let edits = step["action"]["edit"].as_array().unwrap();
    need(!edits.is_empty(), "no edits")?;
    for edit in edits {
        need(!is_owned(edit["path"].as_str().unwrap(), evidence), "owned")?;
    }
    match strategy {
        "roll_back" => return revision_opinion(edits, plan, evidence),
        "fix_selector" => return services::selector(edits, plan, evidence),
        "fix_service_port" => return services::port(edits, plan, evidence),
        _ => {}
    }
    if strategy == "fix_reference" && rename_opinion(edits, &word("kind"), (plan, evidence)).is_ok()
    {
        return Ok(());
    }
    for (index, edit) in edits.iter().enumerate() {
        let overlaps = |it: &Value| {
            let (left, right) =
                (format!("{}/", text(&it["path"])), format!("{}/", text(&edit["path"])));
            left.starts_with(&right) || right.starts_with(&left)
        };
        need(!edits[..index].iter().any(overlaps), "overlap")?;
        edit_opinion(edit, &word("kind"), plan, (rules, world))?;
    }
    room_opinion(edits, &word("kind"), strategy, evidence)
}

/// Whether a pod may be evicted: as the whole remedy, after an edit that it does not follow, or because it is over.
fn may_go(
    pod: Option<&types::PodFacts>,
    steps: &[Value],
    strategy: &str,
    evidence: &Evidence,
) -> bool {
    let Some(pod) = pod else { return false };
    let owner = evidence.subject.kind.as_str();
    let workload = &evidence.workload;
    let made_again = rolls(owner) || owner == "ReplicaSet";
    if strategy == "clear_leftovers" {
        let whole = 0 < workload.desired && workload.desired <= workload.ready;
        return made_again && whole && is_over(pod, evidence);
    }
    let by_hand = owner == "DaemonSet" && workload.on_delete;
    let follows = (["StatefulSet", "ReplicaSet"].contains(&owner) || by_hand)
        && steps[0]["action"].get("edit").is_some();
    let alone = strategy == "restart_pod" && steps.len() == 1;
    made_again && !pod.ready && !pod.terminating && (follows || alone)
}

/// A pod that ended and that nobody waits for any more.
fn is_over(pod: &types::PodFacts, evidence: &Evidence) -> bool {
    let reason = pod.reason.as_deref().unwrap_or_default();
    let put_off =
        ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError"];
    let is_old =
        pod.ended_at.is_some_and(|it| 3600 <= evidence.taken_at.as_second() - it.as_second());
    let ended = match pod.phase.as_str() {
        "Failed" => put_off.contains(&reason),
        "Succeeded" => is_old,
        _ => false,
    };
    ended && !pod.ready && !pod.terminating
}

/// A broken pod that runs on as it is when its template changes: the template is edited first, or cannot be.
fn stays(pod: &types::PodFacts, steps: &[Value], evidence: &Evidence) -> bool {
    let template_first =
        steps[0]["target"] == json!(evidence.subject) && steps[0]["action"].get("edit").is_some();
    let runs = pod.phase == "Running" && pod.scheduled;
    let broken = pod.current && !pod.ready && !pod.terminating;
    let of_owner = match evidence.subject.kind.as_str() {
        "Job" => !template_first,
        "ReplicaSet" | "CronJob" => template_first,
        "StatefulSet" | "DaemonSet" => template_first && evidence.workload.on_delete,
        _ => false,
    };
    runs && broken && of_owner
}

fn rolls(owner: &str) -> bool {
    ["Deployment", "StatefulSet", "DaemonSet"].contains(&owner)
}

/// Whether a strategy edits the object of such an owner (or one of its pods) at all.
fn fits(strategy: &str, owner: &str, is_subject: bool, resizes: bool) -> bool {
    let has_template = rolls(owner) || owner == "ReplicaSet" || owner == "CronJob";
    match strategy {
        "roll_back" => is_subject && (rolls(owner) || owner == "CronJob") && !resizes,
        "replace_image_tag" if is_subject => !resizes && (has_template || owner == "Pod"),
        "replace_image_tag" => !resizes && (owner == "Job" || owner == "CronJob"),
        "raise_memory_limit" | "lower_requests" | "raise_cpu_limit" => {
            is_subject && if resizes { owner == "Pod" } else { has_template }
        }
        "fix_selector" | "fix_service_port" => is_subject && owner == "Service" && !resizes,
        "relax_probe" | "fix_probe_port" | "fix_reference" => {
            is_subject && has_template && !resizes
        }
        _ => false,
    }
}

fn revision_opinion(edits: &[Value], plan: &FixPlan, evidence: &Evidence) -> Opinion {
    let of_jobs = evidence.subject.kind.as_str() == "CronJob";
    let worked = evidence.workload.never_worked.is_none();
    let told = edits.iter().any(|it| {
        let path = text(&it["path"]).to_owned();
        let whole = path.trim_end_matches(|it: char| it.is_ascii_digit() || it == '/');
        ["command", "args", "env", "envFrom"]
            .iter()
            .any(|it| path.split('/').any(|part| part == *it))
            || whole.ends_with("/containers")
            || whole.ends_with("/initContainers")
    });
    need(!(of_jobs && (worked || told)) || plan.risk != Risk::Auto, "a person is asked")?;
    let template = if of_jobs { "/spec/jobTemplate/spec/template/" } else { "/spec/template/" };
    let Some(now) = evidence.revisions.iter().find(|it| it.current) else { return no("revision") };
    let mut before: Vec<_> =
        evidence.revisions.iter().filter(|it| it.revision < now.revision).collect();
    before.sort_by_key(|it| -it.revision);
    before.truncate(3);
    let is_one = before
        .iter()
        .any(|it| it.was_ready && it.edits.iter().map(|it| json!(it)).collect::<Vec<_>>() == edits);
    let in_template =
        edits.iter().all(|it| format!("{}/", text(&it["path"])).starts_with(template));
    need(is_one && in_template, "revision")?;
    commands::command_opinion(edits, plan, evidence)
}

fn is_owned(path: &str, evidence: &Evidence) -> bool {
    let path = format!("{path}/");
    evidence.workload.owners.iter().any(|owner| {
        owner.fields.is_empty()
            || owner.fields.iter().any(|it| {
                let field = format!("{it}/");
                !it.is_empty() && !it.starts_with('/')
                    || path.starts_with(&field)
                    || field.starts_with(&path)
            })
    })
}

fn edit_opinion(
    edit: &Value,
    kind: &str,
    plan: &FixPlan,
    (rules, world): (&Rules, &World<'_>),
) -> Opinion {
    let evidence = world.evidence;
    let spec = spec_of(kind);
    let path = text(&edit["path"]);
    let Some(field) = path.strip_prefix(spec) else { return no("outside the template") };
    let names: Vec<&str> = field.split('/').skip(1).collect();
    let strategy = plan.strategy.name();
    if strategy == "fix_reference" {
        return reference_opinion(edit, &names, (plan, evidence));
    }
    if strategy == "replace_image_tag" && names.last() != Some(&"image") {
        return beside_opinion(edit, &names, (plan, evidence));
    }
    let [list, index, ref rest @ ..] = names[..] else { return no("no container") };
    let role = match list {
        "containers" => "app",
        "initContainers" => "init",
        _ => return no("no container"),
    };
    let here = |it: &&ContainerFacts| it.index.to_string() == index && json!(it.role) == role;
    let Some(container) = evidence.containers.iter().find(here) else { return no("no container") };
    match (strategy, rest) {
        ("replace_image_tag", ["image"]) => image_opinion(edit, (plan, rules), container, evidence),
        (
            "raise_memory_limit" | "raise_cpu_limit",
            ["resources", list @ ("limits" | "requests"), resource @ ("memory" | "cpu")],
        ) => {
            need(strategy != "raise_cpu_limit" || starves(container), "it does not wait for CPU")?;
            raise_opinion(edit, (strategy, list, resource), (kind, container), (rules, world))
        }
        ("lower_requests", ["resources", "requests", "memory"]) => {
            let request = container.memory_request.as_ref().map(|it| it.0.clone());
            need(json!(request) == edit["from"], "not what was seen")?;
            let limit = container.memory_limit.as_ref().map(|it| it.0.clone());
            let old = request.or(limit).and_then(|it| bytes(&it)).unwrap_or(0);
            let new = bytes(text(&edit["to"]));
            let used = container.memory_used.map_or(0, u128::from);
            need(new.is_some_and(|it| it < old && old <= 8 * it && used <= it), "request bound")
        }
        (_, [probe, rest @ ..]) => {
            let kind = probe.strip_suffix("Probe").unwrap_or_default();
            let Some(probe) = container.probes.iter().find(|it| json!(it.kind) == kind) else {
                return no("no probe");
            };
            probe_opinion(edit, (plan, rest), (probe, container), evidence)
        }
        _ => no("field"),
    }
}

/// Where the pod spec stands in an object of this kind.
fn spec_of(kind: &str) -> &'static str {
    match kind {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whole amounts with a binary suffix or none, which is all that the generator writes.
fn bytes(amount: &str) -> Option<u128> {
    let digits = amount.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let scale = match amount.strip_prefix(digits)? {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u128>().ok()?.checked_mul(scale)
}
