//! Reading partitions by position. Each has a queue of its own, so that back-pressure is simply not asking:
//! what was fetched stays fetched. A position that is not there is an error, and so is a gap.

use super::errors;
use super::fetched::{Signal, stored};
use super::lines::Quiet;
use super::shared::Shared;
use crate::contract::{LogError, Reader, Stored, TopicConfig};
use crate::sync::deadline;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records that one partition may give before the next one is asked.
const TURN_RECORDS: usize = 256;
/// Between two looks at the client's own queue.
const SERVE: Duration = Duration::from_millis(100);
/// How often a partition whose records come with a gap is asked for again before that is an error.
const REPAIRS: u32 = 3;

type Client = BaseConsumer<Quiet>;

/// A reader of one topic.
pub(super) struct KafkaReader {
    log: Arc<Shared>,
    topic: TopicConfig,
    broker_topic: String,
    parts: BTreeMap<u32, Part>,
    /// The partition behind which the next turn begins.
    turn: u32,
    signal: Arc<Signal>,
    served: Option<Instant>,
    /// Behind the queues, which are let go of first.
    client: Option<Arc<Client>>,
}

/// One partition.
struct Part {
    /// Offset of the next record.
    next: u64,
    /// Its queue; `None` until it is read for the first time at its position.
    queue: Option<PartitionQueue<Quiet>>,
    repairs: u32,
}

/// What a partition's queue has given.
enum Given {
    Record(Stored),
    Nothing,
    /// Something that is not the next record; the queue is asked again.
    Other,
}

impl KafkaReader {
    pub(super) fn new(log: Arc<Shared>, topic: TopicConfig) -> Self {
        Self {
            broker_topic: log.config.broker_topic(&topic.name),
            log,
            topic,
            parts: BTreeMap::new(),
            turn: 0,
            signal: Arc::default(),
            served: None,
            client: None,
        }
    }

    /// Begins to fetch what has not been begun.
    fn begin(&mut self) -> Result<(), LogError> {
        let idle = |(_, part): &(&u32, &Part)| part.queue.is_none();
        let new: Vec<u32> = self.parts.iter().filter(idle).map(|(p, _)| *p).collect();
        if new.is_empty() {
            return Ok(());
        }
        let begun = self.begin_some(&new);
        if begun.is_err() {
            // They are begun again at the next poll.
            for partition in &new {
                if let Some(part) = self.parts.get_mut(partition) {
                    part.queue = None;
                }
            }
        }
        begun
    }

    fn begin_some(&mut self, new: &[u32]) -> Result<(), LogError> {
        let what = "beginning to read";
        let client = match &self.client {
            Some(client) => Arc::clone(client),
            None => {
                let made = self
                    .log
                    .config
                    .reader()
                    .create_with_context(Quiet::default());
                let made = made.map_err(|error| errors::of("making a reader", &error))?;
                Arc::clone(self.client.insert(Arc::new(made)))
            }
        };
        let mut list = TopicPartitionList::new();
        for partition in new {
            let Some(part) = self.parts.get_mut(partition) else {
                continue;
            };
            let number = i32::try_from(*partition).unwrap_or(i32::MAX);
            // Before the assignment, or the first records come to the client's own queue.
            let queue = client.split_partition_queue(&self.broker_topic, number);
            let Some(mut queue) = queue else {
                return Err(LogError::Io {
                    what: what.to_owned(),
                    detail: format!("partition {partition} has no queue"),
                    code: None,
                });
            };
            let signal = Arc::clone(&self.signal);
            queue.set_nonempty_callback(move || signal.ring());
            part.queue = Some(queue);
            let offset = Offset::Offset(i64::try_from(part.next).unwrap_or(i64::MAX));
            list.add_partition_offset(&self.broker_topic, number, offset)
                .map_err(|error| errors::of(what, &error))?;
        }
        client
            .incremental_assign(&list)
            .map_err(|error| errors::of(what, &error))
    }

    /// Stops fetching a partition.
    fn end(&mut self, partition: u32) {
        let Some(part) = self.parts.get_mut(&partition) else {
            return;
        };
        if part.queue.take().is_none() {
            return;
        }
        let mut list = TopicPartitionList::new();
        list.add_partition(
            &self.broker_topic,
            i32::try_from(partition).unwrap_or(i32::MAX),
        );
        let ended = self
            .client
            .as_ref()
            .map(|client| client.incremental_unassign(&list));
        if let Some(Err(error)) = ended {
            tracing::warn!(topic = self.topic.name, partition, %error, "a partition does not end");
        }
    }

    /// Takes what is there, each partition in turn.
    fn take(
        &mut self,
        records_max: usize,
        bytes_max: usize,
        out: &mut Vec<Stored>,
    ) -> Result<(), LogError> {
        let behind = self.turn;
        let order: Vec<u32> = self
            .parts
            .range(behind.saturating_add(1)..)
            .chain(self.parts.range(..=behind))
            .map(|(partition, _)| *partition)
            .collect();
        let mut bytes = 0_usize;
        let mut is_more = true;
        while is_more {
            is_more = false;
            for partition in &order {
                for _ in 0..TURN_RECORDS {
                    if out.len() >= records_max || (bytes >= bytes_max && !out.is_empty()) {
                        return Ok(());
                    }
                    self.turn = *partition;
                    match self.next_of(*partition) {
                        Ok(Given::Record(stored)) => {
                            bytes = bytes.saturating_add(stored.value.len());
                            out.push(stored);
                            is_more = true;
                        }
                        Ok(Given::Other) => is_more = true,
                        Ok(Given::Nothing) => break,
                        Err(error) => {
                            // Begun again at the next poll, where the error comes again if it stays.
                            self.end(*partition);
                            return Err(error);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn next_of(&mut self, partition: u32) -> Result<Given, LogError> {
        let Some(part) = self.parts.get_mut(&partition) else {
            return Ok(Given::Nothing);
        };
        let Some(queue) = &part.queue else {
            return Ok(Given::Nothing);
        };
        let given = match queue.poll(Duration::ZERO) {
            None => return Ok(Given::Nothing),
            Some(Ok(message)) => {
                let stored = stored(partition, &message);
                if stored.offset == part.next {
                    part.next = part.next.saturating_add(1);
                    part.repairs = 0;
                    return Ok(Given::Record(stored));
                }
                Ok(stored.offset)
            }
            Some(Err(error)) => Err(error),
        };
        match given {
            // Fetched before the position was moved, or the head of a batch.
            Ok(offset) if offset < part.next => Ok(Given::Other),
            Ok(offset) => self.repair(partition, &format!("offset {offset} came instead")),
            Err(error) => self.trouble(partition, &error),
        }
    }

    /// The client has something else than a record.
    fn trouble(&mut self, partition: u32, error: &KafkaError) -> Result<Given, LogError> {
        use RDKafkaErrorCode as C;
        let what = || format!("reading {}/{partition}", self.topic.name);
        match errors::code(error) {
            Some(C::AutoOffsetReset | C::OffsetOutOfRange | C::NoOffset | C::LogTruncation) => {
                self.repair(partition, &error.to_string())
            }
            Some(code) if errors::is_gone(code) => {
                self.log.nudge();
                Err(LogError::Away {
                    detail: format!("{}: {code}", what()),
                })
            }
            Some(code) if errors::passes(code) => Ok(Given::Other),
            _ => Err(errors::of(&what(), error)),
        }
    }

    /// Asks again from the position, unless it is not there any more.
    fn repair(&mut self, partition: u32, seen: &str) -> Result<Given, LogError> {
        let next = self.position(partition).unwrap_or(0);
        self.log.nudge();
        self.check(partition, next)?;
        self.end(partition);
        let Some(part) = self.parts.get_mut(&partition) else {
            return Ok(Given::Nothing);
        };
        part.repairs = part.repairs.saturating_add(1);
        let topic = &self.topic.name;
        if part.repairs > REPAIRS {
            return Err(LogError::Io {
                what: format!("reading {topic}/{partition} at offset {next}"),
                detail: format!(
                    "{seen}; the partition has a gap: another program writes into it with transactions, or the \
                     brokers have lost records"
                ),
                code: None,
            });
        }
        tracing::warn!(
            topic,
            partition,
            next,
            seen,
            "a partition is asked for again"
        );
        self.begin()?;
        Ok(Given::Nothing)
    }

    /// Refuses an offset that is not there.
    fn check(&self, partition: u32, offset: u64) -> Result<(), LogError> {
        let topic = &self.topic.name;
        let start = self.log.starts(topic, &[partition])?.first().copied();
        let end = self.log.ends(topic, &[partition])?.first().copied();
        let (start, end) = (start.unwrap_or(0), end.unwrap_or(0));
        if (start..=end).contains(&offset) {
            return Ok(());
        }
        Err(LogError::OutOfRange {
            topic: topic.clone(),
            partition,
            offset,
            start,
            end,
        })
    }

    /// Serves the client's own queue, where its log lines and its general errors come.
    fn serve(&mut self) -> Result<(), LogError> {
        let Some(client) = &self.client else {
            return Ok(());
        };
        if self.served.is_some_and(|at| at.elapsed() < SERVE) {
            return Ok(());
        }
        self.served = Some(Instant::now());
        match client.poll(Duration::ZERO) {
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                Err(errors::of("reading", &error))
            }
            _ => Ok(()),
        }
    }
}

impl Reader for KafkaReader {
    fn poll(
        &mut self,
        max_records: usize,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError> {
        let until = deadline(wait);
        let mut out = Vec::new();
        if max_records == 0 {
            return Ok(out);
        }
        loop {
            if let Some(reason) = self.log.refusal() {
                return Err(LogError::Mismatch(reason));
            }
            self.serve()?;
            self.begin()?;
            match self.take(max_records, max_bytes, &mut out) {
                // What has been taken is handed over first; the error comes again.
                Err(error) if out.is_empty() => return Err(error),
                _ => {}
            }
            let is_late = until.is_some_and(|until| Instant::now() >= until);
            if !out.is_empty() || is_late {
                return Ok(out);
            }
            self.signal.wait(until);
        }
    }

    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError> {
        self.log.topic(&self.topic.name, partition)?;
        self.check(partition, offset)?;
        self.end(partition);
        let part = Part {
            next: offset,
            queue: None,
            repairs: 0,
        };
        self.parts.insert(partition, part);
        Ok(())
    }

    fn remove(&mut self, partition: u32) {
        self.end(partition);
        self.parts.remove(&partition);
    }

    fn position(&self, partition: u32) -> Option<u64> {
        self.parts.get(&partition).map(|part| part.next)
    }
}

/// The client ends on a thread of its own: that waits for its broker threads.
impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.parts.clear();
        let Some(client) = self.client.take() else {
            return;
        };
        let thread = std::thread::Builder::new().name("kafka-reader".to_owned());
        match thread.spawn(move || drop(client)) {
            Ok(thread) => self.log.threads.ends("kafka-reader", thread),
            Err(error) => tracing::error!(%error, "a reader's client ends on its owner's thread"),
        }
    }
}
