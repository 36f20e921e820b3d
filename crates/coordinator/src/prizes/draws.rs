//! The draws whose prizes can be given: results that stand, in the order of rounds, each with the awards that
//! its record tells of. Never units.

use super::PrizeError;
use campaign::{Campaign, Ranking};
use contest::{RecordedAward, Seed, draw_name, recorded_awards};
use control::ControlState;
use control::ledger::{Terms, awards_after};
use record::rounds::ResultAct;
use serde_json::Value;

/// A draw with a result that stands.
pub(super) struct Draw<'a> {
    pub(super) round: Option<u16>,
    pub(super) act: &'a ResultAct,
    pub(super) terms: Terms<'a>,
    pub(super) awards: Vec<Made>,
}

/// An award as the record tells of it.
pub(super) struct Made {
    /// Its place in the campaign file, from 1.
    pub(super) award: u32,
    pub(super) recorded: RecordedAward,
}

/// Every draw up to the first round that is neither void nor skipped nor has a result: later ones wait for it, but for a
/// final draw that was made before the round was added. In the order
/// in which they were made: the draw of a round that was skipped comes after those that did not wait for it.
pub(super) fn of<'a>(
    state: &'a ControlState,
    newest: &Campaign,
) -> Result<Vec<Draw<'a>>, PrizeError> {
    let mut draws = Vec::new();
    let numbers = newest.rounds.iter().map(|round| Some(round.number));
    let mut waits = false;
    for round in numbers.chain([None]) {
        let life = state.rounds().life(&newest.id, round);
        if life.is_some_and(|life| life.is_void) || (waits && round.is_some()) {
            continue;
        }
        let Some((_, act)) = life.and_then(|life| life.result.as_ref()) else {
            waits = waits || life.is_none_or(|life| !life.is_skipped);
            continue;
        };
        let draw = read(state, newest, round, act).map_err(|reason| PrizeError::Record {
            campaign: newest.id.clone(),
            draw: draw_name(round),
            reason,
        })?;
        draws.push((life.and_then(|life| life.first_result), draw));
    }
    draws.sort_by_key(|(first, _)| *first);
    Ok(draws.into_iter().map(|(_, draw)| draw).collect())
}

fn read<'a>(
    state: &'a ControlState,
    newest: &Campaign,
    round: Option<u16>,
    act: &'a ResultAct,
) -> Result<Draw<'a>, String> {
    let terms = state.award_terms(&newest.id, round)?;
    let recorded = recorded_awards(act.record.as_bytes())?;
    let places: Vec<_> = awards_after(terms.judged, round).collect();
    let prizes = recorded.iter().map(|award| &award.prize);
    if !prizes.eq(places.iter().map(|(_, award)| &award.prize)) {
        let version = act.version;
        return Err(format!(
            "its awards are not those of version {version} of the campaign"
        ));
    }
    let made = places.into_iter().zip(recorded);
    Ok(Draw {
        round,
        act,
        terms,
        awards: made
            .map(|((award, _), recorded)| Made { award, recorded })
            .collect(),
    })
}

impl Draw<'_> {
    /// Whether it takes the place of an earlier result.
    pub(super) fn is_corrected(&self) -> bool {
        self.act.corrects.is_some()
    }

    /// What its lots are made of, and how they rank.
    pub(super) fn lots(&self) -> Option<(Seed, Ranking)> {
        let record: Value = serde_json::from_str(&self.act.record).ok()?;
        let seed = Seed::parse(record["seed"].as_str()?)?;
        Some((seed, Ranking::named(record["ranking"].as_str()?)?))
    }
}
