//! The bare limit on Kafka: a hyper server that gives the raw body to the client library, with the settings that ingress
//! has, and answers `success` at the delivery report. Nothing is read, decided, or hedged, and nothing of `msglog` stands
//! between the server and the library.

use crate::echo::listener;
use crate::failure::{Failure, tried};
use crate::synth::PARTITIONS;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use msglog::kafka::{BareProducer, KafkaConfig};
use record::topics::INBOUND;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::oneshot;

/// Serves until the process is killed; prints the address once it listens.
///
/// # Errors
/// The address cannot be bound, or the brokers cannot be reached.
pub(crate) fn serve(listen: SocketAddr, config: KafkaConfig) -> Result<(), Failure> {
    let producer = BareProducer::open(&config, INBOUND).map_err(tried("make a producer"))?;
    let room = Arc::new(Room {
        producer,
        next: AtomicU32::new(0),
    });
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
            let room = Arc::clone(&room);
            std::thread::spawn(move || work(listener, room))
        })
        .collect();
    for worker in workers {
        // A worker ends only with the process.
        drop(worker.join());
    }
    Ok(())
}

/// The producer that all threads share, and the partition that the next body goes to.
struct Room {
    producer: BareProducer,
    next: AtomicU32,
}

impl Room {
    /// Whether the body has become durable.
    async fn append(&self, body: &[u8]) -> bool {
        let (tell, told) = oneshot::channel();
        let partition = self.next.fetch_add(1, Ordering::Relaxed) % PARTITIONS;
        // Who asked may be gone.
        let report = Box::new(move |is_durable| tell.send(is_durable).unwrap_or_default());
        match self.producer.send(partition, body, report) {
            Ok(()) => told.await.unwrap_or(false),
            Err(_) => false,
        }
    }
}

fn work(listener: std::net::TcpListener, room: Arc<Room>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            drop(stream.set_nodelay(true));
            let room = Arc::clone(&room);
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| answer(Arc::clone(&room), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                drop(connection.await);
            });
        }
    })
}

async fn answer(
    room: Arc<Room>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let is_durable = room.append(&body).await;
    let mut response = Response::new(Full::new(Bytes::from_static(b"success")));
    if !is_durable {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}
