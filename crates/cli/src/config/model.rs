//! The configuration as the program uses it: typed, bounded, complete.

use super::log::{Backend, LogConfig};
use super::take::Taker;
use super::{Account, Layers, Mistake, accounts};
use crate::address;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Ingress,
    Dedup,
    Quiz,
    Coordinator,
}

impl Role {
    /// Every role that this version has.
    pub(crate) const ALL: [Self; 4] = [Self::Ingress, Self::Dedup, Self::Quiz, Self::Coordinator];

    /// Its name in configuration and records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Dedup => "dedup",
            Self::Quiz => "quiz",
            Self::Coordinator => "coordinator",
        }
    }
}

/// Where the contest's time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Wall,
    Rehearsal,
}

/// Everything that the program is told.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) roles: Vec<Role>,
    pub(crate) clock: Clock,
    pub(crate) log: LogConfig,
    pub(crate) listen: SocketAddr,
    pub(crate) ack_budget_ms: u64,
    pub(crate) threads: usize,
    pub(crate) max_connections: usize,
    pub(crate) request_timeout_ms: u64,
    pub(crate) admin: SocketAddr,
    /// Where others reach the admin API, HOST or HOST:PORT; `None`: where it listens.
    pub(crate) advertise: Option<String>,
    /// The key of draws' secrets; `None` takes that of the node's directory.
    pub(crate) contest_key: Option<coordinator::Key>,
    pub(crate) level: String,
    pub(crate) json: bool,
    pub(crate) accounts: Vec<Account>,
}

impl Config {
    /// Checks all layers at once.
    ///
    /// # Errors
    /// Every mistake that was found.
    pub(crate) fn from_layers(
        layers: &Layers,
        secret: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut take = Taker::new(layers);
        let config = Self {
            data: PathBuf::from(take.text("data")),
            roles: take.roles(),
            clock: take.choice(
                "clock",
                &[("wall", Clock::Wall), ("rehearsal", Clock::Rehearsal)],
            ),
            log: LogConfig::take(&mut take, secret),
            listen: take.address("ingress.listen"),
            ack_budget_ms: take.number("ingress.ack_budget_ms", 100..=4_500),
            threads: usize::try_from(take.number("ingress.threads", 0..=256)).unwrap_or(0),
            max_connections: usize::try_from(
                take.number("ingress.max_connections", 16..=1_000_000),
            )
            .unwrap_or(16),
            request_timeout_ms: take.number("ingress.request_timeout_ms", 100..=60_000),
            admin: take.address("admin.listen"),
            advertise: take.reachable("admin.advertise"),
            contest_key: take.key("contest.key", secret).map(coordinator::Key),
            level: take.choice("output.level", &LEVELS).to_owned(),
            json: take.choice("output.format", &[("text", false), ("json", true)]),
            accounts: accounts::check(&layers.accounts, secret, &mut take.mistakes),
        };
        if take.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(take.mistakes)
        }
    }

    /// The address of the admin API that other nodes and the command line are told, for one that listens at `bound`.
    pub(crate) fn admin_address(&self, bound: SocketAddr) -> String {
        let named = self.advertise.as_deref();
        let whole = named.and_then(|named| address::completed(named, bound.port()));
        whole.unwrap_or_else(|| bound.to_string())
    }

    /// Why others could not be sent to this node's admin API, in words; nothing where no other node can be.
    pub(crate) fn unreachable(&self) -> Option<String> {
        let has_others = matches!(self.log.backend, Backend::Kafka(_));
        let is_nobody = self.advertise.is_none() && self.admin.ip().is_unspecified();
        (has_others && is_nobody).then(|| {
            format!(
                "admin.listen is {}, an address that nobody can be sent to: an act that reaches another node cannot be \
                 sent on to this one. Set admin.advertise, or SPILLWAY_ADMIN__ADVERTISE where it runs, to the host \
                 name or address at which this machine is reached",
                self.admin
            )
        })
    }

    /// Whether this process has a role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

const LEVELS: [(&str, &str); 5] = [
    ("info", "info"),
    ("error", "error"),
    ("warn", "warn"),
    ("debug", "debug"),
    ("trace", "trace"),
];
