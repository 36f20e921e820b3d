//! A lean HTTP/1.x client over one TCP connection: what a load driver needs and nothing more.
//!
//! Requests come as ready bytes and answers are read strictly. Retries, deadlines and what an answer means
//! are the caller's.

pub mod response;

use response::{Head, MAX_BODY, MAX_HEAD, Parsed};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Where requests go: an `http://` URL, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Address to connect to.
    pub addr: SocketAddr,
    /// Value of the Host header.
    pub host: String,
    /// Path, beginning with a slash, without query.
    pub path: String,
}

/// Why a URL cannot be a target.
#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no target ({what}); give a URL like http://127.0.0.1:8080/wechat/mi")]
pub struct BadTarget {
    /// The URL.
    pub url: String,
    /// What is wrong with it.
    pub what: String,
}

impl Target {
    /// Takes a URL apart and resolves its host. Blocks on name resolution.
    ///
    /// # Errors
    /// [`BadTarget`] when the scheme is not `http`, a query is given, or the host has no address.
    pub fn parse(url: &str) -> Result<Self, BadTarget> {
        let bad = |what: &str| BadTarget {
            url: url.to_owned(),
            what: what.to_owned(),
        };
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| bad("it must begin with http://"))?;
        let (host, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        if path.contains(['?', '#', ' ', '\r', '\n']) || host.is_empty() {
            return Err(bad("it needs a host and a plain path without query"));
        }
        let with_port = match host.rsplit_once(':') {
            Some((_, port)) if !port.is_empty() && !port.ends_with(']') => host.to_owned(),
            _ => format!("{host}:80"),
        };
        let addr = with_port
            .to_socket_addrs()
            .map_err(|error| bad(&error.to_string()))?
            .next()
            .ok_or_else(|| bad("its host has no address"))?;
        Ok(Self {
            addr,
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// The `index`-th of the loopback source addresses: 127.0.0.2 and on.
#[must_use]
pub fn source_address(index: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, index.saturating_add(2)))
}

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The target refuses connections: it is not there.
    Refused,
    /// This machine has no port or descriptor left.
    Exhausted,
    /// The connection could not be made for another reason.
    Connect,
    /// The connection ended before the answer was whole.
    Broken,
    /// What came is no HTTP answer.
    Malformed(&'static str),
}

impl Fault {
    /// Its fixed name in ledger and report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Exhausted => "exhausted",
            Self::Connect => "connect",
            Self::Broken => "broken",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// A whole answer: status and body.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: &'a [u8],
}

/// One connection.
#[derive(Debug)]
pub struct Conn {
    stream: TcpStream,
    input: Vec<u8>,
    reusable: bool,
}

/// How much is read at once; a passive reply fits.
const READ_BYTES: usize = 4 * 1024;

impl Conn {
    /// Connects, from `source` when one is given.
    ///
    /// # Errors
    /// [`Fault::Refused`], [`Fault::Exhausted`] or [`Fault::Connect`].
    pub async fn open(addr: SocketAddr, source: Option<IpAddr>) -> Result<Self, Fault> {
        let stream = connect(addr, source)
            .await
            .map_err(|error| connect_fault(&error))?;
        // Without it a request in two segments would wait for a delayed acknowledgement.
        stream.set_nodelay(true).map_err(|_| Fault::Connect)?;
        Ok(Self {
            stream,
            input: Vec::with_capacity(READ_BYTES),
            reusable: true,
        })
    }

    /// Sends `request` and reads its answer.
    ///
    /// # Errors
    /// [`Fault::Broken`] or [`Fault::Malformed`]; the connection is then of no more use.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Fault> {
        self.reusable = false;
        self.input.clear();
        self.stream
            .write_all(request)
            .await
            .map_err(|_| Fault::Broken)?;
        let head = loop {
            self.read_more().await?;
            match response::parse(&self.input) {
                Parsed::Partial => {}
                Parsed::Whole(head) => break head,
                Parsed::Malformed(what) => return Err(Fault::Malformed(what)),
            }
        };
        let Head {
            status,
            head_len,
            body_len,
            keep,
        } = head;
        let end = head_len.saturating_add(body_len);
        while self.input.len() < end {
            self.read_more().await?;
        }
        if self.input.len() > end {
            return Err(Fault::Malformed("bytes behind the body"));
        }
        self.reusable = keep;
        Ok(Answer {
            status,
            body: self.input.get(head_len..end).unwrap_or_default(),
        })
    }

    async fn read_more(&mut self) -> Result<(), Fault> {
        if self.input.len() > MAX_HEAD + MAX_BODY {
            return Err(Fault::Malformed("answer too long"));
        }
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await {
            Ok(0) | Err(_) => Err(Fault::Broken),
            Ok(_) => Ok(()),
        }
    }

    /// Whether another request may be sent: the last answer was whole, the server keeps the connection,
    /// and has neither closed it nor said anything unasked since.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        let mut probe = [0_u8; 1];
        self.reusable
            && matches!(self.stream.try_read(&mut probe), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits for the server to close first, so that the port in TIME_WAIT is its, not ours.
    pub async fn await_close(mut self) {
        let mut rest = [0_u8; 64];
        while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
    }
}

async fn connect(addr: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    match source {
        None => TcpStream::connect(addr).await,
        Some(source) => {
            let socket = if addr.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            socket.bind(SocketAddr::new(source, 0))?;
            socket.connect(addr).await
        }
    }
}

fn connect_fault(error: &io::Error) -> Fault {
    // EMFILE and ENFILE have no stable kind.
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Fault::Refused,
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => Fault::Exhausted,
        _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => Fault::Exhausted,
        _ => Fault::Connect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_taken_apart() {
        let target = Target::parse("http://127.0.0.1:8080/wechat/mi").unwrap();
        assert_eq!(target.addr, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("127.0.0.1:8080", "/wechat/mi")
        );
        assert_eq!(Target::parse("http://127.0.0.1").unwrap().addr.port(), 80);
        for url in [
            "https://a/b",
            "http:///x",
            "http://127.0.0.1:1/a?b=c",
            "127.0.0.1:80",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn source_addresses_begin_behind_the_first_loopback() {
        assert_eq!(source_address(0).to_string(), "127.0.0.2");
        assert_eq!(source_address(7).to_string(), "127.0.0.9");
    }
}
