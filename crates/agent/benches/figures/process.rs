//! Our programs as processes: started, waited for, weighed, and ended with the value.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http;

/// How long a start may take before it has failed.
const PATIENCE: Duration = Duration::from_mins(2);
/// The ticks of a second in which the kernel counts processor time, as every Linux tells programs.
const TICKS: u64 = 100;

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    /// From before the process was made to its first 200 on its readiness path.
    pub(crate) ready_after: Duration,
    files: TempDir,
}

impl Program {
    /// A cluster with so many nodes.
    pub(crate) fn sandbox(bin: &Path, nodes: usize) -> Self {
        let (files, address) = (TempDir::new().unwrap(), free_address());
        let mut command = Command::new(bin.join("sandbox"));
        command.args(["--listen", &address, "--speed", "20", "--nodes", &nodes.to_string()]);
        command.arg("--kubeconfig").arg(files.path().join("kubeconfig"));
        Self::start(command, files, address, "/version")
    }

    /// A cluster of so many pods in which nothing moves.
    pub(crate) fn generated_cluster(bin: &Path, pods: usize) -> Self {
        let (files, address) = (TempDir::new().unwrap(), free_address());
        let mut command = Command::new(bin.join("sandbox"));
        command.args(["--listen", &address, "--generated-pods", &pods.to_string()]);
        command.arg("--kubeconfig").arg(files.path().join("kubeconfig"));
        Self::start(command, files, address, "/version")
    }

    /// An agent with new files.
    pub(crate) fn agent(bin: &Path, sandbox: &Self) -> Self {
        let (files, address) = (TempDir::new().unwrap(), free_address());
        let mut command = Command::new(bin.join("agent"));
        command.args(["--listen", &address]).arg("--data").arg(files.path());
        command.arg("--kubeconfig").arg(sandbox.files.path().join("kubeconfig"));
        Self::start(command, files, address, "/readyz")
    }

    /// A reflexion with new files.
    pub(crate) fn reflexion(bin: &Path, agent: &str, follows: bool) -> Self {
        let (files, address) = (TempDir::new().unwrap(), free_address());
        let mut command = Command::new(bin.join("reflexion"));
        command.args(["--listen", &address, "--follow", &follows.to_string()]);
        command.args(["--agent-url", &format!("http://{agent}")]).arg("--data").arg(files.path());
        Self::start(command, files, address, if follows { "/readyz" } else { "/livez" })
    }

    fn start(mut command: Command, files: TempDir, address: String, path: &str) -> Self {
        let begin = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut res = Self { child, address, ready_after: Duration::ZERO, files };
        while !http::request(&res.address, "GET", path, None).is_ok_and(|it| it.0 == 200) {
            assert!(begin.elapsed() < PATIENCE, "{command:?} is not ready");
            assert!(res.child.try_wait().unwrap().is_none(), "{command:?} ended");
            pause(Duration::from_millis(1));
        }
        res.ready_after = begin.elapsed();
        res
    }

    /// Resident memory.
    pub(crate) fn memory_mib(&self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// The most resident memory that it ever had.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.status_mib("VmHWM:")
    }

    fn status_mib(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix(field)).unwrap();
        line.trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
    }

    /// How long processors worked for it so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Behind the name, which may hold anything, user and system time are the 12th and 13th field.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|it| it.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Leaves the processor to others for a while.
pub(crate) fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(rest) = end.checked_duration_since(Instant::now()).filter(|it| !it.is_zero()) {
        std::thread::park_timeout(rest);
    }
}
