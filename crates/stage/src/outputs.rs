//! What a step emits, and the link that each output gets. Nothing is sent from here.

use crate::error::StateError;
use crate::facts::Facts;
use crate::fold::Input;
use bytes::{Bytes, BytesMut};
use msglog::NewRecord;
use record::chain::{Link, Position, splice};
use record::dead::DeadLetter;
use serde::Serialize;

/// An output partition's place: everything up to `last` is in its chain already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OutChain {
    /// Position of the newest output, in the log or on its way.
    pub(crate) last: Option<Position>,
    /// Outputs of the input under way.
    n: u32,
}

impl OutChain {
    pub(crate) fn after(last: Option<Position>) -> Self {
        Self { last, n: 0 }
    }
}

/// A mark is due when the newest output lies this many inputs back.
pub(crate) const MARK_EVERY: u64 = 1_000;

/// Everything that a batch has emitted, and the buffers that serialisation reuses.
pub(crate) struct Pending {
    /// One queue per output topic, the dead letters last.
    pub(crate) queues: Vec<Vec<NewRecord>>,
    /// Outputs computed and not written because the chain has them.
    pub(crate) suppressed: u64,
    /// Bytes of values that wait; a little too many after a rewind.
    pub(crate) bytes: usize,
    marked: Vec<usize>,
    object: Vec<u8>,
    value: Vec<u8>,
    arena: BytesMut,
}

impl Pending {
    pub(crate) fn new(topics: usize) -> Self {
        Self {
            queues: (0..topics).map(|_| Vec::new()).collect(),
            suppressed: 0,
            bytes: 0,
            marked: Vec::new(),
            object: Vec::new(),
            value: Vec::new(),
            arena: BytesMut::new(),
        }
    }

    /// Outputs that wait.
    pub(crate) fn len(&self) -> usize {
        self.queues.iter().map(Vec::len).sum()
    }

    /// Takes everything that waits in another over, behind its own.
    pub(crate) fn gather(&mut self, other: &mut Self) {
        for (queue, more) in self.queues.iter_mut().zip(&mut other.queues) {
            queue.append(more);
        }
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
        let suppressed = std::mem::take(&mut other.suppressed);
        self.suppressed = self.suppressed.saturating_add(suppressed);
    }

    /// How much waits, so that a step can be taken back.
    pub(crate) fn mark(&mut self) {
        self.marked.clear();
        self.marked.extend(self.queues.iter().map(Vec::len));
    }

    /// Takes back what was emitted since [`Pending::mark`].
    pub(crate) fn rewind(&mut self) {
        for (queue, &len) in self.queues.iter_mut().zip(&self.marked) {
            queue.truncate(len);
        }
    }

    fn copied(&mut self, bytes: &[u8]) -> Bytes {
        if self.arena.capacity() < bytes.len() {
            self.arena.reserve(bytes.len().max(ARENA_BYTES));
        }
        self.arena.extend_from_slice(bytes);
        self.arena.split().freeze()
    }
}

/// Outputs share blocks of this size, so that a batch costs few allocations.
const ARENA_BYTES: usize = 128 * 1024;

/// Where a step puts its outputs. An output that the chain has already is counted and dropped before it
/// is serialised.
pub struct Outputs<'a> {
    facts: &'a Facts,
    input: &'a Input<'a>,
    chains: &'a mut [OutChain],
    pending: &'a mut Pending,
    failure: Option<StateError>,
}

impl<'a> Outputs<'a> {
    /// `chains`: one per topic of `facts`.
    pub(crate) fn new(
        facts: &'a Facts,
        input: &'a Input<'a>,
        chains: &'a mut [OutChain],
        pending: &'a mut Pending,
    ) -> Self {
        chains.iter_mut().for_each(|chain| chain.n = 0);
        Self {
            facts,
            input,
            chains,
            pending,
            failure: None,
        }
    }

    /// Emits `value`, which must serialise as a JSON object with members, to the output topic with this
    /// index in [`crate::Fold::outputs`], same partition.
    ///
    /// A value that cannot be serialised, or an index that does not exist, ends the stage's session.
    pub fn emit<T: Serialize + ?Sized>(&mut self, topic: usize, key: &[u8], value: &T) {
        if topic >= self.facts.dead() {
            self.fail("?", format_args!("no output topic number {topic}"));
            return;
        }
        self.write(topic, key, |object| serde_json::to_writer(object, value));
    }

    /// As [`Outputs::emit`], of an object that `write` appends to what it is given, without serde.
    pub fn emit_written(&mut self, topic: usize, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        if topic >= self.facts.dead() {
            self.fail("?", format_args!("no output topic number {topic}"));
            return;
        }
        self.write(topic, key, |object| {
            write(object);
            Ok(())
        });
    }

    /// Sets the input aside as an ordinary dead letter (a conflict, quarantined, unparsed), which does not
    /// count against the limit.
    pub fn dead(&mut self, reason: &'static str, detail: String) {
        let input = self.input;
        let place = (self.facts.input, input.partition, input.offset);
        let letter = DeadLetter::new(reason, detail, place, input.value);
        self.write(self.facts.dead(), input.key, |object| {
            serde_json::to_writer(object, &letter)
        });
    }

    /// Ends the step: writes the marks that are due.
    pub(crate) fn finish(mut self) -> Result<(), StateError> {
        for topic in 0..self.facts.topics.len() {
            let due = self.chains[topic]
                .last
                .map_or(0, Position::offset)
                .checked_add(MARK_EVERY)
                .is_some_and(|due| self.input.offset >= due);
            if due {
                self.write(topic, b"", |object| {
                    serde_json::to_writer(object, &record::inband::Mark::default())
                });
            }
        }
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn write(
        &mut self,
        topic: usize,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) {
        let chain = &mut self.chains[topic];
        let pos = Position(self.input.offset, chain.n);
        chain.n = chain.n.saturating_add(1);
        if Some(pos) <= chain.last {
            self.pending.suppressed += 1;
            return;
        }
        let link = Link {
            pos,
            prev: chain.last.replace(pos),
            step: self.facts.version,
        };
        self.pending.object.clear();
        if let Err(error) = write(&mut self.pending.object) {
            self.fail(&self.facts.topics[topic], error);
            return;
        }
        if self.pending.object.len() <= 2 || self.pending.object[0] != b'{' {
            self.fail(&self.facts.topics[topic], "it is no object with members");
            return;
        }
        self.push(topic, key, &link);
    }

    fn push(&mut self, topic: usize, key: &[u8], link: &Link) {
        let mut value = std::mem::take(&mut self.pending.value);
        value.clear();
        splice(link, &self.pending.object, &mut value);
        let record = NewRecord {
            partition: self.input.partition,
            key: self.pending.copied(key),
            value: self.pending.copied(&value),
        };
        self.pending.value = value;
        self.pending.bytes += record.value.len();
        self.pending.queues[topic].push(record);
    }

    fn fail(&mut self, topic: &str, detail: impl std::fmt::Display) {
        let (topic, detail) = (topic.to_owned(), detail.to_string());
        if self.failure.is_none() {
            self.failure = Some(StateError::Output { topic, detail });
        }
    }
}
