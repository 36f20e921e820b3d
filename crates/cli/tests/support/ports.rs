//! Ports for nodes.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports below those that the kernel hands out to outgoing connections: a node that was killed finds its port free
/// again, however many connections a replay has opened meanwhile.
const PORTS: u16 = 10_000;
const FIRST_PORT: u16 = 20_000;

pub(crate) fn free_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Scattered by process, so that two of them seldom ask for the same one.
    let scattered = u16::try_from(u64::from(std::process::id()) * 97 % u64::from(PORTS)).unwrap();
    for _ in 0..PORTS {
        let next = (scattered + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let address = SocketAddr::from(([127, 0, 0, 1], FIRST_PORT + next));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {FIRST_PORT} on is free");
}
