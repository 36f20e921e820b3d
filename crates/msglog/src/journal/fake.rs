//! A file system for tests that forgets what was not synced when the power fails: each unsynced page
//! survives, is lost, or is torn; names that were not synced survive up to some point. Syncs can fail
//! (the pages count as clean afterwards, as in Linux), hang, and the disk can die in mid-write.

use super::disk::{Disk, DiskFile, Lock};
use crate::sync::lock;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

const PAGE: usize = 4096;

/// The machine's disk, or a process's sight of it, which ends with the process.
#[derive(Clone, Default)]
pub(crate) struct FakeDisk {
    shared: Arc<Shared>,
    /// The life of the process; `None` for the machine's own hand.
    life: Option<u64>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    resumed: Condvar,
}

#[derive(Default)]
struct State {
    files: Vec<Content>,
    dirs: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since their directory was synced; `None` is a removal.
    changes: Vec<(PathBuf, Option<usize>)>,
    /// Grows with each failure of power: older handles are dead.
    life: u64,
    /// Operations until the disk dies.
    ops_left: Option<u64>,
    failing_syncs: u32,
    stalled: bool,
    free: Option<u64>,
    random: u64,
}

#[derive(Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

impl State {
    fn random(&mut self, below: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.random >> 33) as usize) % below.max(1)
    }

    /// Counts one operation; afterwards the disk may be dead.
    fn op(&mut self) -> io::Result<()> {
        match &mut self.ops_left {
            Some(0) => Err(io::Error::other("the disk is dead")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    fn rename(&mut self, path: &Path, file: Option<usize>) {
        match file {
            Some(file) => self.names.insert(path.to_owned(), file),
            None => self.names.remove(path),
        };
        self.changes.push((path.to_owned(), file));
    }

    fn crash_file(&mut self, index: usize) {
        let Content {
            now,
            durable,
            dirty,
        } = std::mem::take(&mut self.files[index]);
        let mut left = durable.clone();
        if !dirty.is_empty() && self.random(2) == 0 {
            left.resize(now.len(), 0);
        }
        for page in dirty {
            let (from, to) = (
                page * PAGE,
                ((page + 1) * PAGE).min(left.len()).min(now.len()),
            );
            if from >= to {
                continue;
            }
            // All of the page, nothing of it, or a part at either end.
            let cut = from + self.random(to - from + 1);
            match self.random(4) {
                0 => left[from..to].copy_from_slice(&now[from..to]),
                1 => left[from..cut].copy_from_slice(&now[from..cut]),
                2 => left[cut..to].copy_from_slice(&now[cut..to]),
                _ => {}
            }
        }
        self.files[index] = Content {
            now: left.clone(),
            durable: left,
            dirty: BTreeSet::new(),
        };
    }
}

impl FakeDisk {
    /// The power fails: all handles die, and chance decides what of the unsynced is left.
    pub(crate) fn crash(&self, seed: u64) {
        let mut state = lock(&self.shared.state);
        state.random = seed;
        let kept = state.changes.len() + 1;
        let kept = state.random(kept);
        let changes = std::mem::take(&mut state.changes);
        for (path, file) in changes.into_iter().take(kept) {
            match file {
                Some(file) => state.durable_names.insert(path, file),
                None => state.durable_names.remove(&path),
            };
        }
        state.names = state.durable_names.clone();
        for index in 0..state.files.len() {
            state.crash_file(index);
        }
        state.life += 1;
        state.ops_left = None;
        state.failing_syncs = 0;
    }

    /// The process ends, the machine goes on: handles die, the page cache stays.
    pub(crate) fn kill(&self) {
        let mut state = lock(&self.shared.state);
        state.life += 1;
        state.ops_left = None;
        state.failing_syncs = 0;
    }

    /// Lets the disk die after so many more operations.
    pub(crate) fn die_after(&self, ops: u64) {
        lock(&self.shared.state).ops_left = Some(ops);
    }

    pub(crate) fn fail_syncs(&self, count: u32) {
        lock(&self.shared.state).failing_syncs = count;
    }

    pub(crate) fn stall(&self, stalled: bool) {
        lock(&self.shared.state).stalled = stalled;
        self.shared.resumed.notify_all();
    }

    pub(crate) fn set_free(&self, free: u64) {
        lock(&self.shared.state).free = Some(free);
    }

    /// Changes the bytes of a file behind everybody's back, durably.
    pub(crate) fn edit(&self, path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut state = lock(&self.shared.state);
        let index = state.find(path).unwrap();
        let content = &mut state.files[index];
        edit(&mut content.now);
        content.durable = content.now.clone();
        content.dirty.clear();
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        lock(&self.shared.state).names.keys().cloned().collect()
    }

    /// The same disk as a process sees it that begins now.
    pub(crate) fn process(&self) -> Self {
        let life = lock(&self.shared.state).life;
        Self {
            shared: Arc::clone(&self.shared),
            life: Some(life),
        }
    }

    /// The state, unless the process has ended.
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = lock(&self.shared.state);
        if self.life.is_some_and(|life| life != state.life) {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(state)
    }

    fn handle(&self, file: usize, life: u64) -> Box<dyn DiskFile> {
        Box::new(FakeFile {
            disk: self.clone(),
            file,
            life,
        })
    }
}

impl Disk for FakeDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.alive()?.dirs.insert(path.to_owned());
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.alive()?;
        state.op()?;
        // An emptied file is a new one under the same name: nobody keeps a handle of the old one.
        let file = state.files.len();
        state.files.push(Content::default());
        state.rename(path, Some(file));
        Ok(self.handle(file, state.life))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.alive()?;
        Ok(self.handle(state.find(path)?, state.life))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.alive()?;
        if !state.dirs.contains(dir) {
            return Err(io::Error::from_raw_os_error(20));
        }
        let inside = state
            .names
            .keys()
            .chain(&state.dirs)
            .filter(|p| p.parent() == Some(dir));
        Ok(inside
            .filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.alive()?;
        state.op()?;
        let file = state.find(from)?;
        state.rename(to, Some(file));
        state.rename(from, None);
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        let mut state = self.alive()?;
        state.op()?;
        state.find(path)?;
        state.rename(path, None);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.alive()?;
        state.op()?;
        let changes = std::mem::take(&mut state.changes);
        for (name, file) in changes {
            if name.parent() != Some(path) {
                state.changes.push((name, file));
                continue;
            }
            match file {
                Some(file) => state.durable_names.insert(name, file),
                None => state.durable_names.remove(&name),
            };
        }
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.alive()?.free.unwrap_or(u64::MAX))
    }

    fn lock(&self, _: &Path, _: u32) -> io::Result<Lock> {
        Ok(Lock::Held(Box::new(())))
    }
}

struct FakeFile {
    disk: FakeDisk,
    file: usize,
    life: u64,
}

impl FakeFile {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = lock(&self.disk.shared.state);
        if state.life != self.life {
            return Err(io::Error::other("the process is dead"));
        }
        work(&mut state)
    }
}

impl DiskFile for FakeFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.with(|state| {
            let content = &state.files[self.file].now;
            let from = (at as usize).min(content.len());
            let len = buffer.len().min(content.len() - from);
            buffer[..len].copy_from_slice(&content[from..from + len]);
            Ok(len)
        })
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.with(|state| {
            let alive = state.op();
            // The last write before death is torn.
            let len = if alive.is_ok() {
                bytes.len()
            } else {
                state.random(bytes.len() + 1)
            };
            let from = at as usize;
            let content = &mut state.files[self.file];
            if content.now.len() < from + len {
                content.now.resize(from + len, 0);
            }
            content.now[from..from + len].copy_from_slice(&bytes[..len]);
            content
                .dirty
                .extend(from / PAGE..(from + len).div_ceil(PAGE));
            alive
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = lock(&self.disk.shared.state);
        while state.stalled {
            state = self
                .disk
                .shared
                .resumed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.with(|state| {
            let alive = state.op();
            if state.failing_syncs > 0 || alive.is_err() {
                state.failing_syncs = state.failing_syncs.saturating_sub(1);
                state.files[self.file].dirty.clear();
                return Err(io::Error::from_raw_os_error(5));
            }
            let content = &mut state.files[self.file];
            content.durable.resize(content.now.len(), 0);
            for page in std::mem::take(&mut content.dirty) {
                let (from, to) = (page * PAGE, ((page + 1) * PAGE).min(content.now.len()));
                if from < to {
                    content.durable[from..to].copy_from_slice(&content.now[from..to]);
                }
            }
            Ok(())
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|state| Ok(state.files[self.file].now.len() as u64))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|state| {
            state.op()?;
            let content = &mut state.files[self.file];
            let pages = content.now.len().min(len as usize) / PAGE
                ..content.now.len().max(len as usize).div_ceil(PAGE);
            content.now.resize(len as usize, 0);
            content.dirty.extend(pages);
            Ok(())
        })
    }
}
