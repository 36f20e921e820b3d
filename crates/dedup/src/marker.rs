//! What is remembered of a message while it can be delivered again: the marker, and its bytes. Never
//! where markers are kept, and never when they expire.

use record::envelope::DeliveryId;
use record::hexed::Hex;
use record::identity::ContentDigest;

/// Most delivery ids that a marker holds; a repetition beyond that counts as a re-delivery, because its id
/// is no longer known (D-8).
pub const MAX_IDS: usize = 8;

/// First byte of a marker in this layout: version, number of ids, digest, first offset, ids; numbers
/// big endian.
const LAYOUT: u8 = 1;
const HEAD_BYTES: usize = 2 + 32 + 8;
const ID_BYTES: usize = 24;

/// What the first delivery of a message left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Digest of the content that stands (D-4).
    pub digest: ContentDigest,
    /// Offset of the first delivery in its partition of `inbound`.
    pub first: u64,
    ids: Vec<DeliveryId>,
}

/// Bytes that are no marker of a layout that this version knows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("marker of {0} bytes has no known layout")]
pub struct UnknownLayout(usize);

impl Marker {
    /// The marker of a message whose first delivery stands at `first`; one without an id can have no echo.
    #[must_use]
    pub fn new(digest: ContentDigest, first: u64, id: Option<DeliveryId>) -> Self {
        Self {
            digest,
            first,
            ids: id.into_iter().collect(),
        }
    }

    /// Whether this delivery is known, so that it is an echo of itself.
    #[must_use]
    pub fn knows(&self, id: &DeliveryId) -> bool {
        self.ids.contains(id)
    }

    /// Remembers a delivery, as long as there is room. Whether the marker has changed.
    pub fn learn(&mut self, id: DeliveryId) -> bool {
        let room = self.ids.len() < MAX_IDS;
        if room {
            self.ids.push(id);
        }
        room
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.ids.len() * ID_BYTES);
        bytes.push(LAYOUT);
        bytes.push(u8::try_from(self.ids.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&self.digest.0);
        bytes.extend_from_slice(&self.first.to_be_bytes());
        for id in &self.ids {
            bytes.extend_from_slice(&id.node.0);
            bytes.extend_from_slice(&id.boot.0);
            bytes.extend_from_slice(&id.seq.to_be_bytes());
        }
        bytes
    }

    /// Reads what [`Marker::encode`] wrote.
    ///
    /// # Errors
    /// [`UnknownLayout`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownLayout> {
        Self::read(bytes).ok_or(UnknownLayout(bytes.len()))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[layout, count], rest) = bytes.split_first_chunk::<2>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let whole = rest.len() == usize::from(count) * ID_BYTES;
        if layout != LAYOUT || !whole || usize::from(count) > MAX_IDS {
            return None;
        }
        let ids = rest
            .chunks_exact(ID_BYTES)
            .map(read_id)
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            digest: Hex(*digest),
            first: u64::from_be_bytes(*first),
            ids,
        })
    }
}

fn read_id(bytes: &[u8]) -> Option<DeliveryId> {
    let (node, rest) = bytes.split_first_chunk::<8>()?;
    let (boot, rest) = rest.split_first_chunk::<8>()?;
    let seq = u64::from_be_bytes(*rest.first_chunk::<8>()?);
    Some(DeliveryId {
        node: Hex(*node),
        boot: Hex(*boot),
        seq,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(seq: u64) -> DeliveryId {
        DeliveryId {
            node: Hex([1; 8]),
            boot: Hex([2; 8]),
            seq,
        }
    }

    #[test]
    fn a_ninth_id_is_not_remembered() {
        let mut marker = Marker::new(Hex([7; 32]), 3, Some(id(0)));
        for seq in 1..8 {
            assert!(marker.learn(id(seq)));
        }
        assert!(!marker.learn(id(8)));
        assert!(marker.knows(&id(7)) && !marker.knows(&id(8)));
    }

    proptest! {
        #[test]
        fn markers_round_trip(digest: [u8; 32], first: u64, seqs in proptest::collection::vec(any::<u64>(), 0..9)) {
            let mut marker = Marker::new(Hex(digest), first, None);
            for seq in seqs {
                marker.learn(id(seq));
            }
            prop_assert_eq!(Marker::decode(&marker.encode()).unwrap(), marker);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(marker) = Marker::decode(&bytes) {
                prop_assert_eq!(marker.encode(), bytes);
            }
        }
    }
}
