//! A recount that finds what the partitions shared, but for what a test says that the messages give instead.

use super::PARTITIONS;
use super::correct::shares_of;
use crate::corrections::Sealed;
use crate::recount::{Asked, Recount};
use contest::{Barred, Field};
use msglog::Log;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// What the messages of a round give instead of what was shared.
pub(crate) type Change = fn(u16, &Field<'static>) -> Field<'static>;

/// The messages of these tests.
pub(crate) struct Counted {
    pub(crate) change: Mutex<Change>,
    pub(crate) asked: AtomicU32,
}

impl Counted {
    pub(crate) fn with(change: Change) -> Self {
        Self {
            change: Mutex::new(change),
            asked: AtomicU32::new(0),
        }
    }
}

impl Recount for Counted {
    fn count(
        &self,
        log: &dyn Log,
        asked: &Asked,
        _ends: &AtomicBool,
    ) -> Result<BTreeMap<u16, Sealed>, String> {
        self.asked.fetch_add(1, Ordering::AcqRel);
        let change = *self.change.lock().unwrap();
        let sealed = asked.decisions.iter().map(|(round, ctl)| {
            let shares = shares_of(log, *ctl);
            assert_eq!(shares.len(), PARTITIONS as usize);
            let lines: String = shares
                .values()
                .map(|share| share.standings.as_str())
                .collect();
            let barred: String = shares.values().map(|share| share.barred.as_str()).collect();
            let cut = shares
                .iter()
                .map(|(partition, share)| (*partition, share.cut));
            let sealed = Sealed {
                cut: cut.collect(),
                field: change(*round, &Field::parse(&lines).unwrap()),
                barred: Barred::parse(&barred).unwrap(),
            };
            (*round, sealed)
        });
        Ok(sealed.collect())
    }
}
