//! What passes over all fans of a campaign: a new version, which reads again what is stored, and the lines
//! of the digest. Slice by slice, so that memory stays small however many fans there are.

use crate::book::Book;
use crate::counting::{Counting, JoinNeed, standing};
use crate::failure::Failure;
use crate::fan::{FanJoins, FanRound};
use crate::roll::Rolls;
use crate::running::{Running, Tallied, decode_joins, decode_round};
use crate::sense::reread;
use crate::shelf::{self, Part, SLICES, Shelf};
use crate::totals::Totals;
use contest::Compiled;
use record::acts::CampaignAct;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that is kept of one fan in a campaign.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fan {
    pub(crate) joins: FanJoins,
    pub(crate) rounds: BTreeMap<u16, FanRound>,
}

impl Fan {
    /// Reads every stored attempt by this version.
    pub(crate) fn read_again(&mut self, by: &Compiled, name: &str) {
        for (number, kept) in &mut self.rounds {
            let round = by.campaign.round(*number);
            for candidate in kept.candidates_mut() {
                let value = round.and_then(|round| reread(by, round, name, candidate));
                candidate.value = value;
            }
        }
    }
}

impl Running {
    /// A campaign whose first version stands here.
    pub(crate) fn first(tag: u16, act: &CampaignAct, ctl: u64, compiled: Arc<Compiled>) -> Self {
        let rounds = BTreeMap::new();
        Self {
            tag,
            id: act.id.clone(),
            version: act.version,
            ctl,
            compiled,
            rounds,
            windows: BTreeMap::new(),
            sealed: BTreeMap::new(),
            filed: BTreeMap::new(),
            rolls: Rolls::default(),
        }
    }

    /// A new version takes over: every stored attempt is read again by it, joins are placed by its windows,
    /// and every total is made anew. Every round that was ever told of gets a tally of the new version.
    pub(crate) fn succeed<S: Shelf>(
        &mut self,
        version: u32,
        ctl: u64,
        compiled: Arc<Compiled>,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        (self.version, self.ctl, self.compiled) = (version, ctl, compiled);
        // Joins may get records in rounds where they had none.
        self.rolls.forget();
        let mut anew: BTreeMap<Option<u16>, Totals> = self
            .rounds
            .iter()
            .map(|(round, tallied)| (*round, tallied.totals.emptied()))
            .collect();
        for slice in 0..SLICES {
            for (name, mut fan) in fans(self.tag, slice, Wanted::All, shelf)? {
                let before = fan.clone();
                self.place_joins(&mut fan);
                fan.read_again(&self.compiled, &name);
                self.put_changed(&name, &before, &fan, shelf);
                self.add_fan(&name, &fan, &mut anew);
            }
        }
        let tallied = |(round, totals)| {
            (
                round,
                Tallied {
                    totals,
                    changed: true,
                },
            )
        };
        self.rounds = anew.into_iter().map(tallied).collect();
        Ok(())
    }

    /// Every known join, in the window or the gap where this version has it. Of more than twenty in one gap or window
    /// the middle ones are not known any more, as it is with attempts; `rescore` places them all.
    fn place_joins(&self, fan: &mut Fan) {
        let campaign = &self.compiled.campaign;
        let outside = std::mem::take(&mut fan.joins.outside);
        let mut times: Vec<i64> = outside.iter().flat_map(|(_, kept)| kept.iter()).collect();
        for kept in fan.rounds.values_mut() {
            times.extend(std::mem::take(&mut kept.joins).iter());
        }
        let first = fan
            .joins
            .first
            .take()
            .into_iter()
            .chain(times.iter().copied())
            .chain(fan.joins.late.map(|late| late.first))
            .min();
        if JoinNeed::of(campaign) == JoinNeed::InCampaign {
            fan.joins.first = first;
        }
        for time in times {
            match campaign.round_at(time) {
                Some(round) => {
                    let kept = fan.rounds.entry(round.number).or_default();
                    kept.joins.insert(time);
                }
                None => {
                    fan.joins.add_outside(self.gap(time), time);
                }
            }
        }
    }

    fn put_changed<S: Shelf>(&self, name: &str, before: &Fan, fan: &Fan, shelf: &mut S) {
        if before.joins != fan.joins {
            shelf.put(shelf::joins_key(self.tag, name), fan.joins.encode());
        }
        for (number, kept) in &fan.rounds {
            if before.rounds.get(number) != Some(kept) {
                shelf.put(shelf::round_key(self.tag, name, *number), kept.encode());
            }
        }
    }

    fn add_fan(&self, name: &str, fan: &Fan, anew: &mut BTreeMap<Option<u16>, Totals>) {
        let need = JoinNeed::of(&self.compiled.campaign);
        if !fan.joins.outside.is_empty() {
            anew.entry(None).or_default().join_outside();
        }
        for (number, kept) in &fan.rounds {
            let Some(round) = self.compiled.campaign.round(*number) else {
                continue;
            };
            let is = standing(round, need, fan.joins.first, kept);
            let totals = anew.entry(Some(*number)).or_default();
            totals.replace(round, name, &Default::default(), &is);
        }
    }

    /// Every counting answer of this partition, by the version that stands here: round, fan, answer.
    ///
    /// # Errors
    /// Failures of the shelf, and damaged records.
    pub fn counting_answers<S: Shelf>(
        &self,
        shelf: &mut S,
        mut each: impl FnMut(u16, &str, &Counting),
    ) -> Result<(), Failure<S::Error>> {
        let need = JoinNeed::of(&self.compiled.campaign);
        for slice in 0..SLICES {
            for (name, fan) in fans(self.tag, slice, Wanted::All, shelf)? {
                for (number, kept) in &fan.rounds {
                    let Some(round) = self.compiled.campaign.round(*number) else {
                        continue;
                    };
                    let standing = standing(round, need, fan.joins.first, kept);
                    if let Some(counting) = standing.answer {
                        each(*number, &name, &counting);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Book {
    /// Calls `each` for every line of the digest that this partition has: campaign and line, ended by a
    /// newline. The sum of their hashes is what the partition's tallies carry.
    ///
    /// # Errors
    /// Failures of the shelf, and damaged records.
    pub fn lines<S: Shelf>(
        &self,
        shelf: &mut S,
        mut each: impl FnMut(&str, u16, String),
    ) -> Result<(), Failure<S::Error>> {
        for running in self.campaigns() {
            running.counting_answers(shelf, |round, fan, counting| {
                each(&running.id, round, counting.line(round, fan));
            })?;
        }
        Ok(())
    }
}

/// Whose records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everybody's.
    All,
    /// Those of fans of whom something stands in this round.
    InRound(u16),
    /// The same, and of all others the name alone.
    InRoundAndNames(u16),
}

/// The fans of a slice with all their records, in no particular order.
pub(crate) fn fans<S: Shelf>(
    tag: u16,
    slice: u8,
    wanted: Wanted,
    shelf: &mut S,
) -> Result<Vec<(String, Fan)>, Failure<S::Error>> {
    let (mut fans, mut records) = (Vec::new(), Records::default());
    let mut failure = None;
    let mut take = |records: &mut Records| match records.fan(wanted) {
        Ok(read) => fans.extend(read),
        Err(why) => failure = Some(why),
    };
    shelf
        .visit(&shelf::slice_prefix(tag, slice), &mut |key, value| {
            let (owner, rest) = key.split_at(shelf::owner_length(key));
            if records.owner != owner {
                take(&mut records);
                records.begin(owner);
            }
            records.add(rest, value);
        })
        .map_err(Failure::Shelf)?;
    take(&mut records);
    failure.map_or(Ok(fans), Err)
}

/// The records of one fan, before it is known whether anybody wants to read them.
#[derive(Default)]
struct Records {
    owner: Vec<u8>,
    /// What each record is, and where it ends in `bytes`.
    parts: Vec<(Option<Part>, usize)>,
    bytes: Vec<u8>,
}

impl Records {
    fn begin(&mut self, owner: &[u8]) {
        self.owner.clear();
        self.owner.extend_from_slice(owner);
        self.parts.clear();
        self.bytes.clear();
    }

    fn add(&mut self, rest: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.parts.push((shelf::parse_rest(rest), self.bytes.len()));
    }

    /// The fan; none when there are no records, or none that is wanted.
    fn fan<E>(&self, wanted: Wanted) -> Result<Option<(String, Fan)>, Failure<E>> {
        let has = |number| {
            self.parts
                .iter()
                .any(|(part, _)| *part == Some(Part::Round(number)))
        };
        let reads = match wanted {
            Wanted::All => true,
            Wanted::InRound(number) | Wanted::InRoundAndNames(number) => has(number),
        };
        let skips = !reads && matches!(wanted, Wanted::InRound(_));
        if self.parts.is_empty() || skips {
            return Ok(None);
        }
        let damaged = Failure::Damaged("a fan's key");
        let Some(name) = shelf::parse_owner(&self.owner) else {
            return Err(damaged);
        };
        let mut fan = Fan::default();
        if !reads {
            return Ok(Some((name.to_owned(), fan)));
        }
        let mut from = 0;
        for (part, to) in &self.parts {
            let bytes = self.bytes.get(from..*to).unwrap_or_default();
            from = *to;
            match part {
                Some(Part::Joins) => fan.joins = decode_joins(bytes)?,
                Some(Part::Round(number)) => {
                    fan.rounds.insert(*number, decode_round(bytes)?);
                }
                None => return Err(damaged),
            }
        }
        Ok(Some((name.to_owned(), fan)))
    }
}
