//! Which line is told, log by log.

use super::*;

#[track_caller]
fn check(log: &str, expected: &str) {
    let lines: Vec<_> = log.lines().map(ToOwned::to_owned).collect();
    assert_eq!(of(&lines).map(|it| it.text).as_deref(), Some(expected), "{log}");
}

#[test]
fn of_go_the_panic_is_told() {
    check(
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4576f3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:42 +0x1b\nexit status 2",
        "panic: runtime error: invalid memory address or nil pointer dereference",
    );
    check(
        "starting\npanic: config: unknown field \"databse\"\n\ngoroutine 1 [running]:\nmain.load({0xc000012345, 0x10})\n\t/app/main.go:12 +0x5c\nmain.(*Server).Run(0xc0000b4000)\n\t/app/server.go:30 +0x2f",
        "panic: config: unknown field \"databse\"",
    );
    check(
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:5 +0x36",
        "fatal error: all goroutines are asleep - deadlock!",
    );
}

#[test]
fn of_node_the_error_is_told() {
    check(
        "/app/config.js:7\n    throw new Error('JWT secret must have at least 32 characters');\n    ^\n\nError: JWT secret must have at least 32 characters\n    at Object.<anonymous> (/app/config.js:7:9)\n    at Module._compile (node:internal/modules/cjs/loader:1241:14)\n\nNode.js v20.10.0",
        "Error: JWT secret must have at least 32 characters",
    );
    check(
        "node:internal/process/promises:288\n            triggerUncaughtException(err, true /* fromPromise */);\n            ^\n\nTypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string\n    at main (/app/x.js:3:1) {\n  code: 'ERR_INVALID_ARG_TYPE'\n}\n\nNode.js v22.1.0",
        "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string",
    );
}

#[test]
fn of_virtual_machines_the_innermost_cause_is_told() {
    check(
        "Unhandled exception. System.ArgumentException: Keyword not supported: 'servr'.\n   at Microsoft.Data.SqlClient.SqlConnectionString..ctor(String s)\n   at Program.<Main>$(String[] args) in /src/Program.cs:line 9",
        "Unhandled exception. System.ArgumentException: Keyword not supported: 'servr'.",
    );
    check(
        "Exception in thread \"main\" java.lang.IllegalStateException: cannot start\n\tat app.Main.main(Main.java:9)\nCaused by: java.lang.IllegalArgumentException: pool size must be positive\n\tat app.Pool.<init>(Pool.java:3)\n\t... 1 more",
        "Caused by: java.lang.IllegalArgumentException: pool size must be positive",
    );
}

#[test]
fn of_scripts_the_error_is_told() {
    check(
        "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    start()\nValueError: workers must be positive",
        "ValueError: workers must be positive",
    );
    check(
        "/app/main.rb:3:in `start': workers must be positive (ArgumentError)\n\tfrom /app/main.rb:9:in `<main>'",
        "/app/main.rb:3:in `start': workers must be positive (ArgumentError)",
    );
    check(
        "PHP Fatal error:  Uncaught Exception: no theme in /app/index.php:3\nStack trace:\n#0 {main}\n  thrown in /app/index.php on line 3",
        "PHP Fatal error:  Uncaught Exception: no theme in /app/index.php:3",
    );
}

#[test]
fn of_rust_what_panicked_is_told() {
    check(
        "thread 'main' panicked at src/main.rs:4:5:\nworkers must be positive\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "workers must be positive",
    );
    check(
        "thread 'main' panicked at 'no theme', src/main.rs:4:5\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x/library/std/src/panicking.rs:584:5",
        "thread 'main' panicked at 'no theme', src/main.rs:4:5",
    );
}

#[test]
fn an_error_that_the_program_lived_through_is_not_why_it_ended() {
    check(
        "WARN TimeoutError: retrying\nconnected\nno licence found, giving up",
        "no licence found, giving up",
    );
    check("Error: x\n    at y\nshutting down\n", "Error: x");
    check("hello\n\n", "hello");
    check("}", "}");
}
