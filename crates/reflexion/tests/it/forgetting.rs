//! Forgetting on purpose: by an administrator, after a backup, and never everything by mistake.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use actix_web::test::TestRequest;
use jiff::Timestamp;
use reflexion::store::Store;
use serde_json::{Value, json};
use service::auth::Tokens;
use tempfile::TempDir;
use types::ExecutionState;

use crate::fakes::{GENTLE, STRONG, incident};
use crate::http::{call, get, oom, process, raw_with};
use crate::world::{World, memory};

/// Two episodes: one dose failed, the other helped.
async fn experienced() -> World {
    let world = World::new(&[(STRONG, ExecutionState::Undone, "")]).await;
    world.agent.publish(&incident("web"));
    process(&world, oom("web-1")).await;
    assert_eq!(world.episodes().await, 2);
    world
}

async fn delete(world: &World, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = TestRequest::delete().uri(path);
    call(
        world,
        match body {
            Some(body) => request.set_json(body),
            None => request,
        },
    )
    .await
}

/// How many episodes a backup holds.
async fn held(backup: &Path) -> u64 {
    let folder = TempDir::new().unwrap();
    fs::copy(backup, folder.path().join("knowledge.db")).unwrap();
    let opened = Store::open(folder.path(), Timestamp::now()).await.unwrap();
    assert_eq!(opened.quarantined, None);
    opened.store.episode_count().await.unwrap()
}

fn backup(answer: &Value) -> &Path {
    Path::new(answer["backup"].as_str().unwrap())
}

#[actix_web::test]
async fn an_episode_is_forgotten_after_a_backup_and_the_records_follow() {
    let world = experienced().await;
    let (_, episodes) = get(&world, "/api/v1/memory/episodes?limit=1").await;
    let id = episodes["episodes"][0]["episode_id"].as_str().unwrap();

    let (status, answer) = delete(&world, &format!("/api/v1/memory/episodes/{id}"), None).await;

    assert_eq!((status, &answer["episodes"], &answer["lessons"]), (200, &json!(1), &json!(1)));
    assert_eq!(world.episodes().await, 1);
    assert_eq!(held(backup(&answer)).await, 2);
    assert!(backup(&answer).starts_with(world.folder.path()));
    let mode = fs::metadata(backup(&answer)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folded = memory(world.folder.path()).await;
    assert_eq!(*world.reflexion.memory.ledger(), *folded.ledger());
    assert_eq!(world.reflexion.memory.episodes(), 1);
}

#[actix_web::test]
async fn a_record_is_forgotten_with_the_episodes_that_it_is_folded_from() {
    let world = experienced().await;
    let path = format!("/api/v1/memory/strategies/OomKilled/{}", STRONG.key());

    let (status, answer) = delete(&world, &path, None).await;

    assert_eq!((status, &answer["episodes"]), (200, &json!(1)));
    let (_, left) = get(&world, "/api/v1/memory/strategies").await;
    assert_eq!(left["count"], 1);
    assert_eq!(left["strategies"][0]["strategy"], GENTLE.key());
    assert_eq!(delete(&world, &path, None).await.0, 404);
}

#[actix_web::test]
async fn everything_is_forgotten_only_with_the_words_for_it() {
    let paths = ["clear", "episodes", "strategies"].map(|it| format!("/api/v1/memory/{it}"));
    for path in paths {
        let world = experienced().await;
        for body in [None, Some(json!({})), Some(json!({"confirm": "yes"}))] {
            let (status, problem) = delete(&world, &path, body).await;
            assert_eq!((status, &problem["title"]), (400, &json!("not confirmed")), "{path}");
            assert!(problem["next"].as_str().unwrap().contains("forget everything"));
        }
        assert_eq!(world.episodes().await, 2);

        let words = json!({"confirm": "forget everything"});
        let (status, answer) = delete(&world, &path, Some(words)).await;

        assert_eq!((status, &answer["episodes"], &answer["lessons"]), (200, &json!(2), &json!(2)));
        assert_eq!(held(backup(&answer)).await, 2);
        assert_eq!((world.episodes().await, world.reflexion.memory.episodes()), (0, 0));
        assert!(world.reflexion.memory.ledger().records().is_empty());
    }
}

#[actix_web::test]
async fn only_an_administrator_makes_it_forget() {
    let world = experienced().await;
    let file = world.folder.path().join("tokens");
    fs::write(&file, "read r aaaaaaaaaaaaaaaaaaaa\nact a bbbbbbbbbbbbbbbbbbbb\n").unwrap();
    for (token, expected) in
        [("aaaaaaaaaaaaaaaaaaaa", 403), ("bbbbbbbbbbbbbbbbbbbb", 403), ("", 401)]
    {
        for path in ["clear", "episodes", "strategies", "episodes/x", "strategies/OomKilled/y"] {
            let request = TestRequest::delete()
                .uri(&format!("/api/v1/memory/{path}"))
                .insert_header(("Authorization", format!("Bearer {token}")))
                .set_json(json!({"confirm": "forget everything"}));
            let (status, _) = raw_with(&world, Tokens::load(&file).unwrap(), request).await;
            assert_eq!(status, expected, "{path}");
        }
    }
    assert_eq!(world.episodes().await, 2);
    assert!(!world.folder.path().join("backups").exists());
}

#[actix_web::test]
async fn what_is_not_there_is_a_404_and_makes_no_backup() {
    let world = experienced().await;
    for path in [
        "episodes/0190a000-0000-7000-8000-000000000000",
        "strategies/OomKilled/roll_back",
        "strategies/Nonsense/roll_back",
    ] {
        let (status, problem) = delete(&world, &format!("/api/v1/memory/{path}"), None).await;
        assert_eq!(status, 404, "{path}");
        assert!(problem["next"].as_str().unwrap().contains("/api/v1/memory/"), "{problem}");
    }
    assert!(!world.folder.path().join("backups").exists());
}

#[actix_web::test]
async fn without_a_backup_nothing_is_forgotten() {
    let world = experienced().await;
    let folder = world.folder.path().join("backups");
    let words = || Some(json!({"confirm": "forget everything"}));
    fs::write(&folder, "in the way").unwrap();

    let (status, problem) = delete(&world, "/api/v1/memory/clear", words()).await;

    assert_eq!((status, world.episodes().await), (503, 2));
    assert!(problem["detail"].as_str().unwrap().contains("nothing was deleted"), "{problem}");
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    for number in 0..100 {
        fs::write(folder.join(number.to_string()), "").unwrap();
    }
    let (status, problem) = delete(&world, "/api/v1/memory/clear", words()).await;
    assert_eq!((status, world.episodes().await), (409, 2));
    assert!(problem["next"].as_str().unwrap().contains("move old backups"), "{problem}");
}
