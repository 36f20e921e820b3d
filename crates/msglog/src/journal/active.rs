//! The files that a topic's writer has open: the segment being written, its index, the published end.
//! When to write, sync and roll is the writer's affair.

use super::disk::DiskFile;
use super::files::{Published, SegmentHead, idx_name, io_error, log_name};
use super::index::SegmentIndex;
use super::recover::Recovered;
use super::topic::Topic;
use crate::contract::LogError;
use std::io;
use std::sync::Arc;

pub(super) struct Active {
    topic: Arc<Topic>,
    log: Box<dyn DiskFile>,
    /// Position of the segment's first batch.
    base: u64,
    head_bytes: u64,
    created_ms: i64,
    idx: Box<dyn DiskFile>,
    idx_bytes: u64,
    /// Position of the last point, and of the last one that is synced.
    last_point: u64,
    synced_point: u64,
    published: Box<dyn DiskFile>,
    sequence: u64,
}

impl Active {
    pub(super) fn new(topic: Arc<Topic>, recovered: Recovered) -> Result<Self, LogError> {
        let Recovered {
            view,
            log,
            idx,
            idx_bytes,
            published,
            sequence,
            ..
        } = recovered;
        let last = view.segments.last();
        let last = last.ok_or_else(|| topic.corrupt(0, 0, "there is no segment"))?;
        Ok(Self {
            log,
            base: last.head.base,
            head_bytes: last.head.bytes(),
            created_ms: last.head.created_ms,
            idx,
            idx_bytes,
            last_point: last.last(),
            synced_point: last.last(),
            published,
            sequence,
            topic,
        })
    }

    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    pub(super) fn last_point(&self) -> u64 {
        self.last_point
    }

    /// Bytes of log between the last synced point and the last one.
    pub(super) fn unsynced(&self) -> u64 {
        self.last_point - self.synced_point
    }

    fn error(&self, what: &str, name: &str, error: &io::Error) -> LogError {
        io_error(what, &self.topic.home.path(name), error)
    }

    /// Writes a batch at its position.
    pub(super) fn write(&self, batch: &[u8], position: u64) -> Result<(), LogError> {
        let at = self.head_bytes + (position - self.base);
        let written = self.log.write_all_at(batch, at);
        written.map_err(|error| self.error("write", &log_name(self.base), &error))
    }

    /// Makes all batches durable.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        let synced = self.log.sync_data();
        synced.map_err(|error| self.error("sync", &log_name(self.base), &error))
    }

    /// Tells readers in every process how far they may read.
    pub(super) fn publish(&mut self, durable: u64, next: &[u64]) -> Result<(), LogError> {
        self.sequence += 1;
        let published = Published {
            sequence: self.sequence,
            durable,
            first_base: self.topic.first_base(),
            active_base: self.base,
            next: next.to_vec(),
        };
        let written = published.write(self.published.as_ref(), self.topic.home.id);
        written.map_err(|error| self.error("publish the durable end in", "end", &error))
    }

    /// Sets an index point at the durable end, unless one stands there.
    pub(super) fn set_point(&mut self) -> Result<(), LogError> {
        let Some(point) = self.topic.add_point() else {
            return Ok(());
        };
        let bytes = point.encode();
        let written = self.idx.write_all_at(&bytes, self.idx_bytes);
        written.map_err(|error| self.error("write", &idx_name(self.base), &error))?;
        self.idx_bytes += bytes.len() as u64;
        self.last_point = point.position;
        Ok(())
    }

    pub(super) fn sync_idx(&mut self) -> Result<(), LogError> {
        let synced = self.idx.sync_data();
        synced.map_err(|error| self.error("sync", &idx_name(self.base), &error))?;
        self.synced_point = self.last_point;
        Ok(())
    }

    /// Completes the segment and begins the next one at the durable end; returns the bytes of its head.
    pub(super) fn roll(
        &mut self,
        durable: u64,
        next: &[u64],
        now_ms: i64,
    ) -> Result<u64, LogError> {
        self.set_point()?;
        self.sync_idx()?;
        let head = SegmentHead {
            base: durable,
            first: next.to_vec(),
            created_ms: now_ms,
        };
        let name = idx_name(durable);
        self.log = self.topic.home.create_segment(&head)?;
        let idx = self.topic.home.disk.create(&self.topic.home.path(&name));
        self.idx = idx.map_err(|error| self.error("create", &name, &error))?;
        (self.base, self.head_bytes, self.created_ms) = (durable, head.bytes(), now_ms);
        (self.idx_bytes, self.synced_point, self.last_point) = (0, durable, durable);
        self.topic.add_segment(SegmentIndex::new(head));
        self.publish(durable, next)?;
        Ok(self.head_bytes)
    }

    /// Leaves everything so that the next start reads nothing again.
    pub(super) fn finish(&mut self) -> Result<(), LogError> {
        self.set_point()?;
        self.sync_idx()?;
        let synced = self.published.sync_data();
        synced.map_err(|error| self.error("sync", "end", &error))
    }
}
