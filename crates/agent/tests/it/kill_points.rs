//! The agent is killed at every point of a fix, started again on the same data, and has to bring it to its end.
//!
//! `KILL_ROUNDS=12` repeats every point with every outcome so often: 21 kills a round. Another kind of fix has its turn
//! at each, so that six rounds bring every kind to every point.

mod mends;

use futures::StreamExt;
use serde_json::Value;

use self::mends::{MENDS, Mend};
use crate::agent_binary::AgentBinary;
use crate::fault_proxy::{Fault, Held, rehearsal, write};
use crate::stage::{Stage, state, until};

/// Clusters at the same time: each waits most of the time.
const AT_ONCE: usize = 4;

/// Where the agent is when it is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    BeforeTheRehearsal,
    AfterTheRehearsal,
    /// The write is on its way, and gets lost.
    WriteLost,
    /// The write is on its way, and arrives when its sender is gone.
    WriteLate,
    WriteMade,
    WriteAnswered,
    FirstLook,
    LaterLook,
    UndoLost,
    UndoLate,
    UndoMade,
    Ended,
}

const POINTS: [Point; 12] = [
    Point::BeforeTheRehearsal,
    Point::AfterTheRehearsal,
    Point::WriteLost,
    Point::WriteLate,
    Point::WriteMade,
    Point::WriteAnswered,
    Point::FirstLook,
    Point::LaterLook,
    Point::UndoLost,
    Point::UndoLate,
    Point::UndoMade,
    Point::Ended,
];

impl Point {
    fn is_in_the_undo(self) -> bool {
        matches!(self, Self::UndoLost | Self::UndoLate | Self::UndoMade)
    }

    /// Whether the write never reaches the cluster.
    fn is_before_the_write(self) -> bool {
        matches!(self, Self::BeforeTheRehearsal | Self::AfterTheRehearsal | Self::WriteLost)
    }
}

/// Twice what it has helps, or does not.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Helps,
    DoesNot,
}

impl Fate {
    fn limit(self) -> &'static str {
        match self {
            Self::Helps => "128Mi",
            Self::DoesNot => "64Mi",
        }
    }
}

#[actix_web::test]
async fn a_fix_that_is_cut_off_anywhere_is_made_once_and_brought_to_its_end() {
    let rounds = std::env::var("KILL_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let all = (0..rounds).flat_map(round);

    let n_killed = futures::stream::iter(all)
        .map(|(point, fate, mend)| check(point, fate, mend))
        .buffer_unordered(AT_ONCE)
        .count()
        .await;

    println!("killed {n_killed} times, each fix made at most once and brought to its end");
}

/// Every point with every outcome, of a fix whose turn it is.
fn round(number: usize) -> Vec<(Point, Fate, Mend)> {
    let kills = POINTS.into_iter().flat_map(|point| {
        let fates = [Fate::Helps, Fate::DoesNot].into_iter();
        fates
            .filter(move |it| !point.is_in_the_undo() || *it == Fate::DoesNot)
            .map(move |it| (point, it))
    });
    let with_turns = kills.enumerate().map(|(index, (point, fate))| {
        let mut turns = MENDS.into_iter().cycle().skip((number + index) % MENDS.len());
        let mend = turns.find(|it| it.may_end(fate, point.is_in_the_undo())).unwrap();
        (point, fate, mend)
    });
    with_turns.collect()
}

async fn check(point: Point, fate: Fate, mend: Mend) {
    let stage = Stage::open().await;
    // Of a pod that hangs here nothing but its probe says so.
    stage.set_policy("strategies: {restart_pod: auto}");
    let agent = stage.agent().await;
    let order = mend.trouble(&stage, &agent, fate).await;
    let (before, generation) = (mend.field(&stage), mend.generation(&stage));

    let held = bring_to(point, (&stage, mend), &agent, &order).await;
    agent.kill();
    // What is lost stays where it is held.
    let held = held.filter(|_| !matches!(point, Point::WriteLost | Point::UndoLost));
    held.iter().for_each(Held::let_go);
    let agent = stage.agent().await;
    let listed = agent.get("/api/v1/executions").await.1;
    let end = agent.end_of(&listed["executions"][0]).await;

    // The kubelet may have written the status before a write arrives that is late.
    let is_refused = point == Point::WriteLate && held.is_some_and(|it| it.was_refused());
    let is_halfway =
        mend == Mend::OrderedSet && matches!(point, Point::WriteMade | Point::WriteLate);
    let (wanted, field, n_writes) = if point.is_before_the_write() || is_refused {
        (("refused", "not_applied"), before, 0)
    } else if is_halfway {
        (("undone", "cut_off"), before, 2)
    } else if fate == Fate::Helps {
        (("verified", ""), mend.written(), mend.n_writes())
    } else {
        (("undone", ""), before, mend.n_writes_and_back())
    };
    let writes = stage.writes();
    let what = format!("{point:?}, {fate:?}, {mend:?}: {end:#}\n{writes:#?}\n{}", agent.log());
    let found = match state(&end) {
        // What was resized while it did not run says nothing of what it needs.
        (state, "no_effect") if mend == Mend::BarePod => (state, ""),
        found => found,
    };
    assert_eq!(listed["count"], 1, "{what}");
    assert_eq!(found, wanted, "{what}");
    assert_eq!((mend.field(&stage), writes.len()), (field, n_writes), "{what}");
    let edits: Vec<&Value> = writes.iter().filter(|it| it["verb"] == "patch").collect();
    let n_edits = i64::try_from(edits.len()).unwrap();
    assert_eq!(mend.generation(&stage), generation.map(|it| it + n_edits), "{what}");
    for write in edits {
        let id = end["id"].as_str().unwrap();
        assert!(write["body"].to_string().contains(id), "{what}");
    }
    drop(agent);
    stage.close().await;
}

/// Orders the fix and waits until the agent is at this point; answers with what is held on its way.
async fn bring_to(
    point: Point,
    (stage, mend): (&Stage, Mend),
    agent: &AgentBinary,
    order: &Value,
) -> Option<Held> {
    let proxy = &stage.proxy;
    let undo = |fault| proxy.after(mend.n_writes(), write, fault);
    let held = match point {
        Point::BeforeTheRehearsal => proxy.next(rehearsal, Fault::HoldRequest),
        Point::AfterTheRehearsal => proxy.next(rehearsal, Fault::HoldAnswer),
        Point::WriteLost | Point::WriteLate => proxy.next(write, Fault::HoldRequest),
        Point::WriteMade => proxy.next(write, Fault::HoldAnswer),
        Point::UndoLost | Point::UndoLate => undo(Fault::HoldRequest),
        Point::UndoMade => undo(Fault::HoldAnswer),
        Point::WriteAnswered | Point::FirstLook | Point::LaterLook | Point::Ended => {
            let fix = agent.carry_out(order).await;
            bring_on_to(point, (stage, mend), agent, &fix).await;
            return None;
        }
    };
    let order = async {
        agent.post("/api/v1/execute-fix", order).await;
        // The undo comes after the answer; nothing else ends the wait for it.
        assert!(point.is_in_the_undo(), "{point:?}: it is not held");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = order => None,
        () = held.here() => Some(held),
    }
}

/// The same where nothing is held.
async fn bring_on_to(
    point: Point,
    (stage, mend): (&Stage, Mend),
    agent: &AgentBinary,
    fix: &Value,
) {
    // What was read for the plan, for the rehearsal and for the write; then come the looks.
    let before = stage.proxy.n_seen(mend.read());
    let look = |n: usize| until("it looks", move || before + n <= stage.proxy.n_seen(mend.read()));
    match point {
        Point::FirstLook => look(1).await,
        Point::LaterLook => look(2).await,
        Point::Ended => drop(agent.end_of(fix).await),
        Point::BeforeTheRehearsal
        | Point::AfterTheRehearsal
        | Point::WriteLost
        | Point::WriteLate
        | Point::WriteMade
        | Point::WriteAnswered
        | Point::UndoLost
        | Point::UndoLate
        | Point::UndoMade => {}
    }
}
