//! Typed values out of the layers, each with its bounds; what is wrong with them is collected.

use super::{Layers, Mistake, Role};
use crate::address::completed;
use record::hexed::Hex;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use toml::Value;

/// Takes typed values out of the layers and collects what is wrong with them.
pub(super) struct Taker<'a> {
    pub(super) layers: &'a Layers,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'a> Taker<'a> {
    pub(super) fn new(layers: &'a Layers) -> Self {
        let mistakes = layers.mistakes.clone();
        Self { layers, mistakes }
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.layers.values.get(key).map(|(value, _)| value)
    }

    pub(super) fn wrong(&mut self, key: &str, message: String) {
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

    pub(super) fn text(&mut self, key: &str) -> String {
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

    pub(super) fn number(&mut self, key: &str, bounds: RangeInclusive<u64>) -> u64 {
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

    /// A key of 32 bytes in hexadecimal digits, or where it stands; nothing when it is empty.
    pub(super) fn key(
        &mut self,
        key: &str,
        secret: &dyn Fn(&str) -> Result<String, String>,
    ) -> Option<[u8; 32]> {
        let Some(Value::String(text)) = self.value(key).cloned() else {
            self.wrong(key, "must be a text".to_owned());
            return None;
        };
        if text.is_empty() {
            return None;
        }
        let parsed = secret(&text).and_then(|digits| {
            let way_out = "must be 64 hexadecimal digits, as `openssl rand -hex 32` makes them";
            Hex::parse(digits.trim()).ok_or_else(|| way_out.to_owned())
        });
        match parsed {
            Ok(Hex(bytes)) => Some(bytes),
            Err(message) => {
                self.wrong(key, message);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.value(key).and_then(Value::as_bool).unwrap_or_else(|| {
            self.wrong(key, "must be true or false".to_owned());
            false
        })
    }

    pub(super) fn address(&mut self, key: &str) -> SocketAddr {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| {
            self.wrong(key, format!("must be ADDRESS:PORT, not {text:?}"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    /// Where something of ours is reached, HOST or HOST:PORT; nothing when it is empty.
    pub(super) fn reachable(&mut self, key: &str) -> Option<String> {
        let Some(Value::String(text)) = self.value(key).cloned() else {
            self.wrong(key, "must be a text".to_owned());
            return None;
        };
        if text.is_empty() {
            return None;
        }
        // The port of the listener stands in for one that is not named.
        if completed(&text, 1).is_none() {
            let way_out = "must be HOST or HOST:PORT as others reach it, such as \"10.0.0.5\" or \"node-1:8081\"";
            self.wrong(key, format!("{way_out}, not {text:?}"));
        }
        Some(text)
    }

    /// One of a closed set; the first of them stands in for a mistake.
    pub(super) fn choice<T: Clone>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
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

    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        let items = match self.value(key) {
            Some(Value::Array(items)) => items.clone(),
            _ => Vec::new(),
        };
        let mut texts = Vec::new();
        for item in &items {
            match item.as_str() {
                Some(text) if !text.trim().is_empty() => texts.push(text.trim().to_owned()),
                _ => self.wrong(
                    key,
                    format!("must hold texts that are not empty, not {item}"),
                ),
            }
        }
        if items.is_empty() {
            self.wrong(key, "must be a list that is not empty".to_owned());
        }
        texts
    }

    pub(super) fn roles(&mut self) -> Vec<Role> {
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
