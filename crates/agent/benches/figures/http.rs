//! HTTP as far as a measurement needs it: one blocking request, and lines of a stream.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// The longest that anything measured here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request on a connection of its own: status and body.
pub(crate) fn request(
    address: &str,
    method: &str,
    path: &str,
    body: Option<(&str, &Value)>,
) -> std::io::Result<(u16, String)> {
    let mut reader = send(address, method, path, body)?;
    let mut answer = String::new();
    reader.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.get(9..12).and_then(|it| it.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// The lines of an answer that does not end.
pub(crate) fn lines(address: &str, path: &str) -> impl Iterator<Item = String> + use<> {
    send(address, "GET", path, None).unwrap().lines().map_while(Result::ok)
}

fn send(
    address: &str,
    method: &str,
    path: &str,
    body: Option<(&str, &Value)>,
) -> std::io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer ends with the connection, and no chunks have to be put together.
    let body = body.map_or(String::new(), |(kind, body)| {
        let body = body.to_string();
        format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let rest = if body.is_empty() { "\r\n" } else { &body };
    let text =
        format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n{rest}");
    stream.write_all(text.as_bytes())?;
    Ok(BufReader::new(stream))
}
