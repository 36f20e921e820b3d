//! What the final draw asks of versions and corrections: whether there is one, whether it is under way, and who of the board
//! is known to follow. Pure, by control. Never the board itself.

use crate::conclusions::judging;
use campaign::{Campaign, Round};
use control::{ControlState, Published};

/// Whether a campaign has an award over its board.
pub(crate) fn has_final(campaign: &Campaign) -> bool {
    !contest::awards_after(campaign, None).is_empty()
}

/// The last round that counts, and the version that sealed it, when that has no award over the board: then the shares
/// of the round do not tell who on the board followed.
pub(crate) fn unbarred<'s>(
    state: &'s ControlState,
    campaign: &'s str,
) -> Option<(u16, &'s Published)> {
    let lives = state
        .rounds()
        .of(campaign)
        .filter(|(_, life)| !life.is_void);
    let decisions = lives.filter_map(|(round, life)| Some((round?, life.decision.as_ref()?)));
    let (round, (ctl, decided)) = decisions.max_by_key(|(round, _)| *round)?;
    let judged = judging(state, *ctl, decided)?;
    (!has_final(&judged.compiled.campaign)).then_some((round, judged))
}

/// Whether a version leaves the final draw possible: it brings no further round while that is drawn, keeps its award
/// then, and brings no first award after the last round when every round is over, for the shares of the last one do not
/// tell then who on the board followed.
///
/// # Errors
/// Why not, for people.
pub(crate) fn fits_final(state: &ControlState, campaign: &Campaign) -> Result<(), String> {
    if state.rounds().is_drawing_final(&campaign.id) && !has_final(campaign) {
        return Err(format!(
            "the final draw of {:?} is under way: its list stands; the award after the last round stays",
            campaign.id
        ));
    }
    let life = |round: &Round| state.rounds().life(&campaign.id, Some(round.number));
    let is_over = |round| life(round).is_some_and(|life| life.is_void || life.decision.is_some());
    if !campaign.rounds.iter().all(is_over) {
        if state.rounds().is_drawing_final(&campaign.id) {
            return Err(format!(
                "the final draw of {:?} is under way: its list stands; add rounds when it is made",
                campaign.id
            ));
        }
        return Ok(());
    }
    match unbarred(state, &campaign.id) {
        Some((_, judged)) if has_final(campaign) => Err(format!(
            "version {} sealed the last round of {:?} and has no award after it, so that nobody wrote down who on \
             the board followed then; give the prize after a further round, or by another campaign",
            judged.version, campaign.id
        )),
        _ => Ok(()),
    }
}
