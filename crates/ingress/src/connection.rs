//! One connection from accept to close: hyper in the middle, its end with manners around it.

use crate::service;
use crate::watch::{Fate, Socket, Watch};
use crate::worker::Worker;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest head of a request; a callback's has less than 1 KiB.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long, and for how many bytes, a connection lingers so that its peer can read a refusal.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 512 * 1024;

const SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const MALFORMED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// How hyper serves here. A peer that closes its sending side still gets its answer; small answers go
/// out in one piece.
pub(crate) fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.half_close(true)
        .writev(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .header_read_timeout(None);
    http
}

/// Serves a connection to its end.
pub(crate) async fn serve(worker: Rc<Worker>, stream: TcpStream) {
    let place = worker.enter();
    let watch = Rc::clone(&place.watch);
    let (stream, last_word) = drive(&worker, &watch, stream).await;
    drop(place);
    if last_word.is_some() || watch.linger.get() {
        // Rare, and large: not part of every connection's future.
        Box::pin(farewell(stream, last_word.unwrap_or_default())).await;
    }
}

/// Runs hyper, until the connection is done, doomed by the sweeper, or the node closes. Returns the
/// socket, and what is still to be said on it.
async fn drive(
    worker: &Rc<Worker>,
    watch: &Rc<Watch>,
    stream: TcpStream,
) -> (TcpStream, Option<&'static [u8]>) {
    let io = TokioIo::new(Socket {
        stream,
        watch: Rc::clone(watch),
    });
    let service =
        service_fn(|request| service::handle(Rc::clone(worker), Rc::clone(watch), request));
    let mut http = worker.http.serve_connection(io, service);
    let mut told = false;
    let end = poll_fn(|cx| {
        if watch.fate().is_some() {
            return Poll::Ready(Ok(()));
        }
        watch.park(cx.waker());
        if worker.is_closing() && !told {
            told = true;
            Pin::new(&mut http).graceful_shutdown();
        }
        Pin::new(&mut http).poll(cx)
    })
    .await;
    let parts = http.into_parts();
    let malformed = end.is_err_and(|error| error.is_parse()) || watch.held_back.get();
    let unfinished = watch.fate() == Some(Fate::SlowHead)
        || (watch.fate() == Some(Fate::Idle) && !parts.read_buf.is_empty());
    let last_word = if malformed {
        worker.reject("malformed");
        // Of other malformed heads hyper has said so itself.
        Some(if watch.held_back.get() {
            MALFORMED
        } else {
            &[]
        })
    } else if unfinished {
        worker.reject("slow_head");
        Some(SLOW)
    } else {
        None
    };
    (parts.io.into_inner().stream, last_word)
}

/// Says the last word, closes the sending side, and reads on for a while: a close with unread bytes
/// would reset the connection and take the word back.
async fn farewell(mut stream: TcpStream, last_word: &[u8]) {
    let talk = async {
        stream.write_all(last_word).await?;
        stream.shutdown().await?;
        let mut sink = [0; 4096];
        let mut left = LINGER_BYTES_MAX;
        loop {
            let read = stream.read(&mut sink).await?;
            left = left.saturating_sub(read);
            if read == 0 || left == 0 {
                return std::io::Result::Ok(());
            }
        }
    };
    // Whether the peer listened to the end changes nothing here.
    drop(tokio::time::timeout(LINGER, talk).await);
}
