//! What can go wrong between the agent and the cluster: a proxy that forwards every request but those it was told
//! about.
//!
//! One request a connection, so that an answer ends where the connection does.

mod held;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

pub(crate) use self::held::Held;
use crate::api_server::ANY_PORT;

/// Requests, by their method and path with query; of what is written to a Lease also by its body, on a line of its own.
pub(crate) type Which = fn(&str) -> bool;

/// A write that the API server is only asked to check.
pub(crate) fn rehearsal(request: &str) -> bool {
    changes(request) && request.contains("dryRun=All")
}

/// A write.
pub(crate) fn write(request: &str) -> bool {
    changes(request) && !request.contains("dryRun=All")
}

/// Takes, renews or lets go a Lease.
pub(crate) fn renewal(request: &str) -> bool {
    request.contains("/leases") && !request.starts_with("GET ")
}

/// Writes a Lease that tells of something that is under way.
pub(crate) fn intent(request: &str) -> bool {
    renewal(request) && request.contains("under_way")
}

/// To ask what one may do, and to tell what was done, is a POST too, and who leads is no change of a workload.
fn changes(request: &str) -> bool {
    let is_word = ["reviews", "/events"].iter().any(|it| {
        let line = request.lines().next().unwrap_or_default();
        line.split([' ', '?']).nth(1).is_some_and(|path| path.ends_with(it))
    });
    !is_word
        && !request.contains("/leases")
        && ["PATCH ", "POST ", "PUT ", "DELETE "].iter().any(|it| request.starts_with(it))
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing bad: so that the fault after it meets the next one.
    Pass,
    /// The same; what is refused, as for a conflict with the kubelet, is not counted.
    PassMade,
    /// The cluster does not see it, and this is the answer.
    Answer(u16, Value),
    /// The connection breaks before the cluster sees it.
    LoseRequest,
    /// The cluster does what it says, and the connection breaks before the answer.
    LoseAnswer,
    /// It waits before the cluster sees it, until it is let go. It arrives even if its sender is gone by then.
    HoldRequest,
    /// The connection breaks at once, and the cluster sees it when it is let go.
    ArriveLate,
    /// The cluster does what it says; the answer waits until it is let go. What is refused, as for a conflict with the
    /// kubelet, is not held.
    HoldAnswer,
}

/// How the line is.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Open,
    /// The test is over.
    Gone,
    /// Nobody is there: every connection is closed at once.
    Cut,
    /// Connections are taken, and nothing is ever said.
    Silent,
}

/// A proxy in front of a cluster.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    play: Arc<Play>,
}

/// How the answer begins to a write that was made.
const MADE: &[u8] = b"HTTP/1.1 2";

struct Play {
    upstream: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    line: Line,
    rules: Vec<Rule>,
    /// Every request that came, whatever became of it.
    seen: Vec<String>,
    /// What is open, by the port of the agent's end.
    sockets: BTreeMap<u16, Vec<TcpStream>>,
}

struct Rule {
    which: Which,
    fault: Fault,
    once: bool,
    held: Held,
}

impl FaultProxy {
    /// Starts in front of what listens there.
    pub(crate) fn before(upstream: SocketAddr) -> Self {
        let state =
            State { line: Line::Open, rules: vec![], seen: vec![], sockets: BTreeMap::new() };
        let play = Arc::new(Play { upstream, state: Mutex::new(state), changed: Condvar::new() });
        let listener = TcpListener::bind(SocketAddr::from(ANY_PORT)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&play);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.state.lock().unwrap().line == Line::Gone {
                    break;
                }
                let play = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let port = port(&client);
                    // A connection that breaks is what this is for.
                    drop(play.serve(&client));
                    let _ = client.shutdown(Shutdown::Both);
                    play.state.lock().unwrap().sockets.remove(&port);
                });
            }
        });
        Self { address, play }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next such request fares like this.
    pub(crate) fn next(&self, which: Which, fault: Fault) -> Held {
        self.rule(which, fault, true)
    }

    /// The second such request fares like this.
    pub(crate) fn second(&self, which: Which, fault: Fault) -> Held {
        self.rule(which, Fault::Pass, true);
        self.rule(which, fault, true)
    }

    /// So many such requests do what they say, and the one after them fares like this.
    pub(crate) fn after(&self, made: usize, which: Which, fault: Fault) -> Held {
        (0..made).for_each(|_| drop(self.rule(which, Fault::PassMade, true)));
        self.rule(which, fault, true)
    }

    /// All such requests after the first fare like this.
    pub(crate) fn after_first(&self, which: Which, fault: Fault) {
        self.rule(which, Fault::Pass, true);
        self.rule(which, fault, false);
    }

    /// Every such request fares like this.
    pub(crate) fn every(&self, which: Which, fault: Fault) {
        self.rule(which, fault, false);
    }

    fn rule(&self, which: Which, fault: Fault, once: bool) -> Held {
        let held = Held::new();
        let rule = Rule { which, fault, once, held: held.clone() };
        self.play.state.lock().unwrap().rules.push(rule);
        held
    }

    /// Forgets every fault.
    pub(crate) fn heal(&self) {
        self.play.state.lock().unwrap().rules.clear();
        self.set(Line::Open);
    }

    /// Nobody can be reached any more; open connections break.
    pub(crate) fn cut(&self) {
        self.set(Line::Cut);
    }

    /// Nobody answers any more; open connections break.
    pub(crate) fn silence(&self) {
        self.set(Line::Silent);
    }

    fn set(&self, line: Line) {
        let mut state = self.play.state.lock().unwrap();
        state.line = line;
        for socket in state.sockets.values().flatten() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.play.changed.notify_all();
    }

    /// How many such requests came.
    pub(crate) fn n_seen(&self, which: Which) -> usize {
        self.play.state.lock().unwrap().seen.iter().filter(|it| which(it)).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.set(Line::Gone);
        // Whoever waits for the next connection learns of it by one.
        let _ = TcpStream::connect(self.address);
    }
}

/// The port that a connection comes from.
fn port(client: &TcpStream) -> u16 {
    client.peer_addr().map_or(0, |it| it.port())
}

impl Play {
    fn serve(&self, mut client: &TcpStream) -> io::Result<()> {
        let request = Request::read(client)?;
        let (line, fault) = self.notice(&request.line, client);
        match line {
            Line::Open => {}
            Line::Cut | Line::Gone => return Ok(()),
            Line::Silent => {
                let state = self.state.lock().unwrap();
                drop(self.changed.wait_while(state, |it| it.line == Line::Silent).unwrap());
                return Ok(());
            }
        }
        match fault {
            None | Some((Fault::Pass, _)) => self.pass(&request, client),
            Some((Fault::PassMade, held)) => {
                let answer = self.ask(&request)?;
                if answer.starts_with(MADE) {
                    self.state.lock().unwrap().rules.retain(|it| !it.held.is(&held));
                }
                client.write_all(&answer)
            }
            Some((Fault::Answer(code, body), held)) => {
                held.let_go();
                answer(client, code, &body)
            }
            Some((Fault::LoseRequest, held)) => {
                held.let_go();
                Ok(())
            }
            Some((Fault::LoseAnswer, held)) => {
                self.ask(&request)?;
                held.let_go();
                Ok(())
            }
            Some((Fault::HoldRequest, held)) => {
                held.hold();
                let answer = self.ask(&request)?;
                if !answer.starts_with(MADE) {
                    held.refuse();
                }
                client.write_all(&answer)
            }
            Some((Fault::ArriveLate, held)) => {
                client.shutdown(Shutdown::Both)?;
                held.hold();
                self.ask(&request).map(drop)
            }
            Some((Fault::HoldAnswer, held)) => {
                let answer = self.ask(&request)?;
                // Of two who write at once one did nothing, and tries again: that one is waited for.
                if answer.starts_with(MADE) {
                    self.state.lock().unwrap().rules.retain(|it| !it.held.is(&held));
                    held.hold();
                }
                client.write_all(&answer)
            }
        }
    }

    /// Writes the request down, and says how it fares.
    fn notice(&self, line: &str, client: &TcpStream) -> (Line, Option<(Fault, Held)>) {
        let mut state = self.state.lock().unwrap();
        state.seen.push(line.to_owned());
        state.sockets.entry(port(client)).or_default().extend(client.try_clone());
        let index = state.rules.iter().position(|it| (it.which)(line));
        let fault = index.map(|index| {
            let rule = &state.rules[index];
            let found = (rule.fault.clone(), rule.held.clone());
            if rule.once && !matches!(rule.fault, Fault::HoldAnswer | Fault::PassMade) {
                state.rules.remove(index);
            }
            found
        });
        (state.line, fault)
    }

    /// Forwards; the answer comes back piece by piece, as a watch has to.
    fn pass(&self, request: &Request, mut client: &TcpStream) -> io::Result<()> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        let mut state = self.state.lock().unwrap();
        state.sockets.entry(port(client)).or_default().extend(upstream.try_clone());
        drop(state);
        upstream.write_all(&request.bytes)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            let n_bytes = upstream.read(&mut piece)?;
            if n_bytes == 0 {
                return Ok(());
            }
            client.write_all(&piece[..n_bytes])?;
        }
    }

    /// Forwards, and waits for the whole answer.
    fn ask(&self, request: &Request) -> io::Result<Vec<u8>> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        upstream.write_all(&request.bytes)?;
        let mut answer = vec![];
        upstream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

fn answer(mut client: &TcpStream, code: u16, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {code} Played\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// A request as it came, but for the wish to keep the connection.
struct Request {
    /// Method and path with query, and what is written to a Lease.
    line: String,
    bytes: Vec<u8>,
}

impl Request {
    fn read(client: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(client);
        let (mut head, mut length) = (vec![], 0);
        let mut line = String::new();
        while reader.read_line(&mut line)? != 0 && line != "\r\n" {
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if !lower.starts_with("connection:") {
                head.push(line.clone());
            }
            line.clear();
        }
        let first = head.first().ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut line = first.rsplit_once(" HTTP/").map_or(first.as_str(), |it| it.0).to_owned();
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if renewal(&line) {
            line = format!("{line}\n{}", String::from_utf8_lossy(&body));
        }
        let mut bytes = format!("{}Connection: close\r\n\r\n", head.concat()).into_bytes();
        bytes.extend(body);
        Ok(Self { line, bytes })
    }
}
