//! A reader of the memory log: positions per partition, nothing shared.

use super::topic::{State, Topic};
use crate::contract::{LogError, Reader, Stored};
use crate::sync::{deadline, wait_until};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct MemoryReader {
    topic: Arc<Topic>,
    positions: BTreeMap<u32, u64>,
    /// Partition to begin with, so that a busy one does not starve the others.
    turn: u32,
}

impl MemoryReader {
    pub(super) fn new(topic: Arc<Topic>) -> Self {
        Self {
            topic,
            positions: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Takes what there is, in the order of partitions beginning with the one whose turn it is; whether a position
    /// has moved over a gap at the end comes second.
    fn take(
        &mut self,
        state: &State,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<(Vec<Stored>, bool), LogError> {
        let (mut taken, mut has_moved) = (Vec::new(), false);
        let mut bytes = 0usize;
        let turn = self.turn;
        let later: Vec<u32> = self.positions.range(turn..).map(|(p, _)| *p).collect();
        let earlier: Vec<u32> = self.positions.range(..turn).map(|(p, _)| *p).collect();
        for partition in later.into_iter().chain(earlier) {
            let Some(part) = state.parts.get(partition as usize) else {
                continue;
            };
            let Some(position) = self.positions.get_mut(&partition) else {
                continue;
            };
            let (start, end) = (part.start(), part.end());
            if *position < start {
                let (topic, offset) = (self.topic.config.name.clone(), *position);
                return Err(LogError::OutOfRange {
                    topic,
                    partition,
                    offset,
                    start,
                    end,
                });
            }
            for record in part.from(*position) {
                if taken.len() >= max_records || (bytes >= max_bytes && !taken.is_empty()) {
                    return Ok((taken, has_moved));
                }
                bytes = bytes.saturating_add(record.value.len());
                taken.push(record.clone());
                *position = record.offset + 1;
                self.turn = partition.wrapping_add(1);
            }
            has_moved |= *position < end;
            *position = end;
        }
        Ok((taken, has_moved))
    }
}

impl Reader for MemoryReader {
    fn poll(
        &mut self,
        max_records: usize,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError> {
        let until = deadline(wait);
        let topic = Arc::clone(&self.topic);
        let mut state = topic.lock();
        loop {
            let (taken, has_moved) = self.take(&state, max_records, max_bytes)?;
            if !taken.is_empty() || max_records == 0 || has_moved {
                return Ok(taken);
            }
            let (guard, late) = wait_until(&topic.grew, state, until);
            if late {
                return Ok(taken);
            }
            state = guard;
        }
    }

    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError> {
        let (start, end) = self
            .topic
            .with(partition, |part| (part.start(), part.end()))?;
        if !(start..=end).contains(&offset) {
            let topic = self.topic.config.name.clone();
            return Err(LogError::OutOfRange {
                topic,
                partition,
                offset,
                start,
                end,
            });
        }
        self.positions.insert(partition, offset);
        Ok(())
    }

    fn remove(&mut self, partition: u32) {
        self.positions.remove(&partition);
    }

    fn position(&self, partition: u32) -> Option<u64> {
        self.positions.get(&partition).copied()
    }
}
