//! The `[[account]]` tables: one per Official Account, with its secrets resolved.

use super::layers::nearest;
use super::{Mistake, Source};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Keys of an account; the first four must be there.
const KEYS: [&str; 8] = [
    "name",
    "app_id",
    "original_id",
    "token",
    "mode",
    "encoding_aes_key",
    "encoding_aes_key_previous",
    "default_reply",
];
/// Keys whose values are never shown.
const SECRET_KEYS: [&str; 3] = ["token", "encoding_aes_key", "encoding_aes_key_previous"];

/// Whether the values of an account's key are never shown.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRET_KEYS.contains(&key)
}

/// An Official Account: what the wire needs, and the reply of last resort.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) wire: wechat::Account,
    pub(crate) default_reply: String,
}

/// Checks all accounts, resolving secrets by `secret`.
pub(crate) fn check(
    tables: &[(Table, Source)],
    secret: &dyn Fn(&str) -> Result<String, String>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Account> {
    let mut names = BTreeSet::new();
    let mut accounts = Vec::new();
    for (index, (table, source)) in tables.iter().enumerate() {
        let mut wrong = |key: &str, message: String| {
            mistakes.push(Mistake {
                key: format!("account[{index}].{key}"),
                source_name: source.to_string(),
                message,
            });
        };
        match account(table, secret, &mut wrong) {
            Some(account) if !names.insert(account.wire.name.clone()) => {
                wrong(
                    "name",
                    format!("{:?} is the name of two accounts", account.wire.name),
                );
            }
            Some(account) => accounts.push(account),
            None => {}
        }
    }
    accounts
}

fn account(
    table: &Table,
    secret: &dyn Fn(&str) -> Result<String, String>,
    wrong: &mut dyn FnMut(&str, String),
) -> Option<Account> {
    let known: Vec<String> = KEYS.iter().map(ToString::to_string).collect();
    for key in table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        wrong(
            key,
            format!("is no known key{}", nearest(key, known.iter())),
        );
    }
    let mut text = |key: &str, needed: bool| -> Option<String> {
        match table.get(key) {
            Some(Value::String(text)) if is_secret(key) => {
                secret(text).map_err(|error| wrong(key, error)).ok()
            }
            Some(Value::String(text)) => Some(text.clone()),
            None if !needed => Some(String::new()),
            None => {
                wrong(key, "is missing".to_owned());
                None
            }
            Some(other) => {
                wrong(key, format!("must be a text, not {other}"));
                None
            }
        }
    };
    let name = text("name", true);
    let app_id = text("app_id", true);
    let original_id = text("original_id", true);
    let token = text("token", true);
    let default_reply = text("default_reply", false);
    let mode = text("mode", false);
    let current = text("encoding_aes_key", false);
    let previous = text("encoding_aes_key_previous", false);
    let key = aes_key("encoding_aes_key", current?, wrong);
    let previous_key = aes_key("encoding_aes_key_previous", previous?, wrong);
    let mode = match mode.as_deref() {
        Some("safe" | "") => wechat::Mode::Safe,
        Some("compatible") => wechat::Mode::Compatible,
        Some("plain") => wechat::Mode::Plain,
        other => {
            let other = other.unwrap_or_default();
            wrong(
                "mode",
                format!("must be plain, compatible or safe, not {other:?}"),
            );
            return None;
        }
    };
    if mode != wechat::Mode::Plain && key.as_ref().is_ok_and(Option::is_none) {
        wrong(
            "encoding_aes_key",
            "is missing; only mode plain works without one".to_owned(),
        );
        return None;
    }
    let name = name?;
    let plain_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain_name) {
        wrong(
            "name",
            format!("must be letters, digits, - and _, not {name:?}"),
        );
        return None;
    }
    Some(Account {
        wire: wechat::Account {
            name,
            app_id: app_id?,
            original_id: original_id?,
            token: token?,
            key: key.ok()?,
            previous_key: previous_key.ok()?,
            mode,
        },
        default_reply: default_reply?,
    })
}

fn aes_key(
    key: &str,
    text: String,
    wrong: &mut dyn FnMut(&str, String),
) -> Result<Option<wechat::AesKey>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    wechat::AesKey::parse(&text)
        .map(Some)
        .map_err(|error| wrong(key, error.to_string()))
}
