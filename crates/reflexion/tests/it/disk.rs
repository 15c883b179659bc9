//! A disk that is full, and one data folder for two processes.

use actix_web::test::TestRequest;
use clap::Parser;
use jiff::Timestamp;
use reflexion::config::Config;
use reflexion::run::{Run, RunState};
use reflexion::start::start;
use reflexion::store::Store;
use tempfile::TempDir;

use crate::fakes::{URL, incident};
use crate::http::{get, oom, process, raw};
use crate::world::World;

/// From now on every insert there fails, and SQLite itself rolls back, as it does when the disk is full.
async fn fill(store: &Store, table: &str) {
    let words = format!(
        "CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END"
    );
    sqlx::query(sqlx::AssertSqlSafe(words)).execute(store.pool()).await.unwrap();
}

async fn free(store: &Store, table: &str) {
    let words = format!("DROP TRIGGER full_{table}");
    sqlx::query(sqlx::AssertSqlSafe(words)).execute(store.pool()).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_was_full_is_written_again_without_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Timestamp::now()).await.unwrap().store;
    let run = Run::new(URL, incident("web"), true, Timestamp::now());
    fill(&store, "runs").await;
    for _ in 0..8 {
        assert!(store.save_run(&run, None).await.is_err());
    }

    free(&store, "runs").await;

    for _ in 0..8 {
        store.save_run(&run, None).await.unwrap();
    }
    assert_eq!(store.run(run.id).await.unwrap(), Some(run));
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_an_error_and_not_the_end() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Timestamp::now()).await.unwrap().store;
    let mut run = Run::new(URL, incident("web"), true, Timestamp::now());
    run.reason = "x".repeat(1024 * 1024);
    let mut connections = vec![];
    for _ in 0..3 {
        let mut connection = store.pool().acquire().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1").execute(&mut *connection).await.unwrap();
        connections.push(connection);
    }
    drop(connections);

    // Each connection that failed is thrown away; a new one has no such limit.
    for _ in 0..3 {
        let full = service::telemetry::chain(&store.save_run(&run, None).await.unwrap_err());
        assert!(full.contains("full"), "{full}");
    }
    store.save_run(&run, None).await.unwrap();
}

#[actix_web::test]
async fn readiness_says_that_nothing_can_be_kept_and_later_that_it_can() {
    let world = World::new(&[]).await;
    world.reflexion.probes.ready(&format!("agent {URL}"));
    let store = &world.reflexion.memory.store;
    fill(store, "settings").await;

    world.reflexion.check_knowledge().await;

    let (status, text) = raw(&world, TestRequest::get().uri("/readyz")).await;
    assert_eq!(status, 503);
    assert!(text.contains("knowledge: cannot be written"), "{text}");
    assert!(text.contains(&world.folder.path().display().to_string()), "{text}");
    assert_eq!(get(&world, "/health").await.1["status"], "degraded");
    free(store, "settings").await;
    world.reflexion.check_knowledge().await;
    assert_eq!(raw(&world, TestRequest::get().uri("/readyz")).await.0, 200);
}

#[actix_web::test]
async fn a_heal_that_cannot_be_kept_is_a_503_that_says_what_to_do_and_later_it_is_healed() {
    let world = World::new(&[]).await;
    let incident = incident("web");
    world.agent.publish(&incident);
    fill(&world.reflexion.memory.store, "runs").await;
    for _ in 0..3 {
        let (status, problem) = process(&world, oom("web-1")).await;
        assert_eq!((status, problem["title"].as_str()), (503, Some("knowledge base")));
        assert!(problem["next"].as_str().unwrap().contains("make room"), "{problem}");
    }
    assert!(world.agent.orders().is_empty(), "what cannot be kept is not ordered");

    free(&world.reflexion.memory.store, "runs").await;

    assert_eq!(process(&world, oom("web-1")).await.0, 200);
    world.run(&incident, RunState::Healed).await;
}

#[tokio::test]
async fn a_data_folder_is_for_one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    let config = Config::try_parse_from([
        "reflexion",
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
        "--agent-url",
        "http://127.0.0.1:1",
    ])
    .unwrap();
    let first = start(&config).await.unwrap();

    let Err(refused) = start(&config).await else { panic!("two on one folder") };

    let words = refused.to_string();
    assert!(words.contains(&data) && words.contains("in use by process"), "{words}");
    first.until(async { "the test" }).await.unwrap();
    start(&config).await.unwrap().until(async { "the test" }).await.unwrap();
}
