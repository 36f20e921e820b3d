//! Ingress in this process: its settings out of the configuration, its start, and the clock and randomness that it
//! is given.

use crate::config::{Clock, Config};
use crate::failure::Failure;
use crate::log::Held;
use control::Control;
use ingress::{Deps, Ingress};
use record::hexed::Hex;
use std::sync::Arc;
use std::time::{Duration, Instant};
use telemetry::{Health, Registry};

/// How long ingress waits with its start until control was read to its end.
const CONTROL_LIMIT: Duration = Duration::from_secs(30);
/// How often a wait looks again.
const LOOK: Duration = Duration::from_millis(100);

/// What ingress shares with the rest of the process.
pub(super) struct Around<'a> {
    pub(super) held: &'a Held,
    pub(super) control: &'a Control,
    pub(super) registry: &'a Registry,
    pub(super) health: &'a Health,
    /// The node and its boot.
    pub(super) id: (Hex<8>, Hex<8>),
}

/// Waits until control was read to its end; whether it was. Brokers that are away are not waited for.
pub(super) fn caught_up(control: &Control, is_away: bool) -> bool {
    let deadline = Instant::now() + CONTROL_LIMIT;
    while !is_away
        && !control.caught_up()
        && control.failure().is_none()
        && Instant::now() < deadline
    {
        control.wait_until(LOOK, |_| control.caught_up());
    }
    control.caught_up()
}

/// Starts ingress.
///
/// # Errors
/// Its address is taken, or an account is there twice.
pub(super) fn start(config: &Config, around: &Around<'_>) -> Result<Arc<Ingress>, Failure> {
    let mut settings = ingress::IngressConfig::new(config.listen, around.id.0, around.id.1);
    settings.threads = config.threads;
    settings.ack_budget = Duration::from_millis(config.ack_budget_ms);
    settings.head_timeout = Duration::from_millis(config.request_timeout_ms);
    settings.body_timeout = Duration::from_millis(config.request_timeout_ms);
    settings.connections_max = config.max_connections;
    settings.rehearsal = config.clock == Clock::Rehearsal;
    settings.accounts = config
        .accounts
        .iter()
        .map(|account| ingress::AccountConfig {
            account: account.wire.clone(),
            default_reply: account.default_reply.clone(),
        })
        .collect();
    let deps = Deps {
        log: around.held.log(),
        hedge: around.held.hedge().cloned(),
        snapshot: around.control.snapshot(),
        registry: around.registry.clone(),
        health: around.health.clone(),
        now_us: wall_micros,
        random: fill_random,
    };
    Ingress::start(&settings, &deps)
        .map(Arc::new)
        .map_err(|error| match error {
            ingress::StartError::AccountTwice(_) => Failure::wrong(error),
            _ => Failure::away(error),
        })
}

/// Ingress, to be stopped. The voice holds it for the moment of a question only.
pub(super) fn alone(mut shared: Arc<Ingress>) -> Ingress {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(ingress) => return ingress,
            Err(still) => shared = still,
        }
        std::thread::yield_now();
    }
}

/// One of the two homes of the wall clock.
fn wall_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.ok()
        .and_then(|now| i64::try_from(now.as_micros()).ok())
        .unwrap_or(0)
}

pub(crate) fn wall_seconds() -> i64 {
    wall_micros().div_euclid(1_000_000)
}

fn fill_random(bytes: &mut [u8; 24]) {
    // Nonces need only differ; the clock stands in should the system's randomness fail.
    if getrandom::fill(bytes).is_err() {
        bytes[..8].copy_from_slice(&wall_micros().to_le_bytes());
    }
}
