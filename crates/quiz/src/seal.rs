//! What a seal does to a campaign in one partition: the stored attempts become the partition's share of the
//! standings, once for each round, and where there is a final draw, who could not win it at this cut.
//! Never who wins.

use crate::candidate::Id;
use crate::codec::Span;
use crate::failure::{Failure, reject};
use crate::fan::FanRound;
use crate::follow::Follows;
use crate::rejudge::{Fan, Wanted, fans};
use crate::running::Running;
use crate::shelf::{SLICES, Shelf};
use campaign::{JoinPolicy, Round};
use contest::{
    Attempt, AttemptId, Barred, Compiled, EntrantCode, Entrants, FanInRound, Follow, RoundJudge,
};
use record::rounds::{SHARE, SHARE_MAX_BYTES, SealDecided, Share};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the copy of a decision stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Offset of the decision in `control`.
    pub(crate) ctl: u64,
    /// Offset of its copy in `inbound`.
    pub(crate) inbound: u64,
}

impl Running {
    /// The partition's share of a round, judged by this version with the window of the decision in it.
    pub(crate) fn share<S: Shelf>(
        &self,
        decided: &SealDecided,
        cut: Cut,
        (judging, follows): (&Arc<Compiled>, &Follows),
        shelf: &mut S,
    ) -> Result<Vec<Share>, Failure<S::Error>> {
        let number = decided.round;
        let no_round = || {
            reject(
                "campaign",
                format_args!("a seal of round {number}, which is not there"),
            )
        };
        let round = judging.campaign.round(number).ok_or_else(no_round)?;
        let window = (round.open, round.close);
        let judge = RoundJudge::new(judging, number, window).ok_or_else(no_round)?;
        let entrants = Entrants::new(judging.campaign.draw.salt.as_bytes());
        let policy = &judging.campaign.eligible;
        let asks_follow = policy.must_follow || policy.followed_before.is_some();
        let reads_again = !Arc::ptr_eq(judging, &self.compiled);
        // The final draw may be about fans who are no entrants of this round: it must know whether they follow.
        let has_final = !contest::awards_after(&judging.campaign, None).is_empty();
        // Who has written nothing in the round is on no list, unless it is one of the joined.
        let wanted = match (judge.lists_joined(), has_final) {
            (true, _) => Wanted::All,
            (false, true) => Wanted::InRoundAndNames(number),
            (false, false) => Wanted::InRound(number),
        };
        let mut lines: BTreeMap<EntrantCode, String> = BTreeMap::new();
        let mut barred = Barred::default();
        for slice in 0..SLICES {
            for (name, mut fan) in fans(self.tag, slice, wanted, shelf)? {
                if reads_again {
                    // Of all rounds: an answer in one of them may join its sender in another.
                    fan.read_again(judging, &name);
                }
                let follow = if asks_follow {
                    follows.get(&judging.campaign.account, &name, shelf)?
                } else {
                    Follow::default()
                };
                let facts = FanInRound {
                    code: entrants.code(&name),
                    joined: joined(judging, window, &fan),
                    follow,
                };
                if let Some(standing) = judge.judge(&facts, attempts(&fan, number)) {
                    standing.write_line(lines.entry(facts.code).or_default());
                } else if let Some(bar) = judge.bar(&facts).filter(|_| has_final) {
                    barred.add(facts.code, bar);
                }
            }
        }
        Ok(chunks(decided, cut, lines.into_values(), barred.lines()))
    }
}

/// The fan's first join of the campaign, be it an answer that joins its sender; under the join policy `round` the
/// first in the window. A join that came after the seal of an earlier round is one for this round.
fn joined(judging: &Compiled, (open, close): (i64, i64), fan: &Fan) -> Option<i64> {
    let join = &judging.campaign.join;
    let per_round = join.policy == JoinPolicy::Round;
    let inside = fan.rounds.values().flat_map(|kept| kept.joins.iter());
    let outside = fan.joins.outside.iter().flat_map(|(_, kept)| kept.iter());
    let late = fan.joins.late.into_iter().flat_map(Span::ends);
    let messages = inside.chain(outside).chain(late).chain(fan.joins.first);
    let first = messages
        .filter(|at| !per_round || (open <= *at && *at < close))
        .min();
    if per_round || !join.implicit {
        return first;
    }
    let answers = fan.rounds.iter().filter_map(|(number, kept)| {
        let round = judging.campaign.round(*number)?;
        first_answer(round, kept)
    });
    first.into_iter().chain(answers).min()
}

/// The CreateTime of the fan's first valid answer in the window of a round.
fn first_answer(round: &Round, kept: &FanRound) -> Option<i64> {
    let valid = kept.candidates().filter(|c| c.value.is_some());
    let times = valid.map(|candidate| candidate.create_time);
    times
        .filter(|at| round.open <= *at && *at < round.close)
        .min()
}

fn attempts(fan: &Fan, number: u16) -> impl Iterator<Item = Attempt<'_>> + Clone {
    let kept = fan.rounds.get(&number).into_iter();
    kept.flat_map(|kept| kept.candidates_by_band())
        .filter_map(|candidate| {
            let id = match &candidate.id {
                Id::Number(number) => AttemptId::Number(*number),
                Id::Other { key, .. } => AttemptId::Key(*key),
            };
            Some(Attempt {
                create_time: candidate.create_time,
                id,
                value: candidate.value.as_deref()?,
            })
        })
}

/// Lines of both kinds in as few chunks as [`SHARE_MAX_BYTES`] allows; one without lines when there are none.
fn chunks(
    decided: &SealDecided,
    cut: Cut,
    standings: impl Iterator<Item = String>,
    barred: impl Iterator<Item = String>,
) -> Vec<Share> {
    let mut texts = vec![(String::new(), String::new())];
    let standings = standings.map(|line| (true, line));
    for (stands, line) in standings.chain(barred.map(|line| (false, line))) {
        let bytes = |(one, two): &(String, String)| one.len().saturating_add(two.len());
        let fits = |text| bytes(text).saturating_add(line.len()) <= SHARE_MAX_BYTES;
        if !texts.last().is_some_and(fits) {
            texts.push(Default::default());
        }
        if let Some((standings, barred)) = texts.last_mut() {
            let text = if stands { standings } else { barred };
            text.push_str(&line);
        }
    }
    let of = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    let share = |(chunk, (standings, barred))| Share {
        r#type: SHARE.to_owned(),
        v: record::SCHEMA_VERSION,
        campaign: decided.campaign.clone(),
        round: decided.round,
        ctl: cut.ctl,
        cut: cut.inbound,
        chunk,
        of,
        standings,
        barred,
    };
    (0..).zip(texts).map(share).collect()
}
