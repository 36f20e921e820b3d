//! One topic as readers see it: what is durable, and where it stands. Of a journal that this process
//! owns the writer keeps it up to date; of another process's it is followed through its files.

use super::chunk::{Chunks, Found};
use super::files::{Published, idx_name, io_error, log_name};
use super::follow;
use super::home::Home;
use super::index::{Block, Point, SegmentIndex};
use super::reader::records_of;
use super::scan::whole;
use super::view::View;
use crate::contract::LogError;
use crate::sync::{lock, wait_until};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How often another process's journal is looked at by a waiting reader.
const FOLLOW_EVERY: Duration = Duration::from_millis(10);

pub(super) struct Topic {
    pub(super) home: Home,
    view: Mutex<View>,
    advanced: Condvar,
    /// What was last read of another process's published end; `None` when this process writes.
    followed: Option<Mutex<Published>>,
}

impl Topic {
    pub(super) fn owned(home: Home, view: View) -> Self {
        Self {
            home,
            view: Mutex::new(view),
            advanced: Condvar::new(),
            followed: None,
        }
    }

    pub(super) fn followed(home: Home, view: View, published: Published) -> Self {
        let followed = Some(Mutex::new(published));
        Self {
            home,
            view: Mutex::new(view),
            advanced: Condvar::new(),
            followed,
        }
    }

    /// What may be seen as of now.
    pub(super) fn look(&self) -> Result<MutexGuard<'_, View>, LogError> {
        if let Some(followed) = &self.followed {
            let mut last = lock(followed);
            if let Some(published) = self.home.published()?
                && published.sequence > last.sequence
            {
                let bounds = (published.first_base, published.active_base);
                if bounds != (last.first_base, last.active_base) {
                    let known = lock(&self.view).segments.clone();
                    let segments = follow::list(&self.home, known, bounds)?;
                    lock(&self.view).segments = segments;
                }
                let mut view = lock(&self.view);
                view.durable = view.durable.max(published.durable);
                view.next.clone_from(&published.next);
                *last = published;
            }
        }
        Ok(lock(&self.view))
    }

    /// Waits until the durable end lies beyond `position`; returns whether it does.
    pub(super) fn wait_beyond(
        &self,
        position: u64,
        until: Option<Instant>,
    ) -> Result<bool, LogError> {
        loop {
            let view = self.look()?;
            if view.durable > position {
                return Ok(true);
            }
            let now = Instant::now();
            if until.is_some_and(|until| until <= now) {
                return Ok(false);
            }
            if self.followed.is_some() {
                drop(view);
                let left = until.map_or(FOLLOW_EVERY, |until| until - now);
                std::thread::sleep(left.min(FOLLOW_EVERY));
            } else {
                drop(wait_until(&self.advanced, view, until));
            }
        }
    }

    /// The writer has made everything before `durable` durable.
    pub(super) fn advance(&self, durable: u64, next: &[u64], time_ms: i64) {
        let mut view = lock(&self.view);
        view.durable = durable;
        view.next.copy_from_slice(next);
        if let Some(segment) = view.segments.last_mut() {
            segment.tail.add(time_ms);
        }
        drop(view);
        self.advanced.notify_all();
    }

    /// A point at the durable end, with the times since the one before; it counts from now on.
    pub(super) fn add_point(&self) -> Option<Point> {
        let mut view = lock(&self.view);
        let (position, next) = (view.durable, view.next.clone());
        let segment = view.segments.last_mut()?;
        let point = Point {
            position,
            span: segment.tail,
            next,
        };
        (position > segment.last()).then(|| {
            segment.push(&point);
            point
        })
    }

    /// A new segment begins at the durable end.
    pub(super) fn add_segment(&self, segment: SegmentIndex) {
        lock(&self.view).segments.push(segment);
    }

    /// Forgets the oldest segment, if all of it is older than `before_ms` and another one follows;
    /// returns its base and its bytes.
    pub(super) fn retire(&self, before_ms: i64) -> Option<(u64, u64)> {
        let mut view = lock(&self.view);
        let end = view.segments.get(1)?.head.base;
        let oldest = view.segments.first()?;
        let newest_ms = oldest.newest_ms().max(oldest.head.created_ms);
        if newest_ms >= before_ms {
            return None;
        }
        let head = view.segments.remove(0).head;
        Some((head.base, head.bytes() + (end - head.base)))
    }

    /// Forgets the oldest segment, if another one follows and begins no later than what is wanted of
    /// each partition; returns its base and its bytes.
    pub(super) fn retire_unwanted(&self, wanted: &[u64]) -> Option<(u64, u64)> {
        let mut view = lock(&self.view);
        let next = &view.segments.get(1)?.head;
        if next
            .first
            .iter()
            .zip(wanted)
            .any(|(first, want)| first > want)
        {
            return None;
        }
        let end = next.base;
        let head = view.segments.remove(0).head;
        Some((head.base, head.bytes() + (end - head.base)))
    }

    /// Position of the first batch that is kept.
    pub(super) fn first_base(&self) -> u64 {
        lock(&self.view).first_base()
    }

    pub(super) fn start(&self, partition: u32) -> Result<u64, LogError> {
        self.look()?
            .start(partition)
            .ok_or_else(|| self.no_such(partition))
    }

    pub(super) fn end(&self, partition: u32) -> Result<u64, LogError> {
        self.look()?
            .end(partition)
            .ok_or_else(|| self.no_such(partition))
    }

    /// Smallest offset from which on every record was appended at `time_ms` or later.
    pub(super) fn offset_at(&self, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        let (start, blocks) = {
            let view = self.look()?;
            let start = view
                .start(partition)
                .ok_or_else(|| self.no_such(partition))?;
            // Blocks that are younger as a whole do not matter; the first that is older as a whole
            // ends the search.
            let mut blocks = Vec::new();
            for block in view
                .blocks_from_end(partition)
                .filter(|b| b.span.min < time_ms)
            {
                blocks.push(block);
                if block.span.max < time_ms {
                    break;
                }
            }
            (start, blocks)
        };
        for block in blocks {
            if block.span.max < time_ms {
                return Ok(block.end.max(start));
            }
            if let Some(last) = self.last_before(&block, partition, time_ms)? {
                return Ok(last.saturating_add(1).max(start));
            }
        }
        Ok(start)
    }

    /// Offset of the partition's last record in a block that is older than `time_ms`.
    fn last_before(
        &self,
        block: &Block,
        partition: u32,
        time_ms: i64,
    ) -> Result<Option<u64>, LogError> {
        let path = self.home.path(&log_name(block.base));
        let failed = |error: std::io::Error| io_error("read", &path, &error);
        let file = self.home.disk.open_to_read(&path).map_err(failed)?;
        let head_bytes = self.head_bytes();
        let source = whole(file.as_ref(), block.base, head_bytes, block.to);
        let (mut chunks, mut at, mut last) = (Chunks::default(), block.from, None);
        while at < block.to {
            match chunks.batch(&source, at).map_err(failed)? {
                Found::Batch(header, body) => {
                    if header.time_ms < time_ms {
                        let found = records_of(&body)
                            .map_err(|why| self.corrupt(block.base, at, why))?
                            .filter(|frame| frame.partition == partition)
                            .last();
                        last = found.map(|frame| frame.offset).or(last);
                    }
                    at = header.end();
                }
                Found::Bad(why) => return Err(self.corrupt(block.base, at, why)),
            }
        }
        Ok(last)
    }

    /// Bytes of every segment's head in this topic.
    fn head_bytes(&self) -> u64 {
        let first = vec![0; self.home.topic.partitions as usize];
        super::files::SegmentHead {
            base: 0,
            first,
            created_ms: 0,
        }
        .bytes()
    }

    pub(super) fn corrupt(&self, base: u64, at: u64, why: &str) -> LogError {
        let file = self.home.path(&log_name(base)).display().to_string();
        LogError::Corrupt {
            file,
            at,
            detail: why.to_owned(),
        }
    }

    pub(super) fn no_such(&self, partition: u32) -> LogError {
        LogError::NoSuchPartition {
            topic: self.home.topic.name.clone(),
            partition,
        }
    }

    /// Removes the files of a retired segment, durably.
    pub(super) fn unlink(&self, base: u64) -> Result<(), LogError> {
        for name in [log_name(base), idx_name(base)] {
            super::home::unlink_if_there(self.home.disk.as_ref(), &self.home.path(&name))?;
        }
        let (disk, dir) = (&self.home.disk, &self.home.dir);
        disk.sync_dir(dir)
            .map_err(|error| io_error("sync", dir, &error))
    }
}
