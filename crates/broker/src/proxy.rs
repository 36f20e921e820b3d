//! A small TCP proxy that breaks the wire on request: both ways, for connections that stand and for new
//! ones, at once. It carries bytes and knows no protocol.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes carried at once.
const PIECE: usize = 16 << 10;
/// Pieces that a wire may hold.
const ON_THE_WIRE: usize = 256;
/// Between two tries to listen.
const LOOK: Duration = Duration::from_millis(20);

/// What is wrong with the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every piece comes so much later, each way.
    Delay(Duration),
    /// Connections are taken and nothing is carried.
    Stall,
    /// Standing connections are closed, and new ones as soon as they come.
    Cut,
    /// What the client says arrives; no answer comes back.
    HalfOpen,
    /// So many bytes a second each way, per connection.
    Slow {
        /// At least 1.
        bytes_per_s: u64,
    },
    /// Standing connections are closed and nobody listens.
    Refuse,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
}

struct State {
    fault: Fault,
    /// What it has done since it was set.
    bitten: u64,
    next: u64,
    /// Both ends of each connection, so that they can be closed from outside.
    open: BTreeMap<u64, [TcpStream; 2]>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self) -> Fault {
        self.state().fault
    }

    fn bite(&self) {
        let mut state = self.state();
        state.bitten = state.bitten.saturating_add(1);
    }

    /// Waits while nothing may be carried that way; `false` when the proxy stops.
    fn wait_while(&self, blocked: impl Fn(Fault) -> bool) -> bool {
        let mut state = self.state();
        while blocked(state.fault) && !self.stop.load(Ordering::Acquire) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !self.stop.load(Ordering::Acquire)
    }

    /// Closes every connection, and counts those that something was wrong with.
    fn close_all(&self) {
        let mut state = self.state();
        for ends in state.open.values() {
            for end in ends {
                drop(end.shutdown(Shutdown::Both));
            }
        }
        state.bitten = state.bitten.saturating_add(state.open.len() as u64);
    }
}

/// See the module. Dropping it closes every connection and ends its threads.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free loopback port and carries to `upstream`, without fault.
    ///
    /// # Errors
    /// No port, or no thread.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                fault: Fault::None,
                bitten: 0,
                next: 0,
                open: BTreeMap::new(),
            }),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let (own, listened) = (Arc::clone(&shared), listener);
        let accepting = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || accept(&own, listened, addr, upstream))?;
        Ok(Self {
            addr,
            shared,
            accepting: Some(accepting),
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Breaks or mends the wire; it holds from now on.
    pub fn set(&self, fault: Fault) {
        {
            let mut state = self.shared.state();
            (state.fault, state.bitten) = (fault, 0);
        }
        self.shared.changed.notify_all();
        if matches!(fault, Fault::Cut | Fault::Refuse) {
            self.shared.close_all();
        }
    }

    /// How often the fault of the moment has done harm since it was set: pieces that were held up, delayed or slowed
    /// down, and connections that were closed or turned away. Those that nobody listened for are not seen.
    #[must_use]
    pub fn bitten(&self) -> u64 {
        self.shared.state().bitten
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.changed.notify_all();
        self.shared.close_all();
        if let Some(thread) = self.accepting.take() {
            drop(thread.join());
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: TcpListener, addr: SocketAddr, upstream: SocketAddr) {
    let mut listener = Some(listener);
    let mut carrying: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stop.load(Ordering::Acquire) {
        carrying.retain(|thread| !thread.is_finished());
        if shared.fault() == Fault::Refuse {
            listener = None;
            shared.wait_while(|fault| fault == Fault::Refuse);
            continue;
        }
        // The port is ours again as soon as nobody else has taken it.
        let Some(listening) = listener.take().or_else(|| TcpListener::bind(addr).ok()) else {
            std::thread::sleep(LOOK);
            continue;
        };
        let came = listening
            .set_nonblocking(true)
            .and_then(|()| listening.accept());
        listener = Some(listening);
        match came {
            Ok((client, _)) if shared.fault() != Fault::Cut => {
                carrying.extend(carry(shared, client, upstream));
            }
            Ok((client, _)) => {
                shared.bite();
                drop(client.shutdown(Shutdown::Both));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    drop(listener);
    shared.close_all();
    for thread in carrying {
        drop(thread.join());
    }
}

/// Two threads for a connection, one each way; none when it cannot be made.
fn carry(shared: &Arc<Shared>, client: TcpStream, upstream: SocketAddr) -> Vec<JoinHandle<()>> {
    let both = || -> io::Result<Vec<JoinHandle<()>>> {
        client.set_nonblocking(false)?;
        let server = TcpStream::connect(upstream)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        let number = {
            let mut state = shared.state();
            state.next += 1;
            let number = state.next;
            state.open.insert(number, ends);
            number
        };
        let (there, back) = (
            (client.try_clone()?, server.try_clone()?),
            (server, client.try_clone()?),
        );
        let ways = [(there, false), (back, true)];
        ways.into_iter()
            .map(|((from, to), is_answer)| {
                let shared = Arc::clone(shared);
                std::thread::Builder::new()
                    .name("proxy-wire".to_owned())
                    .spawn(move || {
                        drop(one_way(&shared, from, to, is_answer));
                        shared.state().open.remove(&number);
                    })
            })
            .collect()
    };
    both().unwrap_or_default()
}

fn one_way(
    shared: &Shared,
    mut from: TcpStream,
    mut to: TcpStream,
    is_answer: bool,
) -> io::Result<()> {
    let ended = copy(shared, &mut from, &mut to, is_answer);
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
    ended
}

/// Reads here and writes on a thread of its own, so that a delay does not narrow the wire.
fn copy(
    shared: &Shared,
    from: &mut TcpStream,
    to: &mut TcpStream,
    is_answer: bool,
) -> io::Result<()> {
    let (queue, due) = sync_channel::<(Instant, Vec<u8>)>(ON_THE_WIRE);
    let closer = from.try_clone()?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            drop(deliver(shared, &due, to, is_answer));
            // Ends the reading side too.
            drop(closer.shutdown(Shutdown::Both));
        });
        let result = read_into(shared, from, &queue);
        // Without it the other thread would wait for more.
        drop(queue);
        result
    })
}

fn read_into(
    shared: &Shared,
    from: &mut TcpStream,
    queue: &SyncSender<(Instant, Vec<u8>)>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let most = match shared.fault() {
            // A tenth of a second's worth at a time.
            Fault::Slow { bytes_per_s } => usize::try_from(bytes_per_s / 10)
                .unwrap_or(PIECE)
                .clamp(1, PIECE),
            _ => PIECE,
        };
        let read = from.read(&mut piece[..most])?;
        if read == 0
            || queue
                .send((Instant::now(), piece[..read].to_vec()))
                .is_err()
        {
            return Ok(());
        }
    }
}

fn deliver(
    shared: &Shared,
    due: &Receiver<(Instant, Vec<u8>)>,
    to: &mut TcpStream,
    is_answer: bool,
) -> io::Result<()> {
    let blocked = |fault: Fault| fault == Fault::Stall || (is_answer && fault == Fault::HalfOpen);
    for (came, bytes) in due {
        if blocked(shared.fault()) {
            shared.bite();
        }
        if !shared.wait_while(blocked) {
            return Ok(());
        }
        let rest = match shared.fault() {
            Fault::Delay(delay) => delay.saturating_sub(came.elapsed()),
            Fault::Slow { bytes_per_s } => {
                let nanos = (bytes.len() as u64).saturating_mul(1_000_000_000);
                Duration::from_nanos(nanos / bytes_per_s.max(1))
            }
            _ => Duration::ZERO,
        };
        if !rest.is_zero() {
            shared.bite();
            std::thread::sleep(rest);
        }
        to.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
