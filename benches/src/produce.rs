//! The bare limit on Kafka: a hyper server that gives the raw body to the same appender that ingress has, with the
//! same settings, and answers `success` at the delivery report. Nothing is read, decided, or hedged.

use crate::echo::listener;
use crate::failure::{Failure, tried};
use crate::synth::PARTITIONS;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use msglog::kafka::{Kafka, KafkaConfig};
use msglog::{Answer, Appender, Log as _, Mailbox, NewRecord};
use record::topics::INBOUND;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Serves until the process is killed; prints the address once it listens.
///
/// # Errors
/// The address cannot be bound, or the brokers cannot be reached.
pub(crate) fn serve(listen: SocketAddr, config: KafkaConfig) -> Result<(), Failure> {
    let kafka = Kafka::open(config).map_err(tried("open the log"))?;
    let appender = kafka
        .appender(INBOUND)
        .map_err(tried("append to the log"))?;
    let listening = |address| listener(address).map_err(tried(format!("listen on {address}")));
    let first = listening(listen)?;
    let address = first.local_addr().map_err(tried("find the port"))?;
    let threads = std::thread::available_parallelism().map_err(tried("count the cores"))?;
    let mut listeners = vec![first];
    for _ in 1..threads.get() {
        listeners.push(listening(address)?);
    }
    println!("bare http://{address}");
    let workers: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let appender = Arc::clone(&appender);
            std::thread::spawn(move || work(listener, appender))
        })
        .collect();
    for worker in workers {
        // A worker ends only with the process.
        drop(worker.join());
    }
    Ok(())
}

/// Where delivery reports arrive: one wake for each list of them.
#[derive(Default)]
struct Inbox {
    answers: Mutex<Vec<Answer>>,
    came: Notify,
}

impl Mailbox for Inbox {
    fn deliver(&self, mut answers: Vec<Answer>) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut answers);
        self.came.notify_one();
    }
}

/// Requests of one thread that wait for their report.
struct Room {
    appender: Arc<dyn Appender>,
    inbox: Arc<Inbox>,
    answers: Arc<dyn Mailbox>,
    waiting: RefCell<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    reports: HashMap<u64, oneshot::Sender<bool>>,
}

impl Room {
    fn new(appender: Arc<dyn Appender>) -> Self {
        let inbox = Arc::new(Inbox::default());
        Self {
            appender,
            answers: Arc::clone(&inbox) as Arc<dyn Mailbox>,
            inbox,
            waiting: RefCell::default(),
        }
    }

    /// Whether the body has become durable.
    async fn append(&self, body: Bytes) -> bool {
        let (tell, told) = oneshot::channel();
        let slot = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.next += 1;
            let slot = waiting.next;
            waiting.reports.insert(slot, tell);
            slot
        };
        let record = NewRecord {
            partition: u32::try_from(slot % u64::from(PARTITIONS)).unwrap_or(0),
            key: Bytes::new(),
            value: body,
        };
        if self
            .appender
            .append(vec![(record, slot)], &self.answers)
            .is_err()
        {
            self.waiting.borrow_mut().reports.remove(&slot);
            return false;
        }
        told.await.unwrap_or(false)
    }

    /// Hands reports to those who wait, for ever.
    async fn hand_out(&self) {
        let mut list = Vec::new();
        loop {
            self.inbox.came.notified().await;
            std::mem::swap(
                &mut list,
                &mut *self
                    .inbox
                    .answers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
            let mut waiting = self.waiting.borrow_mut();
            for answer in list.drain(..) {
                if let Some(tell) = waiting.reports.remove(&answer.slot) {
                    // Who asked may be gone.
                    tell.send(answer.result.is_ok()).unwrap_or_default();
                }
            }
        }
    }
}

fn work(listener: std::net::TcpListener, appender: Arc<dyn Appender>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let room = Rc::new(Room::new(appender));
        let reports = Rc::clone(&room);
        tokio::task::spawn_local(async move { reports.hand_out().await });
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            drop(stream.set_nodelay(true));
            let room = Rc::clone(&room);
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| answer(Rc::clone(&room), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                drop(connection.await);
            });
        }
    })
}

async fn answer(
    room: Rc<Room>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let is_durable = room.append(body).await;
    let mut response = Response::new(Full::new(Bytes::from_static(b"success")));
    if !is_durable {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}
