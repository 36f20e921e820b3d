//! What the sweeper knows of a connection: what it does and since when, so that no timer is armed for
//! each request; and the socket as hyper sees it, which notes the first byte of a request.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Accepted, and not a byte yet.
    Fresh,
    /// Between two requests.
    Idle,
    /// A request has begun and its head is not complete.
    Head,
    /// A request is read or answered.
    Busy,
}

/// Why the sweeper ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The head of a request took too long.
    SlowHead,
    /// No request for too long, or its place is needed.
    Idle,
}

/// See the module.
pub(crate) struct Watch {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    first_byte: Cell<Option<Instant>>,
    fate: Cell<Option<Fate>>,
    waker: RefCell<Option<Waker>>,
    /// The peer may still be sending what nobody will read: drain it, so that it gets its answer.
    pub(crate) linger: Cell<bool>,
    /// hyper's own refusal of a malformed head was held back.
    pub(crate) held_back: Cell<bool>,
}

impl Watch {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            phase: Cell::new(Phase::Fresh),
            since: Cell::new(now),
            first_byte: Cell::new(None),
            fate: Cell::new(None),
            waker: RefCell::new(None),
            linger: Cell::new(false),
            held_back: Cell::new(false),
        }
    }

    /// A head is complete. Returns when its first byte came; of a pipelined request, now.
    pub(crate) fn begin(&self) -> Instant {
        self.phase.set(Phase::Busy);
        self.first_byte.take().unwrap_or_else(Instant::now)
    }

    /// The request is answered, or given up.
    pub(crate) fn end(&self) {
        self.phase.set(Phase::Idle);
        self.since.set(Instant::now());
        self.first_byte.set(None);
    }

    fn bytes_came(&self) {
        if matches!(self.phase.get(), Phase::Fresh | Phase::Idle) {
            let now = Instant::now();
            self.phase.set(Phase::Head);
            self.since.set(now);
            self.first_byte.set(Some(now));
        }
    }

    /// Ends the connection if it has outstayed its phase.
    pub(crate) fn sweep(&self, now: Instant, head: Duration, idle: Duration) {
        let stay = now.saturating_duration_since(self.since.get());
        match self.phase.get() {
            Phase::Head if stay >= head => self.doom(Fate::SlowHead),
            Phase::Fresh if stay >= head => self.doom(Fate::Idle),
            Phase::Idle if stay >= idle => self.doom(Fate::Idle),
            _ => {}
        }
    }

    fn doom(&self, fate: Fate) {
        self.fate.set(Some(fate));
        self.wake();
    }

    /// Why the sweeper wants it to end.
    pub(crate) fn fate(&self) -> Option<Fate> {
        self.fate.get()
    }

    /// Polls the connection again.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Remembers whom to wake.
    pub(crate) fn park(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

/// The connections of one runtime.
#[derive(Default)]
pub(crate) struct Watches {
    places: RefCell<Vec<Option<Rc<Watch>>>>,
    free: RefCell<Vec<usize>>,
}

impl Watches {
    pub(crate) fn open(&self, now: Instant) -> (usize, Rc<Watch>) {
        let watch = Rc::new(Watch::new(now));
        let mut places = self.places.borrow_mut();
        let place = self.free.borrow_mut().pop().unwrap_or_else(|| {
            places.push(None);
            places.len() - 1
        });
        places[place] = Some(Rc::clone(&watch));
        (place, watch)
    }

    pub(crate) fn close(&self, place: usize) {
        if self.places.borrow_mut()[place].take().is_some() {
            self.free.borrow_mut().push(place);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.borrow().len() - self.free.borrow().len()
    }

    pub(crate) fn each(&self, act: impl FnMut(&Watch)) {
        self.places
            .borrow()
            .iter()
            .flatten()
            .map(Rc::as_ref)
            .for_each(act);
    }
}

/// A socket that tells its watch of the first byte.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) watch: Rc<Watch>,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.watch.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if is_foreign(buf) {
            self.watch.held_back.set(true);
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Leaves the closing to whoever owns the stream after hyper: it may have to linger.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Whether this is hyper's own refusal of a head as too long (414, 431): ours is 400 for everything
/// malformed.
fn is_foreign(answer: &[u8]) -> bool {
    matches!(answer.get(9..12), Some(b"414" | b"431")) && answer.starts_with(b"HTTP/1.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Duration = Duration::from_secs(5);
    const IDLE: Duration = Duration::from_secs(60);

    #[test]
    fn each_phase_has_its_patience() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let fresh = Watch::new(start);
        fresh.sweep(at(4), HEAD, IDLE);
        assert_eq!(fresh.fate(), None);
        fresh.sweep(at(5), HEAD, IDLE);
        assert_eq!(
            fresh.fate(),
            Some(Fate::Idle),
            "not a byte: nothing to answer"
        );

        let slow = Watch::new(start);
        slow.bytes_came();
        slow.sweep(at(3), HEAD, IDLE);
        assert_eq!(slow.fate(), None);
        slow.sweep(at(60), HEAD, IDLE);
        assert_eq!(slow.fate(), Some(Fate::SlowHead));

        let busy = Watch::new(start);
        busy.bytes_came();
        assert!(busy.begin() >= start);
        busy.sweep(at(1_000), HEAD, IDLE);
        assert_eq!(busy.fate(), None, "the budget bounds it, not the sweeper");
        busy.end();
        busy.sweep(at(30), HEAD, IDLE);
        assert_eq!(busy.fate(), None);
        busy.sweep(at(100), HEAD, IDLE);
        assert_eq!(busy.fate(), Some(Fate::Idle));
    }

    #[test]
    fn places_are_reused() {
        let watches = Watches::default();
        let (first, _) = watches.open(Instant::now());
        let (second, _) = watches.open(Instant::now());
        watches.close(first);
        watches.close(first);
        assert_eq!(watches.len(), 1);
        assert_eq!(watches.open(Instant::now()).0, first);
        assert_ne!(first, second);
    }

    #[test]
    fn only_refusals_that_are_not_ours_are_held_back() {
        assert!(is_foreign(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
        ));
        assert!(is_foreign(b"HTTP/1.1 414 URI Too Long\r\n"));
        assert!(!is_foreign(b"HTTP/1.1 413 Payload Too Large\r\n"));
        assert!(!is_foreign(b"HTTP/1.1 200 OK\r\n"));
        assert!(!is_foreign(b""));
    }
}
