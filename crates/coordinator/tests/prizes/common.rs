//! A control topic that these tests write and read as the coordinator does. No judgement.

use crate::cast::{ID, code, file, sealed};
use campaign::{Campaign, Correction, OnePrizePer};
use contest::{Correcting, Facts, Field, Holders, Secret, Standing, conclude, recorded_awards};
use control::ControlState;
use control::ledger::{Held, Ledger, Place};
use control::state::Applied;
use coordinator::Claims;
use coordinator::prizes::{AwardError, AwardRequest, Due, Fields, award_act, due};
use record::acts::{Act, CampaignAct};
use record::claim::{CLAIM, CLAIM_GRACE_S, Claim, Passed};
use record::hexed::Hex;
use record::rounds::{AwardAct, ResultAct, SealDecided, SealReq, StandingsAct, UnitState};
use std::collections::{BTreeMap, BTreeSet};

/// Standings by the result's digest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) fields: BTreeMap<Hex<32>, Field<'static>>,
    pub(crate) asked: u32,
}

impl Fields for Kept {
    fn field(&mut self, result: &ResultAct) -> Option<&Field<'static>> {
        self.asked += 1;
        self.fields.get(&result.standings)
    }
}

/// Control as a log: what stands in it is read again by whoever leads.
#[derive(Default)]
pub(crate) struct World {
    log: Vec<Act>,
    pub(crate) state: ControlState,
    pub(crate) kept: Kept,
    pub(crate) claims: Claims,
    /// Whether claims, and how far time has passed, are not told of.
    pub(crate) quiz_is_away: bool,
}

impl World {
    /// A campaign with these prizes and awards, published.
    pub(crate) fn new(more: &str) -> Self {
        let mut world = Self {
            claims: Claims::new(1),
            ..Self::default()
        };
        world.publish(more);
        world
    }

    pub(crate) fn publish(&mut self, more: &str) {
        let toml = file(more);
        let expect_version = self.state.version_of(ID);
        let act = Act::Campaign(CampaignAct {
            v: 1,
            id: ID.to_owned(),
            account: "mi".to_owned(),
            version: expect_version + 1,
            expect_version,
            sha256: record::identity::sha256(toml.as_bytes()),
            toml,
            effective: 0,
            actor: "ann".to_owned(),
            reason: String::new(),
        });
        assert_eq!(self.apply(&act), Applied::Valid);
    }

    pub(crate) fn apply(&mut self, act: &Act) -> Applied {
        let offset = self.log.len() as u64;
        self.log.push(act.clone());
        self.state.apply(offset, act)
    }

    fn says(&mut self, act: &Act) -> u64 {
        assert_eq!(self.apply(act), Applied::Valid, "{act:?}");
        self.log.len() as u64 - 1
    }

    fn campaign(&self) -> Campaign {
        let newest = self.state.versions(ID).last().unwrap();
        newest.compiled.campaign.clone()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.state.awards().of(ID).cloned().unwrap_or_default()
    }

    pub(crate) fn result(&self, round: Option<u16>) -> Option<(u64, ResultAct)> {
        self.state.rounds().life(ID, round)?.result.clone()
    }

    /// Seals a round, or the whole, and says what it came to.
    pub(crate) fn concludes(&mut self, round: Option<u16>, standings: Vec<Standing<'static>>) {
        let ctl = round.map_or(0, |number| self.seal(number));
        self.says_result(round, ctl, standings, None);
    }

    fn seal(&mut self, round: u16) -> u64 {
        let at = sealed(round);
        let req = self.says(&Act::SealReq(SealReq {
            v: 1,
            campaign: ID.to_owned(),
            round,
            members: Vec::new(),
            at,
        }));
        let newest = self.state.versions(ID).last().unwrap();
        let window = newest.compiled.campaign.round(round).unwrap();
        let decided = SealDecided {
            v: 1,
            campaign: ID.to_owned(),
            round,
            req,
            version: newest.version,
            sha256: newest.sha256,
            open: window.open,
            close: window.close,
            members: Vec::new(),
            missing: Vec::new(),
            at,
        };
        self.says(&Act::SealDecided(decided))
    }

    /// The same cut judged again.
    pub(crate) fn corrects(&mut self, round: u16, standings: Vec<Standing<'static>>) {
        let (offset, before) = self.result(Some(round)).unwrap();
        let correcting = Correcting {
            record: before.record_sha256.0,
            list: before.list.0,
            count: before.entrants,
        };
        self.says_result(
            Some(round),
            before.ctl,
            standings,
            Some((offset, correcting)),
        );
    }

    fn says_result(
        &mut self,
        round: Option<u16>,
        ctl: u64,
        standings: Vec<Standing<'static>>,
        corrects: Option<(u64, Correcting)>,
    ) {
        let campaign = self.campaign();
        let field = Field::new(standings).unwrap();
        let facts = Facts {
            round,
            config: [7; 32],
            version: self.state.version_of(ID),
            cut: vec![(0, ctl)],
            sealed_at: sealed(round.unwrap_or(3)),
            listed_at: None,
            commitment: None,
            secret: Secret([9; 32]),
            beacon: None,
            fallback: None,
            correcting: corrects.map(|(_, correcting)| correcting),
        };
        let mut holders = self.winners_before(&campaign, round);
        let conclusion = conclude(&campaign, &facts, &field, &mut holders);
        let act = ResultAct {
            v: 1,
            campaign: ID.to_owned(),
            round,
            ctl,
            version: facts.version,
            record_sha256: Hex(conclusion.record_hash),
            record: conclusion.record,
            standings: Hex(conclusion.standings),
            list: Hex(conclusion.list),
            entrants: field.standings().len() as u64,
            answered: 0,
            correct: 0,
            made_after: None,
            corrects: corrects.map(|(offset, _)| offset),
            actor: String::new(),
            reason: String::new(),
            at: facts.sealed_at,
        };
        let known = self.state.standings(ID, act.standings).is_some();
        if act.corrects.is_some() && !known {
            self.says(&Act::Standings(StandingsAct {
                v: 1,
                campaign: ID.to_owned(),
                round,
                digest: act.standings,
                chunk: 0,
                of: 1,
                standings: field.lines(),
            }));
        }
        self.kept.fields.insert(act.standings, field);
        self.says(&Act::Result(act));
    }

    /// Who holds prizes by the records of the rounds before, but for those that a correction made void.
    fn winners_before(&self, campaign: &Campaign, round: Option<u16>) -> Holders {
        let mut holders = Holders::new(campaign.eligible.one_prize_per);
        for before in (1..=3).filter(|before| round.is_none_or(|round| *before < round)) {
            let Some((_, result)) = self.result(Some(before)) else {
                continue;
            };
            if result.corrects.is_some() && campaign.correction == Correction::Void {
                continue;
            }
            for award in recorded_awards(result.record.as_bytes()).unwrap() {
                let winners = award.given.winners.iter();
                winners.for_each(|won| holders.add(&award.class, won.code));
            }
        }
        holders
    }

    /// Control as one who takes over reads it.
    fn replayed(&self) -> ControlState {
        let mut state = ControlState::default();
        for (offset, act) in (0..).zip(&self.log) {
            state.apply(offset, act);
        }
        state
    }

    /// What is due at this time, done. Whoever crashes after any of these acts is followed by one who reads control
    /// and finds the rest due, no more and no less; and whoever still believes to lead changes nothing.
    pub(crate) fn look(&mut self, now: i64) -> Due {
        if !self.quiz_is_away {
            let passed = Passed::new(now.saturating_add(CLAIM_GRACE_S));
            self.claims.pass(0, &passed);
        }
        let whole = due(&self.state, ID, now, &self.claims, &mut self.kept).unwrap();
        let mut successor = self.replayed();
        for done in 0..=whole.acts.len() {
            let rest = due(&successor, ID, now, &self.claims, &mut self.kept).unwrap();
            let expected = Due {
                acts: whole.acts[done..].to_vec(),
                ..whole.clone()
            };
            assert_eq!(rest, expected, "after {done} acts");
            if let Some(next) = whole.acts.get(done) {
                let applied = successor.apply(successor.next_offset(), next);
                assert_eq!(applied, Applied::Valid, "{next:?}");
            }
        }
        for act in &whole.acts {
            self.says(act);
            self.holds_together();
        }
        let ledger = self.ledger();
        assert_eq!(
            successor.awards().of(ID).cloned().unwrap_or_default(),
            ledger
        );
        for act in &whole.acts {
            let applied = successor.apply(successor.next_offset(), act);
            assert_ne!(applied, Applied::Valid, "said twice: {act:?}");
        }
        assert_eq!(
            successor.awards().of(ID).cloned().unwrap_or_default(),
            ledger
        );
        whole
    }

    /// The n-th fan claims; `tick` is the newest in his partition then. How many messages claimed before.
    pub(crate) fn sends(&mut self, fan: u64, create_time: i64, tick: i64) -> u64 {
        let number = self.claims.count(ID) as u64;
        let claim = Claim {
            r#type: CLAIM.to_owned(),
            v: 1,
            campaign: ID.to_owned(),
            code: Hex(code(fan).0),
            key: Hex(u128::from(number).to_be_bytes()),
            create_time,
            tick,
        };
        self.claims.take(0, number, claim);
        number
    }

    /// V-6 and Q-21, of what stands.
    pub(crate) fn holds_together(&self) {
        let versions = self.state.versions(ID).iter();
        let prizes = versions.flat_map(|version| &version.compiled.campaign.prizes);
        let stock = prizes.map(|prize| prize.units).max().unwrap();
        let per = self.campaign().eligible.one_prize_per;
        let (mut units, mut fans) = (BTreeSet::new(), BTreeSet::new());
        let ledger = self.ledger();
        for (place, attempts) in ledger.slots() {
            for held in attempts.iter().filter(|held| held.is_held()) {
                let given = &held.given;
                assert!(
                    units.insert((&given.prize, given.unit)),
                    "two have {given:?}"
                );
                assert!((1..=stock).contains(&given.unit), "more than the stock");
                // One of a class, one of a campaign, or at least no two of one award.
                let kind = match per {
                    OnePrizePer::Class => held.class.clone(),
                    OnePrizePer::Campaign => String::new(),
                    OnePrizePer::Nothing => format!("{:?} {}", place.round, place.award),
                };
                assert!(fans.insert((kind, given.code)), "two for {given:?}");
            }
        }
    }

    /// An operator's step.
    pub(crate) fn operator(
        &mut self,
        place: Place,
        state: UnitState,
        at: i64,
    ) -> Result<AwardAct, AwardError> {
        let given = self.ledger().attempts(&place).last().cloned();
        let act = award_act(
            &self.state,
            &AwardRequest {
                campaign: ID.to_owned(),
                round: place.round,
                code: given.as_ref().map(|held| held.given.code.to_string()),
                prize: given.map_or_else(|| "phone".to_owned(), |held| held.given.prize),
                slot: place.slot,
                state,
                actor: "ann".to_owned(),
                reason: "he said so".to_owned(),
            },
            at,
        )?;
        self.says(&Act::Award(act.clone()));
        Ok(act)
    }

    pub(crate) fn holder(&self, place: Place) -> Option<Held> {
        self.ledger().holder(&place).cloned()
    }

    /// Who has the unit of a slot, as a number below 100.
    pub(crate) fn fan(&self, place: Place) -> Option<u64> {
        let held = self.holder(place)?;
        (0..100).find(|n| code(*n).0 == held.given.code.0)
    }

    pub(crate) fn text(&self, round: Option<u16>) -> Option<String> {
        let ledger = self.ledger();
        let (_, announcement) = ledger.announcement(round)?;
        Some(announcement.text.clone())
    }
}
