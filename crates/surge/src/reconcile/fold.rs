//! Folds `control` by a hand of its own: a record whose precondition fails at its place is void here as it is for
//! everyone. Seals, lists and results here, acts on windows in [`super::windows`], who confirmed a seal in
//! [`super::seals`]; what becomes of units follows from the results and is folded with them.

use super::beacon;
use super::control::{Commitment, Control, Decision, Found, InForce, Version, round_of};
use super::seals::{Confirmed, Nodes, Request};
use crate::oracle::standings::sha256;
use campaign::{Campaign, Round};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most parts that the standings of a correction have.
const MOST_PARTS: u64 = 4_096;
/// Most bytes of such a part.
const LARGEST_PART: usize = 256 * 1024;

/// What has happened to a round; to the final draw, which has no number.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    pub(super) is_void: bool,
    pub(super) request: Option<Request>,
    /// Offset of the decision.
    pub(super) decision: Option<u64>,
    list: Option<Listed>,
    /// Whether a word on its beacon holds.
    has_beacon: bool,
    /// Offset of the result that stands.
    pub(super) result: Option<u64>,
}

/// The list of a draw.
#[derive(Debug, Clone)]
struct Listed {
    /// Its offset.
    at: u64,
    /// When it stood, in seconds since 1970.
    time: i64,
    /// SHA-256 of it.
    list: String,
}

/// The parts of the standings behind a correction.
#[derive(Debug, Default)]
struct Parts {
    of: u64,
    texts: BTreeMap<u64, String>,
}

/// Another campaign, as far as its span is in the way of ours.
#[derive(Debug)]
struct Other {
    version: u64,
    account: String,
    start: i64,
    end: i64,
}

/// The fold at one place of `control`.
#[derive(Debug)]
pub(super) struct Fold {
    campaign: String,
    confirmed: Confirmed,
    pub(super) control: Control,
    pub(super) lives: BTreeMap<Option<u16>, Life>,
    pub(super) nodes: Nodes,
    others: BTreeMap<String, Other>,
    files: BTreeMap<String, Parts>,
}

impl Fold {
    pub(super) fn new(campaign: &str, confirmed: Confirmed) -> Self {
        Self {
            campaign: campaign.to_owned(),
            confirmed,
            control: Control::default(),
            lives: BTreeMap::new(),
            nodes: Nodes::default(),
            others: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, at: u64, act: Value) {
        let kind = text(&act, "type").to_owned();
        if self.nodes.take(at, &kind, &act) {
            return;
        }
        let of = if kind == "campaign" { "id" } else { "campaign" };
        if text(&act, of) != self.campaign {
            if kind == "campaign" {
                self.other(&act);
            }
            return;
        }
        let judged = match kind.as_str() {
            "campaign" => self.publish(at, &act),
            "round" => self.round(at, &act),
            "commitment" => self.commit(at, &act),
            "seal_req" => self.request(at, &act),
            "seal_decided" => self.decide(at, &act),
            "list" => self.list(at, &act),
            "beacon" => self.beacon(&act),
            "standings" => self.part(&act),
            "result" => self.conclude(at, &act),
            "award" | "shown" | "stock" | "announcement" => Ok(()),
            _ => return,
        };
        if ["campaign", "round", "seal_decided"].contains(&kind.as_str()) {
            self.control.copied.insert(at, judged.is_ok());
        }
        let is_kept = [
            "list",
            "beacon",
            "result",
            "award",
            "shown",
            "stock",
            "announcement",
        ];
        match judged {
            Ok(()) if is_kept.contains(&kind.as_str()) => self.control.acts.push(Found { at, act }),
            Ok(()) => {}
            Err(why) => self
                .control
                .void_acts
                .push(format!("offset {at}, {kind}: {why}")),
        }
    }

    /// Of another campaign its newest version's span.
    fn other(&mut self, act: &Value) {
        let version = number(act, "version");
        let known = self
            .others
            .get(text(act, "id"))
            .map_or(0, |other| other.version);
        let parsed = Campaign::parse(text(act, "toml"));
        if let (true, Ok((campaign, _))) = (version == known.saturating_add(1), parsed) {
            let Campaign {
                id,
                account,
                start,
                end,
                ..
            } = campaign;
            let other = Other {
                version,
                account,
                start,
                end,
            };
            self.others.insert(id, other);
        }
    }

    fn publish(&mut self, at: u64, act: &Value) -> Result<(), String> {
        let version = number(act, "version");
        let current = self.control.newest().map_or(0, |newest| newest.version);
        if act["expect_version"].as_u64() != Some(current) || version != current.saturating_add(1) {
            return Err(format!("version {current} is in force"));
        }
        let (toml, sha256) = (text(act, "toml").to_owned(), text(act, "sha256").to_owned());
        let (campaign, _) = Campaign::parse(&toml).map_err(|_| "its file has mistakes")?;
        if campaign.id != self.campaign || campaign.account != text(act, "account") {
            return Err("its file is of another campaign or account".to_owned());
        }
        let is_new = |round: &Round| {
            let newest = self.control.newest();
            newest.is_some_and(|newest| newest.campaign.round(round.number).is_none())
        };
        if number(act, "v") >= 2 && self.draws_final() && campaign.rounds.iter().any(is_new) {
            return Err("it adds a round while the final draw is under way".to_owned());
        }
        let overlaps = |other: &&Other| {
            other.account == campaign.account
                && other.start < campaign.end
                && campaign.start < other.end
        };
        if self.others.values().any(|other| overlaps(&other)) {
            return Err("its span overlaps that of another campaign of the account".to_owned());
        }
        let moved = self.control.windows.iter();
        let moved = moved.filter(|(round, _)| campaign.round(**round).is_some());
        let moved: Vec<_> = moved
            .map(|(round, (open, close))| (*round, *open, *close))
            .collect();
        let campaign = campaign
            .with_windows(&moved)
            .map_err(|error| error.to_string())?;
        if self::sha256(&toml) != sha256 {
            self.control.faults.push(format!(
                "version {version} of the campaign has not the SHA-256 that it was published with"
            ));
        }
        self.control
            .versions
            .insert(version, Version { toml, sha256 });
        self.control.in_force.push(InForce {
            since: at,
            version,
            campaign,
        });
        Ok(())
    }

    fn commit(&mut self, at: u64, act: &Value) -> Result<(), String> {
        self.newest()?;
        if self.control.commitment.is_some() {
            return Err("there is a commitment".to_owned());
        }
        self.control.commitment = Some(Commitment {
            at,
            root: text(act, "root").to_owned(),
            links: number(act, "links"),
        });
        Ok(())
    }

    fn request(&mut self, at: u64, act: &Value) -> Result<(), String> {
        let (_, round) = self.known(act)?;
        let number = round.number;
        let due = round
            .close
            .saturating_add(self.newest()?.campaign.seal.grace_s);
        let tick = act["at"].as_i64().unwrap_or(i64::MIN);
        if tick < due {
            return Err(format!("it is due at {due}, not at {tick}"));
        }
        let life = self.lives.entry(Some(number)).or_default();
        if life.is_void || life.request.is_some() {
            return Err("the round is void, or being sealed".to_owned());
        }
        let request = self.nodes.request(at, act);
        let faults = self.nodes.left_out(&request);
        let what = "the request to seal it leaves out a node that takes callbacks";
        let faults = faults.map(|node| format!("round {number}: {what}: {node}"));
        self.control.faults.extend(faults);
        life.request = Some(request);
        Ok(())
    }

    fn decide(&mut self, at: u64, act: &Value) -> Result<(), String> {
        let (in_force, round) = self.known(act)?;
        let newest = in_force.version;
        let version = number(act, "version");
        let published = self
            .control
            .versions
            .get(&version)
            .map(|v| v.sha256.as_str());
        if version != newest || published != Some(text(act, "sha256")) {
            return Err(format!("version {newest} is in force"));
        }
        let window = (act["open"].as_i64(), act["close"].as_i64());
        if window != (Some(round.open), Some(round.close)) {
            return Err("the round has another window".to_owned());
        }
        let (number, policy) = (round.number, in_force.campaign.seal.on_silent_node);
        let due = round.close.saturating_add(in_force.campaign.seal.grace_s);
        let decision = Decision {
            ctl: at,
            version,
            open: round.open,
            close: round.close,
            at: act["at"].as_i64().unwrap_or(i64::MIN),
        };
        let life = self.lives.entry(Some(number)).or_default();
        let request = life
            .request
            .as_ref()
            .filter(|request| act["req"] == request.at);
        let request = request.filter(|_| !life.is_void && life.decision.is_none());
        let request =
            request.ok_or("the round is void, sealed, or not asked for by that request")?;
        let name = format!("round {number}");
        if decision.at < due || decision.at < request.tick {
            let (at, due) = (decision.at, due.max(request.tick));
            let fault = format!("{name} was sealed at {at}, which is before {due}");
            self.control.faults.push(fault);
        }
        let told = self.nodes.told(request, at, act, (&self.confirmed, policy));
        let faults = told
            .faults
            .into_iter()
            .map(|fault| format!("{name}: {fault}"));
        self.control.faults.extend(faults);
        self.control.open.extend(told.open);
        life.decision = Some(at);
        self.control.decisions.insert(number, decision);
        Ok(())
    }

    fn list(&mut self, at: u64, act: &Value) -> Result<(), String> {
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
    fn beacon(&mut self, act: &Value) -> Result<(), String> {
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

    fn part(&mut self, act: &Value) -> Result<(), String> {
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

    fn conclude(&mut self, at: u64, act: &Value) -> Result<(), String> {
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

    /// Whether the list of the final draw stands, and its result does not.
    fn draws_final(&self) -> bool {
        let life = self.lives.get(&None);
        life.is_some_and(|life| life.list.is_some() && life.result.is_none())
    }

    pub(super) fn newest(&self) -> Result<&InForce, String> {
        let newest = self.control.newest();
        newest.ok_or_else(|| "there is no such campaign yet".to_owned())
    }

    /// What is in force, and the round in it that an act names.
    pub(super) fn known(&self, act: &Value) -> Result<(&InForce, &Round), String> {
        let newest = self.newest()?;
        let round = round_of(act).and_then(|number| newest.campaign.round(number));
        Ok((newest, round.ok_or("there is no such round")?))
    }
}

impl Life {
    /// Whether what is said of a draw names the decision that sealed it; the final draw has none of its own.
    fn follows(&self, round: Option<u16>, act: &Value) -> bool {
        round.is_none() || (self.decision.is_some() && act["ctl"].as_u64() == self.decision)
    }
}

pub(super) fn text<'v>(act: &'v Value, key: &str) -> &'v str {
    act[key].as_str().unwrap_or_default()
}

pub(super) fn number(act: &Value, key: &str) -> u64 {
    act[key].as_u64().unwrap_or(0)
}
