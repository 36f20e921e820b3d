//! One campaign in one partition: the version that stands there, and what each message does to the totals of
//! its rounds. What a new version does is in [`crate::rejudge`].

use crate::candidate::{Candidate, Id, Said};
use crate::codec::Span;
use crate::counting::{JoinNeed, standing};
use crate::failure::{Failure, reject};
use crate::fan::{Band, FanJoins, FanRound, NEVER};
use crate::roll::Rolls;
use crate::sense::{Read, Sense};
use crate::shelf::{self, Part, Shelf};
use crate::totals::Totals;
use crate::versions::Moved;
use contest::Compiled;
use record::envelope::Envelope;
use record::tally::Tally;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A campaign where it stands in a partition.
#[derive(Debug)]
pub struct Running {
    /// Its number among the partition's campaigns; it stands in the keys of its fans.
    pub tag: u16,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Offset of that version's publication in `control`.
    pub ctl: u64,
    /// The version, ready to judge, with the windows that operators have given its rounds.
    pub compiled: Arc<Compiled>,
    pub(crate) rounds: BTreeMap<Option<u16>, Tallied>,
    /// Windows that operators have moved, by round; they outlast a new version.
    pub(crate) windows: BTreeMap<u16, (i64, i64)>,
    /// Windows of the rounds that are sealed here.
    pub(crate) sealed: BTreeMap<u16, (i64, i64)>,
    /// Their windows in the files that judged them. Known since the books were brought back: only whoever counts again
    /// by another file asks for them, and he begins at the log's beginning.
    pub(crate) filed: BTreeMap<u16, (i64, i64)>,
    pub(crate) rolls: Rolls,
}

/// Totals, and whether they have changed since their last tally.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tallied {
    pub(crate) totals: Totals,
    pub(crate) changed: bool,
}

impl Running {
    /// The totals of a round, or of what lies in no round.
    #[must_use]
    pub fn totals(&self, round: Option<u16>) -> Option<&Totals> {
        self.rounds.get(&round).map(|tallied| &tallied.totals)
    }

    /// The totals of every round that something is known of.
    pub fn all_totals(&self) -> impl Iterator<Item = (Option<u16>, &Totals)> {
        self.rounds
            .iter()
            .map(|(round, tallied)| (*round, &tallied.totals))
    }

    /// Whether this CreateTime lies in the window of a round that is sealed here: what comes then is too late.
    #[must_use]
    pub fn is_sealed_at(&self, create_time: i64) -> bool {
        self.sealed_at(create_time).is_some()
    }

    /// The windows that are not left to the file of the version that stands here: those that operators have moved, and
    /// those with which rounds were sealed, which a later file corrects without a say in what goes on.
    pub(crate) fn held_windows(&self) -> Moved {
        let mut held = self.windows.clone();
        held.extend(self.sealed.iter().map(|(round, window)| (*round, *window)));
        held
    }

    /// Seconds between a CreateTime and the campaign's span; 0 inside.
    pub(crate) fn distance(&self, create_time: i64) -> i64 {
        let campaign = &self.compiled.campaign;
        if create_time < campaign.start {
            campaign.start.saturating_sub(create_time)
        } else {
            create_time.saturating_sub(campaign.end).max(0)
        }
    }

    /// Writes a tally for each round that has changed since its last one.
    pub(crate) fn tally(&mut self, tick: i64, tallies: &mut Vec<Tally>) {
        for (round, tallied) in &mut self.rounds {
            if std::mem::take(&mut tallied.changed) {
                tallies.push(tallied.totals.tally(&self.id, self.version, *round, tick));
            }
        }
    }

    /// Takes what a message means into the books. Whether it came after the seal of its round.
    pub(crate) fn apply<S: Shelf>(
        &mut self,
        envelope: &Envelope<'_>,
        sense: &Sense,
        shelf: &mut S,
    ) -> Result<bool, Failure<S::Error>> {
        let (fan, create_time) = (envelope.from.as_ref(), envelope.create_time);
        let late = self.sealed_at(create_time);
        let mut said = sense.readings.iter().filter(|(of, _, _)| Some(*of) == late);
        let is_late = late.is_some() && (sense.is_join || said.clone().next().is_some());
        if is_late {
            let tallied = self.rounds.entry(late).or_default();
            tallied.changed = true;
            let count = &mut tallied.totals.late_after_seal;
            *count = count.saturating_add(1);
        }
        let answers_late = said.any(|(_, _, reading)| matches!(reading, Read::Answer(_)));
        if sense.is_join || (answers_late && self.compiled.campaign.join.implicit) {
            self.join(fan, create_time, shelf)?;
        }
        for (round, band, reading) in &sense.readings {
            if self.sealed.contains_key(round) {
                continue;
            }
            match reading {
                Read::Answer(value) => {
                    let id = Id::of(envelope).ok_or_else(|| {
                        reject(
                            "incomplete",
                            "a message without a numeric MsgId and without a key",
                        )
                    })?;
                    let said = Said::of(envelope);
                    let candidate = Candidate {
                        create_time,
                        id,
                        said,
                        value: Some(value.clone()),
                    };
                    self.update(*round, fan, shelf, |kept| kept.keep(*band, candidate))?;
                }
                Read::Wrong if *band == Band::Within => {
                    self.update(*round, fan, shelf, |kept| {
                        kept.count_wrong(create_time);
                        true
                    })?;
                }
                Read::Wrong => {}
            }
        }
        Ok(is_late)
    }

    /// The sealed round in whose window a CreateTime lies.
    fn sealed_at(&self, create_time: i64) -> Option<u16> {
        let mut sealed = self.sealed.iter();
        let holds =
            |(_, (open, close)): &(&u16, &(i64, i64))| *open <= create_time && create_time < *close;
        sealed.find(holds).map(|(round, _)| *round)
    }

    fn join<S: Shelf>(
        &mut self,
        fan: &str,
        create_time: i64,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let round = self.compiled.campaign.round_at(create_time);
        match round.map(|round| round.number) {
            _ if self.sealed_at(create_time).is_some() => {
                self.join_late(fan, create_time, shelf)?;
            }
            Some(round) if self.sealed.contains_key(&round) => {
                self.join_late(fan, create_time, shelf)?;
            }
            Some(round) => {
                self.update(round, fan, shelf, |kept| kept.joins.insert(create_time))?;
            }
            None => self.join_outside(fan, create_time, shelf)?,
        }
        if JoinNeed::of(&self.compiled.campaign) == JoinNeed::InCampaign {
            self.join_first(fan, create_time, shelf)?;
        }
        Ok(())
    }

    fn join_outside<S: Shelf>(
        &mut self,
        fan: &str,
        create_time: i64,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let key = shelf::joins_key(self.tag, fan);
        let mut joins = get_joins(&key, shelf)?;
        let is_new = joins.outside.is_empty();
        if joins.add_outside(self.gap(create_time), create_time) {
            shelf.put(key, joins.encode());
        }
        if is_new {
            let tallied = self.rounds.entry(None).or_default();
            tallied.totals.join_outside();
            tallied.changed = true;
        }
        Ok(())
    }

    /// A join after the seal of the round in whose window it lies: it counts for the rounds that are not sealed.
    fn join_late<S: Shelf>(
        &mut self,
        fan: &str,
        create_time: i64,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let key = shelf::joins_key(self.tag, fan);
        let mut joins = get_joins(&key, shelf)?;
        if Span::extend(&mut joins.late, create_time) {
            shelf.put(key, joins.encode());
        }
        Ok(())
    }

    /// A join that is earlier than all before it may make answers count that did not, in whatever
    /// order both arrived; those of a sealed round stay what they were at the seal.
    fn join_first<S: Shelf>(
        &mut self,
        fan: &str,
        create_time: i64,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let key = shelf::joins_key(self.tag, fan);
        let mut joins = get_joins(&key, shelf)?;
        let before = joins.first;
        if !joins.add_first(create_time) {
            return Ok(());
        }
        let need = JoinNeed::InCampaign;
        for (key, bytes) in shelf
            .scan(&shelf::fan_prefix(self.tag, fan))
            .map_err(Failure::Shelf)?
        {
            let Some((_, Part::Round(number))) = shelf::parse_key(&key) else {
                continue;
            };
            let Some(round) = self.compiled.campaign.round(number) else {
                continue;
            };
            let mut kept = decode_round(&bytes)?;
            if self.sealed.contains_key(&number) {
                if kept.first_at_seal.is_none() {
                    kept.first_at_seal = Some(before.unwrap_or(NEVER));
                    shelf.put(key, kept.encode());
                }
                continue;
            }
            let was = standing(round, need, before, &kept);
            let is = standing(round, need, joins.first, &kept);
            let tallied = self.rounds.entry(Some(number)).or_default();
            tallied.changed |= tallied.totals.replace(round, fan, &was, &is);
        }
        shelf.put(key, joins.encode());
        Ok(())
    }

    /// Changes what is kept of a fan in a round, and the round's totals with it.
    fn update<S: Shelf>(
        &mut self,
        number: u16,
        fan: &str,
        shelf: &mut S,
        change: impl FnOnce(&mut FanRound) -> bool,
    ) -> Result<(), Failure<S::Error>> {
        let campaign = &self.compiled.campaign;
        let Some(round) = campaign.round(number) else {
            return Ok(());
        };
        let key = shelf::round_key(self.tag, fan, number);
        if !self.rounds.contains_key(&Some(number)) {
            // A round of which a record stands has totals.
            self.rolls.begin(number);
        }
        let stored = match self.rolls.may_have(number, fan) {
            true => shelf.get(&key).map_err(Failure::Shelf)?,
            false => None,
        };
        let mut kept = stored
            .as_deref()
            .map_or_else(|| Ok(FanRound::default()), decode_round)?;
        let need = JoinNeed::of(campaign);
        let first = match need {
            JoinNeed::InCampaign => get_joins(&shelf::joins_key(self.tag, fan), shelf)?.first,
            _ => None,
        };
        let was = standing(round, need, first, &kept);
        if !change(&mut kept) {
            return Ok(());
        }
        let is = standing(round, need, first, &kept);
        shelf.put(key, kept.encode());
        self.rolls.enter(number, fan);
        let tallied = self.rounds.entry(Some(number)).or_default();
        tallied.changed |= tallied.totals.replace(round, fan, &was, &is);
        Ok(())
    }

    /// How many windows lie wholly before a CreateTime that lies in none.
    pub(crate) fn gap(&self, create_time: i64) -> u16 {
        let closed = self
            .compiled
            .campaign
            .rounds
            .partition_point(|round| round.close <= create_time);
        u16::try_from(closed).unwrap_or(u16::MAX)
    }
}

pub(crate) fn get_joins<S: Shelf>(
    key: &[u8],
    shelf: &mut S,
) -> Result<FanJoins, Failure<S::Error>> {
    let stored = shelf.get(key).map_err(Failure::Shelf)?;
    stored
        .as_deref()
        .map_or_else(|| Ok(FanJoins::default()), decode_joins)
}

pub(crate) fn decode_round<E>(bytes: &[u8]) -> Result<FanRound, Failure<E>> {
    FanRound::decode(bytes).ok_or(Failure::Damaged("a fan's record in a round"))
}

pub(crate) fn decode_joins<E>(bytes: &[u8]) -> Result<FanJoins, Failure<E>> {
    FanJoins::decode(bytes).ok_or(Failure::Damaged("a fan's joins"))
}
