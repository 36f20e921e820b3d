//! The chain of copied control records in one partition: which copy is applied, which is ignored. Nothing of
//! what an act does.

use serde::{Deserialize, Serialize};

/// What becomes of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the next one: apply it.
    Applied,
    /// It is repeated, or one before it is missing.
    Ignored,
}

/// A fold's place in the chain of copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copies {
    /// Offset in `control` of the last act that was applied; `None` before the first.
    pub(crate) last: Option<u64>,
}

impl Copies {
    /// Judges the copy of the act at `ctl`: it is applied iff the act copied before it is the last that was
    /// applied; the first after an anchor always.
    pub(crate) fn judge(&mut self, ctl: u64, prev_ctl: Option<u64>) -> Standing {
        if self.last.is_some() && prev_ctl != self.last {
            return Standing::Ignored;
        }
        self.last = Some(ctl);
        Standing::Applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_applied_only_behind_the_one_before_it() {
        let mut copies = Copies::default();
        assert_eq!(
            copies.judge(7, Some(4)),
            Standing::Applied,
            "the first after an anchor"
        );
        assert_eq!(copies.judge(7, Some(4)), Standing::Ignored, "repeated");
        assert_eq!(copies.judge(12, Some(9)), Standing::Ignored, "9 is missing");
        assert_eq!(copies.judge(9, Some(7)), Standing::Applied);
        assert_eq!(copies.judge(4, None), Standing::Ignored, "older");
        assert_eq!(copies.judge(12, Some(9)), Standing::Applied);
    }
}
