//! The configuration as the program uses it: typed, bounded, complete.

use super::{Account, Layers, Mistake, accounts};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use toml::Value;

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
    pub(crate) partitions: u32,
    pub(crate) inbound_retention_s: u64,
    pub(crate) segment_bytes: u64,
    pub(crate) max_bytes: u64,
    pub(crate) accept_corruption: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) ack_budget_ms: u64,
    pub(crate) threads: usize,
    pub(crate) max_connections: usize,
    pub(crate) request_timeout_ms: u64,
    pub(crate) admin: SocketAddr,
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
        let mut take = Taker {
            layers,
            mistakes: layers.mistakes.clone(),
        };
        let config = Self {
            data: PathBuf::from(take.text("data")),
            roles: take.roles(),
            clock: take.choice(
                "clock",
                &[("wall", Clock::Wall), ("rehearsal", Clock::Rehearsal)],
            ),
            partitions: u32::try_from(take.number("log.inbound_partitions", 1..=256)).unwrap_or(1),
            inbound_retention_s: take.number("log.inbound_retention_s", 60..=315_360_000),
            segment_bytes: take.number("log.journal.segment_bytes", 1 << 20..=1 << 30),
            max_bytes: take.number("log.journal.max_bytes", 0..=i64::MAX as u64),
            accept_corruption: take.flag("log.journal.accept_corruption"),
            listen: take.address("ingress.listen"),
            ack_budget_ms: take.number("ingress.ack_budget_ms", 100..=4_500),
            threads: usize::try_from(take.number("ingress.threads", 0..=256)).unwrap_or(0),
            max_connections: usize::try_from(
                take.number("ingress.max_connections", 16..=1_000_000),
            )
            .unwrap_or(16),
            request_timeout_ms: take.number("ingress.request_timeout_ms", 100..=60_000),
            admin: take.address("admin.listen"),
            level: take.choice("output.level", &LEVELS).to_owned(),
            json: take.choice("output.format", &[("text", false), ("json", true)]),
            accounts: accounts::check(&layers.accounts, secret, &mut take.mistakes),
        };
        take.choice("log.backend", &[("journal", ())]);
        if take.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(take.mistakes)
        }
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

/// Takes typed values out of the layers and collects what is wrong with them.
struct Taker<'a> {
    layers: &'a Layers,
    mistakes: Vec<Mistake>,
}

impl Taker<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        self.layers.values.get(key).map(|(value, _)| value)
    }

    fn wrong(&mut self, key: &str, message: String) {
        let source_name = self
            .layers
            .values
            .get(key)
            .map_or_else(|| "default".to_owned(), |(_, source)| source.to_string());
        self.mistakes.push(Mistake {
            key: key.to_owned(),
            source_name,
            message,
        });
    }

    fn text(&mut self, key: &str) -> String {
        match self.value(key) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            other => {
                let found = other.map_or_else(|| "nothing".to_owned(), Value::to_string);
                self.wrong(
                    key,
                    format!("must be a text that is not empty, not {found}"),
                );
                String::new()
            }
        }
    }

    fn number(&mut self, key: &str, bounds: RangeInclusive<u64>) -> u64 {
        let number = self
            .value(key)
            .and_then(Value::as_integer)
            .and_then(|n| u64::try_from(n).ok());
        match number {
            Some(number) if bounds.contains(&number) => number,
            _ => {
                let found = self.value(key).map_or_else(String::new, Value::to_string);
                let (low, high) = (bounds.start(), bounds.end());
                self.wrong(
                    key,
                    format!("must be a whole number from {low} to {high}, not {found}"),
                );
                *low
            }
        }
    }

    fn flag(&mut self, key: &str) -> bool {
        self.value(key).and_then(Value::as_bool).unwrap_or_else(|| {
            self.wrong(key, "must be true or false".to_owned());
            false
        })
    }

    fn address(&mut self, key: &str) -> SocketAddr {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| {
            self.wrong(key, format!("must be ADDRESS:PORT, not {text:?}"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    /// One of a closed set; the first of them stands in for a mistake.
    fn choice<T: Clone>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        let text = self.text(key);
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return choice.clone();
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.wrong(
            key,
            format!("must be one of {}, not {text:?}", names.join(", ")),
        );
        choices[0].1.clone()
    }

    fn roles(&mut self) -> Vec<Role> {
        let mut roles = Vec::new();
        let named = match self.value("roles") {
            Some(Value::Array(names)) => names.clone(),
            _ => Vec::new(),
        };
        for name in &named {
            match Role::ALL
                .into_iter()
                .find(|role| Some(role.name()) == name.as_str())
            {
                Some(role) => roles.push(role),
                None => self.wrong(
                    "roles",
                    format!("{name} is no role; there are {}", all_roles()),
                ),
            }
        }
        if named.is_empty() {
            self.wrong(
                "roles",
                format!("must name at least one of {}", all_roles()),
            );
        }
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

fn all_roles() -> String {
    Role::ALL.map(Role::name).join(", ")
}
