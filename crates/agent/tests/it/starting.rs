//! How the binary begins, refuses to begin, and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The binary with these flags, a data directory of its own, and a cluster that does not answer.
fn agent(folder: &TempDir, flags: &[&str]) -> Command {
    let kubeconfig = folder.path().join("kubeconfig");
    let nobody = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}"#;
    std::fs::write(&kubeconfig, nobody).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.env_clear().env("RUST_BACKTRACE", "1").env("LOG_FORMAT", "text");
    command.arg("--kubeconfig").arg(kubeconfig).arg("--data").arg(folder.path().join("data"));
    if !flags.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(flags).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Refused with these words, in one line, before anything is written or watched.
#[track_caller]
fn refused(flags: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = agent(&folder, flags).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();

    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.lines().count() == 1, "{said}");
    assert!(words.iter().all(|it| said.contains(it)), "{said}");
    assert!(!folder.path().join("data").exists(), "{said}");
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_is_opened() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    refused(&["--policy", "/nowhere.yaml"], &["policy file /nowhere.yaml", "No such file"]);
    refused(&["--tokens-file", "/nowhere"], &["tokens file /nowhere", "No such file"]);
    refused(&["--hooks-file", "/nowhere"], &["hooks file /nowhere", "No such file"]);
    refused(&["--mode", "auto"], &["mode auto wants a policy file"]);
    refused(&["--listen", &address], &[&address, "choose another with --listen", "in use"]);
    refused(&["--listen", "0.0.0.0:0"], &["no tokens file is set"]);
    refused(&["--settle-seconds", "0"], &["--settle-seconds 0"]);
    refused(&["--settle-seconds", "100", "--verify-seconds", "10"], &["--verify-seconds 10"]);
}

#[test]
fn a_journal_that_cannot_be_used_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data/journal.db")).unwrap();

    let said = agent(&folder, &[]).output().unwrap().stderr;

    let said = String::from_utf8(said).unwrap();
    let error = said.lines().find(|it| it.starts_with("error: ")).unwrap();
    assert!(error.contains("the journal") && error.contains("directory"), "{said}");
    assert!(!error.contains("policy") && !said.contains("backtrace"), "{said}");
}

#[test]
fn a_health_check_that_fails_names_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let output = agent(&folder, &["--healthcheck", "--listen", "127.0.0.1:1"]).output().unwrap();

    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("error: no healthy answer from 127.0.0.1:1: "), "{said}");
}

/// A binary that listens; it is killed at the end.
struct Running {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = agent(&folder, &[]).env("NO_COLOR", "1").spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(0 < log.read_line(&mut line).unwrap(), "it ended");
            if let Some((_, address)) = line.split_once("listening address=") {
                break address.trim().parse().unwrap();
            }
        };
        child.stderr = Some(log.into_inner());
        Self { child, address, _folder: folder }
    }

    /// Ends it as a supervisor does, and gives the rest of its log.
    fn end(mut self) -> (Duration, String) {
        let started = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap();
        (started.elapsed(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends these bytes and reads until the other side ends.
fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn what_a_client_sends_that_is_no_http_is_no_error_of_ours() {
    let agent = Running::start();

    let answer = talk(agent.address, b"GET / HTTP/1.1\r\nHost: \x01\x02: x\r\n\0\r\n\r\n");
    let (_, log) = agent.end();

    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_request_that_never_ends_its_headers_is_let_go() {
    let agent = Running::start();

    let answer = talk(agent.address, b"GET /health HTTP/1.1\r\nHost: localhost\r\n");

    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn sigterm_ends_it_soon_with_a_stream_open() {
    let agent = Running::start();
    let mut stream = TcpStream::connect(agent.address).unwrap();
    stream.write_all(b"GET /api/v1/incidents/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();

    let (took, log) = agent.end();

    assert!(took < Duration::from_secs(3), "{took:?}: {log}");
}
