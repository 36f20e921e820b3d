//! What is kept of one fan: attempts and joins in each round, and joins outside the rounds. Layout and
//! updates; never which answer counts.

use crate::candidate::{Candidate, Kept};
use crate::codec::{Reader, Span, Writer};
use crate::times::Times;
use campaign::Round;

/// How far before its opening and after its close a message is kept for a round, in seconds.
pub const ZONE_S: i64 = 60;

/// Where a CreateTime lies in the zone of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// In the minute before the window.
    Before,
    /// In the window `[open, close)`.
    Within,
    /// In the minute from the close on.
    After,
}

/// Where a CreateTime lies in `[open − 60 s, close + 60 s)`; `None` outside.
#[must_use]
pub fn band(round: &Round, create_time: i64) -> Option<Band> {
    if create_time < round.open.saturating_sub(ZONE_S) {
        None
    } else if create_time < round.open {
        Some(Band::Before)
    } else if create_time < round.close {
        Some(Band::Within)
    } else if create_time < round.close.saturating_add(ZONE_S) {
        Some(Band::After)
    } else {
        None
    }
}

/// First byte of both records in these layouts.
const LAYOUT: u8 = 2;

/// One fan in the zone of one round.
///
/// Attempts are kept per band, by the window of the version that stood at their place, ten at each end
/// of each band: so whoever hammers in the minute before a round cannot push out the answer that counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FanRound {
    bands: [Kept; 3],
    /// Join messages in the window, ten at each end like attempts: another window may begin between two of them.
    pub joins: Times,
    /// How many messages in the window were wrong formats (Q-8: counted only).
    pub wrong: u64,
    /// When they were sent.
    pub wrong_at: Option<Span>,
    /// What the fan's first join of the campaign was at the seal, once one that is earlier came after it;
    /// [`NEVER`] when there was none.
    pub first_at_seal: Option<i64>,
}

/// A join that no answer is later than.
pub const NEVER: i64 = i64::MAX;

impl FanRound {
    /// Keeps an attempt. Whether anything has changed.
    pub fn keep(&mut self, band: Band, candidate: Candidate) -> bool {
        self.bands[band as usize].insert(candidate)
    }

    /// Counts a wrong format in the window.
    pub fn count_wrong(&mut self, create_time: i64) {
        self.wrong = self.wrong.saturating_add(1);
        Span::extend(&mut self.wrong_at, create_time);
    }

    /// Every stored attempt; in the order of Q-9 within a band only.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.bands.iter().flat_map(Kept::iter)
    }

    /// As [`FanRound::candidates`], in an iterator that can be cloned.
    pub(crate) fn candidates_by_band(&self) -> impl Iterator<Item = &Candidate> + Clone {
        self.bands.iter().flat_map(Kept::as_slice)
    }

    pub(crate) fn candidates_mut(&mut self) -> impl Iterator<Item = &mut Candidate> {
        self.bands.iter_mut().flat_map(Kept::iter_mut)
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(64));
        writer.byte(LAYOUT);
        let flags = [
            self.bands[0] != Kept::default(),
            self.bands[1] != Kept::default(),
            self.bands[2] != Kept::default(),
            !self.joins.is_empty(),
            self.wrong_at.is_some(),
            self.first_at_seal.is_some(),
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |bits, &flag| (bits << 1) | u8::from(flag));
        writer.byte(flags);
        for (place, band) in self.bands.iter().enumerate() {
            if flags & (1 << place) != 0 {
                band.write(&mut writer);
            }
        }
        if !self.joins.is_empty() {
            self.joins.write(&mut writer);
        }
        if let Some(span) = self.wrong_at {
            writer.unsigned(self.wrong);
            writer.span(span);
        }
        if let Some(first) = self.first_at_seal {
            writer.signed(first);
        }
        writer.0
    }

    /// Reads what [`FanRound::encode`] wrote; `None` is damage.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.byte()? != LAYOUT {
            return None;
        }
        let flags = reader.byte()?;
        let mut record = Self::default();
        for (place, band) in record.bands.iter_mut().enumerate() {
            if flags & (1 << place) != 0 {
                *band = Kept::read(&mut reader)?;
            }
        }
        if flags & (1 << 3) != 0 {
            record.joins = Times::read(&mut reader)?;
        }
        if flags & (1 << 4) != 0 {
            record.wrong = reader.unsigned()?;
            record.wrong_at = Some(reader.span()?);
        }
        if flags & (1 << 5) != 0 {
            record.first_at_seal = Some(reader.signed()?);
        }
        reader.end()?;
        Some(record)
    }
}

/// The joins of one fan that no round has: those in no window of the campaign, those that came after the seal of
/// the round in whose window they lie, and the first join of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FanJoins {
    /// Joins in each gap between windows, ten at each end, by the number of windows that lie before the gap.
    pub outside: Vec<(u16, Times)>,
    /// Joins, and answers that join their sender, that came after the seal of their round: they count for the
    /// rounds that are not sealed, and for no total.
    pub late: Option<Span>,
    /// The first join of the campaign, wherever it lies; kept only while answers need one.
    pub first: Option<i64>,
}

impl FanJoins {
    /// Takes a join in a gap. Whether anything has changed.
    pub fn add_outside(&mut self, gap: u16, create_time: i64) -> bool {
        let place = match self.outside.binary_search_by_key(&gap, |(each, _)| *each) {
            Ok(place) => place,
            Err(place) => {
                self.outside.insert(place, (gap, Times::default()));
                place
            }
        };
        let times = self.outside.get_mut(place);
        times.is_some_and(|(_, times)| times.insert(create_time))
    }

    /// Takes a join as the first of all, if it is. Whether it is.
    pub fn add_first(&mut self, create_time: i64) -> bool {
        let is_first = self.first.is_none_or(|first| create_time < first);
        if is_first {
            self.first = Some(create_time);
        }
        is_first
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(LAYOUT);
        writer.unsigned(self.outside.len() as u64);
        for (gap, times) in &self.outside {
            writer.unsigned(u64::from(*gap));
            times.write(&mut writer);
        }
        writer.byte(u8::from(self.first.is_some()) | u8::from(self.late.is_some()) << 1);
        if let Some(first) = self.first {
            writer.signed(first);
        }
        if let Some(late) = self.late {
            writer.span(late);
        }
        writer.0
    }

    /// Reads what [`FanJoins::encode`] wrote; `None` is damage.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.byte()? != LAYOUT {
            return None;
        }
        let count = reader.unsigned()?;
        let mut outside = Vec::new();
        for _ in 0..count {
            let gap = u16::try_from(reader.unsigned()?).ok()?;
            outside.push((gap, Times::read(&mut reader)?));
        }
        let flags = reader.byte()?;
        let mut joins = Self {
            outside,
            ..Self::default()
        };
        if flags & 1 != 0 {
            joins.first = Some(reader.signed()?);
        }
        if flags & (1 << 1) != 0 {
            joins.late = Some(reader.span()?);
        }
        reader.end()?;
        Some(joins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Id, Said};
    use proptest::prelude::*;

    fn candidate(create_time: i64, text: &str) -> Candidate {
        let said = Said {
            kind: "text".into(),
            text: text.into(),
            ..Said::default()
        };
        Candidate {
            create_time,
            id: Id::Number(7),
            said,
            value: Some("A".into()),
        }
    }

    #[test]
    fn an_ordinary_answer_takes_few_bytes() {
        let mut record = FanRound::default();
        record.keep(Band::Within, candidate(1_365_487_203, "选A"));
        assert!(record.encode().len() < 32, "{}", record.encode().len());
        assert_eq!(FanRound::decode(&record.encode()), Some(record));
    }

    #[test]
    fn joins_outside_are_kept_by_gap() {
        let mut joins = FanJoins::default();
        assert!(joins.add_outside(3, 100));
        assert!(joins.add_outside(1, 50));
        assert!(!joins.add_outside(3, 100));
        assert!(joins.add_outside(3, 90));
        let times = |seconds: &[i64]| seconds.iter().copied().collect::<Times>();
        assert_eq!(joins.outside, [(1, times(&[50])), (3, times(&[90, 100]))]);
        assert!(joins.add_first(9) && !joins.add_first(9) && joins.add_first(8));
        assert_eq!(FanJoins::decode(&joins.encode()), Some(joins.clone()));
        assert!(Span::extend(&mut joins.late, 70) && Span::extend(&mut joins.late, 60));
        assert_eq!(FanJoins::decode(&joins.encode()), Some(joins));
    }

    proptest! {
        #[test]
        fn records_round_trip(
            attempts in proptest::collection::vec((0..3_u8, 0..90_i64, "[A-D选]{0,3}"), 0..80),
            joins in proptest::collection::vec(any::<i64>(), 0..25),
            wrongs in proptest::collection::vec(0..90_i64, 0..5),
            first_at_seal: Option<i64>,
        ) {
            let mut record = FanRound::default();
            for (band, time, text) in attempts {
                let band = [Band::Before, Band::Within, Band::After][usize::from(band)];
                record.keep(band, candidate(time, &text));
            }
            record.joins = joins.into_iter().collect();
            wrongs.into_iter().for_each(|time| record.count_wrong(time));
            record.first_at_seal = first_at_seal;
            prop_assert_eq!(FanRound::decode(&record.encode()), Some(record));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(record) = FanRound::decode(&bytes) {
                prop_assert_eq!(FanRound::decode(&record.encode()), Some(record));
            }
            if let Some(joins) = FanJoins::decode(&bytes) {
                prop_assert_eq!(FanJoins::decode(&joins.encode()), Some(joins));
            }
        }
    }
}
