//! HTTP as bytes on a socket: what a test sends is exactly what it wrote.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for an answer; beyond every budget of the node.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Status and body.
    Http(u16, Vec<u8>),
    /// The connection ended without a byte.
    Nothing,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Http(status, _) => *status,
            Self::Nothing => 0,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Http(_, body) => String::from_utf8_lossy(body).into_owned(),
            Self::Nothing => String::new(),
        }
    }
}

/// One HTTP/1.0 GET: status and body; `None` when nobody is there.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    get_within(address, path, PATIENCE)
}

/// The same for a node that may be frozen: `None` when it says nothing for so long.
pub(crate) fn get_within(
    address: SocketAddr,
    path: &str,
    patience: Duration,
) -> Option<(u16, String)> {
    match exchange(address, "GET", path, &[], b"", patience)? {
        Answer::Http(status, body) => Some((status, String::from_utf8_lossy(&body).into_owned())),
        Answer::Nothing => None,
    }
}

/// One HTTP/1.0 request on a connection of its own; `None` when nobody is there or the connection breaks in mid-word.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    exchange(address, method, path, headers, body, PATIENCE)
}

/// The same for a node that may be frozen: `None` when it says nothing for so long.
pub(crate) fn request_within(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> Option<Answer> {
    exchange(address, method, path, headers, body, patience)
}

fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    let mut bytes = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    // A refusal may come before the body was taken: what the node says then counts, not that it stopped reading.
    drop(stream.write_all(&bytes));
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    if answer.is_empty() {
        return Some(Answer::Nothing);
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer::Http(status, answer[end + 4..].to_vec()))
}
