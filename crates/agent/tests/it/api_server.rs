//! An API server that is played: every list is empty unless filled, every watch stays open, and any path
//! can be told to answer something else.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Any free port of this machine.
pub(crate) const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// An API server that is played.
pub(crate) struct ApiServer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    play: Arc<Mutex<Play>>,
    handle: ServerHandle,
}

struct Play {
    /// Objects by the path of their collection.
    objects: BTreeMap<String, Vec<Value>>,
    /// What a request whose method, path and query contain the first is answered, once for each entry.
    instead: Vec<(String, u16, Value)>,
    /// The version at which lists say they were read.
    version: u64,
    /// Every request, as method and path with query.
    seen: Vec<String>,
    /// The `User-Agent` of every request.
    callers: Vec<String>,
    live: broadcast::Sender<(String, String)>,
}

impl ApiServer {
    /// Starts on this address; port 0 takes a free one.
    pub(crate) fn start(address: impl Into<SocketAddr>) -> Self {
        let play = Play {
            objects: BTreeMap::new(),
            instead: vec![],
            version: 1000,
            seen: vec![],
            callers: vec![],
            live: broadcast::Sender::new(4096),
        };
        let play = Arc::new(Mutex::new(play));
        let shared = Data::from(Arc::clone(&play));
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(0);
        let server = server.bind(address.into()).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, play, handle }
    }

    /// A kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> String {
        let server = format!("http://{}", self.address);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        })
        .to_string()
    }

    /// Adds or changes an object, as `/api/v1/pods` names its collection, and tells those who watch.
    pub(crate) fn put(&self, collection: &str, object: &Value) {
        let mut play = self.play.lock().unwrap();
        play.remove(collection, object);
        play.objects.entry(collection.to_owned()).or_default().push(object.clone());
        play.tell(collection, &json!({"type": "MODIFIED", "object": object}));
    }

    /// Removes an object and tells those who watch.
    pub(crate) fn delete(&self, collection: &str, object: &Value) {
        let mut play = self.play.lock().unwrap();
        play.remove(collection, object);
        play.tell(collection, &json!({"type": "DELETED", "object": object}));
    }

    /// Removes an object, and those who watch do not hear of it.
    pub(crate) fn delete_unseen(&self, collection: &str, object: &Value) {
        self.play.lock().unwrap().remove(collection, object);
    }

    /// Goes back to what it was at this version, as after a restore; those who watch do not hear of it.
    pub(crate) fn restore(&self, version: u64, collection: &str, objects: &[Value]) {
        let mut play = self.play.lock().unwrap();
        play.version = version;
        play.objects.insert(collection.to_owned(), objects.to_vec());
    }

    /// Sends a line to those who watch this collection.
    pub(crate) fn say(&self, collection: &str, line: &Value) {
        self.play.lock().unwrap().tell(collection, line);
    }

    /// The next request whose method, path and query contain `part` gets this answer.
    pub(crate) fn answer_once(&self, part: &str, status: u16, body: Value) {
        self.play.lock().unwrap().instead.push((part.to_owned(), status, body));
    }

    /// How many requests contained `part`.
    pub(crate) fn n_seen(&self, part: &str) -> usize {
        self.play.lock().unwrap().seen.iter().filter(|it| it.contains(part)).count()
    }

    /// Who every request said that it is from.
    pub(crate) fn callers(&self) -> Vec<String> {
        self.play.lock().unwrap().callers.clone()
    }

    /// Stops, as a process that is killed.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Play {
    fn remove(&mut self, collection: &str, object: &Value) {
        let objects = self.objects.entry(collection.to_owned()).or_default();
        objects.retain(|it| it["metadata"]["name"] != object["metadata"]["name"]);
    }

    fn tell(&self, collection: &str, line: &Value) {
        let _ = self.live.send((collection.to_owned(), format!("{line}\n")));
    }

    /// The collection behind this path: of the cluster, or of one namespace; `None` for no collection.
    fn list(&self, path: &str) -> Option<Vec<Value>> {
        let (group, rest) = path.split_once("/namespaces/").unwrap_or((path, ""));
        let (namespace, plural) = rest.split_once('/').unwrap_or_default();
        if plural.contains('/') || group.contains("metrics.k8s.io") {
            return None;
        }
        let all = if rest.is_empty() { path.to_owned() } else { format!("{group}/{plural}") };
        let mut items = self.objects.get(&all).cloned().unwrap_or_default();
        items.retain(|it| rest.is_empty() || it["metadata"]["namespace"] == namespace);
        Some(items)
    }

    /// The object behind this path.
    fn find(&self, path: &str) -> Option<Value> {
        let (parent, name) = path.rsplit_once('/')?;
        let plural = parent.rsplit_once('/').map_or(parent, |it| it.1);
        let mut all = self.objects.iter().filter(|(it, _)| it.ends_with(&format!("/{plural}")));
        all.find_map(|(_, it)| it.iter().find(|it| it["metadata"]["name"] == name)).cloned()
    }
}

/// A failure as the API server words it.
pub(crate) fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": message, "reason": message})
}

async fn answer(request: HttpRequest, play: Data<Mutex<Play>>) -> HttpResponse {
    let (path, query) = (request.path().to_owned(), request.query_string().to_owned());
    let asked = format!("{} {path}?{query}", request.method());
    let mut play = play.lock().unwrap();
    play.seen.push(asked.clone());
    let caller = request.headers().get("User-Agent").and_then(|it| it.to_str().ok());
    play.callers.push(caller.unwrap_or_default().to_owned());
    if let Some(index) = play.instead.iter().position(|(part, ..)| asked.contains(part)) {
        let (_, code, body) = play.instead.remove(index);
        return HttpResponse::build(code.try_into().unwrap()).json(body);
    }
    if query.contains("watch=true") {
        return watch(&play, path, query.contains("sendInitialEvents=true"));
    }
    if let Some(object) = play.find(&path) {
        return HttpResponse::Ok().json(object);
    }
    let version = play.version.to_string();
    let Some(items) = play.list(&path) else {
        return HttpResponse::NotFound().json(status(404, "not found"));
    };
    HttpResponse::Ok().json(json!({"metadata": {"resourceVersion": version}, "items": items}))
}

/// What there is, a bookmark, and then whatever is said about this collection.
fn watch(play: &Play, path: String, initial: bool) -> HttpResponse {
    let mut lines = vec![];
    if initial {
        let objects = play.objects.get(&path).into_iter().flatten();
        lines.extend(objects.map(|it| json!({"type": "ADDED", "object": it})));
        let end = json!({"resourceVersion": "1",
            "annotations": {"k8s.io/initial-events-end": "true"}});
        let mark = json!({"apiVersion": "v1", "kind": "Any", "metadata": end});
        lines.push(json!({"type": "BOOKMARK", "object": mark}));
    }
    let lines: Vec<_> = lines.iter().map(|it| Ok(Bytes::from(format!("{it}\n")))).collect();
    let live = BroadcastStream::new(play.live.subscribe()).filter_map(move |it| {
        let line = it.ok().filter(|(about, _)| *about == path).map(|it| Ok(Bytes::from(it.1)));
        std::future::ready(line)
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .streaming(futures::stream::iter(lines).chain(live).map(|it: io::Result<Bytes>| it))
}
