//! What a publication may do to rounds that have begun: their windows are moved by operators' acts, as far as these
//! go, and by nothing else; none of them is taken away. None is added while the final draw is under way. Their keys may change until they are sealed: a round is judged
//! by the version that its decision names, the newest before it in `control`. Pure.

use crate::rounds::{Life, Rounds};
use campaign::{Campaign, Round};

/// A version speaks from the coordinator's time plus this on, in seconds, so that every node has it by then.
pub const EFFECTIVE_AHEAD_S: i64 = 5;

/// Whether a file may follow the one in force, by its windows. `next` is the new campaign with the windows that operators
/// gave its rounds; `effective` is the publication's, which tells the coordinator's time.
///
/// # Errors
/// Which round it would move, and the way out.
pub(crate) fn may_follow(
    rounds: &Rounds,
    (current, next): (&Campaign, &Campaign),
    effective: i64,
) -> Result<(), String> {
    let at = effective.saturating_sub(EFFECTIVE_AHEAD_S);
    for round in &current.rounds {
        let life = rounds.life(&current.id, Some(round.number));
        if life.is_some_and(|life| life.is_void) {
            continue;
        }
        let begun = begun(round, life, at);
        match (begun, next.round(round.number)) {
            (Some(how), None) => {
                let has_result = life.is_some_and(|life| life.result.is_some());
                return Err(format!(
                    "round {} {how}: a publication takes no such round away; {}",
                    round.number,
                    if has_result {
                        "`rescore` corrects a result"
                    } else {
                        "`round void` lets it not count"
                    }
                ));
            }
            (Some(how), Some(moved)) if window(moved) != window(round) => {
                return Err(format!(
                    "round {} {how}: a publication does not move its window; put `open` and `close` back to {} and {} \
                     (`round extend` lets an open round close later)",
                    round.number, round.open, round.close
                ));
            }
            (None, Some(moved)) if window(moved) != window(round) => not_in_the_past(moved, at)?,
            _ => {}
        }
    }
    let is_new = |round: &&Round| current.round(round.number).is_none();
    if rounds.is_drawing_final(&current.id) && next.rounds.iter().any(|round| is_new(&round)) {
        return Err(format!(
            "the final draw of {:?} is under way: its list stands; add rounds when it is made",
            current.id
        ));
    }
    next.rounds
        .iter()
        .filter(is_new)
        .try_for_each(|round| not_in_the_past(round, at))
}

fn window(round: &Round) -> (i64, i64) {
    (round.open, round.close)
}

/// How far a round has begun; `None` while it is planned.
fn begun(round: &Round, life: Option<&Life>, at: i64) -> Option<&'static str> {
    match life {
        Some(life) if life.result.is_some() => Some("has a result"),
        Some(life) if life.decision.is_some() => Some("is sealed"),
        Some(life) if life.request.is_some() => Some("is being sealed"),
        _ if round.close <= at => Some("is closed"),
        _ if round.open <= at => Some("is open"),
        _ => None,
    }
}

fn not_in_the_past(round: &Round, at: i64) -> Result<(), String> {
    if round.open <= at {
        return Err(format!(
            "round {} would open at {}, which is past: let it open later, or publish it later and `round open` it",
            round.number, round.open
        ));
    }
    Ok(())
}
