//! Fans: how many messages each sends, which message is whose, who is new, who is a bot. What they
//! write is not decided here.

use crate::mix::{Purpose, Stream, below};

/// Participants of an event with [`EVENT`] messages.
const PARTICIPANTS: u64 = 215_000;
/// Messages of the event that the other numbers are for.
const EVENT: u64 = 2_800_000;

/// A class of fans: up to which per mille of all fans it reaches, and how many messages each sends.
#[derive(Debug, Clone, Copy)]
struct Class {
    until_per_mille: u64,
    least: u64,
    most: u64,
    /// Whether its fans are corrected by one until the sum is right.
    corrected: bool,
}

const CLASSES: [Class; 7] = [
    Class {
        until_per_mille: 220,
        least: 1,
        most: 2,
        corrected: false,
    },
    Class {
        until_per_mille: 500,
        least: 3,
        most: 6,
        corrected: true,
    },
    Class {
        until_per_mille: 750,
        least: 7,
        most: 13,
        corrected: true,
    },
    Class {
        until_per_mille: 900,
        least: 14,
        most: 28,
        corrected: true,
    },
    Class {
        until_per_mille: 980,
        least: 27,
        most: 52,
        corrected: true,
    },
    Class {
        until_per_mille: 999,
        least: 49,
        most: 90,
        corrected: false,
    },
    Class {
        until_per_mille: 1000,
        least: 300,
        most: 2100,
        corrected: false,
    },
];

/// A number of the full event, scaled down to an event of `messages` messages.
#[must_use]
pub fn scaled(number: u64, messages: u64) -> u64 {
    let scaled = u128::from(number) * u128::from(messages) / u128::from(EVENT);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// How many messages each participant sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Messages per fan; their sum is the event's N.
    pub each: Vec<u32>,
    /// The first bot; bots are the fans from here on.
    pub first_bot: usize,
    /// The sum before it was corrected to N.
    pub raw: u64,
}

impl Sizes {
    /// Draws the sizes for an event of `messages` messages, at least 100 of them.
    #[must_use]
    pub fn new(seed: u64, messages: u64) -> Self {
        let stream = Stream::new(seed, Purpose::FanSizes);
        let fans = scaled(PARTICIPANTS, messages).max(1);
        let mut each = Vec::new();
        let mut corrected = 0..0;
        let mut first_bot = 0;
        for (place, class) in CLASSES.iter().enumerate() {
            // Rounded up, so that an event with less than a thousand fans has no bot.
            let until = (fans * class.until_per_mille).div_ceil(1000);
            let begin = each.len();
            for fan in each.len() as u64..until {
                let size = class.least + stream.below(fan, class.most - class.least + 1);
                each.push(size as u32);
            }
            match (class.corrected, corrected.is_empty()) {
                (true, true) => corrected = begin..each.len(),
                (true, false) => corrected.end = each.len(),
                (false, _) => {}
            }
            if place + 1 == CLASSES.len() {
                first_bot = begin;
            }
        }
        let raw = each.iter().map(|&size| u64::from(size)).sum();
        correct(&mut each, corrected, messages, raw);
        Self {
            each,
            first_bot,
            raw,
        }
    }
}

/// Adds or removes one message from fans in order, again and again, until the sum is `messages`.
fn correct(each: &mut [u32], range: std::ops::Range<usize>, messages: u64, raw: u64) {
    let range = if range.is_empty() {
        0..each.len()
    } else {
        range
    };
    let mut difference = messages.abs_diff(raw);
    while difference > 0 {
        let before = difference;
        for size in &mut each[range.clone()] {
            if difference == 0 {
                return;
            }
            if messages > raw {
                *size += 1;
                difference -= 1;
            } else if *size > 1 {
                *size -= 1;
                difference -= 1;
            }
        }
        if before == difference {
            return; // every one of them is down to a single message
        }
    }
}

/// Which fan sends each message of the window, in order of creation.
#[must_use]
pub fn tickets(seed: u64, sizes: &Sizes) -> Vec<u32> {
    let stream = Stream::new(seed, Purpose::Tickets);
    let mut tickets = Vec::with_capacity(sizes.each.iter().map(|&size| size as usize).sum());
    for (fan, &size) in sizes.each.iter().enumerate() {
        tickets.extend(std::iter::repeat_n(fan as u32, size as usize));
    }
    for place in (1..tickets.len()).rev() {
        let other = stream.below(place as u64, place as u64 + 1) as usize;
        tickets.swap(place, other);
    }
    tickets
}

/// Gathers each bot's messages into bursts near the openings of rounds, by swapping tickets: per-fan and
/// per-second totals stay as they are.
pub fn gather_bots(
    seed: u64,
    tickets: &mut [u32],
    sizes: &Sizes,
    counts: &[u32],
    openings: &[u32],
) {
    let stream = Stream::new(seed, Purpose::Bots);
    let bots = sizes.each.len() - sizes.first_bot;
    if bots == 0 || openings.is_empty() {
        return;
    }
    let slots = Slots::new(counts);
    let mut held: Vec<Vec<u32>> = vec![Vec::new(); bots];
    for (slot, &fan) in tickets.iter().enumerate() {
        if let Some(bot) = (fan as usize).checked_sub(sizes.first_bot) {
            held[bot].push(slot as u32);
        }
    }
    let mut taken = vec![false; tickets.len()];
    for bot in 0..bots {
        let fan = (sizes.first_bot + bot) as u32;
        let instants = burst(stream, bot as u64, sizes.each[fan as usize], openings);
        let mut next = 0;
        for instant in instants {
            let Some(target) = free_from(slots.at(instant), &taken) else {
                break;
            };
            taken[target] = true;
            if tickets[target] == fan {
                continue;
            }
            // The ticket that comes here is the bot's first that does not yet lie in a burst.
            let source = loop {
                let Some(&slot) = held[bot].get(next) else {
                    break None;
                };
                next += 1;
                if tickets[slot as usize] == fan && !taken[slot as usize] {
                    break Some(slot as usize);
                }
            };
            let Some(source) = source else { break };
            tickets.swap(target, source);
            if let Some(other) = (tickets[source] as usize).checked_sub(sizes.first_bot) {
                held[other].push(source as u32);
            }
        }
    }
}

/// The instants of a bot's messages, in microseconds of the window: 3 to 8 bursts, a message every 50 to 400 ms.
fn burst(stream: Stream, bot: u64, size: u32, openings: &[u32]) -> Vec<u64> {
    const EACH: u64 = 4096; // draws set aside for each bot: it sends 2,100 messages at most, and a few more when corrected
    let mut index = bot * EACH;
    let mut draw = |n: u64| {
        let drawn = below(stream.draw(index), n);
        index += 1;
        drawn
    };
    let bursts = 3 + draw(6);
    let mut instants = Vec::with_capacity(size as usize);
    for k in 0..bursts {
        let opening = openings[draw(openings.len() as u64) as usize];
        let mut at = u64::from(opening) * 1_000_000 + draw(1_000_000);
        let share = u64::from(size) * (k + 1) / bursts - u64::from(size) * k / bursts;
        for _ in 0..share {
            instants.push(at);
            at += 50_000 + draw(350_001);
        }
    }
    instants
}

/// The first free slot from here on, or else the last free one before.
fn free_from(slot: usize, taken: &[bool]) -> Option<usize> {
    let slot = slot.min(taken.len());
    let after = taken[slot..]
        .iter()
        .position(|taken| !taken)
        .map(|gap| slot + gap);
    after.or_else(|| taken[..slot].iter().rposition(|taken| !taken))
}

/// Which slot of the ticket array an instant of the window is.
struct Slots<'a> {
    counts: &'a [u32],
    begins: Vec<u64>,
}

impl<'a> Slots<'a> {
    fn new(counts: &'a [u32]) -> Self {
        let mut sum = 0;
        let begins = counts.iter().map(|&count| {
            let begin = sum;
            sum += u64::from(count);
            begin
        });
        Self {
            begins: begins.collect(),
            counts,
        }
    }

    fn at(&self, instant_us: u64) -> usize {
        let second = (instant_us / 1_000_000) as usize;
        let Some(&begin) = self.begins.get(second) else {
            return usize::MAX;
        };
        let rank = u64::from(self.counts[second]) * (instant_us % 1_000_000) / 1_000_000;
        (begin + rank) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve;
    use crate::profile::{DEFAULT_SEED, Profile};

    const OPENINGS: [u32; 12] = [
        0, 600, 1200, 1800, 2400, 3000, 3600, 4200, 4800, 5400, 6000, 6600,
    ];

    #[test]
    fn the_full_event_has_the_sizes_of_the_reference() {
        let sizes = Sizes::new(DEFAULT_SEED, EVENT);
        assert_eq!(sizes.each.len(), 215_000);
        assert_eq!(sizes.each.len() - sizes.first_bot, 215);
        assert_eq!(sizes.raw, 2_783_105);
        assert_eq!(
            sizes.each.iter().map(|&size| u64::from(size)).sum::<u64>(),
            EVENT
        );
        let bots: u64 = sizes.each[sizes.first_bot..]
            .iter()
            .map(|&size| u64::from(size))
            .sum();
        assert_eq!(bots * 1000 / EVENT, 94);
    }

    #[test]
    fn every_size_of_event_has_as_many_tickets_as_messages() {
        for messages in [100, 1_000, 13_021, 28_000, 280_000] {
            let sizes = Sizes::new(7, messages);
            assert_eq!(tickets(7, &sizes).len() as u64, messages);
            assert!(sizes.each.iter().all(|&size| size > 0));
        }
    }

    #[test]
    fn bots_move_into_bursts_and_every_total_stays() {
        let sizes = Sizes::new(DEFAULT_SEED, 280_000);
        let counts = curve::counts(Profile::Fanfest0409, 280_000);
        let before = tickets(DEFAULT_SEED, &sizes);
        let mut after = before.clone();
        gather_bots(DEFAULT_SEED, &mut after, &sizes, &counts, &OPENINGS);
        let count = |tickets: &[u32]| {
            let mut each = vec![0_u32; sizes.each.len()];
            tickets.iter().for_each(|&fan| each[fan as usize] += 1);
            each
        };
        assert_eq!(count(&after), sizes.each);
        assert_eq!(count(&before), sizes.each);
        // How many of a bot's messages follow the one before within three seconds of slots.
        let slots = Slots::new(&counts);
        let second = |slot: u64| slots.begins.partition_point(|&begin| begin <= slot);
        let near = |tickets: &[u32]| {
            let bot = sizes.first_bot as u32;
            let own = tickets.iter().enumerate().filter(|(_, fan)| **fan == bot);
            let seconds: Vec<usize> = own.map(|(slot, _)| second(slot as u64)).collect();
            seconds
                .windows(2)
                .filter(|pair| pair[1] - pair[0] <= 3)
                .count()
                * 100
                / seconds.len()
        };
        assert!(near(&after) > 90, "{}", near(&after));
        assert!(near(&before) < near(&after));
    }
}
