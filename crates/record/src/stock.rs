//! The records of units that are secrets: which unit has which, and who was shown one. A secret is encrypted before
//! it comes here. Never whose a unit is: that is an award.

use crate::hexed::Hex;
use serde::{Deserialize, Serialize};

/// Most units that one [`StockAct`] may bring.
pub const STOCK_UNITS_MAX: usize = 1_000;
/// Most bytes of a secret.
pub const UNIT_SECRET_MAX_BYTES: usize = 256;

/// Secrets for units of a prize, like F-codes. A unit has one secret for ever: the first one counts.
///
/// `{"type":"stock","v":1,"campaign":"…","prize":"fcode","units":[{"unit":1,"secret":"…"}],"actor":"ann","reason":"…","at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Id of the prize: the pool.
    pub prize: String,
    /// The units, at most [`STOCK_UNITS_MAX`].
    pub units: Vec<StockUnit>,
    /// Who brought them.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The newest tick, in seconds since 1970.
    pub at: i64,
}

/// A unit and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockUnit {
    /// Number of the unit in its pool, from 1.
    pub unit: u32,
    /// Its secret, encrypted with the installation's key for this unit and no other; Base64.
    pub secret: String,
}

/// Somebody was shown the secret of a unit that a winner has, or what he wrote when he claimed it. It stands before
/// either is told; from here on a unit with a secret goes to nobody else.
///
/// `{"type":"shown","v":1,"campaign":"…","round":3,"award":"…64 hex…","prize":"fcode","unit":1,"attempt":1,"code":"…",
/// "actor":"ann","reason":"he asked","at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// The award that has the unit.
    pub award: Hex<32>,
    /// Id of the prize: the pool.
    pub prize: String,
    /// Number of the unit in its pool.
    pub unit: u32,
    /// The attempt of the award's slot that has it.
    pub attempt: u32,
    /// Entrant code of the winner.
    pub code: Hex<16>,
    /// Who was shown it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The newest tick, in seconds since 1970.
    pub at: i64,
}
