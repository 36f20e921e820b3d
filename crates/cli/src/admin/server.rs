//! The HTTP side of the admin API: routes, one small runtime, bounded bodies.

use super::{Tokens, acts, page};
use crate::failure::{Failure, io};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use msglog::Log;
use record::hexed::Hex;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Largest body of an act: a campaign file.
const BODY_LIMIT: usize = 1 << 20;
/// How long headers may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once: scrapers, people, one driver of a rehearsal.
const CONNECTIONS: usize = 256;

/// What the admin API shows and acts on.
pub(crate) struct Context {
    pub(crate) tokens: Tokens,
    /// Prometheus text.
    pub(crate) metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Ready, or every reason why not.
    pub(crate) ready: Box<dyn Fn() -> Result<(), Vec<String>> + Send + Sync>,
    /// The status document.
    pub(crate) status: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    /// The consumers of this process.
    pub(crate) stages: Vec<stage::StageStatus>,
    pub(crate) coordinator: Option<coordinator::Handle>,
    pub(crate) control: Arc<control::Control>,
    /// This node and its boot.
    pub(crate) me: (Hex<8>, Hex<8>),
    /// Where dead letters are read.
    pub(crate) log: Arc<dyn Log>,
}

/// A running admin API.
pub(crate) struct Admin {
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    thread: std::thread::JoinHandle<()>,
}

impl Admin {
    /// Stops and waits.
    pub(crate) fn stop(self) {
        self.stop.cancel();
        // A panic of that thread was logged where it happened.
        drop(self.thread.join());
    }
}

/// Binds, and serves on a thread of its own.
///
/// # Errors
/// The address cannot be bound.
pub(crate) fn start(listen: SocketAddr, context: Context) -> Result<Admin, Failure> {
    let what = format!("listen on {listen} for the admin API (--admin names another address)");
    let listener = std::net::TcpListener::bind(listen).map_err(io(&what))?;
    listener.set_nonblocking(true).map_err(io(&what))?;
    let address = listener.local_addr().map_err(io(&what))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io("start the admin runtime"))?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    let thread = std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                match TcpListener::from_std(listener) {
                    Ok(listener) => serve(listener, Arc::new(context), token).await,
                    Err(error) => tracing::error!(%error, "the admin API cannot listen"),
                }
            });
        })
        .map_err(io("start the admin thread"))?;
    Ok(Admin {
        address,
        stop,
        thread,
    })
}

async fn serve(listener: TcpListener, context: Arc<Context>, stop: CancellationToken) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let context = Arc::clone(&context);
        let stop = stop.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&context), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            tokio::select! {
                // What a client broke off concerns nobody here.
                _ = &mut connection => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    drop(connection.await);
                }
            }
        });
    }
    let drain = async { while connections.join_next().await.is_some() {} };
    // Whoever still talks after a second is cut off.
    drop(tokio::time::timeout(Duration::from_secs(1), drain).await);
}

type Answer = Response<Full<Bytes>>;

async fn answer(context: Arc<Context>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let path = request.uri().path().to_owned();
    let answer = match (request.method(), path.as_str()) {
        (&Method::GET, "/metrics") => text(
            StatusCode::OK,
            "text/plain; version=0.0.4",
            (context.metrics)(),
        ),
        (&Method::GET, "/health/live") => text(StatusCode::OK, "text/plain", "live\n".to_owned()),
        (&Method::GET, "/health/ready") => readiness(&context),
        (&Method::GET, "/status") => shown(context, |status| json(StatusCode::OK, status)).await,
        (&Method::GET, "/") => {
            let page = |status: &serde_json::Value| {
                text(
                    StatusCode::OK,
                    "text/html; charset=utf-8",
                    page::render(status),
                )
            };
            shown(context, page).await
        }
        (_, "/metrics" | "/health/live" | "/health/ready" | "/status" | "/") => only("GET"),
        (_, path) if path.starts_with("/v1/") => act(context, request).await,
        _ => problem(StatusCode::NOT_FOUND, "no such path; see docs/admin.md"),
    };
    Ok(answer)
}

/// The status, as something. It may ask the brokers how far consumers are behind, which must not hold up whoever asks
/// whether the node lives.
async fn shown(context: Arc<Context>, how: fn(&serde_json::Value) -> Answer) -> Answer {
    let made = tokio::task::spawn_blocking(move || how(&(context.status)()));
    made.await.unwrap_or_else(|_| {
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the status could not be made, see the log",
        )
    })
}

fn readiness(context: &Context) -> Answer {
    match (context.ready)() {
        Ok(()) => text(StatusCode::OK, "text/plain", "ready\n".to_owned()),
        Err(reasons) => {
            let body = format!("not ready\n{}\n", reasons.join("\n"));
            text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", body)
        }
    }
}

async fn act(context: Arc<Context>, request: Request<Incoming>) -> Answer {
    let presented = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let body = tokio::time::timeout(
        BODY_TIMEOUT,
        Limited::new(request.into_body(), BODY_LIMIT).collect(),
    );
    let body = match body.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is over 1 MiB or broke off",
            );
        }
        Err(_) => {
            return problem(
                StatusCode::REQUEST_TIMEOUT,
                "the body took longer than 10 s",
            );
        }
    };
    // Acts wait for the log: off the runtime that answers scrapers.
    let done = tokio::task::spawn_blocking(move || match context.tokens.actor(&presented) {
        Some(actor) => acts::route(&context, &actor, &method, &path, &body),
        None => problem(
            StatusCode::UNAUTHORIZED,
            "acts need `Authorization: Bearer TOKEN`; the token stands in admin.token of the node's directory",
        ),
    });
    done.await.unwrap_or_else(|_| {
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the act failed, see the log",
        )
    })
}

pub(super) fn text(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Answer {
    text(status, "application/json", format!("{body}\n"))
}

/// An answer that says no: `{"error": …}`.
pub(super) fn problem(status: StatusCode, message: &str) -> Answer {
    json(status, &serde_json::json!({ "error": message }))
}

pub(super) fn only(methods: &'static str) -> Answer {
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, &format!("only {methods}"));
    answer
        .headers_mut()
        .insert(ALLOW, hyper::header::HeaderValue::from_static(methods));
    answer
}
