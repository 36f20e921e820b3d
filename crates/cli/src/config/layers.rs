//! Layers of values, each knowing its source: default, file, environment, flag.

use super::{DEFAULT_FILE, Mistake};
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// Keys behind this are handed to the broker's client as they are.
pub(super) const OPTIONS: &str = "log.kafka.options.";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File(String),
    Environment(String),
    Flag(&'static str),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{path}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Every key with its value in force and the source of that.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    /// By dotted key; accounts stand apart.
    pub(crate) values: BTreeMap<String, (Value, Source)>,
    /// The `[[account]]` tables, with the file that they stand in.
    pub(crate) accounts: Vec<(Table, Source)>,
    /// Keys that were refused.
    pub(crate) mistakes: Vec<Mistake>,
}

impl Layers {
    /// The defaults.
    pub(crate) fn defaults() -> Self {
        let mut layers = Self {
            values: BTreeMap::new(),
            accounts: Vec::new(),
            mistakes: Vec::new(),
        };
        // The default file is part of the program; a test parses it.
        let table: Table = DEFAULT_FILE.parse().unwrap_or_default();
        flatten("", &table, &mut |key, value| {
            layers.values.insert(key, (value.clone(), Source::Default));
        });
        layers
    }

    /// Lays a configuration file over what is there.
    pub(crate) fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.refuse("", &name, format!("cannot be read: {error}")),
        };
        let mut table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return self.refuse("", &name, format!("is no TOML: {error}")),
        };
        match table.remove("account") {
            None => {}
            Some(Value::Array(accounts)) => {
                for account in accounts {
                    match account {
                        Value::Table(table) => {
                            self.accounts.push((table, Source::File(name.clone())));
                        }
                        _ => {
                            self.refuse("account", &name, "must be tables: [[account]]".to_owned())
                        }
                    }
                }
            }
            Some(_) => self.refuse("account", &name, "must be tables: [[account]]".to_owned()),
        }
        let mut found = Vec::new();
        flatten("", &table, &mut |key, value| {
            found.push((key, value.clone()))
        });
        for (key, value) in found {
            self.set(&key, value, Source::File(name.clone()));
        }
    }

    /// Lays `SPILLWAY_SECTION__KEY` variables over what is there.
    pub(crate) fn environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let mut found: Vec<(String, String)> = variables
            .filter(|(name, _)| name.starts_with("SPILLWAY_"))
            .collect();
        found.sort();
        for (name, text) in found {
            let key = name["SPILLWAY_".len()..].to_lowercase().replace("__", ".");
            let value = self.typed_like(&key, text);
            self.set(&key, value, Source::Environment(name));
        }
    }

    /// Lays one flag over what is there.
    pub(crate) fn flag(&mut self, key: &str, flag: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(key, value, Source::Flag(flag));
        }
    }

    fn set(&mut self, key: &str, value: Value, source: Source) {
        // What the broker's client is told beside our own keys has no list here.
        let is_option = key
            .strip_prefix(OPTIONS)
            .is_some_and(|name| !name.is_empty());
        if self.values.contains_key(key) || is_option {
            self.values.insert(key.to_owned(), (value, source));
        } else {
            let near = nearest(key, self.values.keys());
            self.refuse(key, &source.to_string(), format!("is no known key{near}"));
        }
    }

    /// A variable is text; it takes the type that the default has.
    fn typed_like(&self, key: &str, text: String) -> Value {
        match self.values.get(key).map(|(value, _)| value) {
            Some(Value::Integer(_)) => text.parse().map_or(Value::String(text), Value::Integer),
            Some(Value::Boolean(_)) => text.parse().map_or(Value::String(text), Value::Boolean),
            Some(Value::Array(_)) => Value::Array(
                text.split(',')
                    .map(|part| Value::String(part.trim().to_owned()))
                    .collect(),
            ),
            _ => Value::String(text),
        }
    }

    pub(crate) fn refuse(&mut self, key: &str, source: &str, message: String) {
        self.mistakes.push(Mistake {
            key: if key.is_empty() {
                "configuration".to_owned()
            } else {
                key.to_owned()
            },
            source_name: source.to_owned(),
            message,
        });
    }
}

/// `; did you mean …?` when a known key is near.
pub(crate) fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> String {
    known
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, candidate)| {
            format!("; did you mean `{candidate}`?")
        })
}

fn flatten(prefix: &str, table: &Table, found: &mut dyn FnMut(String, &Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => flatten(&key, inner, found),
            _ => found(key, value),
        }
    }
}
