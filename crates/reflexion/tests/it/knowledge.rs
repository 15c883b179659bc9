//! The knowledge base: nothing lost, nothing twice, nothing silently empty.

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;
use reflexion::run::{Run, RunState};
use reflexion::store::{Cursor, EpisodeFilter, MIGRATIONS, Store, StoreError};
use tempfile::TempDir;
use types::{Episode, ExecutionState, Observation, Reflection, ReflectionSource};
use uuid::Uuid;

use crate::fakes::{STRONG, URL, execution, incident};

async fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Timestamp::now()).await.unwrap().store
}

fn episode(run: &Run, state: ExecutionState) -> Episode {
    Episode {
        id: Uuid::now_v7(),
        at: Timestamp::now(),
        execution: execution(&run.incident, STRONG, state, ""),
        diagnosis: None,
        observation: Observation {
            recovered: state == ExecutionState::Verified,
            took_secs: Some(1),
            verify_secs: Some(1),
            attempt: 1,
            tried_before: 0,
            won_before: 0,
            expected: 0.7,
            surprising: false,
            comparison: String::new(),
            anomalies: vec![],
        },
        reflection: Reflection {
            lesson: "Doubling the memory helped.".to_owned(),
            source: ReflectionSource::Rules,
            insights: vec![],
        },
        propensity: 1.0,
        correction: None,
    }
}

fn run(name: &str) -> Run {
    Run::new(URL, incident(name), true, Timestamp::now())
}

#[tokio::test]
async fn an_outcome_counts_once_however_often_it_is_told() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let run = run("web");
    let told = episode(&run, ExecutionState::Verified);
    let again = Episode { id: Uuid::now_v7(), ..told.clone() };

    assert!(store.remember(&told, &run, None).await.unwrap());
    assert!(!store.remember(&again, &run, None).await.unwrap());

    assert_eq!(store.episode_count().await.unwrap(), 1);
    assert_eq!(store.lessons_about("doubling", 5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn episode_run_and_place_in_the_stream_are_kept_together_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let mut first = run("web");
    first.state = RunState::Healed;
    let cursor = Cursor { agent: URL.to_owned(), last_id: "7".to_owned() };
    // A second run of the same incident breaks a rule of the schema after the episode was added.
    let broken = Run { id: Uuid::now_v7(), ..first.clone() };
    store.save_run(&first, None).await.unwrap();

    let told = episode(&broken, ExecutionState::Verified);
    assert!(store.remember(&told, &broken, Some(&cursor)).await.is_err());
    assert_eq!(store.episode_count().await.unwrap(), 0);
    assert_eq!(store.cursor(URL).await.unwrap(), None);

    store.remember(&told, &first, Some(&cursor)).await.unwrap();
    assert_eq!(store.cursor(URL).await.unwrap().as_deref(), Some("7"));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_file_is_opened_anew() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let run = run("web");
    let told = episode(&run, ExecutionState::Undone);
    store.remember(&told, &run, None).await.unwrap();
    // Not closed: as after a kill.

    let store = open(&folder).await;

    let filter = EpisodeFilter { limit: 5, ..EpisodeFilter::default() };
    assert_eq!(store.episodes(&filter).await.unwrap(), [told]);
    assert_eq!(store.run(run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(
        store
            .failed_on(&run.incident.subject, &run.incident.spec_hash, run.incident.fault)
            .await
            .unwrap(),
        [STRONG]
    );
}

#[tokio::test]
async fn every_migration_goes_up_down_and_up_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let names = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables = async || -> Vec<String> {
        sqlx::query_scalar(names).fetch_all(store.pool()).await.unwrap()
    };
    let before = tables().await;

    MIGRATIONS.undo(store.pool(), 0).await.unwrap();
    assert_eq!(tables().await, ["_sqlx_migrations"]);
    MIGRATIONS.run(store.pool()).await.unwrap();

    assert_eq!(tables().await, before);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    store.close().await;

    let error = Store::open(folder.path(), Timestamp::now()).await.unwrap_err();

    assert!(matches!(error, StoreError::Newer { migration: 9999, .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_never_silently_replaced() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("knowledge.db"), "this is no database".repeat(500)).unwrap();

    let opened = Store::open(folder.path(), Timestamp::now()).await.unwrap();

    let aside = opened.quarantined.expect("it was set aside");
    assert!(std::fs::read_to_string(aside).unwrap().starts_with("this is no database"));
    assert_eq!(opened.store.episode_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    open(&folder).await;

    let mode = std::fs::metadata(folder.path().join("knowledge.db")).unwrap().permissions().mode();

    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_search_for_anything_is_no_error() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    for text in
        ["", "\"", "NEAR(", "lesson:*", "a AND", "'; DROP TABLE episodes; --", "ünïcode wörds"]
    {
        assert!(store.lessons_about(text, 5).await.is_ok(), "{text}");
    }
}
