//! Reads batches one after the other through large chunks, handing out slices of the chunk instead of
//! copies. Checks headers; the records in a body are checked by whoever takes them out.

use super::batch::{HEADER, Header, Kind};
use super::disk::{DiskFile, read_up_to};
use bytes::{Bytes, BytesMut};
use std::io;

/// Bytes read at once; a batch that is larger is read whole.
const CHUNK_BYTES: u64 = 1 << 20;
/// Chunks kept for reuse once nobody holds a slice of them.
const SPARE_MAX: usize = 4;

/// Where the bytes of a segment stand.
pub(super) struct Source<'f> {
    pub(super) file: &'f dyn DiskFile,
    pub(super) base: u64,
    pub(super) head_bytes: u64,
    /// Nothing is read at or beyond this position.
    pub(super) end: u64,
}

/// What stands at a position.
pub(super) enum Found {
    /// A batch whose header is whole, with its body (empty for a gap).
    Batch(Header, Bytes),
    /// No batch, and why.
    Bad(&'static str),
}

/// The chunk in hand.
#[derive(Default)]
pub(super) struct Chunks {
    chunk: Bytes,
    /// Position of the chunk's first byte.
    at: u64,
    spare: Vec<Bytes>,
}

impl Chunks {
    /// Forgets the chunk in hand: another file, or the same one changed.
    pub(super) fn forget(&mut self) {
        self.chunk = Bytes::new();
    }

    /// The batch at `position`.
    pub(super) fn batch(&mut self, source: &Source<'_>, position: u64) -> io::Result<Found> {
        let Some(head) = self.bytes(source, position, HEADER as u64)? else {
            return Ok(Found::Bad("a batch header is cut off"));
        };
        let header = match Header::parse(&head, position) {
            Ok(header) => header,
            Err(why) => return Ok(Found::Bad(why)),
        };
        if header.end() > source.end {
            return Ok(Found::Bad("a batch is cut off"));
        }
        if header.kind == Kind::Gap {
            return Ok(Found::Batch(header, Bytes::new()));
        }
        Ok(
            match self.bytes(source, position + HEADER as u64, header.body)? {
                Some(body) => Found::Batch(header, body),
                None => Found::Bad("a batch is cut off"),
            },
        )
    }

    /// `len` bytes at `position`; `None` when the file or the source ends before.
    fn bytes(&mut self, source: &Source<'_>, position: u64, len: u64) -> io::Result<Option<Bytes>> {
        if let Some(slice) = self.slice(position, len) {
            return Ok(Some(slice));
        }
        if position.saturating_add(len) > source.end {
            return Ok(None);
        }
        let want = CHUNK_BYTES.max(len).min(source.end - position);
        let mut buffer = self.buffer(want as usize);
        let file_at = source.head_bytes + (position - source.base);
        let read = read_up_to(source.file, &mut buffer, file_at)?;
        buffer.truncate(read);
        let old = std::mem::replace(&mut self.chunk, buffer.freeze());
        self.at = position;
        if self.spare.len() < SPARE_MAX && old.len() as u64 >= CHUNK_BYTES {
            self.spare.push(old);
        }
        Ok(self.slice(position, len))
    }

    fn slice(&self, position: u64, len: u64) -> Option<Bytes> {
        let from = position.checked_sub(self.at)?;
        let to = from.checked_add(len)?;
        (to <= self.chunk.len() as u64).then(|| self.chunk.slice(from as usize..to as usize))
    }

    /// A buffer of `len` bytes, if possible one that has been used before.
    fn buffer(&mut self, len: usize) -> BytesMut {
        if len as u64 >= CHUNK_BYTES {
            for index in 0..self.spare.len() {
                match self.spare.swap_remove(index).try_into_mut() {
                    Ok(mut free) => {
                        free.resize(len, 0);
                        return free;
                    }
                    Err(held) => {
                        // Still in use: back to where it was.
                        self.spare.push(held);
                        let last = self.spare.len() - 1;
                        self.spare.swap(index, last);
                    }
                }
            }
            // Nobody gave one back: forget the oldest, so that newer ones get their chance.
            if self.spare.len() == SPARE_MAX {
                self.spare.remove(0);
            }
        }
        BytesMut::zeroed(len)
    }
}
