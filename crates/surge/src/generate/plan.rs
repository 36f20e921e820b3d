//! The plan: for each second of the event its messages, and for each message its deliveries, as small
//! values without bodies. Deterministic and in order of creation; nothing is written here.

use super::follows::{self, Follow};
use super::kinds::{self, Kind, Phase};
use super::timeline::{Clock, EDGE_S, ROUND_S, Timeline};
use crate::fans::{self, Sizes};
use crate::mix::{Purpose, Stream};
use crate::recording::Part;
use crate::texts::Asked;

/// Per mille of fans who know the answer of each round; later rounds are as hard as the last.
const SKILL: [u64; 12] = [820, 740, 690, 640, 610, 560, 600, 540, 500, 470, 430, 380];
/// Per mille of rounds in which a bot knows it.
const BOT_SKILL: u64 = 990;
/// Per mille of further answers in a round that hedge with another option.
const HEDGE: u64 = 150;
/// Classes of lag: up to which per mille, from and to how many microseconds.
const LAGS: [(u64, u64, u64); 5] = [
    (500, 60_000, 180_000),
    (900, 180_000, 500_000),
    (990, 500_000, 1_800_000),
    (999, 1_800_000, 3_900_000),
    (1000, 4_000_000, 14_000_000),
];
/// Per mille of deliveries that come again although nothing failed.
const AGAIN: u64 = 4;
/// Per mille of these that come a third time.
const ONCE_MORE: u64 = 100;

/// What a planned delivery delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A message of a kind; its round and option count from 0.
    Message { kind: Kind, round: u8, option: u8 },
    /// A fan follows.
    Follows,
    /// A fan leaves.
    Leaves,
}

/// A delivery without its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) at_us: i64,
    pub(super) create_time: i64,
    pub(super) n: u64,
    pub(super) fan: u32,
    /// Low half of the MsgId.
    pub(super) id_low: u32,
    pub(super) attempt: u8,
    pub(super) part: Part,
    pub(super) what: What,
}

/// Everything that is drawn from.
struct Streams {
    kinds: Stream,
    correctness: Stream,
    wrong_option: Stream,
    position: Stream,
    lag: Stream,
    retries: Stream,
    tickets: Stream,
    ids: Stream,
}

/// Plans a recording second by second.
pub(super) struct Planner<'a> {
    timeline: &'a Timeline,
    asked: &'a [Asked],
    clock: Clock,
    streams: Streams,
    first_bot: usize,
    tickets: Vec<u32>,
    /// Participants who may write before the window: those who are not new that day.
    regulars: Vec<u32>,
    participants: u64,
    follows: Vec<Follow>,
    next_follow: usize,
    seen: Vec<bool>,
    /// Rounds that each participant has answered, a bit for each.
    answered: Vec<u16>,
    /// Number of the next message.
    n: u64,
    /// The second of the clock that the last message was created in, and how many it has had.
    in_second: (i64, u32),
}

impl<'a> Planner<'a> {
    pub(super) fn new(seed: u64, timeline: &'a Timeline, asked: &'a [Asked], clock: Clock) -> Self {
        let stream = |purpose| Stream::new(seed, purpose);
        let sizes = Sizes::new(seed, timeline.window);
        let mut tickets = fans::tickets(seed, &sizes);
        let openings = timeline.openings();
        fans::gather_bots(
            seed,
            &mut tickets,
            &sizes,
            timeline.window_counts(),
            &openings,
        );
        let participants = sizes.each.len();
        let new = follows::new_fans(seed, timeline.window, participants);
        let mut planner = Self {
            timeline,
            asked,
            clock,
            streams: Streams {
                kinds: stream(Purpose::Kinds),
                correctness: stream(Purpose::Correctness),
                wrong_option: stream(Purpose::WrongOption),
                position: stream(Purpose::Position),
                lag: stream(Purpose::Lag),
                retries: stream(Purpose::Retries),
                tickets: stream(Purpose::Tickets),
                ids: stream(Purpose::Ids),
            },
            first_bot: sizes.first_bot,
            tickets,
            regulars: (0..participants as u32)
                .filter(|&fan| !new[fan as usize])
                .collect(),
            participants: participants as u64,
            follows: Vec::new(),
            next_follow: 0,
            seen: vec![false; participants],
            answered: vec![0; participants],
            n: 0,
            in_second: (i64::MIN, 0),
        };
        planner.follows = follows::all(seed, timeline, &new, &planner.first_messages());
        planner
    }

    /// How many messages and follows there are, deliveries not counted.
    pub(super) fn total(&self) -> u64 {
        self.timeline.messages() + self.follows.len() as u64
    }

    /// Seconds of the recording, counted from the start of the window.
    pub(super) fn seconds(&self) -> std::ops::Range<i64> {
        -EDGE_S..i64::from(self.timeline.seconds) + EDGE_S
    }

    /// The second of the clock at which a second of the window begins.
    pub(super) fn clock_second(&self, second: i64) -> i64 {
        self.clock.second(second.saturating_mul(1_000_000))
    }

    /// When each participant writes first inside the window, in microseconds of it.
    fn first_messages(&self) -> Vec<i64> {
        let mut first = vec![0; self.participants as usize];
        let mut found = vec![false; first.len()];
        let mut slot = 0_usize;
        for (second, &count) in self.timeline.window_counts().iter().enumerate() {
            for rank in 0..count {
                let fan = self.tickets[slot] as usize;
                if !found[fan] {
                    found[fan] = true;
                    let n = self.timeline.early + slot as u64;
                    first[fan] = self.position_us(second as i64, rank, count, n);
                }
                slot += 1;
            }
        }
        first
    }

    /// Where the message lies that is `rank`-th of its second's `count`.
    fn position_us(&self, second: i64, rank: u32, count: u32, n: u64) -> i64 {
        let draw = self.streams.position.below(n, 1_000_000);
        let inside = (u64::from(rank) * 1_000_000 + draw) / u64::from(count.max(1));
        second * 1_000_000 + inside as i64
    }

    /// Hands out every delivery of what is created in a second, messages first.
    pub(super) fn second(&mut self, second: i64, out: &mut impl FnMut(Planned)) {
        let place = usize::try_from(second + EDGE_S).unwrap_or(usize::MAX);
        let count = self.timeline.counts.get(place).copied().unwrap_or(0);
        for rank in 0..count {
            let planned = self.message(second, rank, count);
            self.deliver(planned, out);
        }
        while let Some(follow) = self.follows.get(self.next_follow).copied() {
            if follow.event_us >= (second + 1) * 1_000_000 {
                break;
            }
            self.next_follow += 1;
            let planned = Planned {
                at_us: self.clock.at_us(follow.event_us),
                create_time: self.clock.second(follow.event_us),
                n: self.timeline.messages() + self.next_follow as u64 - 1,
                fan: follow.fan,
                id_low: 0,
                attempt: 1,
                part: Part::Follow,
                what: if follow.leaves {
                    What::Leaves
                } else {
                    What::Follows
                },
            };
            self.deliver(planned, out);
        }
    }

    /// Plans the next message.
    fn message(&mut self, second: i64, rank: u32, count: u32) -> Planned {
        let n = self.n;
        self.n += 1;
        let event_us = self.position_us(second, rank, count, n);
        let create_time = self.clock.second(event_us);
        let fan = self.sender(second, n);
        let phase = self.phase(second);
        let round = self.round(second);
        let first = matches!(phase, Phase::Window { .. })
            && !std::mem::replace(&mut self.seen[fan as usize], true);
        let kind = kinds::draw(phase, first, &mut self.streams.kinds.of(n));
        let option = if kind == Kind::Answer {
            self.option(fan, round, n)
        } else {
            0
        };
        Planned {
            at_us: self.clock.at_us(event_us),
            create_time,
            n,
            fan,
            id_low: self.id_low(create_time),
            attempt: 1,
            part: self.timeline.part(second),
            what: What::Message {
                kind,
                round: round as u8,
                option: option as u8,
            },
        }
    }

    /// Who sends it: whoever holds the ticket; at the edges any participant, before the window only
    /// those who follow already.
    fn sender(&self, second: i64, n: u64) -> u32 {
        let slot = n.checked_sub(self.timeline.early);
        if let Some(&fan) = slot.and_then(|slot| self.tickets.get(slot as usize)) {
            return fan;
        }
        let draw = (1 << 40) + n;
        if second >= 0 || self.regulars.is_empty() {
            return self.streams.tickets.below(draw, self.participants) as u32;
        }
        self.regulars[self.streams.tickets.below(draw, self.regulars.len() as u64) as usize]
    }

    fn phase(&self, second: i64) -> Phase {
        match u32::try_from(second) {
            Err(_) => Phase::Early,
            Ok(second) if second >= self.timeline.seconds => Phase::Tail,
            Ok(second) => Phase::Window {
                second,
                since_opening: second % ROUND_S,
            },
        }
    }

    /// The round that a message of this second speaks of, from 0: the last that has opened.
    fn round(&self, second: i64) -> usize {
        let opened = usize::try_from(second / i64::from(ROUND_S)).unwrap_or(0);
        opened.min(self.asked.len().saturating_sub(1))
    }

    /// Which option a fan names: always the same in a round, except for those who hedge.
    fn option(&mut self, fan: u32, round: usize, n: u64) -> usize {
        let Some(asked) = self.asked.get(round) else {
            return 0;
        };
        let options = asked.options() as u64;
        let draw = u64::from(fan) * 64 + round as u64;
        let skill = match SKILL.get(round).or(SKILL.last()) {
            Some(&skill) if (fan as usize) < self.first_bot => skill,
            _ => BOT_SKILL,
        };
        let mut place = asked.right as u64;
        if self.streams.correctness.below(draw, 1000) >= skill {
            place = (place + 1 + self.streams.wrong_option.below(draw, options - 1)) % options;
        }
        let answered = &mut self.answered[fan as usize];
        let bit = 1_u16 << (round % 16);
        let mut hedge = self.streams.wrong_option.of((1 << 48) + n);
        if *answered & bit != 0 && hedge.hits(HEDGE) {
            place = (place + 1 + hedge.below(options - 1)) % options;
        }
        *answered |= bit;
        place as usize
    }

    /// The low half of a MsgId: unique in its second, and in no order.
    fn id_low(&mut self, create_time: i64) -> u32 {
        if self.in_second.0 != create_time {
            self.in_second = (create_time, 0);
        }
        let rank = self.in_second.1;
        self.in_second.1 = rank.wrapping_add(1);
        // Seconds count from well before the window, so that the index is never negative.
        let second = create_time
            .wrapping_sub(self.clock.start)
            .wrapping_add(1 << 20) as u64;
        let base = self.streams.ids.draw((1 << 40) + second) as u32;
        rank.wrapping_mul(2_654_435_761).wrapping_add(base)
    }

    /// Hands out a message's deliveries: after its lag, and now and then again.
    fn deliver(&self, message: Planned, out: &mut impl FnMut(Planned)) {
        let mut lag = self.streams.lag.of(message.n);
        let class = lag.below(1000);
        let (_, from, to) = *LAGS
            .iter()
            .find(|(until, ..)| class < *until)
            .unwrap_or(&LAGS[4]);
        let mut delivery = message;
        delivery.at_us += (from + lag.below(to - from)) as i64;
        let first_us = delivery.at_us;
        out(delivery);
        let mut retries = self.streams.retries.of(message.n);
        if retries.hits(AGAIN) {
            delivery.at_us = first_us + 4_600_000 + retries.below(800_001) as i64;
            delivery.attempt = 2;
            out(delivery);
            if retries.hits(ONCE_MORE) {
                delivery.at_us = first_us + 9_500_000 + retries.below(1_100_001) as i64;
                delivery.attempt = 3;
                out(delivery);
            }
        }
    }
}
