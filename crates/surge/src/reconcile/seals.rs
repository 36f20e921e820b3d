//! Reads `control` of an export: versions of the campaign, windows, decisions, results, by structs of its own.
//! Never what they should be.

use super::accepted::Copies;
use super::lines::{self, LinesError, Tail, excerpt};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A decision that seals a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its offset in `control`.
    pub ctl: u64,
    /// Version of the campaign that judges.
    pub version: u64,
    /// The window that judges.
    pub open: i64,
    /// First second after it.
    pub close: i64,
    /// The contest's time of the seal.
    pub at: i64,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The file.
    pub toml: String,
    /// SHA-256 of it, as published.
    pub sha256: String,
}

/// A result, as its record says.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its offset in `control`.
    pub at: u64,
    /// The whole act.
    pub act: Value,
}

/// A commitment to a chain of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// `s_0`, hexadecimal.
    pub root: String,
    /// How many secrets it has.
    pub links: u64,
}

/// What `control` says of one campaign.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Versions by number.
    pub versions: BTreeMap<u64, Version>,
    /// Windows that operators moved, by round.
    pub windows: BTreeMap<u16, (i64, i64)>,
    /// Rounds that are void.
    pub void: BTreeSet<u16>,
    /// The first decision of each round.
    pub decisions: BTreeMap<u16, Decision>,
    /// The chain of secrets that was committed to first.
    pub chain: Option<Chain>,
    /// Results by round, in the order of the log; `None` is the final draw.
    pub results: BTreeMap<Option<u16>, Vec<Found>>,
    /// Lists of draws, in the order of the log.
    pub lists: BTreeMap<Option<u16>, Vec<Found>>,
    /// Steps of awards, and who was shown the secret of a unit, in the order of the log.
    pub awards: Vec<Found>,
}

#[derive(Deserialize)]
struct Line {
    offset: u64,
    value: Value,
}

/// Reads `control.jsonl`; nothing when it was not exported.
///
/// # Errors
/// [`LinesError`].
pub fn read(path: &Path, campaign: &str) -> Result<Control, LinesError> {
    let mut control = Control::default();
    if !path.exists() {
        return Ok(control);
    }
    lines::fold(
        path,
        Tail::Whole,
        |lines| {
            lines
                .map(|line| {
                    serde_json::from_slice::<Line>(line)
                        .map_err(|e| format!("{} is no exported record: {e}", excerpt(line)))
                })
                .collect::<Result<Vec<_>, String>>()
        },
        |lines| {
            lines
                .into_iter()
                .for_each(|line| control.take(line, campaign))
        },
    )?;
    Ok(control)
}

impl Control {
    fn take(&mut self, Line { offset, value }: Line, campaign: &str) {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let kind = text("type");
        let of = if kind == "campaign" { "id" } else { "campaign" };
        if text(of) != campaign {
            return;
        }
        let round = value["round"]
            .as_u64()
            .and_then(|round| u16::try_from(round).ok());
        match (kind.as_str(), round) {
            ("campaign", _) => {
                let (toml, sha256) = (text("toml"), text("sha256"));
                let version = value["version"].as_u64().unwrap_or(0);
                self.versions
                    .entry(version)
                    .or_insert(Version { toml, sha256 });
            }
            ("round", Some(round)) => self.act(round, &value),
            ("commitment", _) => {
                self.chain.get_or_insert_with(|| Chain {
                    root: text("root"),
                    links: value["links"].as_u64().unwrap_or(0),
                });
            }
            ("seal_decided", Some(round)) => {
                let time = |key: &str| value[key].as_i64().unwrap_or(0);
                self.decisions.entry(round).or_insert(Decision {
                    ctl: offset,
                    version: value["version"].as_u64().unwrap_or(0),
                    open: time("open"),
                    close: time("close"),
                    at: time("at"),
                });
            }
            ("result" | "list" | "award" | "shown", round) => {
                let found = Found {
                    at: offset,
                    act: value,
                };
                match kind.as_str() {
                    "result" => self.results.entry(round).or_default().push(found),
                    "list" => self.lists.entry(round).or_default().push(found),
                    _ => self.awards.push(found),
                }
            }
            _ => {}
        }
    }

    fn act(&mut self, round: u16, act: &Value) {
        if act["verb"] == "void" {
            self.void.insert(round);
        }
        for window in act["windows"].as_array().into_iter().flatten() {
            let number = window["round"].as_u64().and_then(|n| u16::try_from(n).ok());
            let (open, close) = (window["open"].as_i64(), window["close"].as_i64());
            if let (Some(number), Some(open), Some(close)) = (number, open, close) {
                self.windows.insert(number, (open, close));
            }
        }
    }

    /// The result of a draw that stands: the first, or the last of those that correct the one before them.
    #[must_use]
    pub fn standing(&self, round: Option<u16>) -> Option<&Found> {
        self.standing_before(round, u64::MAX)
    }

    /// The result of a draw that stood at an offset of `control`.
    #[must_use]
    pub fn standing_before(&self, round: Option<u16>, offset: u64) -> Option<&Found> {
        let mut standing: Option<&Found> = None;
        let before = self.results.get(&round)?.iter();
        for found in before.take_while(|found| found.at < offset) {
            let corrects = found.act["corrects"].as_u64();
            if corrects == standing.map(|before| before.at) {
                standing = Some(found);
            }
        }
        standing
    }

    /// The last decision of a round that is not void, and its round: the cut of the final draw.
    #[must_use]
    pub fn last_decision(&self) -> Option<(u16, &Decision)> {
        let decisions = self.decisions.iter().map(|(round, it)| (*round, it));
        let counted = decisions.filter(|(round, _)| !self.void.contains(round));
        counted.max_by_key(|(_, decision)| decision.ctl)
    }

    /// The version that judges a round: that of its result, else of its decision, else the newest.
    #[must_use]
    pub fn version_of(&self, round: Option<u16>) -> Option<u64> {
        let result = self
            .standing(round)
            .and_then(|found| found.act["version"].as_u64());
        let decision = round.and_then(|round| self.decisions.get(&round));
        result.or(decision.map(|decision| decision.version)).or(self
            .versions
            .keys()
            .next_back()
            .copied())
    }
}

/// Offsets of `inbound` at which copies stand, by offset of the copied record and partition; `None` when
/// `inbound` was not exported.
///
/// # Errors
/// [`LinesError`].
pub fn copies_in_inbound(path: &Path) -> Result<Option<Copies>, LinesError> {
    #[derive(Deserialize)]
    struct Copied {
        partition: u32,
        offset: u64,
        value: Copy,
    }
    #[derive(Deserialize)]
    struct Copy {
        r#type: String,
        #[serde(default)]
        ctl: u64,
    }
    if !path.exists() {
        return Ok(None);
    }
    let mut copies = Copies::new();
    // Deliveries are many and large, and only the word of a copy is worth a look.
    let is_copy = |line: &[u8]| line.windows(6).any(|word| word == b"\"copy\"");
    lines::fold(
        path,
        Tail::Whole,
        |lines| {
            let copies = lines.filter(|line| is_copy(line)).map(|line| {
                serde_json::from_slice::<Copied>(line)
                    .map_err(|e| format!("{} is no exported record: {e}", excerpt(line)))
            });
            copies.collect::<Result<Vec<_>, String>>()
        },
        |found| {
            for Copied {
                partition,
                offset,
                value,
            } in found
            {
                if value.r#type == "copy" {
                    copies
                        .entry(value.ctl)
                        .or_default()
                        .entry(partition)
                        .or_insert(offset);
                }
            }
        },
    )?;
    Ok(Some(copies))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn control(values: &[Value]) -> Control {
        let mut control = Control::default();
        for (offset, value) in (0..).zip(values) {
            let value = value.clone();
            control.take(Line { offset, value }, "c");
        }
        control
    }

    #[test]
    fn the_first_result_stands_until_one_names_it() {
        let result = |corrects: Value| json!({"type": "result", "campaign": "c", "round": 1, "version": 1, "corrects": corrects});
        let standing = |values: &[Value]| control(values).standing(Some(1)).map(|found| found.at);
        assert_eq!(standing(&[]), None);
        assert_eq!(
            standing(&[result(Value::Null), result(Value::Null)]),
            Some(0)
        );
        assert_eq!(standing(&[result(Value::Null), result(json!(0))]), Some(1));
        assert_eq!(standing(&[result(Value::Null), result(json!(7))]), Some(0));
        assert_eq!(
            standing(&[result(Value::Null), result(json!(0)), result(json!(0))]),
            Some(1)
        );
    }

    #[test]
    fn the_first_decision_counts_and_other_campaigns_do_not() {
        let decided = |campaign: &str, open: i64| json!({"type": "seal_decided", "campaign": campaign, "round": 2, "version": 3, "open": open, "close": open + 5, "at": 9});
        let control = control(&[decided("d", 1), decided("c", 2), decided("c", 3)]);
        let decision = &control.decisions[&2];
        assert_eq!((decision.ctl, decision.open, decision.version), (1, 2, 3));
        assert_eq!(control.version_of(Some(2)), Some(3));
    }
}
