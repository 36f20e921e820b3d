//! What `control` says of draws, folded: lists, beacons, the standings of corrections, results. Never whether they are
//! right: that is [`super::walk`].

use super::beacon;
use super::control::round_of;
use super::fold::{Fold, Life, number, text};
use crate::oracle::standings::sha256;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most parts that the standings of a correction have.
const MOST_PARTS: u64 = 4_096;
/// Most bytes of such a part.
const LARGEST_PART: usize = 256 * 1024;

/// The list of a draw.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// Its offset.
    at: u64,
    /// When it stood, in seconds since 1970.
    time: i64,
    /// SHA-256 of it.
    list: String,
}

/// The parts of the standings behind a correction.
#[derive(Debug, Default)]
pub(super) struct Parts {
    of: u64,
    texts: BTreeMap<u64, String>,
}

impl Fold {
    pub(super) fn list(&mut self, at: u64, act: &Value) -> Result<(), String> {
        self.newest()?;
        let round = round_of(act);
        let life = self.lives.entry(round).or_default();
        if life.is_void || life.list.is_some() || !life.follows(round, act) {
            return Err("its round is void, listed, or not sealed by that decision".to_owned());
        }
        life.list = Some(Listed {
            at,
            time: act["at"].as_i64().unwrap_or(0),
            list: text(act, "list").to_owned(),
        });
        Ok(())
    }

    /// The first word on a draw's beacon holds, if it is about the list that stands.
    pub(super) fn beacon(&mut self, act: &Value) -> Result<(), String> {
        self.newest()?;
        let round = round_of(act);
        let life = self.lives.get(&round).filter(|life| !life.is_void);
        let waits = life.filter(|life| life.result.is_none() && !life.has_beacon);
        let list = waits.and_then(|life| life.list.as_ref());
        let list = list.filter(|list| list.at == number(act, "list"));
        let list = list.ok_or("its draw has no such list, is made, or has its beacon")?;
        let decision = round.and_then(|number| self.control.decisions.get(&number));
        let sealed_at = decision.map_or(list.time, |decision| decision.at);
        beacon::holds(act, round.is_none(), sealed_at, list.time)?;
        self.lives.entry(round).or_default().has_beacon = true;
        Ok(())
    }

    pub(super) fn part(&mut self, act: &Value) -> Result<(), String> {
        let life = self.lives.get(&round_of(act));
        if life.is_none_or(|life| life.result.is_none()) {
            return Err("there is no result to correct".to_owned());
        }
        let (chunk, of, lines) = (
            number(act, "chunk"),
            number(act, "of"),
            text(act, "standings"),
        );
        if of == 0 || of > MOST_PARTS || chunk >= of || lines.len() > LARGEST_PART {
            return Err(format!("there is no such part as {chunk} of {of}"));
        }
        let parts = self
            .files
            .entry(text(act, "digest").to_owned())
            .or_default();
        if !parts.texts.is_empty() && parts.of != of || parts.texts.contains_key(&chunk) {
            return Err("that part stands, or is one of another number".to_owned());
        }
        parts.of = of;
        parts.texts.insert(chunk, lines.to_owned());
        Ok(())
    }

    pub(super) fn conclude(&mut self, at: u64, act: &Value) -> Result<(), String> {
        self.newest()?;
        let (round, corrects) = (round_of(act), act["corrects"].as_u64());
        if corrects.is_some() {
            let parts = self.files.get(text(act, "standings"));
            let whole = parts.filter(|parts| parts.texts.len() as u64 == parts.of);
            let whole = whole.ok_or("its standings are not in the log")?;
            let file: String = whole.texts.values().map(String::as_str).collect();
            if sha256(&file) != text(act, "standings") {
                self.control.faults.push(format!(
                    "offset {at}: the standings in control are not those that the correction names"
                ));
            }
        }
        if round.is_some() && corrects.is_some() && self.draws_final() {
            return Err("the final draw is under way".to_owned());
        }
        let made = self
            .lives
            .values()
            .filter(|life| life.result.is_some())
            .count() as u64;
        let life = self.lives.entry(round).or_default();
        if life.result != corrects {
            return Err("another result stands".to_owned());
        }
        let is_first = life.result.is_none();
        if is_first
            && act["made_after"]
                .as_u64()
                .is_some_and(|known| known != made)
        {
            return Err(
                "another draw was made meanwhile, whose winners it does not know".to_owned(),
            );
        }
        if life.is_void || !life.follows(round, act) {
            return Err("its round is void, or not sealed by that decision".to_owned());
        }
        if life
            .list
            .as_ref()
            .is_some_and(|listed| listed.list != text(act, "list"))
        {
            return Err("its list is not the one that was published".to_owned());
        }
        life.result = Some(at);
        if let (Some(number), true) = (round, is_first) {
            self.comes_in_order(number);
        }
        Ok(())
    }

    /// Whether the list of the final draw stands, and its result does not.
    pub(super) fn draws_final(&self) -> bool {
        let life = self.lives.get(&None);
        life.is_some_and(|life| life.list.is_some() && life.result.is_none())
    }

    /// Rounds are concluded one after another, unless one is void, or an operator has skipped it.
    fn comes_in_order(&mut self, number: u16) {
        let rounds = self
            .control
            .newest()
            .map(|newest| newest.campaign.rounds.clone());
        let before = rounds.into_iter().flatten().map(|round| round.number);
        for earlier in before.take_while(|earlier| *earlier < number) {
            let life = self.lives.get(&Some(earlier));
            let waits = |life: &Life| life.result.is_none() && !life.is_void;
            if life.is_none_or(waits) && !self.control.skipped.contains(&earlier) {
                self.control.faults.push(format!(
                    "round {number} was concluded before round {earlier}, which is neither void nor skipped"
                ));
            }
        }
    }
}

impl Life {
    /// Whether what is said of a draw names the decision that sealed it; the final draw has none of its own.
    fn follows(&self, round: Option<u16>, act: &Value) -> bool {
        round.is_none() || (self.decision.is_some() && act["ctl"].as_u64() == self.decision)
    }
}
