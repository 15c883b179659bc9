//! Our programs as processes: started, waited for, weighed, and ended with the value.

use std::fs::File;
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

/// A command that ran to its end.
pub(crate) struct Run {
    pub(crate) took: Duration,
    pub(crate) peak_mib: f64,
    /// What it printed.
    pub(crate) told: String,
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

    /// A cluster of so many pods in which nothing moves; with Deployments alone, or with all there is.
    pub(crate) fn generated_cluster(bin: &Path, pods: usize, is_full: bool) -> Self {
        let (files, address) = (TempDir::new().unwrap(), free_address());
        let mut command = Command::new(bin.join("sandbox"));
        command.args(["--listen", &address, "--generated-pods", &pods.to_string()]);
        if !is_full {
            command.arg("--generated-deployments");
        }
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

    /// `agent scan` of a cluster, from its start to its end.
    pub(crate) fn agent_scan(bin: &Path, sandbox: &Self, more: &[&str]) -> Run {
        let files = TempDir::new().unwrap();
        let told = files.path().join("told.json");
        let mut command = Command::new(bin.join("agent"));
        command.args(["scan", "--output", "json"]).args(more).env_remove("AGENT_DATA");
        command.arg("--kubeconfig").arg(sandbox.files.path().join("kubeconfig"));
        let begin = Instant::now();
        let out = File::create(&told).unwrap();
        let mut child = command.stdout(out).stderr(Stdio::null()).spawn().unwrap();
        // The kernel keeps the peak, but only as long as there is the process.
        let mut peak_mib = 0.0;
        let status = loop {
            peak_mib = status_mib(child.id(), "VmHWM:").unwrap_or(peak_mib);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "{command:?} does not end");
            pause(Duration::from_millis(1));
        };
        let took = begin.elapsed();
        let told = std::fs::read_to_string(told).unwrap();
        // What was found is no failure of the command.
        assert!(
            matches!(status.code(), Some(0 | 3 | 4)),
            "{command:?} ended with {status}: {told}"
        );
        Run { took, peak_mib, told }
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
        status_mib(self.child.id(), field).unwrap()
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

/// What the kernel says of a process, in MiB; `None` once it has ended.
fn status_mib(id: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(field))?;
    Some(line.trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0)
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
