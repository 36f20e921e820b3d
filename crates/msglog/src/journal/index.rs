//! Where which offset stands: the points of one segment in memory, and how they are spelled in its
//! index file. Pure; whoever writes a point sees to it that everything before it is durable.

use super::batch::u64_at;
use super::files::{SegmentHead, seal, unseal};

const MAGIC: [u8; 8] = *b"SpwlIdx1";

/// Least and greatest time of some batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) min: i64,
    pub(super) max: i64,
}

impl Span {
    /// Of no batch.
    pub(super) const EMPTY: Self = Self {
        min: i64::MAX,
        max: i64::MIN,
    };
    /// Of batches that nobody has looked at.
    pub(super) const UNKNOWN: Self = Self {
        min: i64::MIN,
        max: i64::MAX,
    };

    pub(super) fn add(&mut self, time_ms: i64) {
        self.min = self.min.min(time_ms);
        self.max = self.max.max(time_ms);
    }
}

/// A place between two batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) position: u64,
    /// Times of the batches since the point before.
    pub(super) span: Span,
    /// Next offset of each partition here.
    pub(super) next: Vec<u64>,
}

impl Point {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::with_capacity(24 + 8 * self.next.len());
        let (min, max) = (self.span.min.cast_unsigned(), self.span.max.cast_unsigned());
        for number in [self.position, min, max].iter().chain(&self.next) {
            fields.extend_from_slice(&number.to_le_bytes());
        }
        seal(MAGIC, &fields)
    }

    fn decode(bytes: &[u8], partitions: usize) -> Option<Self> {
        let fields = unseal(MAGIC, bytes).filter(|fields| fields.len() == 24 + 8 * partitions)?;
        Some(Self {
            position: u64_at(fields, 0),
            span: Span {
                min: u64_at(fields, 8).cast_signed(),
                max: u64_at(fields, 16).cast_signed(),
            },
            next: fields[24..]
                .chunks_exact(8)
                .map(|number| u64_at(number, 0))
                .collect(),
        })
    }

    /// Bytes of one point in an index file.
    pub(super) fn bytes(partitions: usize) -> usize {
        16 + 24 + 8 * partitions
    }
}

/// One segment: its head, and its points in ascending order.
#[derive(Debug, Clone)]
pub(super) struct SegmentIndex {
    pub(super) head: SegmentHead,
    positions: Vec<u64>,
    spans: Vec<Span>,
    /// Next offsets of all points, one after the other.
    next: Vec<u64>,
    /// Times of the batches after the last point.
    pub(super) tail: Span,
}

/// A stretch of one segment between two places whose next offsets are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) base: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) span: Span,
    /// Next offset of the asked partition at both ends.
    pub(super) first: u64,
    pub(super) end: u64,
}

impl SegmentIndex {
    pub(super) fn new(head: SegmentHead) -> Self {
        let (positions, spans, next) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            head,
            positions,
            spans,
            next,
            tail: Span::EMPTY,
        }
    }

    /// Adds the whole points at the beginning of `bytes` that ascend and lie at most at `limit`;
    /// returns how many bytes they take.
    pub(super) fn load(&mut self, bytes: &[u8], limit: u64) -> u64 {
        let partitions = self.head.first.len();
        let size = Point::bytes(partitions);
        let mut taken = 0;
        for piece in bytes.chunks_exact(size) {
            match Point::decode(piece, partitions) {
                Some(point) if point.position > self.last() && point.position <= limit => {
                    self.push(&point);
                    taken += size as u64;
                }
                _ => break,
            }
        }
        taken
    }

    pub(super) fn push(&mut self, point: &Point) {
        self.positions.push(point.position);
        self.spans.push(point.span);
        self.next.extend_from_slice(&point.next);
        self.tail = Span::EMPTY;
    }

    /// All points.
    pub(super) fn points(&self) -> Vec<Point> {
        let point = |(index, position): (usize, &u64)| Point {
            position: *position,
            span: self.spans[index],
            next: self.next_at(index).to_vec(),
        };
        self.positions.iter().enumerate().map(point).collect()
    }

    /// Position of the last point; the base when there is none.
    pub(super) fn last(&self) -> u64 {
        self.positions.last().copied().unwrap_or(self.head.base)
    }

    /// Next offsets at the last point.
    pub(super) fn last_next(&self) -> &[u64] {
        match self.positions.len() {
            0 => &self.head.first,
            count => self.next_at(count - 1),
        }
    }

    /// Greatest time in the segment.
    pub(super) fn newest_ms(&self) -> i64 {
        self.spans
            .iter()
            .fold(self.tail.max, |max, span| max.max(span.max))
    }

    fn next_at(&self, point: usize) -> &[u64] {
        let partitions = self.head.first.len();
        &self.next[point * partitions..(point + 1) * partitions]
    }

    /// The last known place at or before the record with this offset.
    pub(super) fn position_of(&self, partition: usize, offset: u64) -> u64 {
        let (mut low, mut high) = (0, self.positions.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.next_at(middle)[partition] <= offset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low.checked_sub(1)
            .map_or(self.head.base, |point| self.positions[point])
    }

    /// The blocks up to `end`, where the partition's next offset is `end_next`; the last one first.
    pub(super) fn blocks_from_end(
        &self,
        partition: usize,
        end: u64,
        end_next: u64,
    ) -> impl Iterator<Item = Block> {
        let count = self.positions.len();
        (0..=count).rev().map(move |block| {
            let (from, first) = match block {
                0 => (self.head.base, self.head.first[partition]),
                _ => (
                    self.positions[block - 1],
                    self.next_at(block - 1)[partition],
                ),
            };
            let (to, span, end) = if block == count {
                (end, self.tail, end_next)
            } else {
                (
                    self.positions[block],
                    self.spans[block],
                    self.next_at(block)[partition],
                )
            };
            Block {
                base: self.head.base,
                from,
                to,
                span,
                first,
                end,
            }
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::journal) fn segment(
        base: u64,
        first: [u64; 2],
        points: &[(u64, [u64; 2])],
    ) -> SegmentIndex {
        let head = SegmentHead {
            base,
            first: first.to_vec(),
            created_ms: 0,
        };
        let mut segment = SegmentIndex::new(head);
        for (position, next) in points {
            let span = Span {
                min: *position as i64,
                max: *position as i64 + 5,
            };
            segment.push(&Point {
                position: *position,
                span,
                next: next.to_vec(),
            });
        }
        segment
    }

    #[test]
    fn points_survive_their_file_up_to_the_first_damage() {
        let whole = segment(0, [0, 0], &[(10, [1, 0]), (20, [1, 1]), (30, [2, 1])]);
        let mut bytes = Vec::new();
        for (position, next) in [(10, [1, 0]), (20, [1, 1]), (30, [2, 1])] {
            let span = Span {
                min: position as i64,
                max: position as i64 + 5,
            };
            bytes.extend(
                Point {
                    position,
                    span,
                    next: next.to_vec(),
                }
                .encode(),
            );
        }
        let size = Point::bytes(2) as u64;
        let mut read = SegmentIndex::new(whole.head.clone());
        assert_eq!(read.load(&bytes, 30), 3 * size);
        assert_eq!((read.last(), read.last_next()), (30, &[2, 1][..]));
        let mut short = SegmentIndex::new(whole.head.clone());
        assert_eq!(short.load(&bytes, 29), 2 * size);
        bytes[size as usize + 20] ^= 1;
        let mut damaged = SegmentIndex::new(whole.head);
        assert_eq!(damaged.load(&bytes, 30), size);
    }
}
