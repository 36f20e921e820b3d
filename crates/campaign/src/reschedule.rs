//! A campaign whose rounds were moved by operators: the same file with other windows. Never who moves
//! them, nor when it is allowed.

use crate::model::{Campaign, Round};

/// Why windows do not fit a campaign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// There is no such round.
    #[error("there is no round {0}")]
    NoRound(u16),
    /// It closes before it opens.
    #[error("round {0} would close before it opens")]
    Empty(u16),
    /// Two rounds would be open at once, or in another order.
    #[error("round {0} would open before round {1} has closed")]
    Overlap(u16, u16),
    /// The round would lie outside the campaign.
    #[error("round {0} would lie outside the campaign's span")]
    Outside(u16),
}

impl Campaign {
    /// The same campaign with the windows of some rounds replaced: number, first second, first second after.
    ///
    /// # Errors
    /// [`WindowError`] when the rounds would not stand one after another inside the span.
    pub fn with_windows(&self, windows: &[(u16, i64, i64)]) -> Result<Self, WindowError> {
        let mut moved = self.clone();
        for &(number, open, close) in windows {
            let mut rounds = moved.rounds.iter_mut();
            let round = rounds.find(|round| round.number == number);
            let round = round.ok_or(WindowError::NoRound(number))?;
            (round.open, round.close) = (open, close);
        }
        let mut before: Option<&Round> = None;
        for round in &moved.rounds {
            if round.close <= round.open {
                return Err(WindowError::Empty(round.number));
            }
            if round.open < moved.start || round.close > moved.end {
                return Err(WindowError::Outside(round.number));
            }
            if let Some(before) = before.filter(|before| before.close > round.open) {
                return Err(WindowError::Overlap(round.number, before.number));
            }
            before = Some(round);
        }
        Ok(moved)
    }
}
