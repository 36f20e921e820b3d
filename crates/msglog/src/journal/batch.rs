//! How batches and records are spelled in bytes; the only file that knows. No file is touched here.
//!
//! ```text
//! batch   0 magic "SpB1"   4 crc32c of 8..48   8 position u64   16 durable end before this write u64
//!        24 time_ms i64   32 body bytes u64   40 records u32   44 kind u32 (0 records, 1 gap)   48 body
//! record  0 bytes after 8: u32   4 crc32c of 8..   8 partition u32   12 key bytes u32   16 offset u64
//!        24 key, value
//! ```
//! All numbers are little-endian.

use crate::contract::{KEY_BYTES_MAX, NewRecord, VALUE_BYTES_MAX};

/// Bytes of a batch's header.
pub(super) const HEADER: usize = 48;
/// Bytes of a record before its key.
pub(super) const FRAME: usize = 24;
/// A batch is closed once its body has reached this: a reader's chunk holds several.
pub(super) const BODY_BYTES_FULL: usize = 256 << 10;
/// The largest body: a full one and one record of the largest size.
pub(super) const BODY_BYTES_MAX: usize = BODY_BYTES_FULL + FRAME + KEY_BYTES_MAX + VALUE_BYTES_MAX;

pub(super) const MAGIC: [u8; 4] = *b"SpB1";

/// What a batch's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records.
    Records,
    /// Nothing: damaged batches stood here, and a start with `accept_corruption` went on without them.
    Gap,
}

/// The head of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Where it stands in its topic.
    pub(super) position: u64,
    /// Everything before this position was durable when the batch was written.
    pub(super) durable: u64,
    /// Writer's clock.
    pub(super) time_ms: i64,
    /// Bytes after the header.
    pub(super) body: u64,
    /// Records in it.
    pub(super) records: u32,
    /// What the body is.
    pub(super) kind: Kind,
}

impl Header {
    /// Position after the batch.
    pub(super) fn end(&self) -> u64 {
        self.position
            .saturating_add(HEADER as u64)
            .saturating_add(self.body)
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.position.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.durable.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time_ms.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.body.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.records.to_le_bytes());
        bytes[44..48].copy_from_slice(&u32::from(self.kind == Kind::Gap).to_le_bytes());
        let crc = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header that claims to stand at `position`.
    pub(super) fn parse(bytes: &[u8], position: u64) -> Result<Self, &'static str> {
        let bytes = bytes.get(..HEADER).ok_or("a batch header is cut off")?;
        if bytes[..4] != MAGIC {
            return Err("no batch begins here");
        }
        if crc32c::crc32c(&bytes[8..]) != u32_at(bytes, 4) {
            return Err("the checksum of a batch header is wrong");
        }
        let kind = match u32_at(bytes, 44) {
            0 => Kind::Records,
            1 => Kind::Gap,
            _ => return Err("a batch is of a kind that this version does not know"),
        };
        let header = Self {
            position: u64_at(bytes, 8),
            durable: u64_at(bytes, 16),
            time_ms: u64_at(bytes, 24).cast_signed(),
            body: u64_at(bytes, 32),
            records: u32_at(bytes, 40),
            kind,
        };
        if header.position != position {
            return Err("a batch of another place stands here");
        }
        if kind == Kind::Records && header.body > BODY_BYTES_MAX as u64 {
            return Err("a batch is larger than any that is written");
        }
        Ok(header)
    }
}

/// A record inside a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) partition: u32,
    pub(super) offset: u64,
    /// Where key and value begin and the frame ends, from the frame's first byte.
    pub(super) value_at: usize,
    pub(super) end: usize,
}

impl Frame {
    /// Reads and checks the record at the beginning of `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let head = bytes.get(..FRAME).ok_or("a record is cut off")?;
        let end = (u32_at(head, 0) as usize).saturating_add(8);
        let key = u32_at(head, 12) as usize;
        let value_at = FRAME.saturating_add(key);
        if value_at > end {
            return Err("a record's key is longer than the record");
        }
        let checked = bytes.get(8..end).ok_or("a record is cut off")?;
        if crc32c::crc32c(checked) != u32_at(head, 4) {
            return Err("the checksum of a record is wrong");
        }
        Ok(Self {
            partition: u32_at(head, 8),
            offset: u64_at(head, 16),
            value_at,
            end,
        })
    }
}

/// Bytes that a record takes on disk, without its share of the batch's header.
pub(super) fn frame_bytes(record: &NewRecord) -> usize {
    FRAME + record.key.len() + record.value.len()
}

/// Appends a record to a body. Its sizes have been checked against the contract's limits.
pub(super) fn push_record(body: &mut Vec<u8>, record: &NewRecord, offset: u64) {
    let at = body.len();
    let after = frame_bytes(record) - 8;
    body.reserve(after + 8);
    body.extend_from_slice(&(after as u32).to_le_bytes());
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(&record.partition.to_le_bytes());
    body.extend_from_slice(&(record.key.len() as u32).to_le_bytes());
    body.extend_from_slice(&offset.to_le_bytes());
    body.extend_from_slice(&record.key);
    body.extend_from_slice(&record.value);
    let crc = crc32c::crc32c(&body[at + 8..]);
    body[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
}

/// The little-endian number at `at`, which lies inside `bytes`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// The little-endian number at `at`, which lies inside `bytes`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    #[test]
    fn a_header_says_where_it_stands() {
        let header = Header {
            position: 7,
            durable: 5,
            time_ms: -3,
            body: 9,
            records: 1,
            kind: Kind::Records,
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::parse(&bytes, 7), Ok(header));
        assert_eq!(
            Header::parse(&bytes, 8),
            Err("a batch of another place stands here")
        );
        assert!(Header::parse(&bytes[..47], 7).is_err());
    }

    proptest! {
        #[test]
        fn one_changed_byte_never_passes(
            key in proptest::collection::vec(any::<u8>(), 0..20),
            value in proptest::collection::vec(any::<u8>(), 0..50),
            at in any::<proptest::sample::Index>(),
            flip in 1u8..,
        ) {
            let record = NewRecord { partition: 3, key: Bytes::from(key), value: Bytes::from(value) };
            let mut body = Vec::new();
            push_record(&mut body, &record, 11);
            let frame = Frame::parse(&body).unwrap();
            prop_assert_eq!((frame.partition, frame.offset, frame.end), (3, 11, body.len()));
            prop_assert_eq!(&body[FRAME..frame.value_at], &record.key[..]);
            prop_assert_eq!(&body[frame.value_at..], &record.value[..]);
            let at = at.index(body.len());
            body[at] ^= flip;
            prop_assert!(Frame::parse(&body).is_err());
        }

        #[test]
        fn parsing_is_total(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _either = (Frame::parse(&bytes), Header::parse(&bytes, 0));
        }
    }
}
