//! Asks a container whether it has started, lives and is ready, and counts the answers.

use std::time::Duration;

use serde_json::Value;

use super::process::{Launch, Listener, seconds};
use super::shell;
use crate::clock::Moment;
use crate::fields::Fields;

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Startup,
    Liveness,
    Readiness,
}

impl Purpose {
    /// As events call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// One probe of a running container.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) purpose: Purpose,
    spec: Value,
    /// When it asks next.
    pub(super) next: Moment,
    good: i64,
    bad: i64,
    /// What the answers amount to so far.
    pub(super) verdict: Option<bool>,
}

/// Probes ask this soon after their delay: the first answer comes with the start.
const SOON: Duration = Duration::from_millis(100);

impl Probe {
    /// The probes of a container that has just started.
    pub(super) fn all(container: &Value, now: Moment) -> Vec<Self> {
        let purposes = [
            (Purpose::Startup, "/startupProbe"),
            (Purpose::Liveness, "/livenessProbe"),
            (Purpose::Readiness, "/readinessProbe"),
        ];
        let probe = |(purpose, pointer): (Purpose, &str)| {
            let spec = container.at(pointer);
            spec.is_object().then(|| Self {
                purpose,
                next: now + number(spec, "/initialDelaySeconds", 0) + SOON,
                spec: spec.clone(),
                good: 0,
                bad: 0,
                verdict: None,
            })
        };
        purposes.into_iter().filter_map(probe).collect()
    }

    /// Notes an answer; whether the verdict is new.
    pub(super) fn count(&mut self, good: bool, now: Moment) -> bool {
        self.next = now + number(&self.spec, "/periodSeconds", 10).max(Duration::from_secs(1));
        let (wanted, threshold) = if good {
            self.bad = 0;
            self.good += 1;
            (self.good, self.spec.number("/successThreshold").unwrap_or(1))
        } else {
            self.good = 0;
            self.bad += 1;
            (self.bad, self.spec.number("/failureThreshold").unwrap_or(3))
        };
        let reached = threshold.max(1) <= wanted && self.verdict != Some(good);
        if reached {
            self.verdict = Some(good);
        }
        reached
    }

    /// Asks, and says what was wrong in the words of a kubelet.
    pub(super) fn ask(&self, target: &Target<'_>) -> Result<(), String> {
        let spec = &self.spec;
        let limit = number(spec, "/timeoutSeconds", 1);
        if spec.at("/httpGet").is_object() {
            return target.http(spec.at("/httpGet"), limit);
        }
        if spec.at("/tcpSocket").is_object() {
            return target.tcp(spec.at("/tcpSocket"));
        }
        if spec.at("/grpc").is_object() {
            return target.grpc(spec.at("/grpc"), limit);
        }
        target.exec(&spec.words("/exec/command"), limit)
    }
}

fn number(spec: &Value, pointer: &str, otherwise: i32) -> Duration {
    let number = spec.number(pointer).and_then(|it| i32::try_from(it).ok()).unwrap_or(otherwise);
    seconds(f64::from(number))
}

/// The container that is asked.
pub(super) struct Target<'a> {
    pub(super) container: &'a Value,
    pub(super) ip: &'a str,
    pub(super) listeners: &'a [Listener],
    /// Whether it has stopped to answer.
    pub(super) hangs: bool,
    pub(super) launch: &'a Launch<'a>,
}

impl Target<'_> {
    fn port(&self, port: &Value) -> u16 {
        let named = port.as_str().and_then(|name| {
            let ports = self.container.list("/ports");
            ports.iter().find(|it| it.text("/name") == name)?.number("/containerPort")
        });
        let number = port.as_i64().or(named).unwrap_or(0);
        u16::try_from(number).unwrap_or(0)
    }

    fn listener(&self, port: u16) -> Option<&Listener> {
        self.listeners.iter().find(|it| it.ports.contains(&port))
    }

    fn address(&self, probe: &Value, port: u16) -> String {
        let host = probe.text("/host");
        format!("{}:{port}", if host.is_empty() { self.ip } else { host })
    }

    fn http(&self, probe: &Value, _limit: Duration) -> Result<(), String> {
        let port = self.port(probe.at("/port"));
        let address = self.address(probe, port);
        let path = match probe.text("/path") {
            "" => "/".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/{path}"),
        };
        let scheme = probe.text("/scheme").to_lowercase();
        let scheme = if scheme.is_empty() { "http" } else { &scheme };
        let failed = |why: &str| Err(format!("Get \"{scheme}://{address}{path}\": {why}"));
        let Some(listener) = self.listener(port) else {
            return failed(&format!("dial tcp {address}: connect: connection refused"));
        };
        if self.hangs {
            return failed(
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            );
        }
        if scheme == "https" {
            return failed("http: server gave HTTP response to HTTPS client");
        }
        let plain = path.split('?').next().unwrap_or_default();
        let status = match (listener.statuses.get(plain), &listener.paths) {
            (Some(status), _) => *status,
            (None, Some(paths)) if !paths.iter().any(|it| it == plain) => 404,
            (None, _) => 200,
        };
        if (200..400).contains(&status) {
            Ok(())
        } else {
            Err(format!("HTTP probe failed with statuscode: {status}"))
        }
    }

    fn tcp(&self, probe: &Value) -> Result<(), String> {
        let port = self.port(probe.at("/port"));
        if self.listener(port).is_some() {
            return Ok(());
        }
        Err(format!("dial tcp {}: connect: connection refused", self.address(probe, port)))
    }

    fn grpc(&self, probe: &Value, limit: Duration) -> Result<(), String> {
        let port = self.port(probe.at("/port"));
        if self.listener(port).is_some() && !self.hangs {
            return Ok(());
        }
        Err(format!(
            "timeout: failed to connect service \"{}:{port}\" within {}: context deadline exceeded",
            self.ip,
            super::backoff::words(limit)
        ))
    }

    fn exec(&self, argv: &[String], limit: Duration) -> Result<(), String> {
        let Some(name) = argv.first() else { return Ok(()) };
        if super::process::program(self.launch.image, name).is_none() {
            let why = if name.contains('/') {
                format!("stat {name}: no such file or directory")
            } else {
                "executable file not found in $PATH".to_owned()
            };
            return Err(format!(
                "command {argv:?} error: rpc error: code = Unknown desc = failed to exec in \
                 container: OCI runtime exec failed: exec failed: unable to start container \
                 process: exec: {name:?}: {why}: unknown"
            ));
        }
        match shell::ask(self.launch, argv, limit) {
            Some((_, 0)) => Ok(()),
            Some((output, _)) => Err(output),
            None => Err(format!(
                "command timed out: {:?} timed out after {}",
                argv.join(" "),
                super::backoff::words(limit)
            )),
        }
    }
}
