//! A small callback server for tests: answers as it is told and remembers what it saw. No rules of ours.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// One request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    pub(crate) authorization: String,
    /// The peer's address without port.
    pub(crate) peer: String,
    pub(crate) version: hyper::Version,
}

impl Seen {
    /// The tick that it posts, if it does.
    pub(crate) fn tick(&self) -> Option<i64> {
        let is_tick = self.path.ends_with("/v1/clock");
        is_tick.then(|| {
            let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
            json["tick"].as_i64().unwrap()
        })
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// This status and body.
    Answer(u16, String),
    /// Close the connection without a byte.
    HangUp,
    /// Take the request and say nothing, for as long as the caller stays.
    Silence,
}

/// `success` to everything.
pub(crate) fn success() -> Say {
    Say::Answer(200, "success".to_owned())
}

type Script = dyn Fn(&Seen, &[Seen]) -> Say + Send + Sync;

/// A server on a thread of its own, until it is dropped.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Answers by `script`, which gets the request and all that came before it.
    pub(crate) fn start(script: impl Fn(&Seen, &[Seen]) -> Say + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    /// The same on a given address.
    pub(crate) fn start_at(
        addr: SocketAddr,
        script: impl Fn(&Seen, &[Seen]) -> Say + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&addr.into()).unwrap();
        socket.listen(1024).unwrap();
        socket.set_nonblocking(true).unwrap();
        let listener: std::net::TcpListener = socket.into();
        let addr = listener.local_addr().unwrap();
        let (log, script): (_, Arc<Script>) = (seen.clone(), Arc::new(script));
        let thread = std::thread::spawn(move || serve(listener, stopped, log, script));
        Self {
            addr,
            seen,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// All requests so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Its URL with this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

impl Drop for Server {
    /// Closes the listener and every connection, whatever is under way.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(
    listener: std::net::TcpListener,
    mut stopped: oneshot::Receiver<()>,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Script>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                _ = &mut stopped => break,
                accepted = listener.accept() => accepted.unwrap(),
            };
            let (seen, script) = (seen.clone(), script.clone());
            connections.spawn(async move {
                let service = service_fn(|request: Request<Incoming>| {
                    let (seen, script) = (seen.clone(), script.clone());
                    async move { answer(request, peer, &seen, &script).await }
                });
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(served);
            });
        }
        connections.shutdown().await;
    });
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    seen: &Mutex<Vec<Seen>>,
    script: &Arc<Script>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let header = parts
        .headers
        .get("authorization")
        .map(|h| h.to_str().unwrap().to_owned());
    let this = Seen {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        authorization: header.unwrap_or_default(),
        peer: peer.ip().to_string(),
        version: parts.version,
    };
    let say = {
        let mut seen = seen.lock().unwrap();
        let say = script(&this, &seen);
        seen.push(this);
        say
    };
    match say {
        Say::HangUp => Err(std::io::Error::other("hang up")),
        Say::Silence => std::future::pending().await,
        Say::Answer(status, body) => {
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        }
    }
}
