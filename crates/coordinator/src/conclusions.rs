//! From standings to the records of a draw: its list, its result, who holds prizes before it, and why there is none
//! yet. Never when one is due: that is [`crate::results`].

use crate::corrected::ShelfError;
use crate::secrets::SecretError;
use campaign::{Campaign, Correction};
use contest::{Conclusion, Facts, Field, Holders, NoRound, Torn};
use control::{ControlState, Published};
use msglog::VALUE_BYTES_MAX;
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ListAct, ResultAct, SealDecided};
use std::sync::Arc;

/// Why a decided round has no result yet, beyond shares that are still to come.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// Shares that no one log can hold.
    #[error("round {round} of {campaign}: {torn}")]
    Torn {
        /// Id of the campaign.
        campaign: String,
        /// Number of the round.
        round: u16,
        /// What is wrong.
        torn: Torn,
    },
    /// The draw's secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The record of an earlier round cannot be read.
    #[error("the record of {draw} of {campaign}: {reason}")]
    Record {
        /// Id of the campaign.
        campaign: String,
        /// Name of the draw.
        draw: String,
        /// What is wrong.
        reason: String,
    },
    /// The campaign asks for a beacon (L2).
    #[error(
        "{draw} of {campaign} waits for the beacon's round {beacon}, out at {}: `spillway round beacon` brings its \
         value, or says why there is none",
        contest::beacon_out_at(*.beacon).unwrap_or_default()
    )]
    NoBeacon {
        /// Id of the campaign.
        campaign: String,
        /// Name of the draw.
        draw: String,
        /// Number of the beacon's round.
        beacon: u64,
    },
    /// The campaign asks for a beacon (L2), and none can make the draw L2.
    #[error(
        "{draw} of {campaign} cannot be L2: {why}; `spillway round beacon --without REASON` lets it go on at L1, and \
         the record will say so"
    )]
    NoRound {
        /// Id of the campaign.
        campaign: String,
        /// Name of the draw.
        draw: String,
        /// Why.
        why: NoRound,
    },
    /// The standings of a correction.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Nobody knows who on the board cannot win.
    #[error(
        "the final draw of {campaign} waits: version {version}, which has no award after the last round, sealed round \
         {round}, now the last one that counts, so that nobody wrote down who on the board followed then; publish \
         a further round, or take the award out"
    )]
    NobodyBarred {
        /// Id of the campaign.
        campaign: String,
        /// Number of the round.
        round: u16,
        /// The version that sealed it.
        version: u32,
    },
    /// A result that the log cannot take: its record names everybody who was passed over (Q-18).
    #[error(
        "the result of {draw} of {campaign} would have {bytes} bytes, more than the {VALUE_BYTES_MAX} of a record, \
         because nearly everybody is passed over; look at `[eligible]`. `spillway round skip` lets later rounds go on, \
         `spillway round void` ends this one; a final draw is made by the next version, which may ask for less"
    )]
    TooLarge {
        /// Id of the campaign.
        campaign: String,
        /// Name of the draw.
        draw: String,
        /// How large.
        bytes: usize,
    },
    /// The result that stands does not follow from the shares.
    #[error(
        "the result of round {round} of {campaign} does not follow from the shares in the log; do not announce it, \
         and keep the log for an inquiry"
    )]
    Differs {
        /// Id of the campaign.
        campaign: String,
        /// Number of the round.
        round: u16,
    },
}

/// The version that the decision names, with the windows that stood then.
pub(crate) fn judging<'s>(
    state: &'s ControlState,
    ctl: u64,
    decided: &SealDecided,
) -> Option<&'s Published> {
    let versions = state.versions(&decided.campaign).iter().rev();
    let mut named = versions.filter(|v| v.ctl < ctl && v.version == decided.version);
    named.next().map(Arc::as_ref)
}

/// Who holds prizes when a draw is made (Q-21): the winners by the results of all rounds whose first result stands before
/// its own, which are those of the rounds before it, unless an operator skipped one. What became of a prize since
/// changes nothing: a result must not depend on when it is made.
pub(crate) fn holders(
    state: &ControlState,
    (judging, newest): (&Campaign, &Campaign),
    round: Option<u16>,
) -> Result<Holders, ResultError> {
    let mut holders = Holders::new(judging.eligible.one_prize_per);
    let own = state.rounds().life(&judging.id, round);
    let own = own.and_then(|life| life.first_result).unwrap_or(u64::MAX);
    for (other, life) in state.rounds().of(&judging.id) {
        let is_before = life.first_result.is_some_and(|first| first < own);
        let Some((_, result)) = life
            .result
            .as_ref()
            .filter(|_| other.is_some() && is_before)
        else {
            continue;
        };
        if bars_nobody(result.corrects.is_some(), newest.correction) {
            continue;
        }
        let awards = contest::recorded_awards(result.record.as_bytes());
        let awards = awards.map_err(|reason| ResultError::Record {
            campaign: judging.id.clone(),
            draw: contest::draw_name(other),
            reason,
        })?;
        for award in awards {
            for won in &award.given.winners {
                holders.add(&award.class, won.code);
            }
        }
    }
    Ok(holders)
}

/// Whether a round's winners hold nothing by it: one that was corrected under `void` gave nothing that counts against
/// them.
pub(crate) fn bars_nobody(is_corrected: bool, policy: Correction) -> bool {
    is_corrected && policy == Correction::Void
}

/// The list of a draw's entrants.
pub(crate) fn list_of(
    campaign: &Campaign,
    round: Option<u16>,
    ctl: u64,
    field: &Field<'_>,
    at: i64,
) -> ListAct {
    ListAct {
        v: SCHEMA_VERSION,
        campaign: campaign.id.clone(),
        round,
        ctl,
        list: Hex(contest::hash(field.list().as_bytes())),
        count: field.standings().len() as u64,
        at,
    }
}

/// The RESULT of a draw.
pub(crate) fn result(
    judging: &Published,
    ctl: u64,
    facts: &Facts,
    field: &Field<'_>,
    mut holders: Holders,
    at: i64,
) -> ResultAct {
    let campaign = &judging.compiled.campaign;
    let conclusion = contest::conclude(campaign, facts, field, &mut holders);
    result_act(campaign, ctl, facts, field, &conclusion, at)
}

/// The act of a result that the log can take. Of one that it cannot take the coordinator says so, and goes on with what
/// else is due; appended, it would be refused, and the lead would end and begin for ever.
pub(crate) fn as_act(result: ResultAct) -> Result<Act, ResultError> {
    let (campaign, draw) = (result.campaign.clone(), contest::draw_name(result.round));
    let act = Act::Result(result);
    // Every act can be written as JSON.
    let bytes = serde_json::to_vec(&act).map_or(usize::MAX, |json| json.len());
    if bytes > VALUE_BYTES_MAX {
        return Err(ResultError::TooLarge {
            campaign,
            draw,
            bytes,
        });
    }
    Ok(act)
}

/// The RESULT of a conclusion: `ctl` is the offset of the decision, `at` the newest tick.
#[must_use]
pub fn result_act(
    campaign: &Campaign,
    ctl: u64,
    facts: &Facts,
    field: &Field<'_>,
    conclusion: &Conclusion,
    at: i64,
) -> ResultAct {
    let count = |of: fn(&contest::Standing<'_>) -> bool| {
        let standings = field.standings().iter();
        standings.filter(|standing| of(standing)).count() as u64
    };
    ResultAct {
        v: SCHEMA_VERSION,
        campaign: campaign.id.clone(),
        round: facts.round,
        ctl,
        version: facts.version,
        record: conclusion.record.clone(),
        record_sha256: Hex(conclusion.record_hash),
        standings: Hex(conclusion.standings),
        list: Hex(conclusion.list),
        entrants: count(|_| true),
        answered: count(|standing| standing.answered > 0),
        correct: count(|standing| standing.correct > 0),
        made_after: None,
        corrects: None,
        actor: String::new(),
        reason: String::new(),
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_no_record_can_hold_is_told_and_not_appended() {
        let result = |record: String| ResultAct {
            v: SCHEMA_VERSION,
            campaign: "small".into(),
            round: Some(3),
            ctl: 9,
            version: 1,
            record,
            record_sha256: Hex([0; 32]),
            standings: Hex([0; 32]),
            list: Hex([0; 32]),
            entrants: 0,
            answered: 0,
            correct: 0,
            made_after: None,
            corrects: None,
            actor: String::new(),
            reason: String::new(),
            at: 5,
        };
        let passed = r#"{"code":"00000000000000000000000000000000","place":100000,"reason":"not_following"},"#;
        let fans = |count: usize| result(passed.repeat(count));
        // Seventy thousand who left, of one award, and of three.
        assert!(as_act(fans(70_000)).is_ok());
        let refused = as_act(fans(210_000)).unwrap_err().to_string();
        for part in ["round-03 of small", "[eligible]", "round void"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
}
