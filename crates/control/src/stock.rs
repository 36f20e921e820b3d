//! Units that are secrets, as control tells it: which unit has which, encrypted as it stands there, and whose
//! was shown. Pure, the same for everyone who reads control. Never what a secret says.

use crate::state::ControlState;
use campaign::PrizeKind;
use record::stock::{STOCK_UNITS_MAX, ShownAct, StockAct};
use std::collections::{BTreeMap, BTreeSet};

/// Encrypted secrets by campaign and prize, then by unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stock(BTreeMap<(String, String), BTreeMap<u32, String>>);

impl ControlState {
    /// The units of a prize that have a secret, with what is encrypted of it.
    pub fn stock(&self, campaign: &str, prize: &str) -> impl Iterator<Item = (u32, &str)> {
        let units = self.stock.0.get(&(campaign.to_owned(), prize.to_owned()));
        let units = units.into_iter().flatten();
        units.map(|(unit, secret)| (*unit, secret.as_str()))
    }

    /// What is encrypted of a unit's secret.
    #[must_use]
    pub fn unit_secret(&self, campaign: &str, prize: &str, unit: u32) -> Option<&str> {
        let units = self.stock.0.get(&(campaign.to_owned(), prize.to_owned()))?;
        units.get(&unit).map(String::as_str)
    }

    fn judge_stock(&self, act: &StockAct) -> Result<(), String> {
        let newest = &self.newest_of(&act.campaign)?.compiled.campaign;
        let prize = newest.prizes.iter().find(|prize| prize.id == act.prize);
        let prize = prize.ok_or_else(|| format!("there is no prize {:?}", act.prize))?;
        if prize.kind != PrizeKind::Code {
            return Err(format!("the units of {:?} are no secrets", act.prize));
        }
        if act.units.is_empty() || act.units.len() > STOCK_UNITS_MAX {
            return Err(format!(
                "it brings {} secrets, not 1 to {STOCK_UNITS_MAX}",
                act.units.len()
            ));
        }
        let mut seen = BTreeSet::new();
        for unit in act.units.iter().map(|unit| unit.unit) {
            if unit == 0 || unit > prize.units {
                return Err(format!("prize {:?} has no unit {unit}", act.prize));
            }
            let has = self.unit_secret(&act.campaign, &act.prize, unit).is_some();
            if has || !seen.insert(unit) {
                return Err(format!("unit {unit} of {:?} has a secret", act.prize));
            }
        }
        Ok(())
    }

    /// All of it holds, or nothing.
    pub(crate) fn take_stock(&mut self, act: &StockAct) -> Result<(), String> {
        self.judge_stock(act)?;
        let pool = (act.campaign.clone(), act.prize.clone());
        let units = self.stock.0.entry(pool).or_default();
        units.extend(act.units.iter().map(|u| (u.unit, u.secret.clone())));
        Ok(())
    }

    pub(crate) fn take_shown(&mut self, act: &ShownAct) -> Result<(), String> {
        let secret = self.unit_secret(&act.campaign, &act.prize, act.unit);
        let has_secret = secret.is_some();
        self.awards.show(act, has_secret)
    }
}
