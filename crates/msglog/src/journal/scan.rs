//! Walks through a segment and checks every byte of it; finds claims of durability behind damage.
//! Writes nothing.

use super::batch::{FRAME, Frame, HEADER, Header, Kind, MAGIC};
use super::chunk::{Chunks, Found, Source};
use super::disk::{DiskFile, read_up_to};
use super::index::{Point, Span};
use std::io;

/// Bytes searched at once.
const WINDOW: usize = 1 << 20;

/// How far a walk came, and what it saw.
pub(super) struct Walk {
    /// Position after the last whole batch.
    pub(super) end: u64,
    /// Next offset of each partition there.
    pub(super) next: Vec<u64>,
    /// Index points on the way.
    pub(super) points: Vec<Point>,
    /// Times of the batches after the last point.
    pub(super) tail: Span,
    /// Why the walk ended before the end of its source.
    pub(super) bad: Option<&'static str>,
    /// Bytes of gaps passed.
    pub(super) gap_bytes: u64,
    /// The furthest position that a header on the way says was durable when it was written.
    pub(super) claim: u64,
}

impl Walk {
    /// A walk that begins at `position`.
    pub(super) fn from(position: u64, next: Vec<u64>) -> Self {
        let points = Vec::new();
        Self {
            end: position,
            next,
            points,
            tail: Span::EMPTY,
            bad: None,
            gap_bytes: 0,
            claim: 0,
        }
    }

    /// Goes on to the end of the source or to the first bad spot; a point each `point_bytes`.
    pub(super) fn go(&mut self, source: &Source<'_>, point_bytes: u64) -> io::Result<()> {
        let mut chunks = Chunks::default();
        let mut last_point = self.end;
        self.bad = None;
        while self.end < source.end {
            let (header, body) = match chunks.batch(source, self.end)? {
                Found::Batch(header, body) => (header, body),
                Found::Bad(why) => {
                    self.bad = Some(why);
                    return Ok(());
                }
            };
            if let Err(why) = self.check(&header, &body) {
                self.bad = Some(why);
                return Ok(());
            }
            self.end = header.end();
            self.claim = self.claim.max(header.durable);
            if header.kind == Kind::Records {
                self.tail.add(header.time_ms);
            }
            // Behind a gap the next offsets are only known once each partition has been seen again: a
            // later walk must not begin there.
            if self.gap_bytes == 0 && self.end - last_point >= point_bytes {
                last_point = self.end;
                self.point();
            }
        }
        Ok(())
    }

    /// Sets a point where the walk stands.
    pub(super) fn point(&mut self) {
        let span = std::mem::replace(&mut self.tail, Span::EMPTY);
        self.points.push(Point {
            position: self.end,
            span,
            next: self.next.clone(),
        });
    }

    /// Checks a batch whole and takes over its offsets, or leaves everything as it was.
    fn check(&mut self, header: &Header, body: &[u8]) -> Result<(), &'static str> {
        if header.kind == Kind::Gap {
            self.gap_bytes = self.gap_bytes.saturating_add(header.body + HEADER as u64);
            return Ok(());
        }
        let mut next = self.next.clone();
        let (mut at, mut records) = (0, 0u32);
        while at < body.len() {
            let frame = Frame::parse(&body[at..])?;
            let known = next
                .get_mut(frame.partition as usize)
                .ok_or("no such partition")?;
            // Only damage that was accepted may leave a hole in the offsets.
            if frame.offset < *known || (frame.offset > *known && self.gap_bytes == 0) {
                return Err("an offset is not the next one");
            }
            *known = frame
                .offset
                .checked_add(1)
                .ok_or("an offset is beyond all numbers")?;
            at += frame.end;
            records = records.saturating_add(1);
        }
        if records != header.records {
            return Err("a batch has another number of records than its header says");
        }
        self.next = next;
        Ok(())
    }

    /// The most records that may have stood in the gaps.
    pub(super) fn gap_records_max(&self) -> u64 {
        self.gap_bytes / FRAME as u64
    }
}

/// Calls `see` with each whole batch header that stands where it says it stands, from `from` on, until
/// it returns `false`.
pub(super) fn headers_after(
    source: &Source<'_>,
    from: u64,
    mut see: impl FnMut(&Header) -> bool,
) -> io::Result<()> {
    let mut window = vec![0; WINDOW];
    let mut at = from;
    while at < source.end {
        let want = WINDOW.min(usize::try_from(source.end - at).unwrap_or(WINDOW));
        let file_at = source.head_bytes + (at - source.base);
        let read = read_up_to(source.file, &mut window[..want], file_at)?;
        let seen = &window[..read];
        for index in 0..read.saturating_sub(HEADER - 1) {
            if seen[index] == MAGIC[0]
                && let Ok(header) = Header::parse(&seen[index..], at + index as u64)
                && !see(&header)
            {
                return Ok(());
            }
        }
        if read < want || read < HEADER {
            return Ok(());
        }
        // The last bytes may be the beginning of a header: they are looked at again.
        at += (read - HEADER + 1) as u64;
    }
    Ok(())
}

/// The furthest position that a header after `from` claims to have been durable when it was written.
pub(super) fn claim_after(source: &Source<'_>, from: u64) -> io::Result<u64> {
    let mut claim = 0;
    headers_after(source, from, |header| {
        claim = claim.max(header.durable);
        true
    })?;
    Ok(claim)
}

/// A source for all of a file.
pub(super) fn whole(file: &dyn DiskFile, base: u64, head_bytes: u64, end: u64) -> Source<'_> {
    Source {
        file,
        base,
        head_bytes,
        end,
    }
}
