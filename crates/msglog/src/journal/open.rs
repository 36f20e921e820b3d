//! Opens journals: identity, lock, topics, threads. What a start refuses is refused here, before any
//! offset is given out.

use super::config::JournalConfig;
use super::disk::{Disk, Lock, RealDisk};
use super::files::{SegmentHead, io_error, log_name, read_identity, write_identity};
use super::home::Home;
use super::notes::Notes;
use super::queue::Queue;
use super::recover::recover;
use super::room::Room;
use super::topic::Topic;
use super::writer::{Tools, Writer};
use super::{Handles, Journal, follow};
use crate::contract::{LogError, LogId, PARTITIONS_MAX, Tier, TopicConfig};
use crate::groups::Groups;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Bounds of the size at which a segment is followed by another one.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 4 << 10..=1 << 30;

/// Position distance of index points: so little is read again by a start, and searched by a seek.
const POINT_BYTES: u64 = 1 << 20;

/// Wall clock in milliseconds since 1970.
pub(super) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What a journal stands on.
pub(super) struct Surroundings {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) clock: Clock,
    /// Position distance of index points.
    pub(super) point_bytes: u64,
}

impl Surroundings {
    /// The machine's disk and clock.
    pub(super) fn real() -> Self {
        let clock = || {
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
        };
        Self {
            disk: Arc::new(RealDisk),
            clock: Arc::new(clock),
            point_bytes: POINT_BYTES,
        }
    }

    /// A point holds an offset per partition: with many of them points lie further apart, so that the
    /// index stays a thousandth of the log.
    fn point_bytes(&self, partitions: u32) -> u64 {
        self.point_bytes
            .saturating_mul(u64::from(partitions.div_ceil(128)))
    }
}

pub(super) fn open(
    dir: &Path,
    config: JournalConfig,
    on: &Surroundings,
) -> Result<Arc<Journal>, LogError> {
    check(&config)?;
    let disk = on.disk.as_ref();
    disk.create_dir(dir)
        .map_err(|error| io_error("create", dir, &error))?;
    let lock = own(disk, dir)?;
    let id = identity(disk, dir)?;
    let room = Arc::new(Room::new(Arc::clone(&on.disk), dir.to_owned(), &config));
    let mut topics = BTreeMap::new();
    let mut writers = Vec::new();
    for topic in &config.topics {
        let (dir, point_bytes) = (dir.join(&topic.name), on.point_bytes(topic.partitions));
        let home = Home {
            disk: Arc::clone(&on.disk),
            dir,
            id,
            topic: topic.clone(),
            point_bytes,
        };
        let recovered = recover(&home, (on.clock)(), config.accept_corruption)?;
        let seen = Arc::new(Topic::owned(home, recovered.view.clone()));
        let queue = Arc::new(Queue::new(&topic.name, config.queue_bytes));
        let tools = Tools {
            queue: Arc::clone(&queue),
            room: Arc::clone(&room),
            clock: Arc::clone(&on.clock),
            gather: config.gather(topic.tier),
            segment_bytes: config
                .segment_bytes
                .clamp(*SEGMENT_BYTES.start(), *SEGMENT_BYTES.end()),
        };
        writers.push((
            topic.name.clone(),
            Writer::new(Arc::clone(&seen), recovered, tools)?,
        ));
        topics.insert(
            topic.name.clone(),
            Handles {
                topic: seen,
                queue: Some(queue),
            },
        );
    }
    let journal = Arc::new(Journal {
        id,
        topics,
        room: Some(room),
        groups: Groups::default(),
        notes: Notes::new(dir, on),
        writers: Mutex::default(),
        _lock: Some(lock),
    });
    for (name, writer) in writers {
        let thread = std::thread::Builder::new().name(format!("log-{name}"));
        let handle = thread
            .spawn(|| writer.run())
            .map_err(|error| LogError::Io {
                what: format!("start the writer of topic {name:?}"),
                detail: error.to_string(),
                code: error.raw_os_error(),
            })?;
        crate::sync::lock(&journal.writers).push(handle);
    }
    Ok(journal)
}

fn check(config: &JournalConfig) -> Result<(), LogError> {
    let mut names = std::collections::BTreeSet::new();
    for topic in &config.topics {
        let name = &topic.name;
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        let named = !name.is_empty() && name.len() <= 100 && name.bytes().all(plain);
        if !named
            || name.starts_with('.')
            || name == "quarantine"
            || name == "lock"
            || name == "log.id"
        {
            let rule = "use lower-case letters, digits, '.', '-' and '_', not beginning with '.'";
            return Err(LogError::Mismatch(format!(
                "{name:?} cannot name a topic; {rule}"
            )));
        }
        if !(1..=PARTITIONS_MAX).contains(&topic.partitions) {
            let many = topic.partitions;
            let rule = format!("it has 1 to {PARTITIONS_MAX}");
            return Err(LogError::Mismatch(format!(
                "{name:?} with {many} partitions: {rule}"
            )));
        }
        if !names.insert(name) {
            return Err(LogError::Mismatch(format!(
                "topic {name:?} is configured twice"
            )));
        }
    }
    Ok(())
}

fn own(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Send + Sync>, LogError> {
    let path = dir.join("lock");
    match disk.lock(&path, std::process::id()) {
        Ok(Lock::Held(lock)) => Ok(lock),
        Ok(Lock::Other(pid)) => Err(LogError::Owned {
            dir: dir.display().to_string(),
            pid,
        }),
        Err(error) => Err(io_error("lock", &path, &error)),
    }
}

fn identity(disk: &dyn Disk, dir: &Path) -> Result<LogId, LogError> {
    if let Some(id) = read_identity(disk, dir)? {
        return Ok(id);
    }
    let names = disk
        .list(dir)
        .map_err(|error| io_error("list", dir, &error))?;
    if names.iter().any(|name| {
        disk.list(&dir.join(name))
            .is_ok_and(|inside| !inside.is_empty())
    }) {
        let dir = dir.display();
        return Err(LogError::Mismatch(format!(
            "{dir} holds topics but no log.id; restore that file or name another directory"
        )));
    }
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| LogError::Io {
        what: "draw a random identity for the log".to_owned(),
        detail: error.to_string(),
        code: None,
    })?;
    write_identity(disk, dir, LogId(id))?;
    Ok(LogId(id))
}

pub(super) fn open_read_only(dir: &Path, on: &Surroundings) -> Result<Arc<Journal>, LogError> {
    let disk = on.disk.as_ref();
    let missing = || LogError::Mismatch(format!("there is no journal in {}", dir.display()));
    let id = read_identity(disk, dir)?.ok_or_else(missing)?;
    let names = disk
        .list(dir)
        .map_err(|error| io_error("list", dir, &error))?;
    let mut topics = BTreeMap::new();
    for name in names {
        let Some(topic) = found_topic(disk, dir, &name) else {
            continue;
        };
        let home = Home {
            disk: Arc::clone(&on.disk),
            dir: dir.join(&name),
            id,
            point_bytes: on.point_bytes(topic.partitions),
            topic,
        };
        let (view, published) = follow::open(&home)?;
        let topic = Arc::new(Topic::followed(home, view, published));
        topics.insert(name, Handles { topic, queue: None });
    }
    let (room, groups, writers) = (None, Groups::default(), Mutex::default());
    Ok(Arc::new(Journal {
        id,
        topics,
        room,
        groups,
        notes: Notes::new(dir, on),
        writers,
        _lock: None,
    }))
}

/// What a directory of segments tells about its topic. How long it is kept and its tier are the
/// owner's configuration and do not stand there.
fn found_topic(disk: &dyn Disk, dir: &Path, name: &str) -> Option<TopicConfig> {
    let dir = dir.join(name);
    let names = disk.list(&dir).ok()?;
    let base = names
        .iter()
        .filter_map(|name| super::files::base_of(name, ".log"))
        .max()?;
    let file = disk.open_to_read(&dir.join(log_name(base))).ok()?;
    let partitions = SegmentHead::partitions(file.as_ref()).ok()??;
    let (name, retention, tier) = (name.to_owned(), None, Tier::Consumer);
    Some(TopicConfig {
        name,
        partitions,
        retention,
        tier,
    })
}
