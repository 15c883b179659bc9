//! What the message of a failed probe says, and which part of the probe it is about.

mod alone;
mod answers;
mod asked;
mod early;
mod grpc;
mod needed;
mod schemes;

use types::{Clue, ContainerFacts, Evidence, ProbeFacts, SpotTopic};

use super::{spot, wording};
use crate::near_miss::near_miss;
use crate::redact::shortened;

pub(super) use answers::{is_unwell, is_wrong_question};
use answers::{of_status, status};
pub(super) use needed::{Needed, needed};

/// Characters of a command's last words that are quoted.
const MAX_QUOTE: usize = 120;
/// Of its CPU limit a container that is held back uses at least so many percent: the metrics are a mean over a while.
const NEARLY_ALL: u64 = 90;
/// Changes that may make a probe fail.
pub(super) const CHANGES: [&str; 8] =
    ["readinessProbe", "livenessProbe", "startupProbe", "ports", "image", "command", "args", "env"];

/// What a message says: how the probe fails, and the part of the probe that it is about.
pub(super) struct Failure {
    /// As the end of a sentence.
    pub(super) words: String,
    /// The part of the probe, as a path below it: `httpGet/path`.
    part: Option<String>,
    /// What stands in that part; where it is `None`, what the probe does is shown.
    value: Option<u32>,
    /// How the probe speaks, where it is about that.
    scheme: Option<&'static str>,
    /// Whether the container is held back by its own limit.
    throttled: bool,
    /// The field of the container's start that is to blame or contradicts the probe, and whether it is to blame.
    start: Option<(Clue, bool)>,
}

impl Failure {
    fn of(words: String, part: Option<&str>) -> Self {
        let part = part.map(str::to_owned);
        Self { words, part, value: None, scheme: None, throttled: false, start: None }
    }
}

/// What the failure of this probe says, with what was probably meant.
pub(super) fn read(container: &ContainerFacts, probe: &ProbeFacts) -> Failure {
    asked::otherwise(told(container, probe), container, probe)
}

fn told(container: &ContainerFacts, probe: &ProbeFacts) -> Failure {
    let message = probe.failure.as_deref().unwrap_or_default();
    let words = message.to_lowercase();
    let handler = handler(probe);
    let port = |text: String| Failure::of(text, Some(&format!("{handler}/port")));
    if let Some(name) = unknown_port(container, probe) {
        return port(name);
    }
    if let Some(failure) = grpc::read(container, probe, &words).filter(|_| handler == "grpc") {
        return failure;
    }
    if let Some(host) = &probe.host {
        return elsewhere(host, message, handler, probe);
    }
    if words.contains("connection refused") {
        let alone = alone::read(container, probe);
        let early = early::read(container, probe).filter(|_| alone.is_none());
        return early.unwrap_or_else(|| {
            let words = format!("nothing listens at {}{}", at(probe), undeclared(container, probe));
            listening(port(words), container, alone)
        });
    }
    if let Some(failure) = schemes::read(container, probe).filter(|_| handler == "httpGet") {
        return failure;
    }
    if let Some(code) = status(message) {
        return of_status(code, probe);
    }
    if words.contains("executable file not found")
        || words.contains("no such file or directory: unknown")
    {
        let command = message.split("exec: \"").nth(1).and_then(|it| it.split('"').next());
        let command = command.unwrap_or("the probe's command");
        let words = format!("{command} is not in the image");
        return Failure::of(words, Some("exec/command"));
    }
    // A shell that does not find the program `timeout` says nothing of time.
    let is_missed = handler == "exec" && words.trim_end().ends_with(": not found");
    let is_late = ["timed out", "timeout", "deadline exceeded"].iter().any(|it| words.contains(it));
    if is_late && !is_missed {
        let limit = probe.timeout();
        let slowed = slowed(container);
        let words =
            format!("it does not answer within {limit} s{}", slowed.clone().unwrap_or_default());
        let failure = Failure::of(words, Some("timeoutSeconds"));
        return Failure { throttled: slowed.is_some(), ..failure };
    }
    if words.contains("not_serving") || words.contains("service unhealthy") {
        let words = "its health service answers that it does not serve".to_owned();
        return Failure::of(words, None);
    }
    said(message, handler)
}

/// What the template alone says of a probe of which no failure is on record.
pub(super) fn unseen(container: &ContainerFacts, probe: &ProbeFacts) -> Failure {
    let port = format!("{}/port", handler(probe));
    if let Some(words) = unknown_port(container, probe) {
        return Failure::of(words, Some(&port));
    }
    let words = match (&probe.path, &probe.port) {
        (Some(path), Some(_)) => format!("it asks {} for {path}", at(probe)),
        (None, Some(_)) => format!("it asks {}", at(probe)),
        (_, None) => "it runs a command".to_owned(),
    };
    let undeclared = undeclared(container, probe);
    let part = (!undeclared.is_empty()).then_some(port.as_str());
    listening(Failure::of(format!("{words}{undeclared}"), part), container, None)
}

/// The probe names a host of its own: the kubelet asks there, from the node, and not the pod.
fn elsewhere(host: &str, message: &str, handler: &str, probe: &ProbeFacts) -> Failure {
    let is_node = ["localhost", "127.0.0.1", "::1", "0.0.0.0"].contains(&host);
    let whose = if is_node { ", which for the kubelet is the node" } else { "" };
    let how = match status(message) {
        Some(code) => format!("answers {code}"),
        None if message.contains("refused") => "refuses".to_owned(),
        None => "does not answer as it should".to_owned(),
    };
    let words = format!("it asks {host}{whose}, instead of the pod, and {} there {how}", at(probe));
    Failure::of(words, Some(&format!("{handler}/host")))
}

/// With where the template has the program listen, or where it says itself that it listens for its pod alone.
fn listening(
    failure: Failure,
    container: &ContainerFacts,
    alone: Option<(String, Clue)>,
) -> Failure {
    let Some(spot) = spot::listens(container) else {
        let Some((more, line)) = alone else { return failure };
        let words = format!("{}{more}", failure.words);
        return Failure { words, start: Some((line, false)), ..failure };
    };
    let clue = Clue::new(spot.path.clone(), &spot.value);
    let is_to_blame = spot.topic == SpotTopic::Loopback;
    let words = format!("{}{}", failure.words, spot.words);
    Failure { words, start: Some((clue, is_to_blame)), ..failure }
}

/// What a command said, or that it said nothing.
fn said(message: &str, handler: &str) -> Failure {
    let said = message.split_once("failed: ").map_or("", |it| it.1).trim();
    let quoted = shortened(said, MAX_QUOTE);
    let words = match (quoted.is_empty(), handler) {
        (true, "exec") => "its command fails without a word".to_owned(),
        (true, _) => "it does not answer as it should".to_owned(),
        (false, "exec") => format!("its command says \"{quoted}\""),
        (false, _) => quoted,
    };
    Failure::of(words, None)
}

/// That the container uses nearly all the CPU that its limit allows, so that it is made to wait; as the end of a
/// sentence.
fn slowed(container: &ContainerFacts) -> Option<String> {
    let used = container.cpu_used?;
    let limit = container.cpu_limit.as_ref()?;
    let most = limit.milli_units().filter(|it| 0 < *it)?;
    let is_at_limit = most.saturating_mul(NEARLY_ALL) <= used.saturating_mul(100);
    is_at_limit.then(|| {
        format!("; it uses {used}m of the {most}m CPU that its limit allows, so it is probably held back")
    })
}

/// How the probe asks, as the field of the manifest.
fn handler(probe: &ProbeFacts) -> &'static str {
    match probe.action.split(' ').next() {
        Some("GET") => "httpGet",
        Some("TCP") => "tcpSocket",
        Some("gRPC") => "grpc",
        Some(_) | None => "exec",
    }
}

/// Where it asks: `port 8080`.
fn at(probe: &ProbeFacts) -> String {
    probe.port.as_ref().map_or_else(|| "its port".to_owned(), |it| format!("port {it}"))
}

/// The path that it asks for.
fn path(probe: &ProbeFacts) -> &str {
    let from = probe.action.find('/');
    from.and_then(|it| probe.action.get(it..)).unwrap_or("/")
}

/// That the probe asks at a port by a name that its container does not declare; the kubelet cannot ask then.
fn unknown_port(container: &ContainerFacts, probe: &ProbeFacts) -> Option<String> {
    let name = probe.port.as_deref().filter(|it| it.parse::<u16>().is_err())?;
    if container.ports.iter().any(|it| it.0 == name) {
        return None;
    }
    let names: Vec<_> =
        container.ports.iter().map(|it| it.0.as_str()).filter(|it| !it.is_empty()).collect();
    let near = near_miss(name, names.iter().copied()).or_else(|| match names.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    });
    let near = near.map(|it| format!("; there is {it}, which was probably meant"));
    Some(format!(
        "it asks at port {name}, a name that the container does not declare{}",
        near.unwrap_or_default()
    ))
}

/// That the port is none that the container declares, where it declares any.
fn undeclared(container: &ContainerFacts, probe: &ProbeFacts) -> String {
    let Some(port) = super::probe_kills::undeclared_port(container, probe) else {
        return String::new();
    };
    let declared: Vec<_> = container.ports.iter().map(|it| it.1.to_string()).collect();
    format!(", and the container declares {} instead of {port}", declared.join(", "))
}

/// The field that is to blame, and what contradicts it.
pub(super) fn fields(
    evidence: &Evidence,
    container: &ContainerFacts,
    probe: &ProbeFacts,
    failure: &Failure,
) -> Vec<Clue> {
    let own = field(evidence, container, probe, failure);
    match &failure.start {
        Some((start, true)) => {
            // A field of the probe itself says more than the probe.
            let own = own.filter(|it| !start.fact.starts_with(&it.fact));
            [start.clone()].into_iter().chain(own).collect()
        }
        Some((start, false)) => own.into_iter().chain([start.clone()]).collect(),
        None => own.into_iter().collect(),
    }
}

/// The field of the probe that is to blame, with what the probe does there.
fn field(
    evidence: &Evidence,
    container: &ContainerFacts,
    probe: &ProbeFacts,
    failure: &Failure,
) -> Option<Clue> {
    if failure.throttled {
        let path = wording::resource_path(evidence, container, "limits", "cpu")?;
        return Some(Clue::new(path, container.cpu_limit.as_ref()?));
    }
    let base = wording::field(evidence, container, probe.kind.field())?;
    let path = failure.part.as_ref().map_or(base.clone(), |it| format!("{base}/{it}"));
    Some(match (failure.value, failure.scheme) {
        (Some(value), _) => Clue::new(path, &value),
        (None, Some(scheme)) => Clue::new(path, &scheme),
        (None, None) => Clue::new(path, &probe.action),
    })
}

#[cfg(test)]
mod tests {
    use types::ProbeKind;

    use super::*;

    fn container() -> ContainerFacts {
        serde_json::from_value(serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": "nginx:1.27", "pod": "web-1", "ready": false,
            "restarts": 0, "ports": [["http", 80]],
        }))
        .unwrap()
    }

    #[track_caller]
    fn check(action: &str, port: Option<&str>, failure: &str, expected: &str, part: Option<&str>) {
        let probe = ProbeFacts {
            kind: ProbeKind::Readiness,
            action: action.to_owned(),
            port: port.map(ToOwned::to_owned),
            host: None,
            path: None,
            scheme: None,
            initial_delay_secs: None,
            timeout_secs: None,
            period_secs: None,
            failure_threshold: None,
            failure: Some(format!("Readiness probe {failure}")),
            command: vec![],
        };
        let read = read(&container(), &probe);
        assert_eq!((read.words.as_str(), read.part.as_deref()), (expected, part));
    }

    #[test]
    fn the_kubelets_words_are_broken_down() {
        check(
            "GET :8080/healthz",
            Some("8080"),
            r#"failed: Get "http://10.0.0.1:8080/healthz": dial tcp 10.0.0.1:8080: connect: connection refused"#,
            "nothing listens at port 8080, and the container declares 80 instead of 8080",
            Some("httpGet/port"),
        );
        check(
            "GET :http/healthz",
            Some("http"),
            "failed: HTTP probe failed with statuscode: 404",
            "port http answers, but knows no path /healthz (404)",
            Some("httpGet/path"),
        );
        check(
            "GET :80/",
            Some("80"),
            "failed: HTTP probe failed with statuscode: 503",
            "port 80 answers 503 to /",
            None,
        );
        check(
            "GET :htttp/",
            Some("htttp"),
            r#"errored and resulted in unknown state: strconv.Atoi: parsing "htttp": invalid syntax"#,
            "it asks at port htttp, a name that the container does not declare; there is http, which was probably meant",
            Some("httpGet/port"),
        );
        check(
            "exec",
            None,
            r#"errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: exec: "pg_isready": executable file not found in $PATH: unknown"#,
            "pg_isready is not in the image",
            Some("exec/command"),
        );
        check(
            "exec",
            None,
            "failed: cat: can't open '/tmp/ready': No such file or directory\n",
            "its command says \"cat: can't open '/tmp/ready': No such file or directory\"",
            None,
        );
        check("exec", None, "failed: ", "its command fails without a word", None);
        let words = "its command says \"sh: timeout: not found\"";
        check("exec", None, "failed: sh: timeout: not found\n", words, None);
        check(
            "exec",
            None,
            r#"failed: command timed out: "sleep 5" timed out after 1s"#,
            "it does not answer within 1 s",
            Some("timeoutSeconds"),
        );
    }

    #[test]
    fn a_grpc_probe_that_finds_nobody_is_not_about_time() {
        check(
            "gRPC :9090",
            Some("9090"),
            r#"failed: timeout: failed to connect service "10.244.0.114:9090" within 1s: context deadline exceeded"#,
            "nothing speaks gRPC at port 9090, and the container declares 80 instead of 9090",
            Some("grpc/port"),
        );
        check(
            "gRPC :80",
            Some("80"),
            "failed: timeout: health rpc did not complete within 1s",
            "it does not answer within 1 s",
            Some("timeoutSeconds"),
        );
        check(
            "gRPC :80",
            Some("80"),
            "failed: error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
            "port 80 speaks gRPC, but its server has no health service",
            Some("grpc"),
        );
    }
}
