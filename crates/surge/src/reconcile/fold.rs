//! Folds `control` by a hand of its own: a record whose precondition fails at its place is void here as it is for
//! everyone. Publications and seals here, what the former may do to rounds in [`super::publications`], acts on windows in [`super::windows`], who confirmed a seal in [`super::seals`],
//! what is said of draws in [`super::said`]; what becomes of units follows from the results and is folded with them.

use super::control::{Commitment, Control, Decision, Found, InForce, Version, round_of};
use super::said::{Listed, Parts};
use super::seals::{Confirmed, Nodes, Request};
use crate::oracle::standings::sha256;
use campaign::{Campaign, Round};
use serde_json::Value;
use std::collections::BTreeMap;

/// What has happened to a round; to the final draw, which has no number.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    pub(super) is_void: bool,
    pub(super) request: Option<Request>,
    /// Offset of the decision.
    pub(super) decision: Option<u64>,
    pub(super) list: Option<Listed>,
    /// Whether a word on its beacon holds.
    pub(super) has_beacon: bool,
    /// Offset of the result that stands.
    pub(super) result: Option<u64>,
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
    pub(super) files: BTreeMap<String, Parts>,
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
        let overlaps = |other: &&Other| {
            other.account == campaign.account
                && other.start < campaign.end
                && campaign.start < other.end
        };
        if self.others.values().any(|other| overlaps(&other)) {
            return Err("its span overlaps that of another campaign of the account".to_owned());
        }
        let campaign = self.publishable(act, &campaign)?;
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

pub(super) fn text<'v>(act: &'v Value, key: &str) -> &'v str {
    act[key].as_str().unwrap_or_default()
}

pub(super) fn number(act: &Value, key: &str) -> u64 {
    act[key].as_u64().unwrap_or(0)
}
