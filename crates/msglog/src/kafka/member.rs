//! A member of a consumer group. It says who owns what and reads nothing: its partitions are paused as soon
//! as they come. A thread of its own serves the group, so that a stage in a long batch stays a member.

use super::config::REQUEST;
use super::errors;
use super::lease::Lease;
use super::lines::Lines;
use super::shared::Shared;
use crate::contract::{GroupEvent, LogError, Membership, TopicConfig};
use crate::sync::{deadline, lock, wait_until};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One look at the group.
const TURN: Duration = Duration::from_millis(50);
/// Between two questions to the coordinator …
const ASK: Duration = Duration::from_secs(1);
/// … and while an assignment waits for the answer.
const ASK_SOON: Duration = Duration::from_millis(100);
/// An owner that has not looked for so long is stuck: its partitions go to others.
const OWNER_SILENT: Duration = Duration::from_secs(120);

/// A consumer with this context.
type GroupConsumer = BaseConsumer<Group>;

/// What the owner, the thread and the client's callbacks share.
struct Group {
    state: Mutex<State>,
    changed: Condvar,
    lines: Lines,
}

struct State {
    lease: Lease,
    /// Partitions that the client waits to have given up.
    revoking: Vec<u32>,
    /// The question that waits for its answer: when it was asked, about which generation.
    asked: Option<(Instant, u64)>,
    /// When the owner last looked.
    looked: Instant,
    failure: Option<LogError>,
    is_ending: bool,
}

/// A membership.
pub(super) struct Member {
    group: Arc<Group>,
    log: Arc<Shared>,
    name: String,
    number: u32,
    thread: Option<JoinHandle<()>>,
}

impl Member {
    pub(super) fn join(
        log: Arc<Shared>,
        group: &str,
        topic: &TopicConfig,
    ) -> Result<Self, LogError> {
        // A group of two topics would mix up who owns what.
        let name = format!("{}{group}.{}", log.config.topic_prefix, topic.name);
        let number = log.take_member(&name);
        let instance = match log.config.instance.as_str() {
            "" => String::new(),
            instance => format!("{instance}-{number}"),
        };
        let broker_topic = log.config.broker_topic(&topic.name);
        let settings = log.config.member(&name, &instance);
        let made = settings.create_with_context::<_, GroupConsumer>(Group::new());
        let made = made.and_then(|consumer| {
            consumer.subscribe(&[&broker_topic])?;
            Ok(consumer)
        });
        let started = made
            .map_err(|error| errors::of("joining a group", &error))
            .and_then(|consumer| {
                let group = Arc::clone(consumer.context());
                let thread = std::thread::Builder::new()
                    .name("kafka-group".to_owned())
                    .spawn(move || serve(&consumer, &broker_topic))
                    .map_err(|error| LogError::Io {
                        what: "starting a member's thread".to_owned(),
                        detail: error.to_string(),
                        code: error.raw_os_error(),
                    })?;
                Ok((group, thread))
            });
        match started {
            Ok((group, thread)) => Ok(Self {
                group,
                log,
                name,
                number,
                thread: Some(thread),
            }),
            Err(error) => {
                log.free_member(&name, number);
                Err(error)
            }
        }
    }
}

impl Membership for Member {
    fn poll(&mut self, wait: Duration) -> Result<Option<GroupEvent>, LogError> {
        let until = deadline(wait);
        let mut state = lock(&self.group.state);
        loop {
            state.looked = Instant::now();
            if let Some(event) = state.lease.next() {
                return Ok(Some(event));
            }
            if let Some(error) = &state.failure {
                return Err(error.clone());
            }
            let (guard, late) = wait_until(&self.group.changed, state, until);
            state = guard;
            if late {
                return Ok(state.lease.next());
            }
        }
    }

    fn release(&mut self, partitions: &[u32]) {
        let mut state = lock(&self.group.state);
        state.looked = Instant::now();
        state.lease.release(partitions);
    }

    fn owns(&self, partition: u32) -> bool {
        let state = lock(&self.group.state);
        state.failure.is_none() && state.lease.owns(partition, Instant::now())
    }
}

/// Leaves the group; the client ends on its own thread, which may take a while when its broker is away.
impl Drop for Member {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.group.state);
            state.is_ending = true;
            state.lease.lose_all();
        }
        self.log.free_member(&self.name, self.number);
        if let Some(thread) = self.thread.take() {
            self.log.threads.ends("kafka-group", thread);
        }
    }
}

/// The thread: looks at the group, asks for confirmations, gives up what was released.
fn serve(consumer: &GroupConsumer, topic: &str) {
    let group = consumer.context();
    let mut asked = None;
    let mut is_member = true;
    loop {
        // A record that came before the pause is somebody else's to read.
        if let Some(Err(error)) = consumer.poll(TURN) {
            group.heard(&error);
        }
        let (is_ending, is_silent, question) = {
            let mut state = lock(&group.state);
            let is_silent = state.looked.elapsed() >= OWNER_SILENT;
            let question = state.question(&mut asked);
            (state.is_ending, is_silent, question)
        };
        if is_ending {
            return;
        }
        if is_silent == is_member {
            is_member = !is_silent;
            follow(consumer, topic, is_member);
        }
        group.give_up(consumer, topic);
        if let Some(partition) = question {
            group.ask(consumer, topic, partition);
        }
    }
}

/// Leaves the group while its owner is silent, and joins again when it is back.
fn follow(consumer: &GroupConsumer, topic: &str, is_member: bool) {
    if is_member {
        if let Err(error) = consumer.subscribe(&[topic]) {
            consumer.context().heard(&error);
        }
        return;
    }
    tracing::error!(
        topic,
        "the owner of a membership does not look at it: it leaves its group"
    );
    lock(&consumer.context().state).lease.lose_all();
    consumer.unsubscribe();
}

impl State {
    /// The partition to ask about, when it is time to ask.
    fn question(&mut self, last: &mut Option<Instant>) -> Option<u32> {
        let rest = if self.lease.is_waiting() {
            ASK_SOON
        } else {
            ASK
        };
        let is_due = last.is_none_or(|at| at.elapsed() >= rest);
        // An answer that never comes must not keep the next question from being asked.
        let is_open = self.asked.is_some_and(|(at, _)| at.elapsed() < REQUEST);
        if !is_due || is_open {
            return None;
        }
        let (partition, generation) = self.lease.question()?;
        let now = Instant::now();
        *last = Some(now);
        self.asked = Some((now, generation));
        Some(partition)
    }
}

impl Group {
    fn new() -> Self {
        Self {
            state: Mutex::new(State {
                lease: Lease::default(),
                revoking: Vec::new(),
                asked: None,
                looked: Instant::now(),
                failure: None,
                is_ending: false,
            }),
            changed: Condvar::new(),
            lines: Lines::default(),
        }
    }

    /// Asks the coordinator whether this member still is one: only a member of the present generation may
    /// commit. What is committed is no position; those are kept by whoever consumes.
    fn ask(&self, consumer: &GroupConsumer, topic: &str, partition: u32) {
        let list = list_of(topic, &[partition], Offset::Offset(0));
        // An asynchronous commit is answered to nobody: the client tells of it only through a callback of its
        // C interface, which rdkafka does not set. Waiting holds up nobody else: this is the group's thread.
        let answered = consumer.commit(&list, CommitMode::Sync);
        self.commit_callback(answered, &list);
    }

    /// Tells the client what it waits to have given up, once the owner has let go of all of it.
    fn give_up(&self, consumer: &GroupConsumer, topic: &str) {
        let released = {
            let mut state = lock(&self.state);
            let revoking = std::mem::take(&mut state.revoking);
            if revoking.is_empty() || !state.lease.give_up(&revoking) {
                state.revoking = revoking;
                return;
            }
            revoking
        };
        self.unassign(consumer, topic, &released);
    }

    fn unassign(&self, consumer: &GroupConsumer, topic: &str, partitions: &[u32]) {
        let list = list_of(topic, partitions, Offset::Invalid);
        if let Err(error) = consumer.incremental_unassign(&list) {
            self.heard(&error);
        }
    }

    fn heard(&self, error: &KafkaError) {
        let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
        self.lines.warn("group", &error.to_string());
        if is_fatal {
            let error = errors::of("being a member of a group", error);
            let mut state = lock(&self.state);
            state.lease.lose_all();
            state.failure.get_or_insert(error);
            drop(state);
            self.changed.notify_all();
        }
    }

    fn assigned(&self, consumer: &GroupConsumer, list: &mut TopicPartitionList) {
        let (topic, partitions) = names(list);
        // The end, so that nothing is fetched before the pause takes hold.
        let assigned = list
            .set_all_offsets(Offset::End)
            .and_then(|()| consumer.incremental_assign(list))
            .and_then(|()| consumer.pause(list));
        if let Err(error) = assigned {
            self.heard(&error);
        }
        tracing::debug!(topic, ?partitions, "assigned");
        lock(&self.state).lease.assign(&partitions);
    }

    fn revoked(&self, consumer: &GroupConsumer, list: &TopicPartitionList) {
        let (topic, partitions) = names(list);
        let is_lost = consumer.assignment_lost();
        tracing::debug!(topic, ?partitions, is_lost, "revoked");
        let can_go = {
            let mut state = lock(&self.state);
            if is_lost || state.is_ending {
                state.lease.lose(&partitions);
                true
            } else {
                let can_go = state.lease.revoke(&partitions);
                if !can_go {
                    state.revoking.clone_from(&partitions);
                }
                can_go
            }
        };
        if can_go {
            self.unassign(consumer, &topic, &partitions);
        }
    }
}

impl ClientContext for Group {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        self.lines.warn(facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.lines.warn(&error.to_string(), reason);
    }
}

impl ConsumerContext for Group {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assigned(consumer, list),
            _ => self.revoked(consumer, list),
        }
        self.changed.notify_all();
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        let mut state = lock(&self.state);
        let asked = state.asked.take();
        match (result, asked) {
            (Ok(()), Some((at, generation))) => state.lease.confirm(at, generation),
            (Ok(()), None) => {}
            (Err(error), _) => self.lines.warn("lease", &error.to_string()),
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// The topic and the partitions of a list.
fn names(list: &TopicPartitionList) -> (String, Vec<u32>) {
    let elements = list.elements();
    let topic = elements.first().map(|first| first.topic().to_owned());
    let partitions = elements
        .iter()
        .filter_map(|element| u32::try_from(element.partition()).ok())
        .collect();
    (topic.unwrap_or_default(), partitions)
}

fn list_of(topic: &str, partitions: &[u32], offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        let number = i32::try_from(*partition).unwrap_or(i32::MAX);
        // Only an offset that cannot be is refused, and these can.
        drop(list.add_partition_offset(topic, number, offset));
    }
    list
}
