//! Operators' acts that act at once and change no result: no fold sees them, and they are not copied.

use serde::{Deserialize, Serialize};

/// Longest time for which the guard of the ticks may be lifted at once, in seconds.
pub const GUARD_LIFTED_MAX_S: i64 = 86_400;

/// Until when the coordinator ticks although its wall clock is far from what fans' messages say; an `until` that is not
/// above `at` sets the guard again.
///
/// `{"type":"guard","v":1,"until":1365494400,"at":1365487200,"actor":"ann","reason":"a recording is replayed"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardAct {
    /// Version of this schema.
    pub v: u16,
    /// By the coordinator's wall clock, in seconds since 1970; at most [`GUARD_LIFTED_MAX_S`] above `at`.
    pub until: i64,
    /// The coordinator's time, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}
