//! A reader of a journal's topic: one sequential scan for all its partitions, which skips what a
//! partition has had already. Never writes, and holds the topic's lock only while it looks up where
//! to go on.

use super::batch::{FRAME, Frame};
use super::chunk::{Chunks, Found, Source};
use super::disk::DiskFile;
use super::files::{io_error, log_name};
use super::topic::Topic;
use super::view::{Stretch, View};
use crate::contract::{LogError, Reader, Stored};
use crate::sync::deadline;
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct JournalReader {
    topic: Arc<Topic>,
    /// By partition; `None` is not read.
    positions: Vec<Option<u64>>,
    /// Every record that a partition waits for stands at or behind this place, or in `batch`.
    at: Option<u64>,
    batch: Option<Batch>,
    chunks: Chunks,
    open: Option<Open>,
    /// Whether a position has moved over a gap to the durable end since the last poll.
    has_moved: bool,
}

/// A batch in hand, read up to `cursor`.
struct Batch {
    position: u64,
    base: u64,
    time_ms: i64,
    body: Bytes,
    cursor: usize,
}

/// The segment in hand.
struct Open {
    file: Box<dyn DiskFile>,
    stretch: Stretch,
}

impl JournalReader {
    pub(super) fn new(topic: Arc<Topic>) -> Self {
        let positions = vec![None; topic.home.topic.partitions as usize];
        Self {
            topic,
            positions,
            at: None,
            batch: None,
            chunks: Chunks::default(),
            open: None,
            has_moved: false,
        }
    }

    /// Reads on until a bound is reached or the durable end.
    fn take(&mut self, max_records: usize, max_bytes: usize) -> Result<Vec<Stored>, LogError> {
        let mut taken = Vec::new();
        let mut bytes = 0usize;
        loop {
            while let Some(batch) = &mut self.batch {
                if taken.len() >= max_records || (bytes >= max_bytes && !taken.is_empty()) {
                    return Ok(taken);
                }
                match batch.next(&mut self.positions) {
                    Ok(Some(record)) => {
                        bytes = bytes.saturating_add(record.value.len());
                        taken.push(record);
                    }
                    Ok(None) => self.batch = None,
                    Err(why) => {
                        return Err(self.topic.corrupt(batch.base, batch.position, why));
                    }
                }
            }
            if !self.next_batch()? {
                return Ok(taken);
            }
        }
    }

    /// Takes the next batch in hand; `false` at the durable end.
    fn next_batch(&mut self) -> Result<bool, LogError> {
        // A second try with fresh eyes: another process may have replaced the file meanwhile.
        for last_try in [false, true] {
            let Some(at) = self.settle()? else {
                return Ok(false);
            };
            let Some(open) = &self.open else {
                return Ok(false);
            };
            let stretch = open.stretch;
            let Stretch {
                base,
                head_bytes,
                end,
            } = stretch;
            let source = Source {
                file: open.file.as_ref(),
                base,
                head_bytes,
                end,
            };
            match self.chunks.batch(&source, at) {
                Ok(Found::Batch(header, body)) => {
                    let (position, time_ms) = (at, header.time_ms);
                    self.at = Some(header.end());
                    self.batch = Some(Batch {
                        position,
                        base,
                        time_ms,
                        body,
                        cursor: 0,
                    });
                    return Ok(true);
                }
                Ok(Found::Bad(why)) if last_try => return Err(self.topic.corrupt(base, at, why)),
                Err(error) if last_try => {
                    return Err(io_error(
                        "read",
                        &self.topic.home.path(&log_name(base)),
                        &error,
                    ));
                }
                Ok(Found::Bad(_)) | Err(_) => {
                    self.chunks.forget();
                    self.open = None;
                }
            }
        }
        Ok(false)
    }

    /// Opens the segment in which the scan goes on; `None` when there is nothing to read.
    fn settle(&mut self) -> Result<Option<u64>, LogError> {
        for last_try in [false, false, true] {
            let Some(mut at) = self.at else {
                return Ok(None);
            };
            if let Some(open) = &self.open
                && (open.stretch.base..open.stretch.end).contains(&at)
            {
                return Ok(Some(at));
            }
            let topic = Arc::clone(&self.topic);
            let view = topic.look()?;
            if at < view.first_base() {
                self.check_retained(&view)?;
                at = view.first_base();
                self.at = Some(at);
            }
            self.pass_gaps(&view, at);
            let Some(stretch) = view.stretch(at).filter(|stretch| at < stretch.end) else {
                return Ok(None);
            };
            drop(view);
            match self.turn_to(stretch) {
                Ok(()) => return Ok(Some(at)),
                // Retired between the look and the opening: the next look knows.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !last_try => {}
                Err(error) => {
                    let path = topic.home.path(&log_name(stretch.base));
                    return Err(io_error("open", &path, &error));
                }
            }
        }
        Ok(None)
    }

    /// Refuses to go on if a partition waits for a record that was retired.
    fn check_retained(&self, view: &View) -> Result<(), LogError> {
        for (partition, position) in (0u32..).zip(&self.positions) {
            let start = view.start(partition).unwrap_or(0);
            if let Some(offset) = *position
                && offset < start
            {
                let end = view.end(partition).unwrap_or(start);
                let topic = self.topic.home.topic.name.clone();
                return Err(LogError::OutOfRange {
                    topic,
                    partition,
                    offset,
                    start,
                    end,
                });
            }
        }
        Ok(())
    }

    /// Moves positions over offsets at which nothing stands: what was lost to damage that was accepted.
    fn pass_gaps(&mut self, view: &View, at: u64) {
        let Some(next) = view.next_at(at) else { return };
        for (position, next) in self.positions.iter_mut().zip(next) {
            if let Some(position) = position
                && *position < *next
            {
                *position = *next;
                self.has_moved |= at == view.durable;
            }
        }
    }

    fn turn_to(&mut self, stretch: Stretch) -> io::Result<()> {
        if let Some(open) = &mut self.open
            && open.stretch.base == stretch.base
        {
            open.stretch = stretch;
            return Ok(());
        }
        let home = &self.topic.home;
        let file = home
            .disk
            .open_to_read(&home.path(&log_name(stretch.base)))?;
        self.chunks.forget();
        self.open = Some(Open { file, stretch });
        Ok(())
    }
}

impl Batch {
    /// The next record that somebody waits for; `None` at the end of the batch.
    fn next(&mut self, positions: &mut [Option<u64>]) -> Result<Option<Stored>, &'static str> {
        while self.cursor < self.body.len() {
            let from = self.cursor;
            let frame = Frame::parse(&self.body[from..])?;
            self.cursor += frame.end;
            let Some(Some(position)) = positions.get_mut(frame.partition as usize) else {
                continue;
            };
            if frame.offset < *position {
                continue;
            }
            *position = frame.offset.saturating_add(1);
            return Ok(Some(Stored {
                partition: frame.partition,
                offset: frame.offset,
                time_ms: self.time_ms,
                key: self.body.slice(from + FRAME..from + frame.value_at),
                value: self.body.slice(from + frame.value_at..from + frame.end),
            }));
        }
        Ok(None)
    }
}

/// All records of a body, checked.
pub(super) fn records_of(body: &[u8]) -> Result<impl Iterator<Item = Frame>, &'static str> {
    let mut frames = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let frame = Frame::parse(&body[at..])?;
        at += frame.end;
        frames.push(frame);
    }
    Ok(frames.into_iter())
}

impl Reader for JournalReader {
    fn poll(
        &mut self,
        max_records: usize,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError> {
        let until = deadline(wait);
        loop {
            let taken = self.take(max_records, max_bytes)?;
            let has_moved = std::mem::take(&mut self.has_moved);
            if !taken.is_empty() || max_records == 0 || has_moved {
                return Ok(taken);
            }
            // Without partitions nothing will ever come: waiting is all there is to do.
            let at = self.at.unwrap_or(u64::MAX);
            if !self.topic.wait_beyond(at, until)? {
                return Ok(taken);
            }
        }
    }

    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError> {
        let place = {
            let view = self.topic.look()?;
            let (Some(start), Some(end)) = (view.start(partition), view.end(partition)) else {
                return Err(self.topic.no_such(partition));
            };
            if !(start..=end).contains(&offset) {
                let topic = self.topic.home.topic.name.clone();
                return Err(LogError::OutOfRange {
                    topic,
                    partition,
                    offset,
                    start,
                    end,
                });
            }
            view.position_of(partition, offset)
        };
        let alone = (0u32..)
            .zip(&self.positions)
            .all(|(p, at)| p == partition || at.is_none());
        if alone || self.at.is_none_or(|at| place < at) {
            self.at = Some(place);
            self.batch = None;
        }
        if let Some(position) = self.positions.get_mut(partition as usize) {
            *position = Some(offset);
        }
        Ok(())
    }

    fn remove(&mut self, partition: u32) {
        if let Some(position) = self.positions.get_mut(partition as usize) {
            *position = None;
        }
        if self.positions.iter().all(Option::is_none) {
            (self.at, self.batch, self.open) = (None, None, None);
            self.chunks.forget();
        }
    }

    fn position(&self, partition: u32) -> Option<u64> {
        self.positions.get(partition as usize).copied().flatten()
    }
}
