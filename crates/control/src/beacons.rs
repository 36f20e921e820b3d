//! What was said of the beacons that draws at L2 wait for: which word holds. Pure, the same for everyone who reads
//! control. Never whether a draw asks for one.

use crate::rounds::Rounds;
use record::rounds::BeaconAct;

impl Rounds {
    /// The beacon of a draw: the first one counts, its round is the one that the seal fixed, and the list stands before it.
    /// A draw does without when the beacon is ten minutes late, or when it can make nothing L2.
    ///
    /// # Errors
    /// Why it is void.
    pub fn say_beacon(&mut self, offset: u64, act: &BeaconAct) -> Result<(), String> {
        self.would_say_beacon(act)?;
        self.at(&act.campaign, act.round).beacon = Some((offset, act.clone()));
        Ok(())
    }

    /// Whether the beacon of a draw would hold now.
    ///
    /// # Errors
    /// Why not.
    pub fn would_say_beacon(&self, act: &BeaconAct) -> Result<(), String> {
        let name = contest::draw_name(act.round);
        let life = self.life(&act.campaign, act.round);
        let listed = life.and_then(|life| life.list.as_ref().map(|list| (life, list)));
        let Some((life, (ctl, list))) = listed else {
            return Err(format!("{name} has no list yet; the beacon comes after it"));
        };
        if life.is_void || life.result.is_some() || life.beacon.is_some() || *ctl != act.list {
            return Err(format!("{name} is void, drawn, or has its beacon already"));
        }
        let mut lives = self.of(&act.campaign);
        let sealed = lives.find_map(|(_, life)| {
            let decision = life.decision.as_ref();
            decision.filter(|(offset, _)| *offset == list.ctl)
        });
        let sealed_at = sealed.map_or(list.at, |(_, decided)| decided.at);
        let due = contest::beacon_for(act.round.is_none(), sealed_at, list.at);
        match (act.number, act.value, due) {
            (Some(number), Some(_), Ok(due)) if number == due => Ok(()),
            (Some(number), Some(_), Ok(due)) => Err(format!(
                "{name} takes the beacon's round {due}, not {number}"
            )),
            (Some(_), Some(_), Err(reason)) => Err(format!(
                "{name} can take no beacon: {reason}; it can do without"
            )),
            (None, None, Err(_)) => Ok(()),
            (None, None, Ok(_)) => {
                let fixed_at = contest::fixed_at(act.round.is_none(), sealed_at, list.at);
                let late = fixed_at.saturating_add(contest::BEACON_LATE_S);
                if act.at < late {
                    return Err(format!(
                        "{name} can do without its beacon from {late} on, not before"
                    ));
                }
                Ok(())
            }
            _ => Err("a beacon is a number and a value, or neither".to_owned()),
        }
    }
}
