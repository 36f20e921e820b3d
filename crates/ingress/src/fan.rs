//! One fan, as a node remembers it: which messages came and which were answered in words (R-11, R-16,
//! Pure, and about CreateTime only. Never decides what a reply says.

/// How far behind a fan's newest message a mark is kept at least, in seconds of CreateTime: longer than the platform
/// goes on delivering again. With a longer window, for so long.
const KEPT_S: i64 = 120;
/// Most marks of one fan: who hammers loses the oldest.
pub(crate) const MARKS_MAX: usize = 64;
/// More messages than this …
const HAMMER_MESSAGES: usize = 20;
/// … within so many seconds are hammering …
const HAMMER_S: i64 = 10;
/// … which throttles for so long.
const THROTTLED_S: i64 = 60;

/// A message, as far as the memory needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// Hash of account and fan.
    pub(crate) fan: u64,
    /// First bytes of the message key.
    pub(crate) message: u64,
    /// Hash of (class, round, answer value).
    pub(crate) sort: u64,
    /// CreateTime in seconds.
    pub(crate) create_time: i64,
    /// W of R-11, in seconds.
    pub(crate) window_s: i64,
    /// Whether it is a message of the fan, not an event: only those can hammer, or go unheard.
    pub(crate) is_message: bool,
}

/// The choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// In words. `claimed` when this is the first time, so that it must be taken back if the answer
    /// does not go out.
    Words {
        /// Whether a mark was made for it.
        claimed: bool,
    },
    /// `success`: another message of its sort was just answered.
    Coalesced,
    /// `success`: the fan hammers.
    Throttled,
}

/// A choice, and which delivery of the message this is as far as this node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) choice: Choice,
    /// 1 for the first delivery.
    pub(crate) attempt: u32,
}

/// One message of a fan. There may be millions, so that it is kept small.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    create_time: i64,
    message: u64,
    /// Half of the hash: among the few marks of one fan that is enough.
    sort: u32,
    /// W when it came, in seconds; at most 600.
    window_s: u16,
    /// Deliveries of it, up to 255.
    attempts: u8,
    /// [`SPOKEN`], [`HEARD`], [`MESSAGE`].
    is: u8,
}

/// It was answered in words.
const SPOKEN: u8 = 1;
/// It was near one that was answered in words and has no mark any more.
const HEARD: u8 = 2;
/// It is a message of the fan, not an event.
const MESSAGE: u8 = 4;

impl Mark {
    fn new(said: &Said, spoken: bool) -> Self {
        Self {
            create_time: said.create_time,
            message: said.message,
            sort: half(said.sort),
            window_s: u16::try_from(said.window_s.max(0)).unwrap_or(u16::MAX),
            attempts: 1,
            is: if spoken { SPOKEN } else { 0 } | if said.is_message { MESSAGE } else { 0 },
        }
    }

    fn is(&self, what: u8) -> bool {
        self.is & what == what
    }

    /// How many deliveries of the message came, as far as it is known: up to 255.
    pub(crate) fn attempts(&self) -> u32 {
        u32::from(self.attempts)
    }

    /// Whether words for the other one are heard for this one too.
    fn is_near(&self, other: &Self) -> bool {
        self.create_time.abs_diff(other.create_time) < u64::from(self.window_s)
    }

    /// How far behind the newest message it is kept, in seconds.
    fn kept_s(&self) -> i64 {
        i64::from(self.window_s).max(KEPT_S)
    }
}

/// The half of a hash that a mark keeps.
fn half(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// What is remembered of one fan.
#[derive(Debug, Default)]
pub(crate) struct Fan {
    pub(crate) marks: Vec<Mark>,
    throttled_from: Option<i64>,
    /// Whether a message whose mark has gone was unheard: no words for it can come any more.
    settled: bool,
    /// Whether a message of this fan is unheard, as of [`Fan::look`].
    pub(crate) unheard: bool,
}

impl Fan {
    pub(crate) fn judge(&mut self, said: &Said) -> Judged {
        if let Some(mark) = self.again(said)
            && mark.is(SPOKEN)
        {
            let attempt = mark.attempts();
            return Judged {
                choice: Choice::Words { claimed: false },
                attempt,
            };
        }
        let attempt = self.attempt(said);
        let choice = self.choose(said);
        if attempt == 1 {
            self.mark(said, matches!(choice, Choice::Words { .. }));
        } else if matches!(choice, Choice::Words { .. }) {
            self.speak(said.message, true);
        }
        Judged { choice, attempt }
    }

    fn choose(&mut self, said: &Said) -> Choice {
        let heard_of = |sort: Option<u64>, window_s: i64| {
            self.marks.iter().any(|mark| {
                mark.is(SPOKEN)
                    && mark.message != said.message
                    && sort.map_or(mark.is(MESSAGE), |sort| mark.sort == half(sort))
                    && mark.create_time.abs_diff(said.create_time) < window_s.unsigned_abs()
            })
        };
        if said.window_s > 0 && heard_of(Some(said.sort), said.window_s) {
            return Choice::Coalesced;
        }
        // One reply in each window while throttled, so that nobody goes unheard.
        let window_s = if said.window_s > 0 {
            said.window_s
        } else {
            HAMMER_S
        };
        let heard = heard_of(None, window_s);
        if self.is_throttled(said) && heard {
            Choice::Throttled
        } else {
            Choice::Words { claimed: true }
        }
    }

    fn is_throttled(&mut self, said: &Said) -> bool {
        if !said.is_message {
            return false;
        }
        let at = said.create_time;
        let inside = |from: i64| from <= at && at.saturating_sub(from) < THROTTLED_S;
        if self.throttled_from.is_some_and(inside) {
            return true;
        }
        let recent = self.marks.iter().filter(|mark| {
            mark.is(MESSAGE)
                && mark.message != said.message
                && mark.create_time <= at
                && at.saturating_sub(mark.create_time) < HAMMER_S
        });
        let hammers = recent.count() >= HAMMER_MESSAGES;
        if hammers {
            self.throttled_from = Some(at);
        }
        hammers
    }

    /// Counts another delivery of a message that has a mark.
    pub(crate) fn again(&mut self, said: &Said) -> Option<Mark> {
        let mark = self
            .marks
            .iter_mut()
            .find(|mark| mark.message == said.message)?;
        mark.attempts = mark.attempts.saturating_add(1);
        Some(*mark)
    }

    fn attempt(&self, said: &Said) -> u32 {
        self.marks
            .iter()
            .find(|mark| mark.message == said.message)
            .map_or(1, Mark::attempts)
    }

    /// Notes whether a message that has a mark was answered in words.
    pub(crate) fn speak(&mut self, message: u64, spoken: bool) {
        if let Some(mark) = self.marks.iter_mut().find(|mark| mark.message == message) {
            mark.is = if spoken {
                mark.is | SPOKEN
            } else {
                mark.is & !SPOKEN
            };
        }
    }

    pub(crate) fn mark(&mut self, said: &Said, spoken: bool) {
        let times = self.marks.iter().map(|mark| mark.create_time);
        let newest = times.fold(said.create_time, i64::max);
        let is_old = |mark: &Mark| newest.saturating_sub(mark.create_time) > mark.kept_s();
        while let Some(old) = self.marks.iter().position(is_old) {
            self.forget(old);
        }
        if self.marks.len() >= MARKS_MAX {
            // Whoever hammers: what others have been answered for first, because nobody leans on it.
            let leans = |mark: &Mark| !mark.is(SPOKEN) && !self.is_unheard(mark);
            let least = self.marks.iter().position(leans);
            self.forget(least.unwrap_or(0));
        }
        if self.marks.len() == self.marks.capacity() {
            // Most fans have a mark or two: by its own rule a vector begins with four.
            self.marks.reserve_exact((self.marks.len() / 2).max(1));
        }
        self.marks.push(Mark::new(said, spoken));
    }

    /// Lets a mark go; what it meant for others, and for the fan, stays.
    fn forget(&mut self, place: usize) {
        self.settled |= self.is_unheard(&self.marks[place]);
        let gone = self.marks.remove(place);
        if gone.is(SPOKEN | MESSAGE) {
            for mark in self.marks.iter_mut().filter(|mark| mark.is_near(&gone)) {
                mark.is |= HEARD;
            }
        }
    }

    /// Whether a message is unheard: it was not answered in words, and no message less than W away was, before it or
    /// after it.
    fn is_unheard(&self, mark: &Mark) -> bool {
        let heard = |other: &Mark| other.is(SPOKEN | MESSAGE) && mark.is_near(other);
        let waits = mark.is(MESSAGE) && !mark.is(SPOKEN) && !mark.is(HEARD);
        waits && !self.marks.iter().any(heard)
    }

    /// CreateTime of the newest message that has a mark.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.marks.iter().map(|mark| mark.create_time).max()
    }

    /// Whether anything that is remembered can still matter for a message of this CreateTime, or for the count of those who
    /// are unheard.
    pub(crate) fn matters(&self, now: i64) -> bool {
        let is_kept = |mark: &Mark| now.saturating_sub(mark.create_time) <= mark.kept_s();
        // Who is throttled has marks of that time.
        self.unheard || self.marks.iter().any(is_kept)
    }

    /// Brings up to date whether a message of this fan is unheard.
    pub(crate) fn look(&mut self) {
        self.unheard = self.settled || self.marks.iter().any(|mark| self.is_unheard(mark));
    }
}
