//! What readers of a topic may see, and where in it an offset or a time stands. Pure.

use super::index::{Block, SegmentIndex};

/// What readers of a topic may see.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// Oldest first; never empty.
    pub(super) segments: Vec<SegmentIndex>,
    pub(super) durable: u64,
    /// Next offset of each partition at the durable end.
    pub(super) next: Vec<u64>,
}

/// A segment's bytes as far as they may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) base: u64,
    pub(super) head_bytes: u64,
    pub(super) end: u64,
}

impl View {
    /// First retained offset.
    pub(super) fn start(&self, partition: u32) -> Option<u64> {
        let first = &self.segments.first()?.head.first;
        // A reader of a live journal may learn of retention before it learns of the end.
        let (start, end) = (
            first.get(partition as usize)?,
            self.next.get(partition as usize)?,
        );
        Some(*start.min(end))
    }

    pub(super) fn end(&self, partition: u32) -> Option<u64> {
        self.next.get(partition as usize).copied()
    }

    /// First retained position.
    pub(super) fn first_base(&self) -> u64 {
        self.segments.first().map_or(0, |segment| segment.head.base)
    }

    /// Base of the newest segment.
    pub(super) fn last_base(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.head.base)
    }

    /// The stretch in which `position` lies, as far as it is durable; `None` before the retained start.
    pub(super) fn stretch(&self, position: u64) -> Option<Stretch> {
        let after = self
            .segments
            .partition_point(|segment| segment.head.base <= position);
        let head = &self.segments.get(after.checked_sub(1)?)?.head;
        let next_base = self
            .segments
            .get(after)
            .map_or(u64::MAX, |segment| segment.head.base);
        let end = self.durable.min(next_base);
        Some(Stretch {
            base: head.base,
            head_bytes: head.bytes(),
            end,
        })
    }

    /// The next offset of each partition at a position, where that is known: at the durable end, and where a
    /// segment begins. What has a smaller offset stands before it, or nowhere.
    pub(super) fn next_at(&self, position: u64) -> Option<&[u64]> {
        if position == self.durable {
            return Some(&self.next);
        }
        let segment = self.segments.iter().find(|s| s.head.base == position)?;
        Some(&segment.head.first)
    }

    /// A place from which a scan meets the record with this offset; the durable end when it is not
    /// there yet.
    pub(super) fn position_of(&self, partition: u32, offset: u64) -> u64 {
        let partition = partition as usize;
        if self.next.get(partition).is_none_or(|end| offset >= *end) {
            return self.durable;
        }
        let after = self
            .segments
            .partition_point(|s| s.head.first[partition] <= offset);
        let segment = after
            .checked_sub(1)
            .and_then(|before| self.segments.get(before));
        segment
            .map_or(self.first_base(), |s| s.position_of(partition, offset))
            .min(self.durable)
    }

    /// The blocks that hold records of a partition, the newest first.
    pub(super) fn blocks_from_end(&self, partition: u32) -> impl Iterator<Item = Block> {
        let partition = partition as usize;
        let ends = self
            .segments
            .iter()
            .skip(1)
            .map(move |s| (s.head.base, s.head.first[partition]))
            .chain([(u64::MAX, u64::MAX)]);
        let ends: Vec<(u64, u64)> = ends
            .map(|(base, next)| (base.min(self.durable), next.min(self.next[partition])))
            .collect();
        self.segments
            .iter()
            .zip(ends)
            .rev()
            .flat_map(move |(s, (end, end_next))| s.blocks_from_end(partition, end, end_next))
            .filter(|block| block.end > block.first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::tests::segment;
    use super::*;

    fn view() -> View {
        let segments = vec![
            segment(100, [4, 0], &[(200, [6, 0]), (300, [9, 0])]),
            segment(300, [9, 0], &[(400, [9, 7])]),
        ];
        View {
            segments,
            durable: 450,
            next: vec![12, 8],
        }
    }

    #[test]
    fn an_offset_is_found_from_the_last_place_before_it() {
        let view = view();
        let of = |partition, offset| view.position_of(partition, offset);
        assert_eq!(
            [of(0, 4), of(0, 5), of(0, 6), of(0, 8)],
            [100, 100, 200, 200]
        );
        assert_eq!([of(0, 9), of(0, 11), of(0, 12)], [400, 400, 450]);
        assert_eq!(
            [of(1, 0), of(1, 6), of(1, 7), of(1, 8)],
            [300, 300, 400, 450]
        );
        assert_eq!(
            (view.start(0), view.end(1), view.start(2)),
            (Some(4), Some(8), None)
        );
    }

    #[test]
    fn next_offsets_are_known_where_a_segment_begins_and_at_the_end() {
        let view = view();
        assert_eq!(view.next_at(300), Some(&[9, 0][..]));
        assert_eq!(view.next_at(450), Some(&[12, 8][..]));
        assert_eq!((view.next_at(200), view.next_at(451)), (None, None));
    }

    #[test]
    fn a_stretch_ends_at_the_next_segment_or_the_durable_end() {
        let view = view();
        assert_eq!(view.stretch(99), None);
        assert_eq!(view.stretch(299).map(|s| (s.base, s.end)), Some((100, 300)));
        assert_eq!(view.stretch(300).map(|s| (s.base, s.end)), Some((300, 450)));
    }

    #[test]
    fn blocks_come_from_the_end_and_only_where_the_partition_has_records() {
        let blocks: Vec<_> = view()
            .blocks_from_end(0)
            .map(|b| (b.from, b.first, b.end))
            .collect();
        assert_eq!(blocks, vec![(400, 9, 12), (200, 6, 9), (100, 4, 6)]);
    }
}
