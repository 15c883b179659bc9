//! Alive and ready: what a supervisor asks.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use tokio::sync::watch;

/// What a part is called that has not said anything yet.
const STARTING: &str = "starting";

/// The parts that a service needs, each with the reason why it is not ready. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    parts: watch::Sender<BTreeMap<String, Option<String>>>,
}

/// A part failed before all were ready.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {reason}")]
pub struct NotReady {
    /// Which.
    pub part: String,
    /// Why.
    pub reason: String,
}

impl Probes {
    /// Probes for these parts, none of them ready yet.
    pub fn waiting_for<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = parts.into_iter().map(|it| (it.to_owned(), Some(STARTING.to_owned())));
        Self { parts: watch::Sender::new(parts.collect()) }
    }

    /// The part is ready.
    pub fn ready(&self, part: &str) {
        self.set(part, None);
    }

    /// The part is not ready, for this reason.
    pub fn not_ready(&self, part: &str, reason: impl Into<String>) {
        self.set(part, Some(reason.into()));
    }

    fn set(&self, part: &str, reason: Option<String>) {
        self.parts.send_if_modified(|parts| {
            let before = parts.insert(part.to_owned(), reason.clone());
            before != Some(reason)
        });
    }

    /// Whether all parts are ready.
    pub fn is_ready(&self) -> bool {
        self.parts.borrow().values().all(Option::is_none)
    }

    /// Waits until all parts are ready, or until one of them fails.
    pub async fn until_ready(&self) -> Result<(), NotReady> {
        let failed = |parts: &BTreeMap<String, Option<String>>| {
            let failed = parts.iter().find(|it| it.1.as_deref().is_some_and(|it| it != STARTING));
            failed.map(|(part, reason)| NotReady {
                part: part.clone(),
                reason: reason.clone().unwrap_or_default(),
            })
        };
        let mut seen = self.parts.subscribe();
        let is_over = |parts: &BTreeMap<String, Option<String>>| {
            parts.values().all(Option::is_none) || failed(parts).is_some()
        };
        // The sender is ours, so waiting cannot fail.
        let over = seen.wait_for(is_over).await;
        over.ok().and_then(|parts| failed(&parts)).map_or(Ok(()), Err)
    }

    /// Each part and how it is: `ok`, or the reason why not.
    pub fn checks(&self) -> BTreeMap<String, String> {
        let parts = self.parts.borrow();
        let words = |it: &Option<String>| it.clone().unwrap_or_else(|| "ok".to_owned());
        parts.iter().map(|(part, reason)| (part.clone(), words(reason))).collect()
    }
}

/// How long a service may take to answer whether it is healthy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the service that was asked is not healthy.
#[derive(Debug, thiserror::Error)]
#[error("no healthy answer from {address}")]
pub struct Unhealthy {
    /// Where it was asked.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Asks the service that listens on `address` for its `/health`, from another process on the same machine.
///
/// For supervisors of images that hold no shell and no `curl`. Needs no runtime and no token.
pub fn ask(address: SocketAddr) -> Result<(), Unhealthy> {
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    ask_there(address).map_err(|source| Unhealthy { address, source })
}

fn ask_there(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    if start.starts_with(b"HTTP/1.") && start.ends_with(b" 200") {
        Ok(())
    } else {
        Err(io::Error::other(format!("not healthy: {}", String::from_utf8_lossy(&start))))
    }
}

/// Who listens on every address is asked on the loopback one.
fn reachable(listening: IpAddr) -> IpAddr {
    match listening {
        IpAddr::V4(it) if it.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(it) if it.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => listening,
    }
}

/// Serves `GET /livez` and `GET /readyz`.
pub fn mount(config: &mut web::ServiceConfig) {
    config.service(livez).service(readyz);
}

/// `GET /livez`: the process answers; restarting it would not help.
#[get("/livez")]
async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// `GET /readyz`: 200 when all parts are ready, else 503; one line a part.
#[get("/readyz")]
async fn readyz(probes: web::Data<Probes>) -> HttpResponse {
    let lines: Vec<_> =
        probes.checks().iter().map(|(part, words)| format!("{part}: {words}")).collect();
    let mut response =
        if probes.is_ready() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.content_type("text/plain").body(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_that_is_not_ready_is_enough() {
        let probes = Probes::waiting_for(["cluster", "journal"]);
        assert!(!probes.is_ready());

        probes.ready("cluster");
        assert!(!probes.is_ready());

        probes.ready("journal");
        assert!(probes.is_ready());

        probes.not_ready("cluster", "connection refused");
        assert!(!probes.is_ready());
        assert_eq!(probes.checks()["cluster"], "connection refused");
    }

    #[tokio::test]
    async fn waiting_ends_when_all_are_ready_or_when_one_fails() {
        let probes = Probes::waiting_for(["pods", "nodes"]);
        let waiting = tokio::spawn({
            let probes = probes.clone();
            async move { probes.until_ready().await }
        });

        probes.ready("pods");
        probes.ready("nodes");

        assert_eq!(waiting.await.unwrap(), Ok(()));
        probes.not_ready("pods", "forbidden");
        assert_eq!(probes.until_ready().await.unwrap_err().to_string(), "pods: forbidden");
    }

    /// A server on every address that answers one request with this line.
    fn answering(line: &'static str) -> SocketAddr {
        let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /health HTTP/1."));
            stream.write_all(line.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_service_that_says_200_is_healthy_and_nothing_else_is() {
        assert!(ask(answering("HTTP/1.1 200 OK\r\n\r\n")).is_ok());
        assert!(ask(answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).is_err());
        assert!(ask(answering("")).is_err());
    }

    #[test]
    fn nobody_there_is_not_healthy() {
        let nobody = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let error = ask(nobody).unwrap_err();

        assert!(error.to_string().contains(&nobody.to_string()), "{error}");
    }
}
