//! Operators' acts on rounds at their places: which hold, and the windows from then on.

use super::control::InForce;
use super::fold::{Fold, text};
use campaign::{Campaign, Round};
use serde_json::Value;

/// A round can be extended until so many seconds before its close.
const EXTEND_UNTIL_S: i64 = 15;

type Window = (u16, i64, i64);

impl Fold {
    /// An act on a round of the campaign in force.
    pub(super) fn round(&mut self, at: u64, act: &Value) -> Result<(), String> {
        let (in_force, named) = self.known(act)?;
        let (version, number, close) = (in_force.version, named.number, named.close);
        let at_s = act["at"].as_i64().unwrap_or(i64::MIN);
        let is_skipped = self.control.skipped.contains(&number);
        let life = self.lives.get(&Some(number)).cloned().unwrap_or_default();
        match text(act, "verb") {
            "void" if life.is_void || life.result.is_some() => {
                Err("the round is void, or has a result".to_owned())
            }
            "void" => {
                self.lives.entry(Some(number)).or_default().is_void = true;
                self.control.void.insert(number, at);
                Ok(())
            }
            "seal" if life.request.is_none() || life.decision.is_some() || life.is_void => {
                Err("the round is not being sealed".to_owned())
            }
            "seal" => {
                self.nodes.forced.push(at);
                Ok(())
            }
            "skip" if life.is_void || life.result.is_some() || is_skipped || at_s < close => {
                Err("the round is not over, or nothing waits for it".to_owned())
            }
            "skip" => {
                self.control.skipped.insert(number);
                Ok(())
            }
            "shift" | "open" | "extend" => {
                let windows = windows(act);
                let campaign = self.moved(act, &windows)?;
                let windows = windows.into_iter();
                self.control
                    .windows
                    .extend(windows.map(|(round, open, close)| (round, (open, close))));
                self.control.in_force.push(InForce {
                    since: at,
                    version,
                    campaign,
                });
                Ok(())
            }
            verb => Err(format!("nobody can {verb} a round")),
        }
    }

    /// The campaign with windows moved.
    fn moved(&self, act: &Value, windows: &[Window]) -> Result<Campaign, String> {
        let (in_force, named) = self.known(act)?;
        let (verb, at) = (text(act, "verb"), act["at"].as_i64().unwrap_or(i64::MAX));
        if windows.is_empty() {
            return Err("it moves no window".to_owned());
        }
        for window in windows {
            let round = in_force.campaign.round(window.0);
            let round = round.ok_or("it moves a round that is not there")?;
            let life = self.lives.get(&Some(window.0));
            if life.is_some_and(|life| life.is_void || life.request.is_some()) {
                return Err(format!("round {} is void, or being sealed", window.0));
            }
            if verb == "extend" {
                may_extend(round, *window, at)?;
            } else if round.open <= at {
                return Err(format!("round {} is open, or over", window.0));
            }
        }
        if verb != "shift" && (windows.len() != 1 || windows[0].0 != named.number) {
            return Err("it moves other rounds than the one that it names".to_owned());
        }
        let moved = in_force.campaign.with_windows(windows);
        moved.map_err(|error| error.to_string())
    }
}

fn may_extend(round: &Round, (_, open, close): Window, at: i64) -> Result<(), String> {
    let until = round.close - EXTEND_UNTIL_S;
    if at < round.open || at > until {
        return Err(format!(
            "the round can be extended while it is open, until {until}"
        ));
    }
    if open != round.open || close <= round.close {
        return Err("the round can only close later".to_owned());
    }
    Ok(())
}

fn windows(act: &Value) -> Vec<Window> {
    let windows = act["windows"].as_array().into_iter().flatten();
    let window = |window: &Value| {
        let number = window["round"].as_u64()?;
        let (open, close) = (window["open"].as_i64()?, window["close"].as_i64()?);
        Some((u16::try_from(number).ok()?, open, close))
    };
    windows.filter_map(window).collect()
}
