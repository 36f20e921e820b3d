//! From a sealed field to winners and the canonical record: the end of a round, as a pure function (Q-17,
//! Never stock, never notices, never where the secret comes from.

use crate::beacon::{Beacon, beacon_for};
use crate::draw::{Commitment, Secret, Seed, draw_name, hash};
use crate::eligible::{Bar, Holders};
use crate::field::Field;
use crate::judge::lists_joined;
use crate::rank::{Given, Walk, contenders};
use crate::record::{Record, RecordedAward};
use campaign::{After, Among, Award, Campaign, DrawLevel};

/// What stands in place of the beacon when it came too late: an operator's act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// The result that this one corrects. Its list made the seed, which stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correcting {
    /// SHA-256 of the record that is corrected.
    pub record: [u8; 32],
    /// `R` of that record.
    pub list: [u8; 32],
    /// Entrants on that list.
    pub count: u64,
}

/// What a seal fixed and what was revealed after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The round; none for the final draw over the board.
    pub round: Option<u16>,
    /// SHA-256 of the campaign file that judges.
    pub config: [u8; 32],
    /// Its version.
    pub version: u32,
    /// Each partition's cut.
    pub cut: Vec<(u32, u64)>,
    /// Contest time of the seal, epoch seconds.
    pub sealed_at: i64,
    /// When the list of entrants stood in the log, epoch seconds; none where none was published beforehand.
    pub listed_at: Option<i64>,
    /// What was published beforehand; none at L0.
    pub commitment: Option<Commitment>,
    /// The secret that is revealed.
    pub secret: Secret,
    /// The beacon's value, at L2.
    pub beacon: Option<Beacon>,
    /// Why there is none although the campaign asks for L2.
    pub fallback: Option<Fallback>,
    /// The result that is corrected.
    pub correcting: Option<Correcting>,
}

/// The result of a round or of the final draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// `S`.
    pub seed: Seed,
    /// The level that was reached.
    pub level: DrawLevel,
    /// `R`: SHA-256 of the list file that made the seed.
    pub list: [u8; 32],
    /// The list file of this field.
    pub list_file: String,
    /// SHA-256 of the standings file: the digest.
    pub standings: [u8; 32],
    /// The standings file.
    pub standings_file: String,
    /// What each award came to, in the order of the campaign file.
    pub given: Vec<(Award, Given)>,
    /// The record's file.
    pub record: String,
    /// Its SHA-256.
    pub record_hash: [u8; 32],
}

/// The awards that are made after a round, or, with none, after the last over the whole campaign.
#[must_use]
pub fn awards_after(campaign: &Campaign, round: Option<u16>) -> Vec<&Award> {
    let made = |award: &&Award| match round {
        Some(round) => award.follows(round),
        None => award.after == After::LastRound,
    };
    campaign.awards.iter().filter(made).collect()
}

/// Ranks the field, finds the winners of every award, and writes the record.
///
/// `holders` are those who hold prizes from earlier rounds (Q-21: rounds ascending); the winners are added
/// to them. The result depends on nothing but the arguments, and on the field's content only.
#[must_use]
pub fn conclude(
    campaign: &Campaign,
    facts: &Facts,
    field: &Field<'_>,
    holders: &mut Holders,
) -> Conclusion {
    let list_file = field.list();
    let own = (hash(list_file.as_bytes()), field.standings().len() as u64);
    let (list, count) = match &facts.correcting {
        Some(correcting) => (correcting.list, correcting.count),
        None => own,
    };
    let level = reached(campaign, facts);
    let beacon = facts.beacon.clone().filter(|_| level == DrawLevel::L2);
    let seed = Seed::new(&facts.secret, &list, beacon.as_ref());
    let mut given = Vec::new();
    let mut awards = Vec::new();
    for award in awards_after(campaign, facts.round) {
        let class = class_of(campaign, award);
        let ranked = contenders(field, award.mode, award.among, campaign.draw.ranking, &seed);
        let walk = Walk::new(&ranked, award.mode);
        let mut taken = holders.clone();
        let found = walk.all(|contender| {
            if contender.bar.is_some() {
                return contender.bar;
            }
            if taken.holds(&class, contender.code) {
                return Some(Bar::AlreadyHolds);
            }
            taken.add(&class, contender.code);
            None
        });
        *holders = taken;
        given.push((award.clone(), found.clone()));
        awards.push(RecordedAward {
            prize: award.prize.clone(),
            class,
            mode: award.mode,
            among: award.among,
            given: found,
        });
    }
    let standings_file = field.lines();
    let standings = hash(standings_file.as_bytes());
    let with_joined = lists_joined(campaign, facts.round);
    let record = Record {
        campaign: campaign.id.clone(),
        draw: draw_name(facts.round),
        config: facts.config,
        version: facts.version,
        cut: sorted(&facts.cut),
        sealed_at: facts.sealed_at,
        listed_at: facts.listed_at,
        level,
        ranking: campaign.draw.ranking,
        entrants: if with_joined {
            Among::Joined
        } else {
            Among::Answered
        },
        commitment: facts.commitment,
        secret: facts.secret,
        beacon,
        fallback: facts
            .fallback
            .clone()
            .map(|fallback| (fallback.actor, fallback.reason)),
        corrects: facts.correcting.map(|correcting| correcting.record),
        list,
        count,
        seed,
        standings,
        awards,
    }
    .bytes();
    Conclusion {
        seed,
        level,
        list,
        list_file,
        standings,
        standings_file,
        given,
        record_hash: hash(record.as_bytes()),
        record,
    }
}

/// The level that the campaign asks for, as far as commitment and beacon go: a beacon that was out before the list stood
/// makes nothing L2.
fn reached(campaign: &Campaign, facts: &Facts) -> DrawLevel {
    let unknown = |beacon: &&Beacon| {
        let is_final = facts.round.is_none();
        let listed_at = facts.listed_at;
        let due = listed_at.map(|listed_at| beacon_for(is_final, facts.sealed_at, listed_at));
        due == Some(Ok(beacon.round))
    };
    match (&facts.commitment, facts.beacon.as_ref().filter(unknown)) {
        (None, _) => DrawLevel::L0,
        (Some(_), Some(_)) => campaign.draw.level,
        (Some(_), None) => campaign.draw.level.min(DrawLevel::L1),
    }
}

fn class_of(campaign: &Campaign, award: &Award) -> String {
    let mut prizes = campaign.prizes.iter();
    let prize = prizes.find(|prize| prize.id == award.prize);
    prize.map_or_else(|| award.prize.clone(), |prize| prize.class.clone())
}

fn sorted(cut: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let mut cut = cut.to_vec();
    cut.sort_unstable();
    cut.dedup();
    cut
}
