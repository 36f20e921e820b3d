//! What a publication may do to rounds that have begun, and to a window by which corrections judge. Never what
//! else it must be.

use super::fold::{Fold, number};
use super::rescore;
use campaign::{Campaign, Round};
use serde_json::Value;

/// A version speaks from its publisher's time plus this on, in seconds.
const AHEAD_S: i64 = 5;
/// Since this version of its schema a publication leaves rounds alone that have begun.
const LEAVES_ROUNDS: u64 = 2;
/// Since this one it may name another window of a round that has a result.
const CORRECTS_WINDOWS: u64 = 3;

impl Fold {
    /// The file as it is in force: with the windows that operators have moved, and those of rounds that have a result.
    pub(super) fn publishable(&self, act: &Value, file: &Campaign) -> Result<Campaign, String> {
        let schema = number(act, "v");
        let mut windows = Vec::new();
        for round in &file.rounds {
            let n = round.number;
            let mut window = self.control.windows.get(&n).copied();
            let decision = self
                .control
                .decisions
                .get(&n)
                .filter(|_| self.has_result(n));
            if let Some(decision) = decision.filter(|_| schema >= CORRECTS_WINDOWS) {
                let judged = rescore::filed(&self.control, decision, n);
                if judged != Some((round.open, round.close)) && round.close > decision.at {
                    return Err(format!(
                        "it corrects the window of round {n} beyond its cut"
                    ));
                }
                window = Some((decision.open, decision.close));
            }
            windows.extend(window.map(|(open, close)| (n, open, close)));
        }
        if schema >= CORRECTS_WINDOWS {
            let mut corrected = file.clone();
            rescore::move_windows(
                &self.control,
                rescore::Windows::Correcting(None),
                &mut corrected,
            );
            let in_order = corrected.with_windows(&[]);
            in_order.map_err(|error| format!("as it corrects, {error}"))?;
        }
        let next = file.with_windows(&windows);
        let next = next.map_err(|error| error.to_string())?;
        if schema >= LEAVES_ROUNDS
            && let Some(newest) = self.control.newest()
        {
            let at = act["effective"].as_i64().unwrap_or(i64::MIN);
            self.leaves_rounds(&newest.campaign, &next, at.saturating_sub(AHEAD_S))?;
        }
        Ok(next)
    }

    fn has_result(&self, round: u16) -> bool {
        let life = self.lives.get(&Some(round));
        life.is_some_and(|life| life.result.is_some())
    }

    fn leaves_rounds(&self, current: &Campaign, next: &Campaign, at: i64) -> Result<(), String> {
        let window = |round: &Round| (round.open, round.close);
        for round in &current.rounds {
            let life = self.lives.get(&Some(round.number));
            if life.is_some_and(|life| life.is_void) {
                continue;
            }
            let has_begun = round.open <= at || life.is_some_and(|life| life.request.is_some());
            match next.round(round.number) {
                None if has_begun => {
                    return Err(format!(
                        "it takes round {} away, which has begun",
                        round.number
                    ));
                }
                Some(moved)
                    if window(moved) != window(round) && (has_begun || moved.open <= at) =>
                {
                    return Err(format!("it moves round {}, which has begun", round.number));
                }
                _ => {}
            }
        }
        let is_new = |round: &&Round| current.round(round.number).is_none();
        let mut added = next.rounds.iter().filter(is_new);
        if added.clone().next().is_some() && self.draws_final() {
            return Err("it adds a round while the final draw is under way".to_owned());
        }
        if added.any(|round| round.open <= at) {
            return Err("it adds a round that would be open already".to_owned());
        }
        let sealed = self.lives.values().any(|life| life.decision.is_some());
        if sealed && current.draw.salt != next.draw.salt {
            return Err("it changes the salt, and a round is sealed".to_owned());
        }
        Ok(())
    }
}
