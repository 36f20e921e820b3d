//! The arrival curve: how many of a profile's N messages are created in each second. Integer arithmetic
//! only, every division rounded down, from left to right, so that every machine counts the same.

use crate::profile::Profile;

/// Unit of weight: one message.
const UNIT: u128 = 1 << 24;
/// Height of a spike's kernel at its peak.
const HEIGHT: u128 = 1 << 40;
/// Most messages that a curve is made for: within it no product leaves 128 bits.
pub const MAX_MESSAGES: u64 = 1_000_000_000;

/// Weights of the Fan Festival's twelve rounds.
const ROUNDS: [u128; 12] = [160, 115, 100, 95, 90, 90, 90, 90, 95, 100, 110, 165];
/// Per mille of a day's messages in each of its hours.
const HOURS: [u128; 24] = [
    18, 9, 5, 3, 3, 5, 12, 24, 38, 48, 62, 58, 66, 56, 46, 44, 46, 50, 56, 68, 82, 88, 70, 43,
];

/// A burst that rises for ρ seconds and decays with time constant τ.
#[derive(Debug, Clone, Copy)]
struct Spike {
    /// Second in which it begins.
    start: usize,
    /// All its weight.
    total: u128,
    /// Seconds until its peak.
    rise: usize,
    /// Time constant of the decay, in seconds.
    decay: u128,
}

impl Spike {
    /// Adds its weight to the seconds from its start to the end.
    fn add_to(self, weights: &mut [u128]) {
        let Some(tail) = weights.get_mut(self.start..) else {
            return;
        };
        let kernel = kernel(tail.len(), self.rise, self.decay);
        let sum: u128 = kernel.iter().sum();
        for (weight, value) in tail.iter_mut().zip(kernel) {
            *weight += self.total * value / sum.max(1);
        }
    }
}

/// The shape of a spike over `seconds`: a straight rise, then a decay that ends when it would be less than one.
fn kernel(seconds: usize, rise: usize, decay: u128) -> Vec<u128> {
    let rising = (1..=rise).map(|i| HEIGHT * i as u128 / rise as u128);
    let falling = std::iter::successors(Some(HEIGHT), |x| Some(x - x / decay)).skip(1);
    rising.chain(falling).take(seconds).collect()
}

/// How many of `messages` messages each second of the profile's window has; their sum is `messages`.
/// More than [`MAX_MESSAGES`] are counted as that many.
#[must_use]
pub fn counts(profile: Profile, messages: u64) -> Vec<u32> {
    let messages = messages.min(MAX_MESSAGES);
    let total = u128::from(messages) * UNIT;
    let weights = match profile {
        Profile::Fanfest0409 | Profile::Kinds => fanfest(profile.seconds(), total),
        Profile::Guose0507 => guose(total),
        Profile::Mi11Minute => mi11(),
    };
    apportion(messages, &weights)
}

/// Messages per second in the ten minutes before the window: more and more.
#[must_use]
pub fn early(messages: u64, seconds: usize) -> Vec<u32> {
    let weights: Vec<u128> = (1..=seconds).map(|i| i as u128).collect();
    apportion(messages, &weights)
}

/// Messages per second in the ten minutes after the window: fewer and fewer.
#[must_use]
pub fn tail(messages: u64, seconds: usize) -> Vec<u32> {
    apportion(messages, &kernel(seconds, 1, 120))
}

fn fanfest(seconds: usize, total: u128) -> Vec<u128> {
    let base = (total * 30 / 100) / seconds as u128;
    let mut weights = vec![base; seconds];
    Spike {
        start: 0,
        total: total * 14 / 100,
        rise: 2,
        decay: 75,
    }
    .add_to(&mut weights);
    for (round, share) in ROUNDS.into_iter().enumerate() {
        let total = total * 56 / 100 * share / 1300;
        Spike {
            start: 600 * round,
            total,
            rise: 3,
            decay: 40,
        }
        .add_to(&mut weights);
    }
    weights
}

fn guose(total: u128) -> Vec<u128> {
    let hour = |share: u128| std::iter::repeat_n((total * 90 / 100) * share / 1000 / 3600, 3600);
    let mut weights: Vec<u128> = HOURS.into_iter().flat_map(hour).collect();
    let evening = 20 * 3600;
    Spike {
        start: evening,
        total: total * 10 / 100,
        rise: 5,
        decay: 240,
    }
    .add_to(&mut weights);
    weights
}

fn mi11() -> Vec<u128> {
    let rise = [200, 400, 600, 800, 1000];
    let level = std::iter::repeat_n(1000, 25);
    let fall = (1..=30).map(|step| 1000 - 20 * step);
    rise.into_iter().chain(level).chain(fall).collect()
}

/// Shares `messages` out by weight: largest remainder, ties to the earlier second.
fn apportion(messages: u64, weights: &[u128]) -> Vec<u32> {
    let sum: u128 = weights.iter().sum::<u128>().max(1);
    let wanted = u128::from(messages);
    let mut counts: Vec<u32> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(weights.len());
    for (second, weight) in weights.iter().enumerate() {
        // A second's share of at most MAX_MESSAGES fits in 32 bits.
        counts.push((wanted * weight / sum) as u32);
        remainders.push((wanted * weight % sum, second));
    }
    let given: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = usize::try_from(messages.saturating_sub(given)).unwrap_or(usize::MAX);
    for &(_, second) in remainders.iter().take(left) {
        counts[second] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::hex;
    use sha2::{Digest, Sha256};

    fn hash(counts: &[u32]) -> String {
        let bytes: Vec<u8> = counts
            .iter()
            .flat_map(|count| count.to_le_bytes())
            .collect();
        hex(&Sha256::digest(bytes))
    }

    fn sum(counts: &[u32]) -> u64 {
        counts.iter().map(|&count| u64::from(count)).sum()
    }

    #[test]
    fn the_fan_festival_has_its_golden_counts() {
        let counts = counts(Profile::Fanfest0409, 2_800_000);
        assert_eq!(counts[..6], [4282, 8447, 9946, 9760, 9578, 9400]);
        assert_eq!(counts.iter().max(), Some(&9946));
        assert_eq!(sum(&counts[..10]), 87_301);
        assert_eq!(sum(&counts[..60]), 372_235);
        assert_eq!(sum(&counts[..600]), 654_781);
        assert_eq!(sum(&counts[6600..]), 269_014);
        let mut sorted = counts.clone();
        sorted.sort_unstable();
        assert_eq!(
            (sorted[3600], sorted[6840], sorted[7128]),
            (119, 1838, 3673)
        );
        assert_eq!(
            hash(&counts),
            "039583e5afd12e2b10d553513451ab3584e4ee525afdcf76b59b64ef70e8a85f"
        );
    }

    #[test]
    fn the_park_has_its_golden_counts() {
        let counts = counts(Profile::Guose0507, 173_734);
        assert_eq!(counts.len(), 86_400);
        assert_eq!(counts[72_004], 75);
        assert_eq!(counts.iter().max(), Some(&75));
        assert_eq!(sum(&counts[72_600..73_800]), 5_818);
        assert_eq!(
            hash(&counts),
            "706965da956e9f64763219e0ae9361ba0edb0448a0379459fe6dac8a75b7890b"
        );
    }

    #[test]
    fn the_launch_minute_has_its_golden_counts() {
        let counts = counts(Profile::Mi11Minute, 2_000_000);
        assert_eq!(counts.len(), 60);
        assert_eq!(counts[4], 41_068);
        assert_eq!(
            hash(&counts),
            "92219e409565f72c28c257a9f86ff3dd0b2a3f5c476c3c0944e3363ea00bcf66"
        );
    }

    #[test]
    fn totals_are_exact_for_every_size() {
        for profile in Profile::ALL {
            for messages in [0, 1, 7, 100, 28_001, 9_999_999, MAX_MESSAGES] {
                assert_eq!(
                    sum(&counts(profile, messages)),
                    messages,
                    "{profile} {messages}"
                );
            }
        }
        assert_eq!(sum(&early(60_000, 600)), 60_000);
        assert_eq!(sum(&tail(40_000, 600)), 40_000);
        assert!(tail(40_000, 600)[0] > tail(40_000, 600)[300]);
    }
}
