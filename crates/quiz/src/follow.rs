//! What is kept of a fan's following (Q-29): three CreateTimes for each fan of an account, whatever the fan
//! sends. Never whether it bars him from a prize.

use crate::codec::{Reader, Writer};
use crate::failure::Failure;
use crate::shelf::{self, Shelf};
use contest::Follow;
use record::envelope::Envelope;
use std::collections::HashMap;

/// So many fans make a generation; at most two of them are remembered in each partition.
const GENERATION: usize = 8_192;

/// What is known of the fans of a partition: on the shelf, and of those who wrote last in memory too, because every
/// message asks. The memory is a cache: it never says anything else than the shelf, and may forget at any time.
#[derive(Debug, Default)]
pub(crate) struct Follows {
    young: HashMap<Vec<u8>, Follow>,
    old: HashMap<Vec<u8>, Follow>,
}

impl Follows {
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
        let key = shelf::follow_key(&envelope.account, &envelope.from);
        let before = match self.recall(&key) {
            Some(follow) => follow,
            None => read(&key, shelf)?,
        };
        let mut follow = before;
        if leaves {
            follow.unsubscribed(envelope.create_time);
        } else {
            follow.seen(envelope.create_time);
        }
        if follow != before {
            shelf.put(key.clone(), encode(&follow));
        }
        self.remember(key, follow);
        Ok(())
    }

    /// What is known of a fan of an account; nothing of one who never sent anything.
    pub(crate) fn get<S: Shelf>(
        &self,
        account: &str,
        fan: &str,
        shelf: &mut S,
    ) -> Result<Follow, Failure<S::Error>> {
        let key = shelf::follow_key(account, fan);
        match self.young.get(&key).or_else(|| self.old.get(&key)) {
            Some(follow) => Ok(*follow),
            None => read(&key, shelf),
        }
    }

    fn recall(&mut self, key: &[u8]) -> Option<Follow> {
        self.young
            .get(key)
            .copied()
            .or_else(|| self.old.remove(key))
    }

    fn remember(&mut self, key: Vec<u8>, follow: Follow) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, follow);
    }
}

fn read<S: Shelf>(key: &[u8], shelf: &mut S) -> Result<Follow, Failure<S::Error>> {
    match shelf.get(key).map_err(Failure::Shelf)? {
        None => Ok(Follow::default()),
        Some(bytes) => decode(&bytes).ok_or(Failure::Damaged("a fan's following")),
    }
}

fn encode(follow: &Follow) -> Vec<u8> {
    let times = [follow.since, follow.last_seen, follow.left];
    let mut writer = Writer::default();
    for time in times {
        writer.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            writer.signed(time);
        }
    }
    writer.0
}

fn decode(bytes: &[u8]) -> Option<Follow> {
    let mut reader = Reader(bytes);
    let mut time = || match reader.byte()? {
        0 => Some(None),
        _ => Some(Some(reader.signed()?)),
    };
    let (since, last_seen, left) = (time()?, time()?, time()?);
    reader.end()?;
    Some(Follow {
        since,
        last_seen,
        left,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::MemoryShelf;

    /// However often a fan writes and however many write between, memory and shelf say the same.
    #[test]
    fn q_29_the_memory_is_bounded_and_says_what_the_shelf_says() {
        let (mut follows, mut shelf) = (Follows::default(), MemoryShelf::default());
        let mut want = vec![Follow::default(); GENERATION * 3];
        let json = br#"{"type":"message","v":1,"account":"mi","from":"","to":"","create_time":0,"kind":"text","recv_us":0,
            "reply":{"rule":"","rule_version":0,"template_version":0,"snapshot":0,"spoken":"nothing"}}"#;
        let template: Envelope<'_> = serde_json::from_slice(json).unwrap();
        // Some come back within a generation, some after several.
        let order = (0..GENERATION * 3).chain(0..50).chain(0..50);
        for (time, fan) in (0_i64..).zip(order) {
            let envelope = Envelope {
                from: format!("o{fan}").into(),
                create_time: (time * 7) % 100,
                ..template.clone()
            };
            want[fan].seen(envelope.create_time);
            follows.take(&envelope, &mut shelf).unwrap();
            assert!(follows.young.len() + follows.old.len() <= 2 * GENERATION);
        }
        for (fan, want) in want.iter().enumerate() {
            let name = format!("o{fan}");
            let cached = follows.get("mi", &name, &mut shelf).unwrap();
            let kept = Follows::default().get("mi", &name, &mut shelf).unwrap();
            assert_eq!((&cached, &kept), (want, want));
        }
    }
}
