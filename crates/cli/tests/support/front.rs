//! A load balancer of a few lines: it takes connections and carries each to one of several nodes. It knows no
//! protocol. For the clock of a rehearsal it picks the one that leads.

use super::wire::get_within;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a node may take to take a connection, or to say whether it leads.
const PATIENCE: Duration = Duration::from_millis(500);
/// Bytes carried at once.
const PIECE: usize = 16 << 10;

/// Which of the nodes a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// One after the other; the next when nobody listens there.
    InTurn,
    /// The one that leads; none when no one says so.
    Leader,
}

struct Shared {
    choice: Choice,
    nodes: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    /// One end of each connection, so that it can be closed from outside.
    open: Mutex<Vec<TcpStream>>,
    stop: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// See the module. Dropping it closes everything.
pub(crate) struct Front {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Front {
    /// Shares connections out among these addresses.
    pub(crate) fn in_turn(nodes: Vec<SocketAddr>) -> Self {
        Self::start(Choice::InTurn, nodes)
    }

    /// Carries every connection to that of these admin addresses whose coordinator leads.
    pub(crate) fn to_leader(nodes: Vec<SocketAddr>) -> Self {
        Self::start(Choice::Leader, nodes)
    }

    fn start(choice: Choice, nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            choice,
            nodes: Mutex::new(nodes),
            next: AtomicUsize::new(0),
            open: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&own, &listener));
        Self {
            addr,
            shared,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on these; what stands is closed.
    pub(crate) fn set(&self, nodes: Vec<SocketAddr>) {
        *lock(&self.shared.nodes) = nodes;
        close_all(&self.shared);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        drop(TcpStream::connect(self.addr));
        if let Some(thread) = self.accepting.take() {
            drop(thread.join());
        }
    }
}

fn close_all(shared: &Shared) {
    for end in lock(&shared.open).drain(..) {
        drop(end.shutdown(Shutdown::Both));
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    let mut carrying: Vec<JoinHandle<()>> = Vec::new();
    for client in listener.incoming() {
        if shared.stop.load(Ordering::Acquire) {
            break;
        }
        carrying.retain(|thread| !thread.is_finished());
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        carrying.push(std::thread::spawn(move || {
            // A connection that breaks is the client's to notice.
            drop(carry(&shared, client));
        }));
    }
    close_all(shared);
    for thread in carrying {
        drop(thread.join());
    }
}

fn carry(shared: &Shared, client: TcpStream) -> std::io::Result<()> {
    let Some(server) = choose(shared) else {
        return client.shutdown(Shutdown::Both);
    };
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    {
        let mut open = lock(&shared.open);
        open.retain(|end| end.peer_addr().is_ok());
        open.extend([client.try_clone()?, server.try_clone()?]);
    }
    let back = (server.try_clone()?, client.try_clone()?);
    std::thread::scope(|scope| {
        scope.spawn(|| copy(back.0, back.1));
        copy(client, server);
    });
    Ok(())
}

/// Carries one way until either end is through, and closes both.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = vec![0; PIECE];
    while let Ok(read) = from.read(&mut piece) {
        if read == 0 || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

fn choose(shared: &Shared) -> Option<TcpStream> {
    let mut nodes = lock(&shared.nodes).clone();
    match shared.choice {
        Choice::InTurn => {
            let turn = shared.next.fetch_add(1, Ordering::Relaxed) % nodes.len().max(1);
            nodes.rotate_left(turn);
        }
        Choice::Leader => nodes.retain(|node| leads(*node)),
    }
    let connect = |node: &SocketAddr| TcpStream::connect_timeout(node, PATIENCE).ok();
    nodes.iter().find_map(connect)
}

/// Whether the coordinator there says that it leads.
pub(crate) fn leads(admin: SocketAddr) -> bool {
    let status = get_within(admin, "/status", PATIENCE);
    let document = status.and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
    document.is_some_and(|document| document["coordinator"]["leads"] == true)
}
