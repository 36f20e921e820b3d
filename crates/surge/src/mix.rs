//! Counter-based randomness: every draw is a function of seed, stream and index, so that any part of a
//! recording can be made alone and gives the same bytes everywhere. Integers only; no state, no floats.

/// The odd constant that spreads counters.
const G: u64 = 0x9E37_79B9_7F4A_7C15;

/// What a stream of draws is for. The numbers are part of the traffic model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// How many messages a fan sends.
    FanSizes = 1,
    /// Which fan sends which message.
    Tickets = 2,
    /// What kind of message it is.
    Kinds = 3,
    /// Whether a fan knows a round's answer.
    Correctness = 4,
    /// Which wrong option is chosen.
    WrongOption = 5,
    /// How it is spelled.
    Spelling = 6,
    /// Where in its second it lies.
    Position = 7,
    /// How long it takes to arrive.
    Lag = 8,
    /// Whether it is delivered again.
    Retries = 9,
    /// Who follows and unfollows, and when.
    Follows = 10,
    /// When bots fire.
    Bots = 11,
    /// Openids, the account's ids, and the low half of message ids.
    Ids = 12,
}

/// The finaliser: a bijection of 64 bits.
#[must_use]
pub fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A draw scaled to `0..n`, without division.
#[must_use]
pub fn below(draw: u64, n: u64) -> u64 {
    // The product's upper half is smaller than n, so it fits.
    ((u128::from(draw) * u128::from(n)) >> 64) as u64
}

/// One stream of draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of a seed for a purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self {
            key: mix(seed ^ (purpose as u64).wrapping_mul(G)),
        }
    }

    /// The draw at an index.
    #[must_use]
    pub fn draw(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(G)))
    }

    /// The draw at an index, scaled to `0..n`.
    #[must_use]
    pub fn below(self, index: u64, n: u64) -> u64 {
        below(self.draw(index), n)
    }

    /// Successive draws of one message: at most [`Draws::EACH`] of them.
    #[must_use]
    pub fn of(self, n: u64) -> Draws {
        Draws {
            stream: self,
            index: n.wrapping_mul(Draws::EACH),
        }
    }
}

/// Successive draws of one message, from its own piece of the stream.
#[derive(Debug, Clone)]
pub struct Draws {
    stream: Stream,
    index: u64,
}

impl Draws {
    /// Draws set aside for each message. Nothing that a message needs takes more.
    pub const EACH: u64 = 16;

    /// The next draw, scaled to `0..n`.
    pub fn below(&mut self, n: u64) -> u64 {
        let drawn = self.stream.below(self.index, n);
        self.index = self.index.wrapping_add(1);
        drawn
    }

    /// Whether the next draw falls in the first `per_mille` of 1,000.
    pub fn hits(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of a table, uniformly.
    pub fn of<'t, T>(&mut self, table: &'t [T]) -> Option<&'t T> {
        let index = usize::try_from(self.below(table.len() as u64)).ok()?;
        table.get(index)
    }

    /// The place in a table of weights that the next draw falls in; weights count from the first on.
    pub fn weighted(&mut self, weights: &[u16]) -> usize {
        let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
        let mut left = self.below(total);
        for (place, &weight) in weights.iter().enumerate() {
            let weight = u64::from(weight);
            if left < weight {
                return place;
            }
            left -= weight;
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finaliser_has_the_values_of_its_published_reference() {
        // SplitMix64 seeded with 0: its first outputs are the finaliser of 1·G, 2·G, 3·G.
        let outputs: Vec<u64> = (1..=3).map(|i: u64| mix(i.wrapping_mul(G))).collect();
        assert_eq!(
            outputs,
            [
                0xe220_a839_7b1d_cdaf,
                0x6e78_9e6a_a1b9_65f4,
                0x06c4_5d18_8009_454f
            ]
        );
    }

    #[test]
    fn below_stays_below_and_reaches_both_ends() {
        assert_eq!(below(u64::MAX, 10), 9);
        assert_eq!(below(0, 10), 0);
        assert_eq!(below(u64::MAX, 0), 0);
    }

    #[test]
    fn streams_and_messages_do_not_share_draws() {
        let a = Stream::new(1, Purpose::Kinds);
        let b = Stream::new(1, Purpose::Spelling);
        assert_ne!(a.draw(0), b.draw(0));
        let mut first = a.of(0);
        let drawn: Vec<u64> = (0..Draws::EACH).map(|_| first.below(u64::MAX)).collect();
        let mut second = a.of(1);
        assert!(!drawn.contains(&second.below(u64::MAX)));
    }

    #[test]
    fn weights_are_kept_to_within_a_point() {
        let stream = Stream::new(20_130_409, Purpose::Spelling);
        let mut hits = [0_u32; 3];
        for n in 0..100_000 {
            hits[stream.of(n).weighted(&[500, 300, 200])] += 1;
        }
        for (hit, expected) in hits.iter().zip([50_000_u32, 30_000, 20_000]) {
            assert!(hit.abs_diff(expected) < 1_000, "{hits:?}");
        }
    }
}
