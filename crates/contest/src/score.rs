//! Points for one right answer and for right answers in a row. Whole numbers only.

/// What each further right round in a row adds to the bonus.
pub const STREAK_STEP: u64 = 100;
/// The bonus grows for so many rounds.
const STREAK_STEPS: u32 = 5;

/// How long after the opening an answer was sent, within the window: `clamp(t* − open, 0, D)`, seconds.
#[must_use]
pub fn elapsed(open: i64, close: i64, at: i64) -> u64 {
    let window = close.saturating_sub(open).max(0);
    at.saturating_sub(open).clamp(0, window).unsigned_abs()
}

/// Points of a right answer: `(2·P·(2D − e) + 2D) div (4D)`, which is `P·(1 − e/2D)` rounded half
/// up; without speed, `P`.
#[must_use]
pub fn points(base: u32, open: i64, close: i64, at: i64, speed: bool) -> u64 {
    let window = u128::from(close.saturating_sub(open).max(0).unsigned_abs());
    if !speed || window == 0 {
        return base.into();
    }
    let late = u128::from(elapsed(open, close, at));
    // Below 2^32 · 2^66 + 2^66: far from the end of 128 bits. The window is at most 2^63.
    let sum = 2 * u128::from(base) * (2 * window - late) + 2 * window;
    u64::try_from(sum / (4 * window)).unwrap_or(u64::MAX)
}

/// The bonus of the `n`-th right round in a row: `100·min(n − 1, 5)` from the second on.
#[must_use]
pub fn streak_bonus(n: u32) -> u64 {
    STREAK_STEP.saturating_mul(u64::from(n.saturating_sub(1).min(STREAK_STEPS)))
}
