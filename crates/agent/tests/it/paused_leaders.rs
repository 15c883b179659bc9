//! A leader that is stopped right before it writes, and wakes up when another replica leads: it writes nothing any
//! more.
//!
//! `PAUSES=200` pauses so many; a few, when it is not set.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::agent_binary::AgentBinary;
use crate::fault_proxy::{Fault, FaultProxy, Held, intent, rehearsal};
use crate::stage::{RAISE, Stage, state};

/// Pauses on one stage, one after the other.
const OF_A_STAGE: usize = 10;
/// Stages at the same time: each waits most of the time.
const AT_ONCE: usize = 2;
/// A silent leader is believed so much shorter than usual, so that a pause is over soon.
const HASTY: [&str; 2] = ["--lease-seconds", "4"];

/// How often a leader is asked that does not come to where it is to be stopped.
const TRIES: usize = 5;
/// Caps that no test comes near.
const MANY: &str = "caps: {global_per_60s: 100, namespace_per_60s: 100}";

/// Where a leader is stopped: decided it has each time.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Its intent is not on its way to the Lease yet.
    BeforeTheIntent,
    /// Its intent is on its way, and arrives when another one has written the Lease.
    AtTheIntent,
    /// Its intent stands in the Lease, and nothing is left to do but the write.
    BeforeTheWrite,
}

const MOMENTS: [Moment; 3] = [Moment::BeforeTheIntent, Moment::AtTheIntent, Moment::BeforeTheWrite];

impl Moment {
    fn hold(self, proxy: &FaultProxy) -> Held {
        match self {
            Self::BeforeTheIntent => proxy.next(rehearsal, Fault::HoldAnswer),
            Self::AtTheIntent => proxy.next(intent, Fault::HoldRequest),
            Self::BeforeTheWrite => proxy.next(intent, Fault::HoldAnswer),
        }
    }
}

#[actix_web::test]
async fn a_leader_that_is_paused_right_before_its_write_writes_nothing_when_it_wakes_up() {
    let n_paused = on_stages(pause_leaders).await;
    println!(
        "{n_paused} leaders were paused right before a write: none wrote when it woke up, and nothing was written twice"
    );
}

#[actix_web::test]
async fn an_agent_that_is_paused_while_one_writes_that_it_knows_nothing_of_writes_nothing_when_it_wakes_up()
 {
    let n_paused = on_stages(pause_strangers).await;
    println!(
        "{n_paused} agents were paused right before a write that another one made: nothing was written twice"
    );
}

/// Plays so many pauses as are wanted, on several stages; how many it were.
async fn on_stages<P: Future<Output = ()>>(play: impl Fn(usize, usize) -> P) -> usize {
    let wanted = std::env::var("PAUSES").ok().and_then(|it| it.parse().ok()).unwrap_or(6);
    let n_stages = usize::div_ceil(wanted, OF_A_STAGE).max(AT_ONCE);
    let of_a_stage = usize::div_ceil(wanted, n_stages);
    let stages: Vec<_> = (0..n_stages).collect();
    for some in stages.chunks(AT_ONCE) {
        futures::future::join_all(some.iter().map(|it| play(it * of_a_stage, of_a_stage))).await;
    }
    n_stages * of_a_stage
}

/// Pauses one of two agents so often that share no Lease, before it writes what the other one writes meanwhile.
async fn pause_strangers(first: usize, rounds: usize) {
    let stage = Stage::open().await;
    stage.set_policy(MANY);
    let agents = [stage.stranger("a").await, stage.stranger("b").await];
    for number in first..first + rounds {
        let (paused, other) = (&agents[number % 2], &agents[1 - number % 2]);
        let name = format!("web{number}");
        stage.run_hungry(&name, "128Mi").await;
        paused.order_for(&name, RAISE).await;
        let order = other.order_for(&name, RAISE).await;

        let held = stage.proxy.next(rehearsal, Fault::HoldAnswer);
        let meanwhile = async {
            held.here().await;
            paused.pause().await;
            held.let_go();
            let made = other.end_of(&other.carry_out(&order).await).await;
            paused.signal("CONT");
            made
        };
        let (late, made) = tokio::join!(paused.post("/api/v1/execute-fix", &order), meanwhile);
        let late = paused.execution(&late.1).await;

        let said = format!("{late:#}\n{made:#}");
        assert_eq!(
            (state(&late), state(&made)),
            (("refused", "stale"), ("verified", "")),
            "{said}"
        );
        assert_eq!(writes_of(&stage, &name).len(), 1, "{said}");
        assert_eq!((stage.limit(&name).as_str(), stage.generation(&name)), ("192Mi", 2), "{said}");
    }
    stage.close().await;
}

/// Pauses the leader of two replicas so often; the first of them is this one by number, which says where.
async fn pause_leaders(first: usize, rounds: usize) {
    let stage = Stage::open().await;
    stage.set_policy(MANY);
    let replicas = [stage.replica("a", &HASTY).await, stage.replica("b", &HASTY).await];
    for number in first..first + rounds {
        let name = format!("web{number}");
        stage.run_hungry(&name, "128Mi").await;
        pause(&stage, &replicas, &name, MOMENTS[number % MOMENTS.len()]).await;
    }
    stage.close().await;
}

/// Orders it of the one that leads, and waits until that is where it is to be stopped: which one it is, what holds
/// it there, and its answer, which has not come yet. On a busy machine a leader may lose the Lease before it comes
/// to that.
async fn hold_leader<'a>(
    stage: &Stage,
    replicas: &'a [AgentBinary; 2],
    order: &'a Value,
    moment: Moment,
) -> (usize, Held, LocalBoxFuture<'a, (u16, Value)>) {
    for _ in 0..TRIES {
        let leader = leading(replicas).await;
        let held = moment.hold(&stage.proxy);
        let mut answer = replicas[leader].post("/api/v1/execute-fix", order).boxed_local();
        tokio::select! {
            biased;
            () = held.here() => return (leader, held, answer),
            early = &mut answer => eprintln!("not held at {moment:?}: {} {}", early.0, early.1["result"]),
        }
        stage.proxy.heal();
    }
    panic!("no leader came to {moment:?}");
}

/// Which of the two leads.
async fn leading(replicas: &[AgentBinary; 2]) -> usize {
    let started = std::time::Instant::now();
    loop {
        for (index, replica) in replicas.iter().enumerate() {
            if replica.leads().await {
                return index;
            }
        }
        assert!(started.elapsed() < crate::agent_binary::PATIENCE, "nobody leads");
    }
}

async fn pause(stage: &Stage, replicas: &[AgentBinary; 2], name: &str, moment: Moment) {
    replicas[0].order_for(name, RAISE).await;
    let order = replicas[1].order_for(name, RAISE).await;
    let (leader, held, late) = hold_leader(stage, replicas, &order, moment).await;
    let other = &replicas[1 - leader];
    let leader = &replicas[leader];

    let meanwhile = async {
        leader.pause().await;
        if !matches!(moment, Moment::AtTheIntent) {
            held.let_go();
        }
        other.until_leads().await;
        let second = other.end_of(&other.carry_out(&order).await).await;
        held.let_go();
        leader.signal("CONT");
        second
    };
    let (late, second) = tokio::join!(late, meanwhile);
    let late = leader.execution(&late.1).await;

    let said = format!("{moment:?}: {late:#}\n{second:#}");
    assert!(["not_leading", "stale"].contains(&state(&late).1), "{said}");
    match moment {
        Moment::BeforeTheIntent | Moment::AtTheIntent => {
            assert_eq!(state(&second), ("verified", ""), "{said}");
        }
        // Nobody but the one who was paused knows whether its write is on its way.
        Moment::BeforeTheWrite => {
            assert_eq!(state(&second), ("refused", "fix_in_flight"), "{said}");
            assert_eq!(writes_of(stage, name).len(), 0, "{said}");
            // It asks for its turn to say that nothing is, and then the workload is mended.
            leader.until_leads().await;
            let end = leader.end_of(&leader.carry_out(&order).await).await;
            assert_eq!(state(&end), ("verified", ""), "{end:#}");
        }
    }
    assert_eq!(writes_of(stage, name).len(), 1, "{said}");
    assert_eq!((stage.limit(name).as_str(), stage.generation(name)), ("192Mi", 2), "{said}");
}

/// What was written to this Deployment, by the cluster's own record.
fn writes_of(stage: &Stage, name: &str) -> Vec<Value> {
    let path = format!("/deployments/{name}");
    let is_its = |it: &Value| it["path"].as_str().is_some_and(|it| it.ends_with(&path));
    stage.writes().into_iter().filter(is_its).collect()
}
