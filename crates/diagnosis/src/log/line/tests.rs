//! What single lines are.

use super::*;

#[track_caller]
fn levels(expected: Option<Level>, lines: &[&str]) {
    let wrong: Vec<_> = lines
        .iter()
        .filter(|it| Line::of(it).level != expected)
        .map(|it| (Line::of(it).level, it))
        .collect();
    assert!(wrong.is_empty(), "{expected:?}: {wrong:?}");
}

#[test]
fn errors_are_told_in_many_spellings() {
    levels(
        Some(Level::Error),
        &[
            "2026-11-27T10:00:00Z ERROR no plan",
            "[2026-11-27 10:00:00,010] ERROR no plan (kafka.server.KafkaServer)",
            "2026-11-27T10:00:00.1Z 1 [ERROR] [MY-014060] [Server] no plan",
            "level=error msg=\"no plan\"",
            "{\"level\":\"error\",\"msg\":\"no plan\"}",
            "{\"severity\":\"ERROR\",\"message\":\"no plan\"}",
            "{\"log.level\":\"ERROR\",\"message\":\"no plan\"}",
            "{\"level\":50,\"msg\":\"no plan\"}",
            "{\"s\":\"E\",\"msg\":\"no plan\"}",
            "E1127 10:00:00.000000       1 main.go:8] no plan",
            "error: no plan",
            "Error: no plan",
            "initdb: error: no plan",
            "[10:00:00 ERR] no plan",
            "10:00AM ERR no plan",
            "[2026-11-27 10:00:00] production.ERROR: no plan",
            "2026-11-27 10:00:00 [error] <0.1.0> no plan",
            "Error making API request.",
            "fail: Shop.Plans[0]",
            "Fehler: kein Plan",
            "2026-11-27 10:00:01 [错误] 没有",
            "logger=x t=2026-11-27T10:00:00Z lvl=eror msg=\"no plan\"",
        ],
    );
}

#[test]
fn what_cannot_go_on_says_so_in_many_spellings() {
    levels(
        Some(Level::Fatal),
        &[
            "FATAL: no plan",
            "2026-11-27 10:00:00.000 UTC [1] FATAL:  no plan",
            "[2026-11-27 10:00:00,000: CRITICAL/MainProcess] no plan",
            "27-Nov-2026 10:00:00.100 SEVERE [main] no plan",
            "[2026-11-27 10:00:00.000][1][critical][main] no plan",
            "2026/11/27 10:00:00 [emerg] 1#1: no plan",
            "[ALERT]    (1) : no plan",
            "*** FATAL CONFIG FILE ERROR (Redis 7.2.3) ***",
            "F1127 10:00:00.000001       1 main.go:88] no plan",
            "panic: no plan",
            "fatal error: no plan",
            "{\"level\":60,\"msg\":\"no plan\"}",
            "{\"level\":\"fatal\",\"ts\":1,\"msg\":\"no plan\",\"error\":\"cut off he",
            "[10:00:00 FTL] no plan",
        ],
    );
}

#[test]
fn what_is_no_trouble_says_so_as_well() {
    levels(
        Some(Level::Quiet),
        &[
            "2026-11-27T10:00:00Z INFO  goodbye",
            "I1127 10:00:00.000000       1 main.go:90] Stopping",
            "{\"level\":30,\"msg\":\"bye\"}",
            "{\"s\":\"I\",\"msg\":\"Shutting down\"}",
            "time=\"2026-11-27T10:00:00Z\" level=info msg=\"no ERROR here\"",
            "INFO no ERROR here",
            "2026-11-27 10:00:00 0 [Note] started",
            "2026-11-27 10:00:00.000 UTC [1] LOG:  database system is shut down",
            "info: Microsoft.Hosting.Lifetime[0]",
        ],
    );
}

#[test]
fn what_names_no_level_has_none() {
    levels(
        None,
        &[
            "listening on :8080",
            "Failed to find attribute 'application' in 'main'.",
            "Terror is no error",
            "=> Booting Puma",
        ],
    );
}

#[track_caller]
fn kinds(expected: Kind, lines: &[&str]) {
    let wrong: Vec<_> = lines
        .iter()
        .filter(|it| Line::of(it).kind != expected)
        .map(|it| (Line::of(it).kind, it))
        .collect();
    assert!(wrong.is_empty(), "{expected:?}: {wrong:?}");
}

#[test]
fn farewells_are_told_from_reasons() {
    kinds(
        Kind::Farewell,
        &[
            "shutting down",
            "2026-11-27T10:00:01Z INFO  stopping consumers",
            "[2026-11-27 10:00:00 +0000] [1] [ERROR] Shutting down: Master",
            "[2026-11-27 10:00:00 +0000] [1] [ERROR] Worker (pid:7) exited with code 4",
            "2026-11-27T10:00:00.2Z 0 [ERROR] [MY-010119] [Server] Aborting",
            "Exiting",
            "npm ERR! code ELIFECYCLE",
            "npm ERR! errno 1",
            "goodbye",
            "Error: A fatal exception has occurred. Program will exit.",
        ],
    );
    kinds(
        Kind::Says,
        &[
            "licence expired, shutting down because of that at once and for all times",
            "npm ERR! Missing script: \"start:prod\"",
            "cannot bind 0.0.0.0:80",
        ],
    );
}

#[test]
fn advice_is_told_from_reasons() {
    kinds(
        Kind::Advice,
        &[
            "https://aka.ms/dotnet/download",
            "For more information, try '--help'.",
            "    For further information visit https://errors.pydantic.dev/2.5/v/missing",
            "Need more flexibility with validation rules? Learn more: https://rd.gt/3AbJUZE",
            "Did you mean '(+/-)UseG1GC'?",
            "initdb: hint: Using a mount point directly is not recommended.",
            "Usage: server [options]",
            "Action:",
        ],
    );
    kinds(
        Kind::Says,
        &["error: use of moved value", "You must install or update .NET to run this application."],
    );
}

#[test]
fn places_and_vague_words_are_told_from_reasons() {
    kinds(
        Kind::Frame,
        &[
            "    at Object.<anonymous> (/app/config.js:7:9)",
            "\tat app.Main.main(Main.java:9)",
            "  File \"/app/main.py\", line 3, in <module>",
            "goroutine 1 [running]:",
            "\t/app/main.go:42 +0x1b",
            "Traceback (most recent call last):",
            "#0 {main}",
            "Node.js v20.10.0",
        ],
    );
    kinds(
        Kind::Vague,
        &[
            "[ERROR] Reason: App failed to load.",
            "Error: Could not create the Java Virtual Machine.",
            "APPLICATION FAILED TO START",
            "Error: context deadline exceeded",
            "2026-11-27 10:00:00.000 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed",
        ],
    );
}

#[test]
fn of_members_the_message_and_the_error_are_told() {
    let said = |line: &str| Line::of(line).text.into_owned();

    assert_eq!(
        said(r#"{"level":"fatal","msg":"cannot load","error":"no plan"}"#),
        "cannot load: no plan"
    );
    assert_eq!(
        said(r#"{"level":60,"err":{"type":"Error","message":"no plan"},"msg":"fatal"}"#),
        "fatal: no plan"
    );
    assert_eq!(
        said(r#"{"level":"error","msg":"no plan","tenant":"acme","ts":1}"#),
        "no plan (tenant=acme)"
    );
    assert_eq!(
        said(r#"level=error msg="token refused" status=401 body="{\"error\":\"no\"}""#),
        r#"token refused (status=401, body={"error":"no"})"#
    );
    assert_eq!(said(r#"{"msg":"cut of"#), "cut of");
    assert_eq!(said(r#"{"msg":"a\u0041\"b\\","level":"error"}"#), "aA\"b\\");
    assert_eq!(said("{no members}"), "{no members}");
    assert_eq!(said("a=b"), "a=b");
}
