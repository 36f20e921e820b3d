//! What is kept of a fan's following (Q-29): three CreateTimes for each fan of an account, whatever the fan
//! sends. Never whether it bars him from a prize.
//!
//! Nearly every message changes its fan's, so they are not written one by one. What a batch has changed stands in one
//! *block*; the fans' own records are written when they are forgotten, and then blocks that hold nothing else go.

use crate::codec::{Reader, Writer};
use crate::failure::Failure;
use crate::shelf::{self, Shelf};
use contest::Follow;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use record::envelope::Envelope;

/// So many fans make a generation; at most two of them are remembered in each partition.
const GENERATION: usize = 8_192;
/// So many blocks make a generation too, so that few fans who write for days leave few blocks.
const GENERATION_BLOCKS: u64 = 4_096;

/// Where what is remembered of a fan was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a record of his own, or nowhere because nothing is known.
    Own,
    /// In the block of this number.
    Block(u64),
    /// Nowhere yet.
    Unwritten,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    follow: Follow,
    place: Place,
}

/// Fans by their keys. Each has a place that stays while none is taken out. The platform gives out the names of fans,
/// and a generation is small: no hash that withstands an attacker is needed.
type Generation = IndexMap<Box<[u8]>, Known, RandomState>;

/// What is known of the fans of a partition: on the shelf, and of those who wrote last in memory, because every
/// message asks. Memory and blocks are right where a fan's own record says something else.
#[derive(Debug, Default)]
pub(crate) struct Follows {
    young: Generation,
    old: Generation,
    /// Places among the young of what is unwritten.
    changed: Vec<usize>,
    /// The key of the fan in hand; kept for its allocation.
    key: Vec<u8>,
    /// The first block that stands on the shelf, the first of the young generation, and the next.
    first: u64,
    young_from: u64,
    next: u64,
}

impl Follows {
    /// Brings back what stands in blocks.
    pub(crate) fn load<S: Shelf>(shelf: &mut S) -> Result<Self, Failure<S::Error>> {
        let mut follows = Self::default();
        let blocks = shelf.scan(&[shelf::BLOCK]).map_err(Failure::Shelf)?;
        for (place, (key, block)) in blocks.iter().enumerate() {
            let damaged = Failure::Damaged("a block of who follows");
            let Some(number) = shelf::parse_block_key(key) else {
                return Err(damaged);
            };
            if place == 0 {
                follows.first = number;
            }
            follows.next = number.saturating_add(1);
            let mut reader = Reader(block);
            while !reader.0.is_empty() {
                let Some((key, follow)) = entry(&mut reader) else {
                    return Err(damaged);
                };
                let place = Place::Block(number);
                follows.old.insert(key.into(), Known { follow, place });
            }
        }
        follows.young_from = follows.next;
        Ok(follows)
    }

    /// Writes what has changed since the last call.
    pub(crate) fn save<S: Shelf>(&mut self, shelf: &mut S) {
        self.put_block(shelf);
        if self.next.saturating_sub(self.young_from) >= GENERATION_BLOCKS {
            self.forget(shelf);
        }
    }

    fn put_block<S: Shelf>(&mut self, shelf: &mut S) {
        let mut block = Writer::default();
        for place in self.changed.drain(..) {
            if let Some((key, known)) = self.young.get_index_mut(place) {
                known.place = Place::Block(self.next);
                block.unsigned(key.len() as u64);
                block.0.extend_from_slice(key);
                write(&known.follow, &mut block);
            }
        }
        if !block.0.is_empty() {
            shelf.put(shelf::block_key(self.next), block.0);
            self.next = self.next.saturating_add(1);
        }
    }

    /// Takes a message: an unsubscribe ends following, a subscribe begins it, any other message implies it. Called
    /// when nothing can refuse the message any more, so that nothing has to be taken back.
    pub(crate) fn take<S: Shelf>(
        &mut self,
        envelope: &Envelope<'_>,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let is_event = envelope.kind.eq_ignore_ascii_case("event");
        let leaves = is_event && envelope.event.eq_ignore_ascii_case("unsubscribe");
        if is_event && !leaves && !envelope.event.eq_ignore_ascii_case("subscribe") {
            return Ok(());
        }
        shelf::write_follow_key(&envelope.account, &envelope.from, &mut self.key);
        let place = match self.young.get_index_of(&*self.key) {
            Some(place) => place,
            None => self.remember(shelf)?,
        };
        let Some((_, known)) = self.young.get_index_mut(place) else {
            return Ok(());
        };
        let before = known.follow;
        if leaves {
            known.follow.unsubscribed(envelope.create_time);
        } else {
            known.follow.seen(envelope.create_time);
        }
        if known.follow != before && known.place != Place::Unwritten {
            known.place = Place::Unwritten;
            self.changed.push(place);
        }
        Ok(())
    }

    /// Takes the fan in hand among the young; his place there.
    fn remember<S: Shelf>(&mut self, shelf: &mut S) -> Result<usize, Failure<S::Error>> {
        if self.young.len() >= GENERATION {
            self.forget(shelf);
        }
        let known = match self.old.swap_remove(&*self.key) {
            Some(known) => known,
            None => Known {
                follow: read(&self.key, shelf)?,
                place: Place::Own,
            },
        };
        let (place, _) = self.young.insert_full(self.key.as_slice().into(), known);
        Ok(place)
    }

    /// What is known of a fan of an account; nothing of one who never sent anything.
    pub(crate) fn get<S: Shelf>(
        &self,
        account: &str,
        fan: &str,
        shelf: &mut S,
    ) -> Result<Follow, Failure<S::Error>> {
        let key = shelf::follow_key(account, fan);
        match self.young.get(&*key).or_else(|| self.old.get(&*key)) {
            Some(known) => Ok(known.follow),
            None => read(&key, shelf),
        }
    }

    /// Forgets the old generation. What only blocks before the young one say gets records of its own, and those blocks
    /// go. A block is written first: a record of a fan's own must never be newer than a block that speaks of him, for
    /// the block is believed.
    fn forget<S: Shelf>(&mut self, shelf: &mut S) {
        self.put_block(shelf);
        let young_from = self.young_from;
        for (key, known) in self.old.iter_mut().chain(&mut self.young) {
            if matches!(known.place, Place::Block(number) if number < young_from) {
                shelf.put(key.to_vec(), encode(&known.follow));
                known.place = Place::Own;
            }
        }
        for number in self.first..young_from {
            shelf.delete(&shelf::block_key(number));
        }
        (self.first, self.young_from) = (young_from, self.next);
        self.old = std::mem::take(&mut self.young);
    }
}

fn read<S: Shelf>(key: &[u8], shelf: &mut S) -> Result<Follow, Failure<S::Error>> {
    match shelf.get(key).map_err(Failure::Shelf)? {
        None => Ok(Follow::default()),
        Some(bytes) => decode(&bytes).ok_or(Failure::Damaged("a fan's following")),
    }
}

fn write(follow: &Follow, writer: &mut Writer) {
    for time in [follow.since, follow.last_seen, follow.left] {
        writer.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            writer.signed(time);
        }
    }
}

fn encode(follow: &Follow) -> Vec<u8> {
    let mut writer = Writer::default();
    write(follow, &mut writer);
    writer.0
}

fn one(reader: &mut Reader<'_>) -> Option<Follow> {
    let mut time = || match reader.byte()? {
        0 => Some(None),
        _ => Some(Some(reader.signed()?)),
    };
    let (since, last_seen, left) = (time()?, time()?, time()?);
    Some(Follow {
        since,
        last_seen,
        left,
    })
}

/// A fan's key and what is known of him, in a block.
fn entry(reader: &mut Reader<'_>) -> Option<(Vec<u8>, Follow)> {
    let length = usize::try_from(reader.unsigned()?).ok()?;
    let (key, rest) = reader.0.split_at_checked(length)?;
    reader.0 = rest;
    Some((key.to_vec(), one(reader)?))
}

fn decode(bytes: &[u8]) -> Option<Follow> {
    let mut reader = Reader(bytes);
    let follow = one(&mut reader)?;
    reader.end()?;
    Some(follow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryShelf;
    use proptest::prelude::*;

    fn message(fan: usize, create_time: i64, event: &'static str) -> Envelope<'static> {
        let json = br#"{"type":"message","v":1,"account":"mi","from":"","to":"","create_time":0,"kind":"text","recv_us":0,
            "reply":{"rule":"","rule_version":0,"template_version":0,"snapshot":0,"spoken":"nothing"}}"#;
        let template: Envelope<'static> = serde_json::from_slice(json).unwrap();
        Envelope {
            from: format!("o{fan}").into(),
            create_time,
            kind: if event.is_empty() { "text" } else { "event" }.into(),
            event: event.into(),
            ..template
        }
    }

    /// However often fans write and however many write between, whenever it is saved, loaded or lost: what was saved
    /// is there, and what is known is what a plain map would know.
    #[test]
    fn q_29_what_was_saved_is_never_lost_and_the_memory_is_bounded() {
        let (mut follows, mut shelf) = (Follows::default(), MemoryShelf::default());
        let mut want = vec![Follow::default(); GENERATION * 3];
        // Some come back within a generation, some after several.
        let order = (0..GENERATION * 3)
            .chain(0..50)
            .chain(0..50)
            .chain(GENERATION - 9..GENERATION + 9);
        for (time, fan) in (0_i64..).zip(order) {
            let at = (time * 7) % 100;
            if time % 11 == 0 {
                want[fan].unsubscribed(at);
                follows
                    .take(&message(fan, at, "unsubscribe"), &mut shelf)
                    .unwrap();
            } else {
                want[fan].seen(at);
                follows.take(&message(fan, at, ""), &mut shelf).unwrap();
            }
            assert!(follows.young.len() + follows.old.len() <= 3 * GENERATION);
            if time % 37 == 0 {
                follows.save(&mut shelf);
            }
            if time % 5_003 == 0 {
                follows.save(&mut shelf);
                follows = Follows::load(&mut shelf).unwrap();
            }
        }
        follows.save(&mut shelf);
        let loaded = Follows::load(&mut shelf).unwrap();
        for (fan, want) in want.iter().enumerate() {
            let name = format!("o{fan}");
            let cached = follows.get("mi", &name, &mut shelf).unwrap();
            let kept = loaded.get("mi", &name, &mut shelf).unwrap();
            assert_eq!((&cached, &kept), (want, want), "{name}");
        }
    }

    #[test]
    fn q_29_few_fans_who_write_for_days_leave_few_blocks() {
        let (mut follows, mut shelf) = (Follows::default(), MemoryShelf::default());
        let last = 5 * i64::try_from(GENERATION_BLOCKS).unwrap();
        for time in 0..=last {
            follows.take(&message(0, time, ""), &mut shelf).unwrap();
            follows.save(&mut shelf);
        }
        let blocks = u64::try_from(shelf.scan(&[shelf::BLOCK]).unwrap().len()).unwrap();
        assert!(blocks <= 2 * GENERATION_BLOCKS, "{blocks}");
        let loaded = Follows::load(&mut shelf).unwrap();
        let kept = loaded.get("mi", "o0", &mut shelf).unwrap();
        assert_eq!((kept.since, kept.last_seen), (Some(0), Some(last)));
        // Old news of a fan changes nothing, and what is known of him does not go with the blocks.
        for time in 0..3 * i64::try_from(GENERATION_BLOCKS).unwrap() {
            let fan = usize::from(time % 500 != 0);
            follows
                .take(&message(fan, time % 7, ""), &mut shelf)
                .unwrap();
            follows.save(&mut shelf);
        }
        let again = Follows::load(&mut shelf).unwrap();
        assert_eq!(again.get("mi", "o0", &mut shelf).unwrap(), kept);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Any order of messages, saves, forgetting and new starts from what was saved.
        #[test]
        fn q_29_the_shelf_and_the_memory_say_what_a_map_says(
            steps in proptest::collection::vec((0..6_usize, 0..50_i64, 0..12_u8), 1..80),
        ) {
            let (mut follows, mut shelf) = (Follows::default(), MemoryShelf::default());
            let mut saved: (Vec<Follow>, MemoryShelf) = (vec![Follow::default(); 6], shelf.clone());
            let mut want = saved.0.clone();
            for (fan, at, what) in steps {
                match what {
                    0 => follows.forget(&mut shelf),
                    1 | 2 => {
                        follows.save(&mut shelf);
                        saved = (want.clone(), shelf.clone());
                    }
                    // The batch is lost: everything is as it was saved.
                    3 => {
                        (want, shelf) = saved.clone();
                        follows = Follows::load(&mut shelf).unwrap();
                    }
                    4 => {
                        want[fan].unsubscribed(at);
                        follows.take(&message(fan, at, "unsubscribe"), &mut shelf).unwrap();
                    }
                    _ => {
                        want[fan].seen(at);
                        follows.take(&message(fan, at, ""), &mut shelf).unwrap();
                    }
                }
                for (fan, want) in want.iter().enumerate() {
                    prop_assert_eq!(&follows.get("mi", &format!("o{fan}"), &mut shelf).unwrap(), want);
                }
            }
        }
    }
}
