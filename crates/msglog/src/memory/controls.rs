//! What a test may order of the memory log: faults, held answers, retention, the time, a look inside.
//! Each control names a topic; an unknown one is an error, so that a typing mistake does not pass.

use super::MemoryLog;
use crate::contract::{LogError, NewRecord, Refusal, Stored};
use bytes::Bytes;

impl MemoryLog {
    /// Sets the time, in milliseconds since 1970, that records appended from now on bear.
    pub fn set_time_ms(&self, time_ms: i64) {
        for topic in &self.topics {
            topic.lock().time_ms = time_ms;
        }
    }

    /// Bounds what may wait while answers are held back, in bytes of keys and values (64 MiB at first).
    pub fn set_queue_bytes(&self, bytes: usize) {
        for topic in &self.topics {
            topic.lock().queue_bytes = bytes;
        }
    }

    /// Holds back: records are accepted, but neither visible nor answered until released.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn hold(&self, topic: &str) -> Result<(), LogError> {
        self.topic(topic)?.lock().held.get_or_insert_default();
        Ok(())
    }

    /// Makes what was held back durable, answers it, and holds back no longer. Returns how many records.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn release(&self, topic: &str) -> Result<usize, LogError> {
        let topic = self.topic(topic)?;
        let mut state = topic.lock();
        let held = state.held.take().unwrap_or_default();
        let count = held.len();
        topic.flush(&mut state, held);
        Ok(count)
    }

    /// Makes the first `count` held records durable, answers them, and goes on holding. Returns how many.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn release_some(&self, topic: &str, count: usize) -> Result<usize, LogError> {
        let topic = self.topic(topic)?;
        let mut state = topic.lock();
        let mut held = state.held.take().unwrap_or_default();
        let later = held.split_off(count.min(held.len()));
        let count = held.len();
        state.held = Some(later);
        topic.flush(&mut state, held);
        Ok(count)
    }

    /// Forgets what was held back without an answer, as kill -9 would, and holds back no longer.
    /// Returns how many records were lost.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn lose_held(&self, topic: &str) -> Result<usize, LogError> {
        Ok(self
            .topic(topic)?
            .lock()
            .held
            .take()
            .map_or(0, |held| held.len()))
    }

    /// How many records are held back.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn held(&self, topic: &str) -> Result<usize, LogError> {
        Ok(self.topic(topic)?.lock().held.as_ref().map_or(0, Vec::len))
    }

    /// Lets `count` more records become durable; then a flush fails: that record and all later ones
    /// are answered with [`LogError::Poisoned`], and the topic refuses until [`MemoryLog::heal`].
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn fail_after(&self, topic: &str, count: u64) -> Result<(), LogError> {
        self.topic(topic)?.lock().fail_after = Some(count);
        Ok(())
    }

    /// Lets its appenders say that it is away, or is not; it takes records all the same.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn set_away(&self, topic: &str, is_away: bool) -> Result<(), LogError> {
        self.topic(topic)?.lock().is_away = is_away;
        Ok(())
    }

    /// Refuses every append with `refusal` from now on (a full queue, no room), until [`MemoryLog::heal`].
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn refuse(&self, topic: &str, refusal: Refusal) -> Result<(), LogError> {
        self.topic(topic)?.lock().refuse = Some(refusal);
        Ok(())
    }

    /// Ends what [`MemoryLog::fail_after`] and [`MemoryLog::refuse`] ordered, as a restart would.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn heal(&self, topic: &str) -> Result<(), LogError> {
        let mut state = self.topic(topic)?.lock();
        (state.fail_after, state.poisoned, state.refuse) = (None, None, None);
        Ok(())
    }

    /// Retires everything before `offset`; beyond the end it retires all there is.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    pub fn retain_from(&self, topic: &str, partition: u32, offset: u64) -> Result<(), LogError> {
        let topic = self.topic(topic)?;
        let mut state = topic.lock();
        let part = state.parts.get_mut(partition as usize);
        part.ok_or_else(|| topic.no_such(partition))?
            .retain_from(offset);
        Ok(())
    }

    /// Loses every record from `offset` on, as a damaged tail that an operator has accepted does: their offsets
    /// stay used, and nothing stands there.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    pub fn lose_from(&self, topic: &str, partition: u32, offset: u64) -> Result<(), LogError> {
        let topic = self.topic(topic)?;
        let mut state = topic.lock();
        let part = state.parts.get_mut(partition as usize);
        part.ok_or_else(|| topic.no_such(partition))?
            .lose_from(offset);
        Ok(())
    }

    /// Appends one record past every ordered fault, and returns its offset.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    pub fn push(
        &self,
        topic: &str,
        partition: u32,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> Result<u64, LogError> {
        let topic = self.topic(topic)?;
        let record = NewRecord {
            partition,
            key: key.into(),
            value: value.into(),
        };
        let offset = topic.push(record)?;
        topic.grew.notify_all();
        Ok(offset)
    }

    /// Everything durable and retained of one partition.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    pub fn read_all(&self, topic: &str, partition: u32) -> Result<Vec<Stored>, LogError> {
        self.topic(topic)?
            .with(partition, |part| part.from(0).to_vec())
    }
}
