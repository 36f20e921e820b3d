//! One request, in the order of I-1: size, query, signature, decrypt, parse, reply, append, proof,
//! answer. Decides nothing about content; every request ends in exactly one named outcome.

use crate::answer::{self, Body};
use crate::deliver::{self, Delivery};
use crate::tally::Ended;
use crate::tickets::Unproved;
use crate::watch::Watch;
use crate::worker::Worker;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body as _, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

/// Longest body (I-1).
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// What stands before the account's name in the path of a callback.
const PATH: &str = "/wechat/";

/// No answer: the connection is closed without a byte, and the platform delivers again.
#[derive(Debug, thiserror::Error)]
#[error("no answer: the delivery is not proved durable")]
pub(crate) struct Unanswered;

/// A request that is refused: status, name of its counter, and whether the connection ends with it.
struct Refused {
    status: StatusCode,
    reason: &'static str,
    last: bool,
}

impl Refused {
    fn new(status: StatusCode, reason: &'static str) -> Self {
        Self {
            status,
            reason,
            last: false,
        }
    }

    fn last(status: StatusCode, reason: &'static str) -> Self {
        Self {
            status,
            reason,
            last: true,
        }
    }
}

impl From<wechat::Refusal> for Refused {
    fn from(refusal: wechat::Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, refusal.reason())
    }
}

/// What is to be done with a request.
enum Task<'a> {
    Verify(&'a str),
    Take { account: usize, delivery: Delivery },
}

/// Answers one request.
pub(crate) async fn handle(
    worker: Rc<Worker>,
    watch: Rc<Watch>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Unanswered> {
    let started = watch.begin();
    let outcome = attend(&worker, &watch, started, request).await;
    watch.end();
    let mut response = outcome?;
    if worker.is_leaving() {
        answer::close(&mut response);
    }
    Ok(response)
}

async fn attend(
    worker: &Rc<Worker>,
    watch: &Watch,
    started: Instant,
    request: Request<Incoming>,
) -> Result<Response<Body>, Unanswered> {
    let (head, body) = request.into_parts();
    let body = match read(worker, body).await {
        Ok(body) => body,
        Err(BodyError::Aborted) => {
            worker.reject("aborted");
            return Err(Unanswered);
        }
        Err(BodyError::Refused(refused)) => return Ok(refuse(worker, watch, &refused)),
    };
    let query = wechat::Query::parse(head.uri.query().unwrap_or(""));
    match route(worker, &head.method, head.uri.path(), &query, &body) {
        Ok(Task::Take { account, delivery }) => take(worker, started, account, delivery).await,
        Ok(Task::Verify(echostr)) => Ok(answer::echo(echostr)),
        Err(refused) => Ok(refuse(worker, watch, &refused)),
    }
}

fn refuse(worker: &Worker, watch: &Watch, refused: &Refused) -> Response<Body> {
    worker.reject(refused.reason);
    if refused.last {
        watch.linger.set(true);
    }
    answer::refusal(refused.status, refused.last)
}

fn route<'q>(
    worker: &Worker,
    method: &Method,
    path: &str,
    query: &'q wechat::Query<'_>,
    body: &Bytes,
) -> Result<Task<'q>, Refused> {
    let node = &worker.node;
    let account = path
        .strip_prefix(PATH)
        .and_then(|name| node.accounts.index_of(name))
        .ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "unknown_account"))?;
    match *method {
        Method::GET => Ok(Task::Verify(
            node.accounts.get(account).account.verify_url(query)?,
        )),
        Method::POST => {
            let delivery = deliver::prepare(worker, account, query, body)?;
            Ok(Task::Take { account, delivery })
        }
        _ => Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method")),
    }
}

/// Hands the record to the log, waits for the proof, answers. Whatever becomes of the caller, the
/// record is the log's from here on.
async fn take(
    worker: &Rc<Worker>,
    started: Instant,
    account: usize,
    delivery: Delivery,
) -> Result<Response<Body>, Unanswered> {
    let Delivery {
        record,
        ack,
        spoken,
        kind,
        class,
        rule,
        lag_s,
        attempt,
    } = delivery;
    let deadline = started + worker.node.ack_budget;
    let handed = Instant::now();
    let proof = worker.hand_over(record, deadline).await;
    let now = Instant::now();
    let proof = if now < deadline {
        proof
    } else {
        proof.and(Err(Unproved::Late))
    };
    worker.tally.count(&Ended {
        account,
        kind,
        spoken: proof.is_ok().then_some(spoken),
        class,
        rule: &rule,
        ack_s: now.saturating_duration_since(started).as_secs_f64(),
        produce_s: now.saturating_duration_since(handed).as_secs_f64(),
        lag_s,
        attempt,
    });
    match proof {
        Ok(proof) => Ok(ack.release(proof)),
        Err(why) => {
            worker.unacked(why);
            Err(Unanswered)
        }
    }
}

enum BodyError {
    /// The peer went away in the middle.
    Aborted,
    Refused(Refused),
}

/// Reads the whole body within its bounds of size and time.
async fn read(worker: &Worker, mut body: Incoming) -> Result<Bytes, BodyError> {
    let too_large =
        || BodyError::Refused(Refused::last(StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    let collect = async {
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        while !body.is_end_stream() {
            let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await else {
                break;
            };
            let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else {
                continue;
            };
            if first.len() + more.len() + data.len() > BODY_BYTES_MAX {
                return Err(too_large());
            }
            if first.is_empty() && more.is_empty() {
                first = data;
                continue;
            }
            if more.is_empty() {
                more.extend_from_slice(&first);
                first.clear();
            }
            more.extend_from_slice(&data);
        }
        Ok(if more.is_empty() {
            first
        } else {
            more.freeze()
        })
    };
    let mut collect = pin!(collect);
    // Nearly always the body has come with the head; only otherwise a timer is armed.
    if let Poll::Ready(body) = poll_fn(|cx| Poll::Ready(collect.as_mut().poll(cx))).await {
        return body;
    }
    tokio::time::timeout(worker.node.body_timeout, collect)
        .await
        .unwrap_or_else(|_| {
            let slow = Refused::last(StatusCode::REQUEST_TIMEOUT, "slow_body");
            Err(BodyError::Refused(slow))
        })
}

fn broken(error: &hyper::Error) -> BodyError {
    use std::error::Error as _;
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>());
    match io.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) => {
            BodyError::Refused(Refused::last(StatusCode::BAD_REQUEST, "malformed"))
        }
        _ => BodyError::Aborted,
    }
}
