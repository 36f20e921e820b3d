//! Drives a rehearsal's clock: one tick per second of event time, each when all before it is answered.
//!
//! The first tick, one second before the first delivery, is posted before anything is sent; what is
//! scheduled more than 30 s after the last tick waits. Here is the posting; the order is kept by `drive`.

use super::connector::{Connector, NoConn};
use super::options::ClockAddress;
use crate::report::Ticks;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// What is scheduled up to this much later than the last tick need not wait for the next, in seconds.
pub const AHEAD_S: i64 = 30;
/// Ticks are posted up to this long after the last scheduled second.
pub const AFTER_S: i64 = 60;
/// A tick that is not answered in this time is posted again.
const TICK_CUT: Duration = Duration::from_secs(30);
/// Pause before a tick is posted again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Why a tick could not be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Nobody listens there.
    #[error("the admin address {0} refuses connections; is the node running?")]
    Gone(String),
    /// The node has seen a greater tick.
    #[error(
        "the node's clock stands beyond tick {0}; a rehearsal needs a node of its own that has not seen later time"
    )]
    Behind(i64),
    /// The node will not take ticks.
    #[error(
        "tick {tick} was answered {status} ({body}); give the token of the node's acts, and a node that runs with --clock rehearsal"
    )]
    Refused {
        /// The tick.
        tick: i64,
        /// The status.
        status: u16,
        /// What the node said, shortened.
        body: String,
    },
    /// The node could not take the tick for too long.
    #[error("tick {0} got no good answer for too long; see the node's status")]
    Stuck(i64),
}

/// Posts ticks, one after the other.
#[derive(Debug)]
pub struct Clock {
    address: ClockAddress,
    connector: Connector,
    patience: Duration,
    ticks: Ticks,
}

impl Clock {
    /// A clock that waits at most `patience` for a node that is away.
    #[must_use]
    pub fn new(address: ClockAddress, patience: Duration) -> Self {
        let connector = Connector::new(address.target.addr, 0, patience);
        Self {
            address,
            connector,
            patience,
            ticks: Ticks::default(),
        }
    }

    /// What was posted.
    #[must_use]
    pub fn ticks(&self) -> Ticks {
        self.ticks.clone()
    }

    /// Posts a tick until it is answered 200, which it is once it is durable everywhere.
    ///
    /// # Errors
    /// [`ClockError`] when the node is away too long or refuses the tick.
    pub async fn post(&mut self, tick: i64) -> Result<(), ClockError> {
        let request = self.request(tick);
        let mut stuck_since = None;
        loop {
            match self.try_post(&request).await? {
                Some((200, _)) => break,
                Some((409, _)) => return Err(ClockError::Behind(tick)),
                // The node is starting or stopping, or waits for its log.
                Some((500..600, _)) | None => {}
                Some((status, body)) => return Err(ClockError::Refused { tick, status, body }),
            }
            self.ticks.repeated += 1;
            let since: &Instant = stuck_since.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience {
                return Err(ClockError::Stuck(tick));
            }
            sleep(AGAIN_AFTER).await;
        }
        if self.ticks.answered == 0 {
            self.ticks.first = tick;
        }
        self.ticks.last = tick;
        self.ticks.answered += 1;
        Ok(())
    }

    /// Status and the beginning of the body; `None` when no whole answer came.
    async fn try_post(&self, request: &[u8]) -> Result<Option<(u16, String)>, ClockError> {
        let mut conn = match self.connector.idle() {
            Some(conn) => conn,
            None => match self.connector.open(TICK_CUT).await {
                Ok(conn) => conn,
                Err(NoConn::Gone) => {
                    return Err(ClockError::Gone(self.address.target.host.clone()));
                }
                Err(NoConn::Fault(_) | NoConn::Cut) => return Ok(None),
            },
        };
        let answered = match timeout(TICK_CUT, conn.exchange(request)).await {
            Ok(Ok(answer)) => {
                let body: String = String::from_utf8_lossy(answer.body)
                    .chars()
                    .take(200)
                    .collect();
                Some((answer.status, body))
            }
            Ok(Err(_)) | Err(_) => None,
        };
        if answered.is_some() {
            self.connector.give_back(conn);
        }
        Ok(answered)
    }

    fn request(&self, tick: i64) -> Vec<u8> {
        let body = format!("{{\"tick\":{tick}}}");
        let prefix = self.address.target.path.trim_end_matches('/');
        format!(
            "POST {prefix}/v1/clock HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address.target.host,
            self.address.token,
            body.len()
        )
        .into_bytes()
    }
}
