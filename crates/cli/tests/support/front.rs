//! A load balancer of a few lines: it takes connections and carries each to one of several nodes. It knows no
//! protocol. For the clock of a rehearsal it picks the one that leads.

use super::wire::get_within;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// How long a node may take to take a connection, or to say whether it leads.
const PATIENCE: Duration = Duration::from_millis(500);
/// Connections that wait to be taken: a surge opens thousands at once, and one that the kernel drops here would look as
/// if a node had not answered.
const BACKLOG: u32 = 4_096;

/// Which of the nodes a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// One after the other; the next when nobody listens there.
    InTurn,
    /// The one that leads; none when no one says so.
    Leader,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared {
    choice: Choice,
    nodes: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    /// How often the nodes were set; a connection lives no longer than the setting that it was opened under.
    setting: watch::Sender<u64>,
}

/// See the module. Dropping it closes everything.
pub(crate) struct Front {
    addr: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
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
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let listener = {
            let _inside = runtime.enter();
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            socket.listen(BACKLOG).unwrap()
        };
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            choice,
            nodes: Mutex::new(nodes),
            next: AtomicUsize::new(0),
            setting: watch::Sender::new(0),
        });
        runtime.spawn(accept(Arc::clone(&shared), listener));
        Self {
            addr,
            shared,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on these; what stands is closed.
    pub(crate) fn set(&self, nodes: Vec<SocketAddr>) {
        *lock(&self.shared.nodes) = nodes;
        self.shared.setting.send_modify(|setting| *setting += 1);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut setting = shared.setting.subscribe();
            tokio::select! {
                // A connection that breaks is the client's to notice.
                _ = carry(shared, client) => {}
                _ = setting.changed() => {}
            }
        });
    }
}

/// Carries both ways until either end is through; then both close.
async fn carry(shared: Arc<Shared>, mut client: TcpStream) -> std::io::Result<()> {
    let Some(mut server) = choose(shared).await else {
        return Ok(());
    };
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        ended = copy(from_client, to_server) => ended,
        ended = copy(from_server, to_client) => ended,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    tokio::io::copy(&mut from, &mut to).await.map(drop)
}

async fn choose(shared: Arc<Shared>) -> Option<TcpStream> {
    let mut nodes = lock(&shared.nodes).clone();
    match shared.choice {
        Choice::InTurn => {
            let turn = shared.next.fetch_add(1, Ordering::Relaxed) % nodes.len().max(1);
            nodes.rotate_left(turn);
        }
        Choice::Leader => {
            let leading = tokio::task::spawn_blocking(move || {
                nodes.retain(|node| leads(*node));
                nodes
            });
            nodes = leading.await.ok()?;
        }
    }
    for node in nodes {
        if let Ok(Ok(server)) = tokio::time::timeout(PATIENCE, TcpStream::connect(node)).await {
            return Some(server);
        }
    }
    None
}

/// Whether the coordinator there says that it leads.
pub(crate) fn leads(admin: SocketAddr) -> bool {
    let status = get_within(admin, "/status", PATIENCE);
    let document = status.and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
    document.is_some_and(|document| document["coordinator"]["leads"] == true)
}
