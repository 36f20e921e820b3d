//! Units that are secrets: secrets into the stock, encrypted before they touch the log, and out of it again for
//! whoever gives a winner what he has won, with what he wrote to claim it, each time with a record of who and why.
//! Neither stands in an error or in a log line. Never who wins.

use crate::lead::{Around, Lead, Seat};
use crate::prizes::{AwardError, Slot};
use crate::rounds::RoundError;
use crate::secrets::{Key, SecretError};
use campaign::{Campaign, PrizeKind};
use control::ControlState;
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::AwardAct;
use record::stock::{STOCK_UNITS_MAX, ShownAct, StockAct, StockUnit, UNIT_SECRET_MAX_BYTES};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Secrets for the stock of a prize.
#[derive(Clone, PartialEq, Eq)]
pub struct StockRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Id of the prize, whose kind must be `code`.
    pub prize: String,
    /// The secrets, at most [`STOCK_UNITS_MAX`]; those that stand in the stock already are passed over.
    pub secrets: Vec<String>,
    /// Who brings them.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl fmt::Debug for StockRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StockRequest({:?}, …)", self.prize)
    }
}

/// What became of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockReceipt {
    /// Units that have a secret by this request.
    pub added: u32,
    /// Secrets that stood in the stock already.
    pub known: u32,
    /// Units of the prize that have none yet.
    pub without: u32,
}

/// Whose secret is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// Id of the prize.
    pub prize: String,
    /// Number of the slot, from 1.
    pub slot: u32,
    /// The winner's entrant code or its last digits, where two awards give the same prize.
    pub code: Option<String>,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What is secret about a unit that a winner has, for the eyes of who asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Offset in `control` of the record that it was shown.
    pub ctl: u64,
    /// Number of the unit.
    pub unit: u32,
    /// Entrant code of the winner.
    pub code: Hex<16>,
    /// Its secret, if it has one.
    pub secret: Option<String>,
    /// What the winner wrote when he claimed it, if he did; empty when his message was not in the log any more.
    pub claim: Option<String>,
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revealed(unit {}, …)", self.unit)
    }
}

impl Lead {
    /// Gives secrets to units that have none, the lowest first. The same request again adds nothing.
    pub(crate) fn stock(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &StockRequest,
    ) -> Result<StockReceipt, RoundError> {
        check(request)?;
        let at = self.time(around);
        let key = &around.config.key;
        let (act, known) = act_of(&around.control.state(), key, request, at)?;
        let units: Vec<StockUnit> = act.units.clone();
        if !units.is_empty() {
            self.write(around, seat, &Act::Stock(act))?;
        }
        let state = around.control.state();
        let stands = |unit: &StockUnit| {
            let secret = state.unit_secret(&request.campaign, &request.prize, unit.unit);
            secret == Some(unit.secret.as_str())
        };
        if !units.iter().all(stands) {
            return Err(RoundError::Conflict(
                "another request on the stock came first; send the same again".to_owned(),
            ));
        }
        let without = of_prize(&state, &request.campaign, &request.prize)?;
        Ok(StockReceipt {
            added: u32::try_from(units.len()).unwrap_or(u32::MAX),
            known,
            without: u32::try_from(without.len()).unwrap_or(u32::MAX),
        })
    }

    /// Shows the secret of a unit that a winner has, and his claim, once a record says so.
    pub(crate) fn reveal(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &RevealRequest,
    ) -> Result<Revealed, RoundError> {
        if request.actor.is_empty() || request.reason.trim().is_empty() {
            let what = "to be shown a secret takes an actor and a reason";
            return Err(RoundError::Invalid(what.to_owned()));
        }
        let Hidden {
            given,
            secret,
            claim,
        } = hidden(&around.control.state(), &around.config.key, request)?;
        let (unit, code) = (given.unit, given.code);
        let shown = ShownAct {
            v: SCHEMA_VERSION,
            campaign: given.campaign,
            round: given.round,
            award: given.award,
            prize: given.prize,
            unit,
            attempt: given.attempt,
            code,
            actor: request.actor.clone(),
            reason: request.reason.clone(),
            at: self.time(around),
        };
        let void = around.control.state().void_records();
        let ctl = self.write(around, seat, &Act::Shown(shown))?;
        if around.control.state().void_records() != void {
            return Err(RoundError::Conflict(
                "another act on the award came first; look at `award show` and try again"
                    .to_owned(),
            ));
        }
        Ok(Revealed {
            ctl,
            unit,
            code,
            secret,
            claim,
        })
    }
}

fn check(request: &StockRequest) -> Result<(), RoundError> {
    let invalid = |what: String| Err(RoundError::Invalid(what));
    let count = request.secrets.len();
    if count == 0 || count > STOCK_UNITS_MAX {
        return invalid(format!(
            "{count} secrets came; send 1 to {STOCK_UNITS_MAX} at a time"
        ));
    }
    if request.actor.is_empty() || request.reason.trim().is_empty() {
        return invalid("secrets for the stock take an actor and a reason".to_owned());
    }
    let mut seen = BTreeMap::new();
    for (place, secret) in (1_usize..).zip(&request.secrets) {
        let fits = (1..=UNIT_SECRET_MAX_BYTES).contains(&secret.len());
        if !fits || secret.trim() != secret || secret.chars().any(char::is_control) {
            return invalid(format!(
                "secret {place} is empty, longer than {UNIT_SECRET_MAX_BYTES} bytes, or has blanks around it or control \
                 characters in it"
            ));
        }
        if let Some(first) = seen.insert(secret, place) {
            return invalid(format!("secrets {first} and {place} are the same"));
        }
    }
    Ok(())
}

/// The act that gives the new ones of these secrets to units, and how many stand already.
fn act_of(
    state: &ControlState,
    key: &Key,
    request: &StockRequest,
    at: i64,
) -> Result<(StockAct, u32), RoundError> {
    let StockRequest {
        campaign, prize, ..
    } = request;
    let without = of_prize(state, campaign, prize)?;
    let known = opened(state, key, campaign)?;
    let mut fresh = Vec::new();
    for (place, secret) in (1_usize..).zip(&request.secrets) {
        match known.get(secret.as_str()) {
            None => fresh.push(secret),
            Some(pool) if pool == prize => {}
            Some(pool) => {
                return Err(RoundError::Conflict(format!(
                    "secret {place} is in the stock of {pool:?} already"
                )));
            }
        }
    }
    if fresh.len() > without.len() {
        return Err(RoundError::Conflict(format!(
            "{} secrets are new, but only {} units of {prize:?} have none yet; publish the campaign with more `units` first",
            fresh.len(),
            without.len()
        )));
    }
    let count = request.secrets.len().saturating_sub(fresh.len());
    let units = without.into_iter().zip(fresh).map(|(unit, secret)| {
        let secret = key.seal_unit((campaign, prize, unit), secret)?;
        Ok(StockUnit { unit, secret })
    });
    let units = units.collect::<Result<Vec<_>, SecretError>>();
    let act = StockAct {
        v: SCHEMA_VERSION,
        campaign: campaign.clone(),
        prize: prize.clone(),
        units: units.map_err(closed)?,
        actor: request.actor.clone(),
        reason: request.reason.clone(),
        at,
    };
    Ok((act, u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Units of a prize without a secret, ascending.
fn of_prize(state: &ControlState, campaign: &str, prize: &str) -> Result<Vec<u32>, RoundError> {
    let newest = newest(state, campaign)?;
    let found = newest.prizes.iter().find(|known| known.id == prize);
    let Some(found) = found else {
        return Err(RoundError::Conflict(format!(
            "campaign {campaign:?} has no prize {prize:?}"
        )));
    };
    if found.kind != PrizeKind::Code {
        return Err(RoundError::Conflict(format!(
            "the units of {prize:?} are no secrets: its kind is not `code`"
        )));
    }
    let with: BTreeSet<u32> = state.stock(campaign, prize).map(|(unit, _)| unit).collect();
    Ok((1..=found.units)
        .filter(|unit| !with.contains(unit))
        .collect())
}

fn newest<'s>(state: &'s ControlState, campaign: &str) -> Result<&'s Campaign, RoundError> {
    let newest = state.versions(campaign).last();
    let newest = newest.map(|published| &published.compiled.campaign);
    newest.ok_or_else(|| RoundError::Conflict(format!("there is no campaign {campaign:?}")))
}

/// Every secret of a campaign, with the prize whose unit it is.
fn opened(
    state: &ControlState,
    key: &Key,
    campaign: &str,
) -> Result<BTreeMap<String, String>, RoundError> {
    let mut opened = BTreeMap::new();
    for prize in &newest(state, campaign)?.prizes {
        for (unit, sealed) in state.stock(campaign, &prize.id) {
            let secret = key.open_unit((campaign, &prize.id, unit), sealed);
            opened.insert(secret.map_err(closed)?, prize.id.clone());
        }
    }
    Ok(opened)
}

/// A unit that is held: the act that gave it, its secret, its winner's claim.
struct Hidden {
    given: AwardAct,
    secret: Option<String>,
    claim: Option<String>,
}

/// What is secret about a unit that is held; something is.
fn hidden(state: &ControlState, key: &Key, request: &RevealRequest) -> Result<Hidden, RoundError> {
    let slot = Slot {
        campaign: &request.campaign,
        round: request.round,
        prize: &request.prize,
        slot: request.slot,
        code: request.code.as_deref(),
    };
    let refused = |error| match error {
        AwardError::Invalid(what) => RoundError::Invalid(what),
        AwardError::Conflict(what) => RoundError::Conflict(what),
    };
    let (_, held) = slot.find(state).map_err(refused)?;
    if !held.is_held() {
        let what = format!(
            "is {}: nobody has its unit",
            control::ledger::name(held.state)
        );
        return Err(refused(slot.conflict(&what)));
    }
    let given = held.given.clone();
    let sealed = state.unit_secret(&given.campaign, &given.prize, given.unit);
    if sealed.is_none() && held.claim.is_none() {
        let what = format!(
            "has unit {}, which has no secret yet, and which no message has claimed; `stock add` brings secrets",
            given.unit
        );
        return Err(refused(slot.conflict(&what)));
    }
    let unit = (&*given.campaign, &*given.prize, given.unit);
    let secret = sealed.map(|sealed| key.open_unit(unit, sealed));
    let secret = secret.transpose().map_err(closed)?;
    let claim = held.claim.as_ref().map(|claim| match &*claim.details {
        "" => Ok(String::new()),
        details => key.open_claim(unit, details),
    });
    let claim = claim.transpose().map_err(closed)?;
    Ok(Hidden {
        given,
        secret,
        claim,
    })
}

fn closed(error: SecretError) -> RoundError {
    RoundError::Conflict(error.to_string())
}
