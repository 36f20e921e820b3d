//! Drives a rehearsal's clock: one tick per second of event time, each when all before it is answered.
//!
//! The first tick, one second before the first delivery, is posted before anything is sent; what is
//! scheduled more than 30 s after the last tick waits. Here is the posting, to whichever node coordinates; the order
//! is kept by `drive`.

use super::connector::{Connector, NoConn};
use super::options::ClockAddress;
use crate::client::Target;
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
/// How long a coordinator that another node named may refuse connections before that node is asked again.
const LEADER_PATIENCE: Duration = Duration::from_secs(1);
/// The status of a node that does not coordinate.
const NOT_THE_COORDINATOR: u16 = 421;

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

/// What a node said to a tick.
#[derive(Debug)]
struct Said {
    status: u16,
    /// The beginning of the body.
    body: String,
    /// The node that coordinates, when this one does not.
    leader: Option<Target>,
}

impl Said {
    fn of(status: u16, body: &[u8]) -> Self {
        let json = || serde_json::from_slice::<serde_json::Value>(body).ok();
        let leader = match status {
            NOT_THE_COORDINATOR => {
                // It may be a name.
                let place = |body: serde_json::Value| {
                    Target::parse(&format!("http://{}/", body["coordinator"].as_str()?)).ok()
                };
                json().and_then(place)
            }
            _ => None,
        };
        let body = String::from_utf8_lossy(body).chars().take(200).collect();
        Self {
            status,
            body,
            leader,
        }
    }
}

/// Posts ticks, one after the other, to the node it was given or to the one that this names as coordinator.
#[derive(Debug)]
pub struct Clock {
    address: ClockAddress,
    connector: Connector,
    /// Where ticks go instead, since the node at `address` named it.
    leader: Option<(Target, Connector)>,
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
            leader: None,
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
        let mut stuck_since = None;
        loop {
            let was_led = self.leader.is_some();
            match self.try_post(tick).await? {
                Some(Said { status: 200, .. }) => break,
                Some(Said { status: 409, .. }) => return Err(ClockError::Behind(tick)),
                Some(Said {
                    status: NOT_THE_COORDINATOR,
                    leader,
                    ..
                }) => self.follow(leader),
                // The node is starting or stopping, or waits for its log.
                Some(Said {
                    status: 500..600, ..
                }) => {}
                // Whoever named this coordinator may know another by now.
                None => self.leader = None,
                Some(Said { status, body, .. }) => {
                    return Err(ClockError::Refused { tick, status, body });
                }
            }
            self.ticks.repeated += 1;
            let since: &Instant = stuck_since.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience {
                return Err(ClockError::Stuck(tick));
            }
            // What was named just now is asked at once.
            if was_led || self.leader.is_none() {
                sleep(AGAIN_AFTER).await;
            }
        }
        if self.ticks.answered == 0 {
            self.ticks.first = tick;
        }
        self.ticks.last = tick;
        self.ticks.answered += 1;
        Ok(())
    }

    /// From now on ticks go to this node; without one, to the node that was given.
    fn follow(&mut self, leader: Option<Target>) {
        self.leader = leader.map(|target| {
            let connector = Connector::new(target.addr, 0, LEADER_PATIENCE);
            (target, connector)
        });
    }

    /// `None` when no whole answer came.
    async fn try_post(&self, tick: i64) -> Result<Option<Said>, ClockError> {
        let (target, connector) = match &self.leader {
            Some((target, connector)) => (target, connector),
            None => (&self.address.target, &self.connector),
        };
        let mut conn = match connector.idle() {
            Some(conn) => conn,
            None => match connector.open(TICK_CUT).await {
                Ok(conn) => conn,
                Err(NoConn::Gone) if self.leader.is_none() => {
                    return Err(ClockError::Gone(target.host.clone()));
                }
                Err(NoConn::Gone | NoConn::Fault(_) | NoConn::Cut) => return Ok(None),
            },
        };
        let request = self.request(target, tick);
        let said = match timeout(TICK_CUT, conn.exchange(&request)).await {
            Ok(Ok(answer)) => Some(Said::of(answer.status, answer.body)),
            Ok(Err(_)) | Err(_) => None,
        };
        if said.is_some() {
            connector.give_back(conn);
        }
        Ok(said)
    }

    fn request(&self, target: &Target, tick: i64) -> Vec<u8> {
        let body = format!("{{\"tick\":{tick}}}");
        let prefix = target.path.trim_end_matches('/');
        format!(
            "POST {prefix}/v1/clock HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            target.host,
            self.address.token,
            body.len()
        )
        .into_bytes()
    }
}
