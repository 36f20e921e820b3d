//! Asks a running node's admin API: one request, one answer, on this thread.

use crate::address;
use crate::admin::TOKEN_FILE;
use crate::args::NodeArgs;
use crate::failure::{Failure, io};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// Longest answer that is read.
const ANSWER_LIMIT: usize = 16 << 20;
/// How long an answer may take: a publication waits for every partition.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer of the admin API.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; an answer that is none is a failure.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::away(format!(
                "the node answered {} with no JSON: {error}",
                self.status
            ))
        })
    }

    /// The `error` member of a refusal, or the bare status.
    pub(crate) fn error(&self) -> String {
        let said = serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| body["error"].as_str().map(ToOwned::to_owned));
        said.unwrap_or_else(|| format!("the node answered {}", self.status))
    }
}

/// The token that `args` lead to.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn token(args: &NodeArgs) -> Result<String, Failure> {
    let path = args
        .token_file
        .clone()
        .unwrap_or_else(|| args.data.join(TOKEN_FILE));
    let what = format!(
        "read the admin token from {} (--token-file names the file, --data the node's directory)",
        path.display()
    );
    Ok(std::fs::read_to_string(path)
        .map_err(io(what))?
        .trim()
        .to_owned())
}

/// Sends one request and waits for its answer.
///
/// # Errors
/// The node cannot be reached, or does not answer in time.
pub(crate) fn ask(
    node: SocketAddr,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, Failure> {
    ask_within(ANSWER_TIMEOUT, node, (method, path), token, body)
}

fn ask_within(
    limit: Duration,
    node: SocketAddr,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, Failure> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, node.to_string());
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = Bytes::from(body.map(ToString::to_string).unwrap_or_default());
    let request = request
        .body(Full::new(body))
        .map_err(|error| Failure::wrong(format!("the request cannot be made: {error}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io("start the client's runtime"))?;
    runtime.block_on(async {
        tokio::time::timeout(limit, exchange(node, request))
            .await
            .unwrap_or_else(|_| {
                let limit = limit.as_secs();
                Err(Failure::away(format!(
                    "the node at {node} did not answer within {limit} s"
                )))
            })
    })
}

/// Sends an act, and once more to the coordinator when the node says that another one is it; that is told on
/// standard error.
///
/// # Errors
/// As [`ask`]; the coordinator does not know the token.
pub(crate) fn act(
    args: &NodeArgs,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Answer, Failure> {
    Asker::new(args)?.act(method, path, body)
}

/// Sends several acts, and remembers who coordinates.
pub(crate) struct Asker {
    node: SocketAddr,
    token: String,
    limit: Duration,
}

impl Asker {
    /// For a node.
    ///
    /// # Errors
    /// As [`token`].
    pub(crate) fn new(args: &NodeArgs) -> Result<Self, Failure> {
        Ok(Self {
            node: args.node,
            token: token(args)?,
            limit: ANSWER_TIMEOUT,
        })
    }

    /// Waits so long for each answer from here on.
    pub(crate) fn waits(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// As [`act`].
    ///
    /// # Errors
    /// As [`act`].
    pub(crate) fn act(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let node = self.node;
        let (limit, token) = (self.limit, Some(self.token.as_str()));
        let answer = ask_within(limit, node, (method.clone(), path), token, body)?;
        if answer.status != StatusCode::MISDIRECTED_REQUEST {
            return Ok(answer);
        }
        let Some(there) = coordinator_in(&answer)? else {
            return Ok(answer);
        };
        eprintln!("spillway: {node} is not the coordinator; asking {there}");
        let address = address::resolve(&there).map_err(|why| {
            Failure::away(format!(
                "{node} names {there} as the coordinator's address, and {why}; ask it with --node, and set its \
                 admin.advertise"
            ))
        })?;
        let answer = ask_within(limit, address, (method, path), token, body)?;
        if answer.status == StatusCode::MISDIRECTED_REQUEST
            && coordinator_in(&answer)?.as_ref() == Some(&there)
        {
            return Err(Failure::away(format!(
                "{there} is the coordinator's address as {node} knows it, and leads to a node that does not \
                 coordinate; set admin.advertise of the coordinator to where others reach it, or ask it with --node"
            )));
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(Failure::wrong(format!(
                "the coordinator at {there} does not know the token of {node}; ask it with --node {there} and its own \
                 --token-file, or put one token into actors/NAME.token of both directories",
            )));
        }
        self.node = address;
        Ok(answer)
    }
}

/// The address that the refusal of a node which does not coordinate names.
fn coordinator_in(answer: &Answer) -> Result<Option<String>, Failure> {
    Ok(answer.json()?["coordinator"].as_str().map(str::to_owned))
}

async fn exchange(node: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let away = |error: &dyn std::fmt::Display| {
        Failure::away(format!(
            "the node at {node} cannot be asked (--node names another): {error}"
        ))
    };
    let stream = tokio::net::TcpStream::connect(node)
        .await
        .map_err(|error| away(&error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| away(&error))?;
    let exchange = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| away(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|error| Failure::away(format!("the answer of {node} broke off: {error}")))?;
        Ok(Answer {
            status,
            body: body.to_bytes().to_vec(),
        })
    };
    // The connection ends when its sender is dropped, or before: then the exchange tells why.
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}
