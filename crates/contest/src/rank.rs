//! Ranking and the walk down the ranks to winners and alternates. Never stock.

use crate::draw::{Seed, lot, ticket};
use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use crate::field::Field;
use crate::standing::Standing;
use campaign::{Among, Ranking, WinnerMode};
use std::collections::HashSet;

/// Tickets of one fan in a weighted draw, at most.
pub const MAX_TICKETS: u32 = 12;

/// One who can win by the mode, in his place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contender {
    /// What goes before the lot, smaller first.
    key: [u64; 3],
    /// The lot or smallest ticket.
    pub lot: [u8; 32],
    /// Who.
    pub code: EntrantCode,
    /// Why he cannot win, if so.
    pub bar: Option<Bar>,
}

/// A winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Won {
    /// Which unit of the award, from 1.
    pub slot: u32,
    /// His place in the ranking, from 1.
    pub place: u32,
    /// Who.
    pub code: EntrantCode,
}

/// One who was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// His place in the ranking, from 1.
    pub place: u32,
    /// Who.
    pub code: EntrantCode,
    /// Why.
    pub bar: Bar,
}

/// What one award came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Winners by slot.
    pub winners: Vec<Won>,
    /// Who was passed over, in the order of the walk.
    pub passed: Vec<Passed>,
}

/// Everyone who can win by the mode, best first. Equal whatever the order and partition of the field's
/// shares were.
#[must_use]
pub fn contenders(
    field: &Field<'_>,
    mode: WinnerMode,
    among: Among,
    ranking: Ranking,
    seed: &Seed,
) -> Vec<Contender> {
    let within = |s: &&Standing<'_>| match among {
        Among::Joined => s.joined.is_some(),
        Among::Answered => s.answered > 0,
        Among::Correct => s.correct > 0,
    };
    let ranked = |s: &Standing<'_>| Contender {
        key: key(s, mode, among, ranking),
        lot: match mode {
            WinnerMode::Draw { .. } => ticket(seed, s.code, 0),
            WinnerMode::Weighted { .. } => smallest_ticket(seed, s),
            _ => lot(seed, s.code),
        },
        code: s.code,
        bar: s.bar,
    };
    let mut contenders: Vec<Contender> = match mode {
        // The board's first are looked for among all who stand on it.
        WinnerMode::Top { .. } => field.standings().iter().map(ranked).collect(),
        _ => field
            .standings()
            .iter()
            .filter(within)
            .map(ranked)
            .collect(),
    };
    contenders.sort_unstable();
    contenders
}

/// What goes before the lot.
fn key(s: &Standing<'_>, mode: WinnerMode, among: Among, ranking: Ranking) -> [u64; 3] {
    let by_time = |at: i64| match ranking {
        Ranking::SecondThenLot => [i64::MIN.abs_diff(at), 0, 0],
        Ranking::LotOnly => [0; 3],
    };
    match mode {
        WinnerMode::Fastest { .. } => by_time(s.at),
        // Counted in the order of the fan's first valid message.
        WinnerMode::Nth { .. } | WinnerMode::Every { .. } => by_time(match among {
            Among::Joined => s.joined.unwrap_or(s.first),
            Among::Answered | Among::Correct => s.first,
        }),
        WinnerMode::Draw { .. } | WinnerMode::Weighted { .. } => [0; 3],
        WinnerMode::Top { .. } => [
            u64::MAX - s.points,
            s.elapsed,
            u64::MAX - u64::from(s.correct),
        ],
    }
}

fn smallest_ticket(seed: &Seed, s: &Standing<'_>) -> [u8; 32] {
    let tickets = s.correct.clamp(1, MAX_TICKETS);
    let least = (0..tickets)
        .map(|number| ticket(seed, s.code, number))
        .min();
    least.unwrap_or([0xff; 32])
}

/// Walks down the ranks, slot by slot; whoever was taken or passed over once is never met again. Never a
/// second seed, never a refill.
#[derive(Debug, Clone)]
pub struct Walk<'c> {
    contenders: &'c [Contender],
    mode: WinnerMode,
    met: HashSet<EntrantCode>,
    cursor: usize,
}

impl<'c> Walk<'c> {
    /// From the beginning.
    #[must_use]
    pub fn new(contenders: &'c [Contender], mode: WinnerMode) -> Self {
        Self {
            contenders,
            mode,
            met: HashSet::new(),
            cursor: 0,
        }
    }

    /// After these were taken or passed over: for a slot whose winner declined or let it expire.
    #[must_use]
    pub fn after(
        contenders: &'c [Contender],
        mode: WinnerMode,
        met: impl Iterator<Item = EntrantCode>,
    ) -> Self {
        Self {
            met: met.collect(),
            ..Self::new(contenders, mode)
        }
    }

    /// Slots that there are contenders for, whoever is passed over.
    #[must_use]
    pub fn slots(&self) -> u32 {
        let all = u32::try_from(self.contenders.len()).unwrap_or(u32::MAX);
        match self.mode {
            WinnerMode::Nth { k } => u32::from(all >= k),
            WinnerMode::Every { k, most } => most.min(all / k.max(1)),
            mode => mode.slots().min(all),
        }
    }

    /// The winner of a slot (from 1), and who was passed over on the way; `barred` tells why somebody
    /// cannot win. Alternates of `every` are looked for up to the next slot's place.
    pub fn next(
        &mut self,
        slot: u32,
        mut barred: impl FnMut(&Contender) -> Option<Bar>,
    ) -> (Option<Won>, Vec<Passed>) {
        let mut passed = Vec::new();
        let (from, to) = self.reach(slot);
        for place in from..to {
            let contender = &self.contenders[place];
            let rank = u32::try_from(place.saturating_add(1)).unwrap_or(u32::MAX);
            if !self.met.insert(contender.code) {
                continue;
            }
            if let Some(bar) = barred(contender) {
                passed.push(Passed {
                    place: rank,
                    code: contender.code,
                    bar,
                });
                continue;
            }
            self.cursor = place.saturating_add(1);
            let won = Won {
                slot,
                place: rank,
                code: contender.code,
            };
            return (Some(won), passed);
        }
        self.cursor = to;
        (None, passed)
    }

    /// Places, from 0, where the winner of a slot is looked for.
    fn reach(&self, slot: u32) -> (usize, usize) {
        let all = self.contenders.len();
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (from, to) = match self.mode {
            WinnerMode::Nth { k } => (size(k.saturating_sub(1)).max(self.cursor), all),
            WinnerMode::Every { k, .. } => {
                let from = size(k.saturating_mul(slot).saturating_sub(1));
                (from, from.saturating_add(size(k)))
            }
            _ => (self.cursor, all),
        };
        (from.min(all), to.min(all))
    }

    /// All slots, in their order.
    pub fn all(mut self, mut barred: impl FnMut(&Contender) -> Option<Bar>) -> Given {
        let mut given = Given::default();
        for slot in 1..=self.slots() {
            let (won, passed) = self.next(slot, &mut barred);
            given.winners.extend(won);
            given.passed.extend(passed);
        }
        given
    }
}
