//! What is revealed of a draw: its secret, what was promised, its beacon, or why there is none yet. Never who wins.

use crate::conclusions::{ResultError, judging};
use crate::results::View;
use campaign::DrawLevel;
use contest::{Beacon, Facts, Fallback};
use control::{ControlState, Published};
use record::rounds::{BeaconAct, SealDecided};

/// What is revealed of a draw; the cut is the caller's.
pub(crate) fn facts(
    view: &View<'_>,
    judging: &Published,
    round: Option<u16>,
    decided: &SealDecided,
) -> Result<Facts, ResultError> {
    let campaign = &judging.compiled.campaign;
    let committed = view.state.commitment(&campaign.id);
    let (secret, commitment) = view.key.reveal(committed, round)?;
    let life = view.state.rounds().life(&campaign.id, round);
    let listed_at = life.and_then(|life| Some(life.list.as_ref()?.1.at));
    let (mut beacon, mut fallback) = (None, None);
    if campaign.draw.level == DrawLevel::L2 && commitment.is_some() {
        let said = life.and_then(|life| Some(&life.beacon.as_ref()?.1));
        (beacon, fallback) = match said {
            Some(said) => told(said),
            None => {
                let listed_at = listed_at.unwrap_or(view.now);
                let due = contest::beacon_for(round.is_none(), decided.at, listed_at);
                let (campaign, draw) = (campaign.id.clone(), contest::draw_name(round));
                return Err(match due {
                    Ok(beacon) => ResultError::NoBeacon {
                        campaign,
                        draw,
                        beacon,
                    },
                    Err(why) => ResultError::NoRound {
                        campaign,
                        draw,
                        why,
                    },
                });
            }
        };
    }
    Ok(Facts {
        round,
        config: judging.sha256.0,
        version: judging.version,
        cut: Vec::new(),
        sealed_at: decided.at,
        listed_at,
        commitment,
        secret,
        beacon,
        fallback,
        correcting: None,
    })
}

/// What an operator said of a beacon: its value, or who goes on without it, and why.
#[must_use]
pub fn told(said: &BeaconAct) -> (Option<Beacon>, Option<Fallback>) {
    match (said.number, said.value) {
        (Some(round), Some(value)) => {
            let value = value.to_string();
            (Some(Beacon { round, value }), None)
        }
        _ => {
            let (actor, reason) = (said.actor.clone(), said.reason.clone());
            (None, Some(Fallback { actor, reason }))
        }
    }
}

/// Whether a draw takes a beacon at all.
///
/// # Errors
/// Why not.
pub(crate) fn asks_for_beacon(
    state: &ControlState,
    campaign: &str,
    round: Option<u16>,
) -> Result<(), String> {
    let newest = state.versions(campaign).last();
    let newest = newest.ok_or_else(|| format!("there is no campaign {campaign:?}"))?;
    let name = contest::draw_name(round);
    let judged: &Published = match round {
        None => newest,
        Some(_) => {
            let life = state.rounds().life(campaign, round);
            let decision = life.and_then(|life| life.decision.as_ref());
            let (ctl, decided) = decision.ok_or_else(|| format!("{name} is not sealed"))?;
            judging(state, *ctl, decided).unwrap_or(newest)
        }
    };
    let level = judged.compiled.campaign.draw.level;
    let links = state.commitment(campaign).map_or(0, |act| act.links);
    if contest::link_of(&name, links).is_none() {
        let level = DrawLevel::L0.name();
        return Err(format!(
            "no secret was committed to for {name}: it is drawn at {level} and takes no beacon"
        ));
    }
    if level != DrawLevel::L2 {
        let level = level.name();
        return Err(format!("{name} is drawn at {level} and takes no beacon"));
    }
    Ok(())
}
