//! The journal: durable, private, whole, and never passed over.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agent::journal::{BrokenChain, Journal, JournalError, MIGRATIONS};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use types::Mode;

use crate::fault_proxy::{Fault, rehearsal, write};
use crate::stage::{RAISE, Stage, code, state};

async fn connect(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("journal.db"));
    options.connect().await.unwrap()
}

pub(crate) async fn run(folder: &Path, statements: &[&'static str]) {
    let mut connection = connect(folder).await;
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// A journal with four entries of the mode.
async fn filled(folder: &Path) {
    let journal = Journal::open(folder).await.unwrap();
    for mode in [Mode::Suggest, Mode::Observe, Mode::Auto, Mode::Observe] {
        journal.set_mode(mode, "alice", "a test").await.unwrap();
    }
    journal.close().await;
}

/// A stage whose agent has carried out one fix and was killed then.
pub(crate) async fn after_a_fix() -> (Stage, PathBuf) {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = agent.fix("web", RAISE).await;
    agent.end_of(&fix).await;
    agent.kill();
    let folder = stage.data.path().join("agent");
    (stage, folder)
}

#[actix_web::test]
async fn an_entry_that_was_edited_by_one_byte_is_named_and_the_agent_does_not_start() {
    let (stage, folder) = after_a_fix().await;

    let edit = "UPDATE entries SET who = 'alicf' WHERE number = 2";
    run(&folder, &["DROP TRIGGER entries_stay", edit]).await;
    let log = stage.try_agent(&[]).await.err().unwrap();

    assert!(log.contains("entry 2 of the journal was changed"), "{log}");
    assert!(log.contains("keep the file as evidence"), "{log}");
    assert_eq!(stage.n_writes(), 1);
}

#[actix_web::test]
async fn an_entry_that_is_missing_in_the_middle_is_found_at_the_next() {
    let (stage, folder) = after_a_fix().await;

    run(&folder, &["DROP TRIGGER entries_remain", "DELETE FROM entries WHERE number = 2"]).await;
    let log = stage.try_agent(&[]).await.err().unwrap();

    assert!(
        log.contains("entry 3 of the journal was changed, or one before it is missing"),
        "{log}"
    );
}

#[actix_web::test]
async fn an_entry_that_is_missing_at_the_end_is_found_at_its_execution() {
    let (stage, folder) = after_a_fix().await;

    let delete = "DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)";
    run(&folder, &["DROP TRIGGER entries_remain", delete]).await;
    let log = stage.try_agent(&[]).await.err().unwrap();

    assert!(log.contains("is not what its newest entry says"), "{log}");
}

#[actix_web::test]
async fn every_state_of_a_fix_is_an_entry_that_says_who_and_what() {
    let (_stage, folder) = after_a_fix().await;

    let mut connection = connect(&folder).await;
    let query = "SELECT who, what, body FROM entries ORDER BY number";
    let entries: Vec<(String, String, String)> =
        sqlx::query_as(query).fetch_all(&mut connection).await.unwrap();

    let told: Vec<_> = entries.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    assert_eq!(told, ["decision", "applying", "verifying", "verified"].map(|it| ("alice", it)));
    for (_, _, body) in &entries[1..] {
        assert!(body.contains(r#"\"128Mi\" -> \"192Mi\""#), "{body}");
    }
}

#[actix_web::test]
async fn how_a_fix_was_decided_cannot_be_changed_or_removed_unseen() {
    let edit = "UPDATE decisions SET body = replace(body, 'alice', 'mallory')";
    for statement in [edit, "DELETE FROM decisions"] {
        let (stage, folder) = after_a_fix().await;

        run(&folder, &[statement]).await;
        let log = stage.try_agent(&[]).await.err().unwrap();

        assert!(log.contains("the journal's decision of execution "), "{statement}: {log}");
    }
}

#[actix_web::test]
async fn what_ended_long_ago_is_kept_thin_and_what_can_be_taken_back_whole() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;
    let mut trial = order.clone();
    trial["dry_run"] = json!(true);
    let tried = agent.carry_out(&trial).await;
    let fix = agent.carry_out(&order).await;
    let fix = agent.end_of(&fix).await;
    agent.kill();
    let folder = stage.data.path().join("agent");
    let id = |it: &Value| it["id"].as_str().unwrap().parse().unwrap();
    let journal = Journal::open(&folder).await.unwrap();
    let before = journal.find(id(&tried)).await.unwrap().unwrap();
    assert!(
        !before.before.pods.is_empty() && journal.decision(id(&tried)).await.unwrap().is_some()
    );

    assert_eq!(journal.thin(before.execution.requested_at).await.unwrap(), 0);
    assert_eq!(journal.thin(Timestamp::now()).await.unwrap(), 1);
    assert_eq!(journal.thin(Timestamp::now()).await.unwrap(), 0);

    let thin = journal.find(id(&tried)).await.unwrap().unwrap();
    assert_eq!(thin.execution, before.execution);
    assert!(thin.before.pods.is_empty() && journal.decision(id(&tried)).await.unwrap().is_none());
    let whole = journal.find(id(&fix)).await.unwrap().unwrap();
    assert!(!whole.before.pods.is_empty() && !whole.plan.steps.is_empty());
    assert!(journal.decision(id(&fix)).await.unwrap().is_some());
    assert!(journal.verify_chain().await.unwrap().is_ok());
    journal.close().await;
    run(
        &folder,
        &["INSERT INTO decisions SELECT id, '{}' FROM executions WHERE state = 'proposed'"],
    )
    .await;
    let log = stage.try_agent(&[]).await.err().unwrap();
    assert!(log.contains("the journal's decision of execution "), "{log}");
}

#[actix_web::test]
async fn how_a_fix_was_decided_before_its_hash_was_kept_is_taken_as_it_is() {
    let (stage, folder) = after_a_fix().await;
    let old = "INSERT INTO decisions SELECT 'old', body FROM decisions";
    run(&folder, &["PRAGMA foreign_keys = OFF", old]).await;

    stage.agent().await.ready().await;
}

#[tokio::test]
async fn what_is_kept_beside_the_entries_cannot_be_changed_unseen() {
    let edits: [(&[&'static str], &str); 3] = [
        (&["UPDATE settings SET value = '\"auto\"'"], "mode"),
        (&["DELETE FROM settings"], "mode"),
        (
            &["INSERT INTO executions VALUES ('x', 's', 'verifying', 1, 1, '{}', '{}', '{}')"],
            "execution x",
        ),
    ];
    for (statements, what) in edits {
        let folder = TempDir::new().unwrap();
        filled(folder.path()).await;
        run(folder.path(), statements).await;

        let journal = Journal::open(folder.path()).await.unwrap();
        let found = journal.verify_chain().await.unwrap();

        assert_eq!(found, Err(BrokenChain::Kept(what.to_owned())), "{statements:?}");
    }
}

#[tokio::test]
async fn an_untouched_journal_is_whole() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;

    let journal = Journal::open(folder.path()).await.unwrap();

    assert_eq!(journal.verify_chain().await.unwrap(), Ok(4));
    assert_eq!(journal.mode().await.unwrap(), Some(Mode::Observe));
}

#[actix_web::test]
async fn a_damaged_file_is_put_aside_whole_and_the_agent_says_where() {
    let (stage, folder) = after_a_fix().await;
    Journal::open(&folder).await.unwrap().close().await;
    let file = folder.join("journal.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // The second page and all after it: the root of the first table among them.
    bytes[4096..].fill(0xa5);
    std::fs::write(&file, &bytes).unwrap();

    let log = stage.try_agent(&[]).await.err().unwrap();

    let aside = folder.join("journal.damaged-1");
    assert!(log.contains(aside.to_str().unwrap()), "{log}");
    assert!(std::fs::read(&aside).unwrap() == bytes);
    assert_eq!(stage.n_writes(), 1);
    // Starting again with an empty one is a person's decision: he starts it again.
    stage.agent().await;
    assert!(std::fs::read(&aside).unwrap() == bytes);
}

#[test]
fn no_damage_is_taken_for_a_whole_journal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let original = TempDir::new().unwrap();
    runtime.block_on(filled(original.path()));
    let whole = std::fs::read(original.path().join("journal.db")).unwrap();
    let n_bytes = whole.len();
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };

    proptest!(config, |(at in 0..n_bytes, byte: u8, cut: bool)| {
        let folder = TempDir::new().unwrap();
        let mut bytes = whole.clone();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        std::fs::write(folder.path().join("journal.db"), &bytes).unwrap();

        let found = runtime.block_on(async {
            let journal = Journal::open(folder.path()).await.ok()?;
            let n_entries = journal.verify_chain().await.ok()?.ok()?;
            Some((n_entries, journal.mode().await.ok()?))
        });

        // An empty file is an empty journal; a byte that nobody uses changes nothing.
        let is_empty = bytes.is_empty() && found == Some((0, None));
        prop_assert!(is_empty || found.is_none_or(|it| it == (4, Some(Mode::Observe))), "{found:?}");
    });
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_the_file_is_left_alone() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', 1, x'00', 0)";
    run(folder.path(), &[later]).await;
    let before = std::fs::read(folder.path().join("journal.db")).unwrap();

    let error = Journal::open(folder.path()).await.unwrap_err();

    assert!(matches!(error, JournalError::Schema(_)), "{error}");
    assert!(error.to_string().contains("run the version that wrote it, or a newer one"), "{error}");
    assert!(std::fs::read(folder.path().join("journal.db")).unwrap() == before);
}

#[tokio::test]
async fn every_migration_goes_up_down_and_up_again() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path()).await.unwrap();
    let schema = async || -> Vec<(String, Option<String>)> {
        let query = "SELECT name, sql FROM sqlite_master ORDER BY name";
        sqlx::query_as(query).fetch_all(journal.pool()).await.unwrap()
    };
    let before = schema().await;

    MIGRATIONS.undo(journal.pool(), 0).await.unwrap();
    let left = schema().await;
    MIGRATIONS.run(journal.pool()).await.unwrap();

    assert!(left.iter().all(|it| it.0.contains("_sqlx_migrations")), "{left:?}");
    assert_eq!(schema().await, before);
}

#[tokio::test]
async fn what_is_acknowledged_is_on_the_disk() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path()).await.unwrap();

    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(journal.pool()).await.unwrap();
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(journal.pool()).await.unwrap();

    // 2 is FULL: the log is synced before a commit is told.
    assert_eq!((synchronous, mode.as_str()), (2, "wal"));
}

#[tokio::test]
async fn the_files_are_for_their_owner_alone_even_when_they_were_not() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("new");
    filled(&folder).await;
    let file = folder.join("journal.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();

    let journal = Journal::open(&folder).await.unwrap();
    journal.set_mode(Mode::Suggest, "alice", "").await.unwrap();

    let mode = |it: &Path| std::fs::metadata(it).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[actix_web::test]
async fn while_the_journal_is_locked_the_cluster_is_not_written() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let mut other = connect(&stage.data.path().join("agent")).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let (status, problem) = agent.post("/api/v1/execute-fix", &order).await;
    let (mode_status, _) = agent.set_mode("observe").await;

    assert_eq!((status, code(&problem)), (503, "journal-unavailable"), "{problem}");
    assert!(problem["next"].as_str().unwrap().contains("data directory"), "{problem}");
    assert_eq!(stage.proxy.n_seen(rehearsal) + stage.proxy.n_seen(write), 0);
    // The stop button works all the same, and says that a restart may not know of it.
    assert_eq!((mode_status, &agent.get("/api/v1/mode").await.1["mode"]), (503, &json!("observe")));
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(agent.set_mode("auto").await.0, 200);
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

#[actix_web::test]
async fn while_the_journal_takes_nothing_the_cluster_is_not_written() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;
    let folder = stage.data.path().join("agent");

    let full =
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    run(&folder, &[full]).await;
    let (status, problem) = agent.post("/api/v1/execute-fix", &order).await;

    assert_eq!((status, code(&problem)), (503, "journal-unavailable"), "{problem}");
    assert_eq!(stage.proxy.n_seen(rehearsal) + stage.proxy.n_seen(write), 0);
    assert_eq!(agent.get("/api/v1/executions").await.1["count"], 0);
    run(&folder, &["DROP TRIGGER full"]).await;
    assert_eq!(state(&agent.carry_out(&order).await), ("verifying", ""));
}

#[actix_web::test]
async fn a_journal_that_takes_nothing_after_the_write_is_waited_for_and_the_write_is_verified() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;
    let folder = stage.data.path().join("agent");

    let held = stage.proxy.next(write, Fault::HoldAnswer);
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    let fill = async {
        held.here().await;
        run(&folder, &[full]).await;
        held.let_go();
        crate::stage::until("it has tried", || agent.log().contains("the journal refuses")).await;
        run(&folder, &["DROP TRIGGER full"]).await;
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), fill);
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!((stage.n_writes(), &end["refusal"]), (1, &Value::Null));
}
