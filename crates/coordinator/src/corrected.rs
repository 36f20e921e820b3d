//! The standings of corrected results: brought part by part, kept in control, read back from there, and what a
//! correction must be to be published. Never what is corrected, nor what becomes of prizes.

use contest::{Field, Finding, Standing, draw_name, hash, verify_standings};
use control::ControlState;
use msglog::{Log, LogError, Reader};
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ResultAct, StandingsAct};
use record::topics::CONTROL;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a record of control that stands may take to be read.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(10);
/// Fields of a record that a correction takes over from the one before: the same cut, the same lots.
const KEPT: [&str; 15] = [
    "campaign",
    "draw",
    "cut",
    "sealed_at",
    "listed_at",
    "level",
    "ranking",
    "entrants",
    "commitment",
    "s",
    "beacon",
    "fallback",
    "list",
    "count",
    "seed",
];

/// A part of the standings behind a corrected result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingsRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// SHA-256 of the whole standings file.
    pub digest: Hex<32>,
    /// Number of the part, from 0.
    pub chunk: u32,
    /// How many parts there are.
    pub of: u32,
    /// Lines of the file, at most [`record::rounds::SHARE_MAX_BYTES`].
    pub standings: String,
}

impl StandingsRequest {
    /// The act of it.
    ///
    /// # Errors
    /// It holds something else than lines of a standings file.
    pub(crate) fn act(self) -> Result<StandingsAct, String> {
        let is_ended = self.standings.is_empty() || self.standings.ends_with('\n');
        let mut lines = self.standings.lines();
        if !is_ended || !lines.all(|line| Standing::parse(line).is_some()) {
            return Err(format!(
                "part {} holds something else than canonical standings, one a line",
                self.chunk
            ));
        }
        Ok(StandingsAct {
            v: SCHEMA_VERSION,
            campaign: self.campaign,
            round: self.round,
            digest: self.digest,
            chunk: self.chunk,
            of: self.of,
            standings: self.standings,
        })
    }
}

/// The standings of corrected results, one at a time, because those of a great campaign would fill the memory.
pub(crate) struct Shelf {
    log: Arc<dyn Log>,
    open: Option<(Hex<32>, Field<'static>)>,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// They are not in the log, or not what they should be.
    #[error("{0}")]
    Wrong(String),
    /// Failures of reading.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Shelf {
    /// Nothing read yet.
    pub(crate) fn new(log: &Arc<dyn Log>) -> Self {
        Self {
            log: Arc::clone(log),
            open: None,
        }
    }

    /// The standings of a corrected result.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub(crate) fn field(
        &mut self,
        state: &ControlState,
        result: &ResultAct,
    ) -> Result<&Field<'static>, ShelfError> {
        let digest = result.standings;
        let open = self.open.take().filter(|(open, _)| *open == digest);
        let open = match open {
            Some(open) => open,
            None => (digest, self.read(state, result)?),
        };
        Ok(&self.open.insert(open).1)
    }

    fn read(&self, state: &ControlState, result: &ResultAct) -> Result<Field<'static>, ShelfError> {
        let wrong = |what: &str| {
            let name = draw_name(result.round);
            let campaign = &result.campaign;
            ShelfError::Wrong(format!(
                "the standings of the correction of {name} of {campaign:?} {what}"
            ))
        };
        let parts = state.standings(&result.campaign, result.standings);
        let offsets = parts.and_then(control::corrected::Parts::whole);
        let offsets = offsets.ok_or_else(|| {
            wrong("are not in the log; `rescore --publish` brings them before it publishes")
        })?;
        let mut reader = self.log.reader(CONTROL)?;
        let mut text = String::new();
        for offset in offsets {
            text.push_str(&part(&mut *reader, offset)?);
        }
        if hash(text.as_bytes()) != result.standings.0 {
            return Err(wrong("have another SHA-256 than its result says"));
        }
        Field::parse(&text).map_err(|torn| wrong(&format!("are torn: {torn}")))
    }
}

/// The part of a standings file that stands at an offset of `control`.
///
/// # Errors
/// [`ShelfError`].
pub(crate) fn part(reader: &mut dyn Reader, offset: u64) -> Result<String, ShelfError> {
    if reader.position(0) != Some(offset) {
        reader.seek(0, offset)?;
    }
    let found = reader.poll(1, 1, READ_WAIT)?;
    let stored = found.first().filter(|stored| stored.offset == offset);
    let act = stored.and_then(|stored| serde_json::from_slice(&stored.value).ok());
    match act {
        Some(Act::Standings(act)) => Ok(act.standings),
        _ => Err(ShelfError::Wrong(format!(
            "offset {offset} of control cannot be read as standings"
        ))),
    }
}

/// Whether a result corrects the one that stands, over the same cut and with the same lots, and follows from its
/// standings: what can be seen at once. Whether these follow from the messages, [`crate::recount`] tells.
///
/// # Errors
/// What does not hold, for people.
pub(crate) fn follows(
    before: &ResultAct,
    result: &ResultAct,
    field: &Field<'_>,
) -> Result<(), String> {
    let name = draw_name(result.round);
    let [was, is] = [before, result].map(|act| serde_json::from_str::<Value>(&act.record));
    let (Ok(was), Ok(is)) = (was, is) else {
        return Err(format!("the record of {name} is no JSON"));
    };
    if let Some(changed) = KEPT.iter().find(|kept| was[**kept] != is[**kept]) {
        return Err(format!(
            "the correction of {name} has another {changed} than the result before; cut and lots stay (Q-22)"
        ));
    }
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let says = |key: &str, hash: Hex<32>| text(&is[key]) == Some(hash.to_string());
    let count = |of: fn(&Standing<'_>) -> bool| {
        let standings = field.standings().iter();
        standings.filter(|standing| of(standing)).count() as u64
    };
    let checks = [
        (
            hash(result.record.as_bytes()) == result.record_sha256.0,
            "SHA-256 of its record",
        ),
        (
            result.ctl == before.ctl && result.list == before.list,
            "decision and list",
        ),
        (says("corrects", before.record_sha256), "record it corrects"),
        (says("standings", result.standings), "digest in its record"),
        (
            is["version"].as_u64() == Some(result.version.into()),
            "version in its record",
        ),
        (count(|_| true) == result.entrants, "number of entrants"),
        (
            count(|s| s.answered > 0) == result.answered,
            "number of fans who answered",
        ),
        (
            count(|s| s.correct > 0) == result.correct,
            "number of fans who were right",
        ),
    ];
    if let Some((_, what)) = checks.iter().find(|(holds, _)| !holds) {
        return Err(format!(
            "the correction of {name} is wrong about the {what}"
        ));
    }
    let verdict = verify_standings(result.record.as_bytes(), field.lines().as_bytes());
    let mut fails = verdict.findings.into_iter();
    let fails = fails.find_map(|finding| match finding {
        Finding::Fails(what) => Some(what),
        _ => None,
    });
    fails.map_or(Ok(()), |what| {
        Err(format!(
            "the correction of {name} does not follow from its standings: {what}"
        ))
    })
}
