//! What is known of the records that stand in the spool: which the log has too, and how many stand
//! nowhere else. Pure.

use std::collections::HashMap;

/// Confirmed places that are remembered for the forwarder; what does not fit is sent again, an echo.
const FATES_MAX: usize = 400_000;

/// What is known of a place in the spool beyond its standing there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The log has the record too and has not answered.
    Open,
    /// The log has confirmed it.
    Confirmed,
}

/// What the forwarder does with a record of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Sends it.
    Send,
    /// Passes over it: the log has it.
    Skip,
    /// Waits: for the log's answer, or until the spool's own answer was seen.
    Wait,
}

/// See the module.
pub(super) struct Ledger {
    fates: HashMap<(u32, u64), Fate>,
    /// Next offset of each partition whose answer was not seen yet.
    noted: Vec<u64>,
    /// Next offset of each partition that the forwarder has not passed yet.
    passed: Vec<u64>,
    records: u64,
    bytes: u64,
}

impl Ledger {
    /// A spool that ends at `noted`, of which the log has everything before `passed`; the rest is so
    /// many records and bytes.
    pub(super) fn new(noted: Vec<u64>, passed: Vec<u64>, records: u64, bytes: u64) -> Self {
        let fates = HashMap::new();
        Self {
            fates,
            noted,
            passed,
            records,
            bytes,
        }
    }

    /// The spool has answered for this place.
    pub(super) fn note(&mut self, (partition, offset): (u32, u64)) {
        if let Some(noted) = self.noted.get_mut(partition as usize) {
            *noted = (*noted).max(offset.saturating_add(1));
        }
    }

    /// A record stands only in the spool; `open` while the log may still confirm it.
    pub(super) fn add(&mut self, place: (u32, u64), bytes: usize, open: bool) {
        if open {
            self.fates.insert(place, Fate::Open);
        }
        self.records = self.records.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// A record that the log has confirmed has come to stand in the spool too.
    pub(super) fn add_confirmed(&mut self, place: (u32, u64), bytes: usize) -> bool {
        let remembered = self.fates.len() < FATES_MAX;
        if remembered {
            self.fates.insert(place, Fate::Confirmed);
        } else {
            self.add(place, bytes, false);
        }
        remembered
    }

    /// The log has confirmed a record whose fate was open.
    pub(super) fn confirm(&mut self, place: (u32, u64), bytes: usize) {
        self.fates.insert(place, Fate::Confirmed);
        self.left(bytes);
    }

    /// The log has failed on a record whose fate was open: the spool is all there is.
    pub(super) fn close(&mut self, place: (u32, u64)) {
        self.fates.remove(&place);
    }

    /// What is to be done with the record at this place. A place that is to be skipped is forgotten: it
    /// is asked for once.
    pub(super) fn verdict(&mut self, place: (u32, u64)) -> Verdict {
        let noted = self.noted.get(place.0 as usize).copied().unwrap_or(0);
        if place.1 >= noted {
            return Verdict::Wait;
        }
        match self.fates.get(&place) {
            None => Verdict::Send,
            Some(Fate::Open) => Verdict::Wait,
            Some(Fate::Confirmed) => {
                self.fates.remove(&place);
                Verdict::Skip
            }
        }
    }

    /// A record stands elsewhere now.
    pub(super) fn left(&mut self, bytes: usize) {
        self.records = self.records.saturating_sub(1);
        let rest = self.bytes.saturating_sub(bytes as u64);
        self.bytes = if self.records == 0 { 0 } else { rest };
    }

    /// Next offset of each partition whose answer was not seen yet.
    pub(super) fn noted(&self) -> &[u64] {
        &self.noted
    }

    /// Everything before `position` has left the spool. Returns whether that is all there was.
    pub(super) fn pass(&mut self, position: &[u64]) -> bool {
        self.passed.clear();
        self.passed.extend_from_slice(position);
        let drained = position == self.noted;
        if drained {
            (self.records, self.bytes) = (0, 0);
        }
        drained
    }

    /// Whether everything before `end` has left the spool.
    pub(super) fn has_passed(&self, end: &[u64]) -> bool {
        self.passed
            .iter()
            .zip(end)
            .all(|(passed, end)| passed >= end)
    }

    /// Records and bytes that stand only in the spool.
    pub(super) fn backlog(&self) -> (u64, u64) {
        (self.records, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forwarder_waits_for_open_fates_and_skips_confirmed_ones() {
        let mut ledger = Ledger::new(vec![5, 0], vec![3, 0], 2, 100);
        assert_eq!(ledger.verdict((0, 4)), Verdict::Send, "of an earlier life");
        assert_eq!(ledger.verdict((0, 5)), Verdict::Wait, "not noted");
        for offset in 5..8 {
            ledger.note((0, offset));
        }
        ledger.add((0, 5), 10, true);
        ledger.add((0, 6), 10, true);
        assert!(ledger.add_confirmed((0, 7), 10));
        assert_eq!(ledger.backlog(), (4, 120));
        assert_eq!(ledger.verdict((0, 5)), Verdict::Wait);
        ledger.confirm((0, 5), 10);
        ledger.close((0, 6));
        assert_eq!(ledger.verdict((0, 5)), Verdict::Skip);
        assert_eq!(ledger.verdict((0, 6)), Verdict::Send);
        assert_eq!(ledger.verdict((0, 7)), Verdict::Skip);
        assert_eq!(ledger.backlog(), (3, 110));
        assert!(!ledger.pass(&[7, 0]));
        assert!(ledger.pass(&[8, 0]));
        assert_eq!(ledger.backlog(), (0, 0));
        assert!(ledger.has_passed(&[8, 0]) && !ledger.has_passed(&[8, 1]));
    }
}
