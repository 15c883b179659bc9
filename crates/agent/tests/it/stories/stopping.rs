//! The stop button.
//!
//! `STOPS=100` presses it so often while something is being written.

use sandbox::store::Deletion;
use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::fault_proxy::{Fault, Which, rehearsal, write};
use crate::stage::{RAISE, Stage, code, state, until};

/// How often the button is pressed while something is being written.
const PRESSED: usize = 20;

async fn stop(agent: &AgentBinary) {
    assert_eq!(agent.set_mode("observe").await.0, 200);
}

async fn arm(agent: &AgentBinary) {
    assert_eq!(agent.set_mode("auto").await.0, 200);
}

#[actix_web::test]
async fn after_the_stop_button_nothing_is_written_and_a_restart_changes_nothing() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    for _ in 0..PRESSED {
        let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
        let press = async {
            held.here().await;
            stop(&agent).await;
            held.let_go();
        };
        let (end, ()) = tokio::join!(agent.carry_out(&order), press);
        assert_eq!(state(&end), ("refused", "observing"), "{end:#}");
        arm(&agent).await;
    }
    stop(&agent).await;
    agent.kill();
    let agent = stage.agent().await;

    assert_eq!(agent.get("/api/v1/mode").await.1["mode"], "observe");
    let order = agent.order_for("web", RAISE).await;
    assert_eq!(state(&agent.carry_out(&order).await), ("refused", "observing"));
    assert_eq!(stage.proxy.n_seen(write), 0);
    arm(&agent).await;
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

/// Reads the workload of these tests whole.
fn read(request: &str) -> bool {
    let path = request.strip_prefix("GET ").map(|it| it.trim_end_matches('?'));
    path == Some("/apis/apps/v1/namespaces/shop/deployments/web")
}

/// The button is pressed after the rehearsal, while the next such request is on its way.
async fn stopped_while_held(which: Which) {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    // Whatever else asks for the same has done so.
    let rehearsed = stage.proxy.next(rehearsal, Fault::HoldAnswer);
    let press = async {
        rehearsed.here().await;
        let slow = stage.proxy.next(which, Fault::HoldRequest);
        rehearsed.let_go();
        slow.here().await;
        stop(&agent).await;
        slow.let_go();
    };
    let (end, ()) = tokio::join!(agent.carry_out(&order), press);

    assert_eq!(state(&end), ("refused", "observing"), "{end:#}");
    assert_eq!(stage.proxy.n_seen(write), 0);
    arm(&agent).await;
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

#[actix_web::test]
async fn a_stop_counts_while_a_slow_api_server_keeps_the_write_from_being_sent() {
    stopped_while_held(read).await;
}

/// What is asked for so that there is a connection.
fn hail(request: &str) -> bool {
    request.starts_with("GET /version")
}

#[actix_web::test]
async fn a_stop_counts_while_the_connection_for_the_write_is_made() {
    stopped_while_held(hail).await;
}

#[actix_web::test]
async fn a_stop_counts_while_a_slow_api_server_keeps_an_undo_from_being_sent() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = agent.fix("web", RAISE).await;
    let fix = agent.end_of(&fix).await;
    assert_eq!((state(&fix), stage.n_writes()), (("verified", ""), 1), "{fix:#}");

    let slow = stage.proxy.next(read, Fault::HoldRequest);
    let undo = format!("/api/v1/executions/{}/undo", fix["id"].as_str().unwrap());
    assert_eq!(agent.post(&undo, &json!({})).await.0, 200);
    slow.here().await;
    stop(&agent).await;
    slow.let_go();
    // Time enough for a write that does not ask again.
    for _ in 0..50 {
        assert_eq!(agent.get("/api/v1/mode").await.1["mode"], "observe");
    }
    assert_eq!(stage.n_writes(), 1);
    arm(&agent).await;

    let end = agent.end_of(&fix).await;
    assert_eq!((state(&end), stage.n_writes()), (("undone", ""), 2), "{end:#}");
}

/// How the button is pressed.
#[derive(Clone, Copy, Debug)]
enum Way {
    Api,
    CommandLine,
    ConfigMap,
}

const WAYS: [Way; 3] = [Way::Api, Way::CommandLine, Way::ConfigMap];

impl Way {
    /// Presses it, and returns as soon as that is done.
    async fn press(self, stage: &Stage, agent: &AgentBinary) {
        match self {
            Self::Api => stop(agent).await,
            Self::CommandLine => {
                let pressed = mode_command(agent, &["observe", "--reason", "3 am"]).await;
                assert!(pressed.status.success(), "{pressed:?}");
            }
            Self::ConfigMap => hold(stage),
        }
    }

    /// How long an order waits, so that a button that takes its time is pressed before and after the write as well.
    fn lead(self, moment: usize) -> std::time::Duration {
        let moment = u64::try_from(moment).unwrap();
        std::time::Duration::from_millis(match self {
            Self::Api | Self::ConfigMap => 0,
            Self::CommandLine => moment / 4,
        })
    }

    /// Lets it go on.
    async fn release(self, stage: &Stage, agent: &AgentBinary) {
        match self {
            Self::Api | Self::CommandLine => arm(agent).await,
            Self::ConfigMap => let_go(stage, agent, "auto").await,
        }
    }
}

/// Makes the object that stops all writing.
fn hold(stage: &Stage) {
    let stop = json!({"metadata": {"name": "k8s-reflexion-stop"}});
    stage.cluster.sandbox.store().create("configmaps", "k8s-reflexion", stop).unwrap();
}

/// Removes that object, and sets this mode as soon as that may be done.
async fn let_go(stage: &Stage, agent: &AgentBinary, mode: &str) {
    let store = stage.cluster.sandbox.store();
    store
        .delete("configmaps", "k8s-reflexion", "k8s-reflexion-stop", &Deletion::default())
        .unwrap();
    let started = std::time::Instant::now();
    while agent.set_mode(mode).await.0 == 409 {
        assert!(started.elapsed() < crate::agent_binary::PATIENCE, "it is still held");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// `agent mode` with these arguments.
async fn mode_command(agent: &AgentBinary, arguments: &[&str]) -> std::process::Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_agent"));
    command.env("AGENT_URL", agent.url()).args(["mode", "--token-file"]).arg(agent.token_file());
    command.args(arguments).output().await.unwrap()
}

/// A stage on which the object that stops all writing has its namespace.
async fn open_at_home() -> Stage {
    let stage = Stage::open().await;
    let namespace = json!({"metadata": {"name": "k8s-reflexion"}});
    stage.cluster.sandbox.store().create("namespaces", "", namespace).unwrap();
    stage
}

#[actix_web::test]
async fn whenever_the_button_is_pressed_no_write_comes_a_second_later() {
    const AT_ONCE: usize = 4;
    let pressed = std::env::var("STOPS").ok().and_then(|it| it.parse().ok()).unwrap_or(PRESSED);
    // A stage is made anew for every few: so many workloads are one cluster of a test.
    let rounds = pressed.div_ceil(PRESSED);
    for _ in 0..rounds {
        futures::future::join_all((0..AT_ONCE).map(|it| press_often(it, PRESSED / AT_ONCE))).await;
    }
    println!(
        "stopped {} times by {WAYS:?} while something was written, and nothing a second later",
        rounds * PRESSED
    );
}

/// Presses the button so often, each time at another moment from before the decision to after the write.
async fn press_often(player: usize, rounds: usize) {
    let stage = open_at_home().await;
    stage.set_policy("caps: {global_per_60s: 100, namespace_per_60s: 100}");
    let agent = stage.agent().await;
    for number in 0..rounds {
        stage.run_hungry(&format!("web{number}"), "128Mi").await;
    }
    for number in 0..rounds {
        let (way, moment) = (WAYS[(player + number) % WAYS.len()], player * 100 + number * 20);
        let order = agent.order_for(&format!("web{number}"), RAISE).await;
        let ordered = async {
            tokio::time::sleep(way.lead(moment)).await;
            agent.carry_out(&order).await
        };
        let press = async {
            for _ in 0..moment {
                tokio::task::yield_now().await;
            }
            way.press(&stage, &agent).await;
            jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1)
        };
        let (_, silent_from) = tokio::join!(ordered, press);
        until("a second is over", || silent_from < jiff::Timestamp::now()).await;
        assert_eq!(agent.get("/api/v1/mode").await.1["mode"], "observe", "{way:?}");
        let at = |it: &Value| it["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let late = stage.writes().iter().filter(|it| silent_from < at(it)).count();
        assert_eq!(late, 0, "{way:?}");
        way.release(&stage, &agent).await;
    }
}

#[actix_web::test]
async fn an_undo_waits_while_the_agent_is_stopped_over_a_restart_too() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "64Mi").await;

    let fix = agent.fix("web", RAISE).await;
    stop(&agent).await;
    agent.in_state(&fix, "undoing").await;
    agent.kill();
    let agent = stage.agent().await;
    agent.ready().await;
    let waiting = agent.in_state(&fix, "undoing").await;

    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("96Mi", 1), "{waiting:#}");
    arm(&agent).await;
    let end = agent.end_of(&fix).await;
    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
}

#[actix_web::test]
async fn two_who_set_the_mode_at_once_leave_the_same_mode_behind_in_memory_and_after_a_restart() {
    let stage = Stage::open().await;
    let mut agent = stage.agent().await;

    for _ in 0..5 {
        let modes = ["observe", "auto", "suggest", "observe", "auto", "observe", "suggest"];
        futures::future::join_all(modes.map(|it| agent.set_mode(it))).await;
        let before = agent.get("/api/v1/mode").await.1["mode"].clone();
        agent.kill();
        agent = stage.agent().await;
        assert_eq!(agent.get("/api/v1/mode").await.1["mode"], before);
    }
    assert_eq!(agent.set_mode("nonsense").await.0, 400);
    assert_eq!(agent.get("/api/v1/executions").await.1, json!({"count": 0, "executions": []}));
}

#[actix_web::test]
async fn beside_a_damaged_journal_nothing_is_written_before_a_person_says_so() {
    let stage = Stage::open().await;
    let data = stage.data.path().join("agent");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("journal.db"), "no database".repeat(100)).unwrap();
    let said = stage.try_agent(&["--mode", "auto"]).await.err().unwrap();
    assert!(said.contains("journal.damaged-1"), "{said}");

    let agent = stage.agent_with(&["--mode", "auto"]).await;

    let (_, answer) = agent.get("/api/v1/mode").await;
    assert_eq!(answer["mode"], "observe", "{}", agent.log());
}

#[actix_web::test]
async fn the_setting_observe_counts_whatever_the_journal_says_and_is_kept() {
    let stage = Stage::open().await;
    let agent = stage.agent_with(&["--mode", "auto"]).await;
    agent.kill();
    let agent = stage.agent_with(&["--mode", "observe"]).await;
    agent.kill();

    let agent = stage.agent_with(&["--mode", "auto"]).await;

    let (_, answer) = agent.get("/api/v1/mode").await;
    assert_eq!(answer["mode"], "observe");
}

#[actix_web::test]
async fn two_agents_do_not_share_a_data_folder() {
    let stage = Stage::open().await;
    let _first = stage.agent_with(&["--mode", "auto"]).await;

    let said = stage.try_agent(&["--mode", "auto"]).await.err().unwrap();

    assert!(said.contains("is in use by process"), "{said}");
}

#[actix_web::test]
async fn an_object_in_the_cluster_stops_all_writing_and_its_end_arms_nothing() {
    let stage = open_at_home().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    hold(&stage);

    agent.until("/api/v1/mode", |it| (it["mode"] == "observe").then_some(())).await;
    let fix = agent.carry_out(&order).await;
    assert_eq!((state(&fix), stage.n_writes()), (("refused", "observing"), 0), "{fix:#}");
    let (status, problem) = agent.set_mode("auto").await;
    assert_eq!((status, code(&problem)), (409, "held"), "{problem:#}");

    let_go(&stage, &agent, "suggest").await;
    assert_eq!(agent.get("/api/v1/mode").await.1["mode"], "suggest");
}

#[actix_web::test]
async fn the_button_can_be_pressed_on_the_command_line() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    let press = |arguments: &'static [&'static str]| mode_command(&agent, arguments);

    let now = press(&[]).await;
    assert_eq!(String::from_utf8(now.stdout).unwrap(), "auto\n");
    let stopped = press(&["observe", "--reason", "3 am"]).await;
    assert_eq!(String::from_utf8(stopped.stdout).unwrap(), "observe\n");
    assert_eq!(agent.get("/api/v1/mode").await.1["mode"], "observe");
    let refused = press(&["auto"]).await;
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && words.contains("wants a reason"), "{words}");
    let nobody = press(&["observe", "--agent", "http://127.0.0.1:1"]).await;
    let words = String::from_utf8(nobody.stderr).unwrap();
    assert!(words.contains("configmap k8s-reflexion-stop"), "{words}");
}
