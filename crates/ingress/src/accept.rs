//! Listeners, and what to do when accept fails. An error of accept never ends the node: what the peer
//! did is passed over, what the machine lacks is waited for a few milliseconds.

use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Linux: too many open files in this process, or on this machine; no memory for sockets.
const EXHAUSTED: [i32; 4] = [24, 23, 105, 12];
/// First pause when something is exhausted; doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// What to do about a failed accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The peer went away before it was accepted: try the next at once.
    Next,
    /// Descriptors or memory are exhausted: let go of idle connections, give the reserve, pause.
    Relieve(Duration),
    /// Something else: pause.
    Pause(Duration),
}

impl Remedy {
    /// What to do about this error, when the `failures` accepts before it failed too.
    pub(crate) fn of(error: &io::Error, failures: u32) -> Self {
        let pause = PAUSE_MIN
            .saturating_mul(1 << failures.min(5))
            .min(PAUSE_MAX);
        match error.kind() {
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock => Self::Next,
            _ if error
                .raw_os_error()
                .is_some_and(|code| EXHAUSTED.contains(&code)) =>
            {
                Self::Relieve(pause)
            }
            _ => Self::Pause(pause),
        }
    }

    /// Label of its counter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Next => "aborted",
            Self::Relieve(_) => "exhausted",
            Self::Pause(_) => "other",
        }
    }
}

/// One descriptor set aside: when no other is left it is given up, so that even then connections are
/// accepted one at a time, and taken again when there is room.
#[derive(Debug, Default)]
pub(crate) struct Reserve(Option<File>);

impl Reserve {
    /// Sets a descriptor aside if none is; without room for one it does nothing.
    pub(crate) fn refill(&mut self) {
        if self.0.is_none() {
            self.0 = File::open("/dev/null").ok();
        }
    }

    /// Gives it up; whether there was one.
    pub(crate) fn give(&mut self) -> bool {
        self.0.take().is_some()
    }
}

/// One listener per thread on the same address. The kernel spreads connections over them.
pub(crate) fn listen(
    addr: SocketAddr,
    threads: usize,
    backlog: i32,
) -> io::Result<Vec<TcpListener>> {
    // SO_REUSEPORT would let a second process share the port unnoticed; without it the bind fails.
    let probe = socket(addr)?;
    probe.bind(&addr.into())?;
    let addr = match probe.local_addr()?.as_socket() {
        Some(bound) => bound,
        None => addr,
    };
    drop(probe);
    let mut listeners = Vec::with_capacity(threads);
    for _ in 0..threads {
        let socket = socket(addr)?;
        socket.set_reuse_port(true)?;
        // Accepted sockets inherit it on Linux, which saves a system call for each.
        socket.set_tcp_nodelay(true)?;
        socket.bind(&addr.into())?;
        socket.listen(backlog)?;
        listeners.push(socket.into());
    }
    Ok(listeners)
}

fn socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedy(code: i32, failures: u32) -> Remedy {
        Remedy::of(&io::Error::from_raw_os_error(code), failures)
    }

    #[test]
    fn what_the_peer_did_is_passed_over() {
        // ECONNABORTED, EINTR, EAGAIN, ECONNRESET
        for code in [103, 4, 11, 104] {
            assert_eq!(remedy(code, 0), Remedy::Next);
        }
    }

    #[test]
    fn what_the_machine_lacks_is_waited_for_a_few_milliseconds() {
        for code in EXHAUSTED {
            assert_eq!(remedy(code, 0), Remedy::Relieve(PAUSE_MIN));
            assert_eq!(remedy(code, 3), Remedy::Relieve(Duration::from_millis(16)));
            assert_eq!(remedy(code, u32::MAX), Remedy::Relieve(PAUSE_MAX));
        }
        // EPERM: a firewall
        assert_eq!(remedy(1, 0), Remedy::Pause(PAUSE_MIN));
    }

    #[test]
    fn listeners_share_a_port_and_a_taken_port_is_refused() {
        let listeners = listen("127.0.0.1:0".parse().unwrap(), 2, 16).unwrap();
        let addr = listeners[0].local_addr().unwrap();
        assert_eq!(listeners[1].local_addr().unwrap(), addr);
        let taken = listen(addr, 1, 16).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn the_reserve_is_given_once_and_refilled() {
        let mut reserve = Reserve::default();
        assert!(!reserve.give());
        reserve.refill();
        assert!(reserve.give());
        assert!(!reserve.give());
    }
}
