//! A client that writes raw bytes and reads answers by their Content-Length, and nothing more lenient.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) version: String,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn is_success(&self) {
        assert_eq!((self.status, self.text()), (200, "success"));
    }

    #[track_caller]
    pub(crate) fn is_refusal(&self, status: u16) {
        assert_eq!((self.status, self.text()), (status, ""));
        assert_eq!(self.header("content-length"), Some("0"));
    }
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends although the other side may have closed.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    pub(crate) fn shut(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Answer {
        self.send(bytes);
        self.answer().expect("an answer")
    }

    /// The next answer; `None` when the connection was closed before its first byte.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let head_end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if !self.read_more() {
                assert!(self.unread.is_empty(), "closed in the middle of a head");
                return None;
            }
        };
        let head: Vec<u8> = self.unread.drain(..head_end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let mut status = lines.next().unwrap().splitn(3, ' ');
        let version = status.next().unwrap().to_owned();
        let status = status.next().unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        assert!(
            !headers.iter().any(|(name, _)| name == "transfer-encoding"),
            "never chunked"
        );
        assert!(
            !headers.iter().any(|(name, _)| name == "content-encoding"),
            "never compressed"
        );
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.expect("always a length").1.parse().unwrap();
        while self.unread.len() < length {
            assert!(self.read_more(), "closed in the middle of a body");
        }
        let body = self.unread.drain(..length).collect();
        Some(Answer {
            version,
            status,
            headers,
            body,
        })
    }

    /// Whether the other side has closed without a further byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        assert!(self.unread.is_empty());
        !self.read_more()
    }

    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

/// A POST with this query and body to the path of an account.
pub(crate) fn post(account: &str, query: &str, body: &[u8]) -> Vec<u8> {
    request("HTTP/1.1", "", &format!("/wechat/{account}?{query}"), body)
}

/// A POST in this version of HTTP with these further headers, each ended by `\r\n`.
pub(crate) fn request(version: &str, headers: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST {target} {version}\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nHost: h\r\n{headers}\
         Content-Length: {}\r\nContent-Type: text/xml\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
