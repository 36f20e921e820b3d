//! The bare limit: a hyper server that reads a body and sends it back. One current-thread runtime and one
//! SO_REUSEPORT listener per core, as ingress has them, and nothing else.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use std::convert::Infallible;
use std::net::SocketAddr;

/// Serves until the process is killed; prints the address once it listens.
///
/// # Errors
/// The address cannot be bound.
pub(crate) fn serve(listen: SocketAddr) -> std::io::Result<()> {
    let first = listener(listen)?;
    let address = first.local_addr()?;
    let threads = std::thread::available_parallelism()?.get();
    let mut listeners = vec![first];
    for _ in 1..threads {
        listeners.push(listener(address)?);
    }
    println!("echo http://{address}");
    let workers: Vec<_> = listeners
        .into_iter()
        .map(|listener| std::thread::spawn(move || work(listener)))
        .collect();
    for worker in workers {
        // A worker ends only with the process.
        drop(worker.join());
    }
    Ok(())
}

pub(crate) fn listener(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

fn work(listener: std::net::TcpListener) -> std::io::Result<()> {
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
            tokio::task::spawn_local(async move {
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(echo));
                drop(connection.await);
            });
        }
    })
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    Ok(Response::new(Full::new(body)))
}
