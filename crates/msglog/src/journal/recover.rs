//! Brings a topic's directory into a state from which offsets may be given out. The rules stand in
//! the journal's head; a start that they refuse is refused here, and nothing is changed by it.

use super::disk::DiskFile;
use super::files::{Published, SegmentHead, idx_name, io_error, log_name, poison_path};
use super::home::{FoundSegment, Home, unlink_if_there};
use super::index::SegmentIndex;
use super::repair;
use super::scan::{Walk, claim_after, whole};
use super::view::View;
use crate::contract::LogError;

/// A topic ready for its writer.
pub(super) struct Recovered {
    pub(super) view: View,
    /// The segment being written, and its index with the bytes of whole points.
    pub(super) log: Box<dyn DiskFile>,
    pub(super) idx: Box<dyn DiskFile>,
    pub(super) idx_bytes: u64,
    pub(super) published: Box<dyn DiskFile>,
    /// Sequence of the last published end.
    pub(super) sequence: u64,
    /// Bytes of all segment files.
    pub(super) bytes: u64,
}

/// What is on disk and proves something.
struct Proofs {
    published: Option<Published>,
    poison: Option<u64>,
}

impl Proofs {
    /// The furthest position that was durable once.
    fn durable(&self) -> u64 {
        let published = self
            .published
            .as_ref()
            .map_or(0, |published| published.durable);
        published.max(self.poison.unwrap_or(0))
    }
}

/// Recovers a topic, or creates it.
///
/// # Errors
/// [`LogError::Corrupt`] when durable bytes are damaged and `accept` is not set; [`LogError::Mismatch`].
pub(super) fn recover(home: &Home, now_ms: i64, accept: bool) -> Result<Recovered, LogError> {
    let disk = home.disk.as_ref();
    disk.create_dir(&home.dir)
        .map_err(|error| io_error("create", &home.dir, &error))?;
    if let Some(parent) = home.dir.parent() {
        disk.sync_dir(parent)
            .map_err(|error| io_error("sync", parent, &error))?;
    }
    let proofs = Proofs {
        published: home.published()?,
        poison: home.poison()?,
    };
    home.sweep(&home.bases()?)?;
    if accept {
        repair::repair(home, now_ms, proofs.published.as_ref(), proofs.durable())?;
    }
    let mut bases = home.bases()?;
    let Some(last_base) = bases.pop() else {
        return create(home, now_ms, &proofs);
    };
    let mut segments = Vec::with_capacity(bases.len() + 2);
    let ends = bases.iter().skip(1).chain([&last_base]);
    for (base, end) in bases.iter().zip(ends) {
        segments.push(sealed(home, *base, *end)?);
    }
    let tail = Tail::find(home, last_base, &proofs)?;
    let mut recovered = tail.settle(home, segments, now_ms)?;
    recovered.sequence = proofs.published.map_or(0, |published| published.sequence);
    unlink_if_there(disk, &poison_path(&home.dir))?;
    disk.sync_dir(&home.dir)
        .map_err(|error| io_error("sync", &home.dir, &error))?;
    recovered.bytes = total_bytes(home, &recovered.view)?;
    Ok(recovered)
}

fn create(home: &Home, now_ms: i64, proofs: &Proofs) -> Result<Recovered, LogError> {
    if proofs.durable() > 0 {
        let detail = "all segments are gone though records were durable";
        return Err(corrupt(home, 0, proofs.durable(), detail));
    }
    let first = vec![0; home.topic.partitions as usize];
    let head = SegmentHead {
        base: 0,
        first,
        created_ms: now_ms,
    };
    let log = home.create_segment(&head)?;
    let (bytes, next) = (head.bytes(), head.first.clone());
    let view = View {
        segments: vec![SegmentIndex::new(head)],
        durable: 0,
        next,
    };
    ready(home, view, log, 0, bytes)
}

/// A segment that others follow: its index must reach its end.
fn sealed(home: &Home, base: u64, end: u64) -> Result<SegmentIndex, LogError> {
    let FoundSegment {
        mut index,
        end: file_end,
        ..
    } = home.load(base, end)?;
    if file_end < end {
        return Err(corrupt(
            home,
            base,
            file_end,
            "the segment is shorter than it was",
        ));
    }
    if index.last() == end {
        return Ok(index);
    }
    let path = home.path(&log_name(base));
    let file = home
        .disk
        .open_to_read(&path)
        .map_err(|error| io_error("open", &path, &error))?;
    let source = whole(file.as_ref(), base, index.head.bytes(), end);
    let mut walk = Walk::from(index.last(), index.last_next().to_vec());
    walk.go(&source, home.point_bytes)
        .map_err(|error| io_error("read", &path, &error))?;
    if let Some(why) = walk.bad {
        return Err(corrupt(home, base, walk.end, why));
    }
    if walk
        .points
        .last()
        .is_none_or(|point| point.position < walk.end)
    {
        walk.point();
    }
    for point in &walk.points {
        index.push(point);
    }
    home.write_points(base, &index.points())?;
    Ok(index)
}

/// The last segment, and how much of it holds.
struct Tail {
    index: SegmentIndex,
    idx_bytes: u64,
    idx_torn: bool,
    /// Position after the file's last byte.
    file_end: u64,
    /// From the last point to the last whole batch.
    walk: Walk,
}

impl Tail {
    fn find(home: &Home, base: u64, proofs: &Proofs) -> Result<Self, LogError> {
        let limit = proofs.poison.unwrap_or(u64::MAX);
        let FoundSegment {
            index,
            end: file_end,
            idx_bytes,
            idx_torn,
        } = home.load(base, limit)?;
        let path = home.path(&log_name(base));
        let disk = home.disk.as_ref();
        let file = disk
            .open_to_read(&path)
            .map_err(|error| io_error("open", &path, &error))?;
        let source = whole(file.as_ref(), base, index.head.bytes(), file_end.min(limit));
        let mut walk = Walk::from(index.last(), index.last_next().to_vec());
        walk.go(&source, home.point_bytes)
            .map_err(|error| io_error("read", &path, &error))?;
        let mut claim = proofs.durable();
        if walk.bad.is_some() {
            let all = whole(file.as_ref(), base, index.head.bytes(), file_end);
            let found = claim_after(&all, walk.end.saturating_add(1));
            claim = claim.max(found.map_err(|error| io_error("read", &path, &error))?);
        }
        if claim > walk.end {
            let why = walk.bad.unwrap_or("the segment is shorter than it was");
            return Err(corrupt(home, base, walk.end, why));
        }
        if walk.end < file_end {
            tracing::warn!(
                file = %path.display(), at = walk.end, bytes = file_end - walk.end,
                "cut a torn tail that nothing claims to have been durable"
            );
        }
        Ok(Self {
            index,
            idx_bytes,
            idx_torn,
            file_end,
            walk,
        })
    }

    /// Rewrites what follows the last point, so that it is durable whatever the page cache holds.
    fn settle(
        mut self,
        home: &Home,
        mut segments: Vec<SegmentIndex>,
        now_ms: i64,
    ) -> Result<Recovered, LogError> {
        let (point, end) = (self.index.last(), self.walk.end);
        let next = self.walk.next.clone();
        if point == self.file_end {
            if self.idx_torn {
                // A point of a former life behind the whole ones must never be taken for one of this.
                home.write_points(self.index.head.base, &self.index.points())?;
            }
            let path = home.path(&log_name(self.index.head.base));
            let log = home
                .disk
                .open(&path)
                .map_err(|error| io_error("open", &path, &error))?;
            segments.push(self.index);
            return ready(
                home,
                View {
                    segments,
                    durable: end,
                    next,
                },
                log,
                self.idx_bytes,
                0,
            );
        }
        let old = self.index.head.clone();
        let first = self.index.last_next().to_vec();
        let head = SegmentHead {
            base: point,
            first,
            created_ms: now_ms,
        };
        let log = home.rewrite(&old, &head, end)?;
        if point > old.base {
            let path = home.path(&log_name(old.base));
            let cut = home
                .disk
                .open(&path)
                .and_then(|f| f.set_len(old.bytes() + point - old.base));
            cut.map_err(|error| io_error("cut", &path, &error))?;
            segments.push(self.index);
        }
        let mut index = SegmentIndex::new(head);
        for point in &self.walk.points {
            index.push(point);
        }
        index.tail = std::mem::replace(&mut self.walk.tail, super::index::Span::EMPTY);
        let idx_bytes = home.write_points(point, &self.walk.points)?;
        segments.push(index);
        ready(
            home,
            View {
                segments,
                durable: end,
                next,
            },
            log,
            idx_bytes,
            0,
        )
    }
}

/// Opens the remaining files of a topic whose segments are in order.
fn ready(
    home: &Home,
    view: View,
    log: Box<dyn DiskFile>,
    idx_bytes: u64,
    bytes: u64,
) -> Result<Recovered, LogError> {
    let open = |name: &str| {
        let path = home.path(name);
        let found = home.disk.open(&path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => home.disk.create(&path),
            _ => Err(error),
        });
        found.map_err(|error| io_error("open", &path, &error))
    };
    let idx = open(&idx_name(view.last_base()))?;
    let published = open("end")?;
    Ok(Recovered {
        view,
        log,
        idx,
        idx_bytes,
        published,
        sequence: 0,
        bytes,
    })
}

fn total_bytes(home: &Home, view: &View) -> Result<u64, LogError> {
    let mut bytes = 0u64;
    let ends = view
        .segments
        .iter()
        .skip(1)
        .map(|s| s.head.base)
        .chain([view.durable]);
    for (segment, end) in view.segments.iter().zip(ends) {
        bytes = bytes.saturating_add(segment.head.bytes() + (end - segment.head.base));
    }
    tracing::debug!(
        topic = home.topic.name,
        bytes,
        end = view.durable,
        "topic opened"
    );
    Ok(bytes)
}

/// The refusal of a start, loud because somebody must act.
fn corrupt(home: &Home, base: u64, at: u64, why: &str) -> LogError {
    let file = home.path(&log_name(base)).display().to_string();
    let detail = format!(
        "{why}, but records at or behind this place were durable; restore the file, or start with accept_corruption to set it aside and go on without the damaged batches"
    );
    tracing::error!(
        topic = home.topic.name,
        file,
        at,
        why,
        "the journal is corrupt"
    );
    LogError::Corrupt { file, at, detail }
}
