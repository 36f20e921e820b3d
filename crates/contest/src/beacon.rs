//! The public beacon of level L2: which of its rounds a draw takes, and when that is out. Pure arithmetic on the
//! schedule of drand's quicknet; never fetched.

use std::fmt;

/// When the first round of drand's quicknet was out, in seconds since 1970, and the seconds between its rounds.
const QUICKNET_GENESIS: i64 = 1_692_803_367;
const QUICKNET_PERIOD_S: i64 = 3;
/// The beacon's round lies so many seconds after the seal: nobody knows it when the list is published.
const BEACON_AFTER_S: i64 = 60;
/// A beacon counts as too late so many seconds after the seal, ten minutes after its round; then a draw may do without.
pub const BEACON_LATE_S: i64 = 660;

/// The value of a public beacon (level L2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    /// Number of the round of drand's quicknet.
    pub round: u64,
    /// Its randomness as published: lower-case hexadecimal digits.
    pub value: String,
}

impl Beacon {
    /// The text `B` of a draw: the beacon's value, or `none`.
    #[must_use]
    pub fn text(beacon: Option<&Self>) -> &str {
        beacon.map_or("none", |beacon| beacon.value.as_str())
    }
}

/// Why no round of the beacon can make a draw L2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRound {
    /// The seal lies before drand's quicknet began: a rehearsal of the past.
    BeforeTheBeacon,
    /// The list stood only when the beacon's round was out, so that whoever made it could know the value.
    ListTooLate {
        /// When the list stood, in seconds since 1970.
        listed_at: i64,
        /// The round that the seal fixes.
        round: u64,
        /// When that is out.
        out_at: i64,
    },
}

impl fmt::Display for NoRound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeTheBeacon => write!(
                f,
                "the seal lies before drand's quicknet began, at {QUICKNET_GENESIS}; no beacon was ever drawn for it"
            ),
            Self::ListTooLate {
                listed_at,
                round,
                out_at,
            } => write!(
                f,
                "the list stood at {listed_at} only, and the beacon's round {round} is out at {out_at}: whoever made the \
                 list could know its value"
            ),
        }
    }
}

/// The seal of a draw: that of its round; the final draw, which has no seal of its own, is fixed by its list. Seconds
/// since 1970.
#[must_use]
pub fn fixed_at(is_final: bool, sealed_at: i64, listed_at: i64) -> i64 {
    if is_final { listed_at } else { sealed_at }
}

/// The beacon round that a draw fixed at this time takes: the first at or after 60 s later; none for a time before the
/// beacon began.
#[must_use]
pub fn beacon_round(fixed_at: i64) -> Option<u64> {
    let due = fixed_at
        .checked_add(BEACON_AFTER_S)?
        .checked_sub(QUICKNET_GENESIS)?;
    let rounds = due.checked_add(QUICKNET_PERIOD_S - 1)? / QUICKNET_PERIOD_S;
    u64::try_from(rounds.checked_add(1)?)
        .ok()
        .filter(|_| due >= 0)
}

/// When a round of the beacon is out, in seconds since 1970; none for one that nobody will see.
#[must_use]
pub fn beacon_out_at(round: u64) -> Option<i64> {
    let before = i64::try_from(round.checked_sub(1)?).ok()?;
    before
        .checked_mul(QUICKNET_PERIOD_S)?
        .checked_add(QUICKNET_GENESIS)
}

/// The beacon round that makes a draw L2: the one that is fixed by its seal, if the list stood before it was out.
///
/// # Errors
/// [`NoRound`]: the draw cannot be L2.
pub fn beacon_for(is_final: bool, sealed_at: i64, listed_at: i64) -> Result<u64, NoRound> {
    let due = beacon_round(fixed_at(is_final, sealed_at, listed_at));
    let due = due.and_then(|round| Some((round, beacon_out_at(round)?)));
    let (round, out_at) = due.ok_or(NoRound::BeforeTheBeacon)?;
    if listed_at < out_at {
        return Ok(round);
    }
    Err(NoRound::ListTooLate {
        listed_at,
        round,
        out_at,
    })
}
