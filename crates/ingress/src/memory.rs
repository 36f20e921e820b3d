//! What one node remembers of fans, to choose between words and `success` and to know a
//! re-delivery. Never decides what a reply says, nor anything about a contest; losing it costs at most
//! a second reply.

use crate::fan::{Fan, Judged, Said};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Fans by a key that is a hash already.
type Fans = HashMap<u64, Fan, BuildHasherDefault<Hashed>>;

/// Takes a hash for what it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = record::identity::fnv1a64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// With so many fans, or with twice as many as were left the last time, a part of the memory looks for those of whom nothing
/// matters any more.
const SWEPT_FANS: usize = 512;
/// So many fans do not tell how late it is: a message may be far ahead of the others.
const AHEAD_FANS: usize = 16;

/// One part of the memory, of a share of the fans. Who has said nothing for long is forgotten; and, however many speak, there
/// are two generations of equal size: what was not touched while a generation filled up is forgotten with the next.
#[derive(Debug)]
pub(crate) struct Shard {
    young: Fans,
    old: Fans,
    fans_max: usize,
    swept_at: usize,
    silent: u64,
}

impl Shard {
    /// Remembers at least the last `fans_max` fans of whom something matters, at most twice as many.
    pub(crate) fn new(fans_max: usize) -> Self {
        Self {
            young: Fans::default(),
            old: Fans::default(),
            fans_max: fans_max.max(1),
            swept_at: SWEPT_FANS,
            silent: 0,
        }
    }

    /// How many of the remembered fans have an unheard message.
    pub(crate) fn silent_fans(&self) -> u64 {
        self.silent
    }

    /// How many fans are remembered.
    pub(crate) fn fans(&self) -> u64 {
        (self.young.len() + self.old.len()) as u64
    }

    /// Chooses for one delivery for which there are words, and remembers the choice.
    pub(crate) fn judge(&mut self, said: &Said) -> Judged {
        let fan = self.fan(said.fan);
        let was = fan.unheard;
        let judged = fan.judge(said);
        fan.look();
        let is = fan.unheard;
        self.count(was, is);
        judged
    }

    /// Notes a message for which there are no words: unheard, unless another was answered nearby.
    pub(crate) fn unspoken(&mut self, said: &Said) -> u32 {
        let fan = self.fan(said.fan);
        let was = fan.unheard;
        let attempt = match fan.again(said) {
            Some(mark) => mark.attempts(),
            None => {
                fan.mark(said, false);
                1
            }
        };
        fan.look();
        let is = fan.unheard;
        self.count(was, is);
        attempt
    }

    /// Takes back a claim: the answer did not go out, and its message is as unheard as those that leaned on it.
    pub(crate) fn retract(&mut self, fan: u64, message: u64) {
        let young = self.young.get_mut(&fan);
        if let Some(fan) = young.or_else(|| self.old.get_mut(&fan)) {
            let was = fan.unheard;
            fan.speak(message, false);
            fan.look();
            let is = fan.unheard;
            self.count(was, is);
        }
    }

    fn count(&mut self, was: bool, is: bool) {
        match (was, is) {
            (false, true) => self.silent = self.silent.saturating_add(1),
            (true, false) => self.silent = self.silent.saturating_sub(1),
            _ => {}
        }
    }

    fn fan(&mut self, key: u64) -> &mut Fan {
        if !self.young.contains_key(&key) {
            let fan = self.old.remove(&key).unwrap_or_default();
            if self.young.len() >= self.swept_at {
                self.sweep();
            }
            if self.young.len() >= self.fans_max {
                let forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
                let silent = forgotten.values().filter(|fan| fan.unheard).count() as u64;
                self.silent = self.silent.saturating_sub(silent);
            }
            self.young.insert(key, fan);
        }
        self.young.entry(key).or_default()
    }

    /// Forgets the fans of whom nothing matters any more, by the CreateTime of the newest messages. So memory follows how
    /// many speak at a time and not how many have ever spoken.
    fn sweep(&mut self) {
        let mut times: Vec<i64> = self.young.values().filter_map(Fan::newest).collect();
        let place = times.len().saturating_sub(AHEAD_FANS.saturating_add(1));
        if place < times.len() {
            let (_, now, _) = times.select_nth_unstable(place);
            let now = *now;
            for fans in [&mut self.young, &mut self.old] {
                fans.retain(|_, fan| fan.matters(now));
                fans.shrink_to(fans.len().saturating_mul(2));
            }
        }
        self.swept_at = self.young.len().saturating_mul(2).max(SWEPT_FANS);
    }
}

#[cfg(test)]
mod silence;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fan::{Choice, MARKS_MAX};

    pub(super) fn said(message: u64, sort: u64, create_time: i64) -> Said {
        Said {
            fan: 1,
            message,
            sort,
            create_time,
            window_s: 10,
            is_message: true,
        }
    }

    pub(super) fn words(judged: Judged) -> bool {
        matches!(judged.choice, Choice::Words { .. })
    }

    #[test]
    fn ten_joins_in_eight_seconds_an_answer_and_a_question_get_three_replies() {
        let mut shard = Shard::new(10);
        let joins: Vec<bool> = (0..10)
            .map(|n| words(shard.judge(&said(n, 7, 100 + n as i64 * 8 / 9))))
            .collect();
        assert!(joins[0]);
        assert!(joins[1..].iter().all(|spoken| !spoken), "{joins:?}");
        assert!(words(shard.judge(&said(20, 8, 108))));
        assert!(words(shard.judge(&said(21, 9, 109))));
        assert_eq!(shard.silent_fans(), 0);
    }

    #[test]
    fn the_window_runs_both_ways_and_ends_exactly() {
        let mut shard = Shard::new(10);
        assert!(words(shard.judge(&said(1, 7, 100))));
        assert_eq!(shard.judge(&said(2, 7, 91)).choice, Choice::Coalesced);
        assert_eq!(shard.judge(&said(3, 7, 109)).choice, Choice::Coalesced);
        assert!(words(shard.judge(&said(4, 7, 110))));
        assert!(words(shard.judge(&said(5, 7, 90))));
    }

    #[test]
    fn without_a_window_everything_is_answered() {
        let mut shard = Shard::new(10);
        for n in 0..5 {
            assert!(words(shard.judge(&Said {
                window_s: 0,
                ..said(n, 7, 100)
            })));
        }
    }

    #[test]
    fn a_redelivery_of_an_answered_message_is_answered_again_and_of_a_coalesced_one_is_not() {
        let mut shard = Shard::new(10);
        let first = shard.judge(&said(1, 7, 100));
        assert_eq!(
            first,
            Judged {
                choice: Choice::Words { claimed: true },
                attempt: 1
            }
        );
        assert_eq!(shard.judge(&said(2, 7, 101)).choice, Choice::Coalesced);
        let again = shard.judge(&said(1, 7, 100));
        assert_eq!(
            again,
            Judged {
                choice: Choice::Words { claimed: false },
                attempt: 2
            }
        );
        let coalesced = shard.judge(&said(2, 7, 101));
        assert_eq!(
            coalesced,
            Judged {
                choice: Choice::Coalesced,
                attempt: 2
            }
        );
        assert_eq!(shard.judge(&said(1, 7, 100)).attempt, 3);
    }

    #[test]
    fn what_was_not_sent_does_not_silence_others() {
        let mut shard = Shard::new(10);
        assert!(words(shard.judge(&said(1, 7, 100))));
        shard.retract(1, 1);
        assert!(words(shard.judge(&said(2, 7, 101))));
        assert_eq!(shard.judge(&said(1, 7, 100)).choice, Choice::Coalesced);
    }

    #[test]
    fn who_hammers_hears_once_in_each_window_for_a_minute() {
        let mut shard = Shard::new(10);
        // Every message of its own sort, so that nothing is coalesced.
        for n in 0..20 {
            assert!(words(shard.judge(&said(n, n, 100))), "message {n}");
        }
        assert_eq!(shard.judge(&said(20, 20, 100)).choice, Choice::Throttled);
        assert_eq!(shard.judge(&said(21, 21, 109)).choice, Choice::Throttled);
        assert!(
            words(shard.judge(&said(22, 22, 110))),
            "the first reply of the next window"
        );
        assert_eq!(shard.judge(&said(23, 23, 111)).choice, Choice::Throttled);
        assert!(
            words(shard.judge(&said(3, 3, 100))),
            "a re-delivery of an answered one"
        );
        assert!(words(shard.judge(&said(24, 24, 160))));
        assert!(words(shard.judge(&said(25, 25, 161))), "the minute is over");
        assert_eq!(shard.silent_fans(), 0);
        let event = Said {
            is_message: false,
            ..said(30, 30, 111)
        };
        assert!(words(shard.judge(&event)), "events do not hammer");
    }

    #[test]
    fn a_redelivery_is_not_hammering() {
        let mut shard = Shard::new(10);
        for _ in 0..50 {
            assert!(words(shard.judge(&said(1, 7, 100))));
        }
        assert!(words(shard.judge(&said(2, 8, 100))));
    }

    #[test]
    fn a_fan_without_a_word_is_silent_unless_heard_nearby() {
        let mut shard = Shard::new(10);
        assert!(words(shard.judge(&said(1, 7, 100))));
        assert_eq!(shard.unspoken(&said(2, 0, 105)), 1);
        assert_eq!(shard.silent_fans(), 0);
        assert_eq!(shard.unspoken(&said(3, 0, 120)), 1);
        assert_eq!(shard.unspoken(&said(3, 0, 120)), 2);
        assert_eq!(shard.silent_fans(), 1);
        let event = Said {
            fan: 2,
            is_message: false,
            ..said(9, 0, 120)
        };
        shard.unspoken(&event);
        assert_eq!(shard.silent_fans(), 1);
    }

    #[test]
    fn memory_is_bounded_by_fans_and_by_marks() {
        let mut shard = Shard::new(100);
        for fan in 0..10_000 {
            shard.judge(&Said {
                fan,
                ..said(1, 7, 100)
            });
            shard.unspoken(&Said {
                fan,
                ..said(2, 7, 500)
            });
        }
        assert!(shard.young.len() + shard.old.len() <= 200);
        assert!(shard.silent_fans() <= 200);
        for n in 0..10_000 {
            shard.judge(&said(n, n, 100));
        }
        let fan = shard.fan(1);
        assert!(fan.marks.len() <= MARKS_MAX);
        for n in 0..100 {
            shard.judge(&said(n, 7, 1_000 + n as i64 * 200));
        }
        assert_eq!(shard.fan(1).marks.len(), 1, "old marks go");
    }

    /// Fan `n` writes at its own second; the next ones come a minute later.
    #[test]
    fn who_said_nothing_for_long_is_forgotten_whatever_a_few_say_of_the_future() {
        let fans_max = 100_000;
        let mut shard = Shard::new(fans_max);
        let speak = |shard: &mut Shard, fan: u64, create_time: i64| {
            let said = said(fan, 7, create_time);
            shard.judge(&Said { fan, ..said })
        };
        let in_one_sweep = SWEPT_FANS as u64;
        for ahead in 0..AHEAD_FANS as u64 {
            speak(&mut shard, 1_000_000 + ahead, i64::MAX - 1);
        }
        for fan in 0..in_one_sweep {
            assert!(words(speak(&mut shard, fan, 100)));
        }
        // They are all of the same time: nobody is forgotten.
        assert!(shard.fans() > in_one_sweep);
        let again = said(9_999, 7, 101);
        assert_eq!(
            shard.judge(&Said { fan: 3, ..again }).choice,
            Choice::Coalesced
        );
        let unheard = Said {
            fan: 5_000_000,
            ..said(1, 7, 100)
        };
        shard.unspoken(&unheard);
        let mut most = 0;
        for minute in 1..100 {
            for fan in 0..in_one_sweep {
                speak(&mut shard, minute * 10_000 + fan, 100 + 60 * minute as i64);
                most = most.max(shard.fans());
            }
        }
        // Three minutes of speakers matter, and there is a look once as many more have come.
        assert!(most <= 8 * in_one_sweep, "{most} of 100 minutes");
        assert!(shard.young.capacity() < 16 * SWEPT_FANS);
        assert_eq!(shard.silent_fans(), 1, "who is unheard stays counted");
        assert!(words(speak(&mut shard, 3, 101)), "forgotten");
    }

    #[test]
    fn who_comes_again_is_not_forgotten_with_the_generation() {
        let mut shard = Shard::new(4);
        assert!(words(shard.judge(&said(1, 7, 100))));
        for fan in 2..200 {
            shard.judge(&Said {
                fan,
                ..said(1, 7, 100)
            });
            if fan % 3 == 0 {
                assert_eq!(shard.judge(&said(2, 7, 101)).choice, Choice::Coalesced);
            }
        }
    }

    #[test]
    fn times_at_the_ends_of_their_range_do_no_harm() {
        let mut shard = Shard::new(4);
        for create_time in [i64::MIN, i64::MAX, 0, i64::MIN + 1, i64::MAX - 1] {
            for n in 0..30 {
                shard.judge(&said(n, 7, create_time));
            }
        }
    }
}
