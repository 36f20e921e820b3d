//! The board of a campaign: rounds summed up in their order, with bonuses for right answers in a row
//! and the final ranking. Never a round's own result.

use crate::barred::Barred;
use crate::draw::{Seed, lot};
use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use crate::field::Field;
use crate::score::streak_bonus;
use crate::standing::Standing;
use campaign::{QuestionKind, Streak};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One fan's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FanTotal {
    /// Points with bonuses.
    pub score: u64,
    /// The part of them that is bonuses.
    pub bonus: u64,
    /// Seconds of right answers after their openings.
    pub elapsed: u64,
    /// Rounds answered rightly.
    pub correct: u32,
    /// Rounds answered.
    pub answered: u32,
    /// Right rounds in a row, up to the last that he answered.
    pub streak: u32,
    /// Bonus of the last round that he was right in.
    pub last_bonus: u64,
    /// CreateTime of the first valid answer of the campaign; 0 without one.
    pub first: i64,
    /// First join.
    pub joined: Option<i64>,
    /// What barred him from winning at the cut of the last round, whether he stands in it or not.
    pub bar: Option<Bar>,
    /// Number of the last scored round that he was right in.
    right_in: u32,
}

/// A fan's place on the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// Competition style: 1 2 2 4, equal on score and elapsed seconds.
    pub rank: u32,
    /// Who.
    pub code: EntrantCode,
    /// His sums.
    pub total: FanTotal,
}

/// The sums of all fans. Rounds are added in ascending order, each once; void rounds are never added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    streak: Streak,
    scored: u32,
    fans: BTreeMap<EntrantCode, FanTotal>,
}

impl Board {
    /// Before the first round.
    #[must_use]
    pub fn new(streak: Streak) -> Self {
        Self {
            streak,
            scored: 0,
            fans: BTreeMap::new(),
        }
    }

    /// Adds the next round, with those who could not win at its cut and do not stand in it. A poll, in which nobody is
    /// right, is transparent like a void round: it counts as answered and neither makes nor ends a row.
    pub fn add(&mut self, field: &Field<'_>, barred: &Barred, kind: QuestionKind) {
        let poll = kind == QuestionKind::Poll;
        if !poll {
            self.scored = self.scored.saturating_add(1);
        }
        for (code, total) in &mut self.fans {
            total.bar = barred.get(*code);
        }
        for standing in field.standings() {
            let total = self.fans.entry(standing.code).or_default();
            total.joined = match (total.joined, standing.joined) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            };
            total.bar = standing.bar;
            if standing.answered == 0 {
                continue;
            }
            if total.answered == 0 {
                total.first = standing.first;
            }
            total.answered = total.answered.saturating_add(standing.answered);
            if poll {
                continue;
            }
            if standing.correct == 0 {
                total.streak = 0;
                continue;
            }
            let missed = total.right_in.saturating_add(1) != self.scored;
            if missed && self.streak != Streak::Keep {
                total.streak = 0;
            }
            total.streak = total.streak.saturating_add(1);
            total.right_in = self.scored;
            total.last_bonus = match self.streak {
                Streak::Off => 0,
                Streak::Reset | Streak::Keep => streak_bonus(total.streak),
            };
            total.correct = total.correct.saturating_add(standing.correct);
            total.elapsed = total.elapsed.saturating_add(standing.elapsed);
            total.bonus = total.bonus.saturating_add(total.last_bonus);
            let gained = standing.points.saturating_add(total.last_bonus);
            total.score = total.score.saturating_add(gained);
        }
    }

    /// A fan's sums.
    #[must_use]
    pub fn get(&self, code: EntrantCode) -> Option<&FanTotal> {
        self.fans.get(&code)
    }

    /// Fans on the board.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fans.len()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fans.is_empty()
    }

    /// The board as the field of the final draw: one standing for each fan.
    #[must_use]
    pub fn field(&self) -> Field<'static> {
        let standing = |(code, total): (&EntrantCode, &FanTotal)| Standing {
            code: *code,
            joined: total.joined,
            answered: total.answered,
            correct: total.correct,
            first: total.first,
            at: 0,
            elapsed: total.elapsed,
            points: total.score,
            value: Cow::Borrowed(""),
            bar: total.bar,
        };
        // One standing for each key of a map cannot be torn.
        Field::new(self.fans.iter().map(standing).collect()).unwrap_or_default()
    }

    /// Everyone by score, elapsed seconds, right rounds and the board's lot.
    #[must_use]
    pub fn ranked(&self, seed: &Seed) -> Vec<Ranked> {
        let mut all: Vec<_> = self
            .fans
            .iter()
            .map(|(code, total)| (*code, *total, lot(seed, *code)))
            .collect();
        let down = std::cmp::Reverse::<u64>;
        all.sort_unstable_by_key(|(code, t, lot)| {
            (
                down(t.score),
                t.elapsed,
                down(t.correct.into()),
                *lot,
                *code,
            )
        });
        let mut ranked: Vec<Ranked> = Vec::with_capacity(all.len());
        for (place, (code, total, _)) in (1_u32..).zip(all) {
            let equal = |before: &&Ranked| {
                (before.total.score, before.total.elapsed) == (total.score, total.elapsed)
            };
            let rank = ranked
                .last()
                .filter(equal)
                .map_or(place, |before| before.rank);
            ranked.push(Ranked { rank, code, total });
        }
        ranked
    }
}
