//! What is known of the topics at the brokers: as it was found, as it is judged against the configuration,
//! and as it is remembered for a start without brokers. Pure: whoever looks stands in `admin`.
//!
//! # Identity
//! Each topic carries two numbers in settings of its own, which go when the topic goes: the log it belongs
//! to, and its own, random at each creation. They stand in `message.timestamp.after.max.ms` and
//! `message.timestamp.before.max.ms`, which mean nothing to a topic whose times are the broker's.

use super::config::{KafkaConfig, RECORD_BYTES_MAX};
use crate::contract::{LogError, LogId, TopicConfig};
use std::collections::BTreeMap;
use std::time::Duration;

/// The setting that carries the log's number.
pub(super) const LOG_MARK: &str = "message.timestamp.after.max.ms";
/// The setting that carries the topic's own.
pub(super) const TOPIC_MARK: &str = "message.timestamp.before.max.ms";
/// Set in every mark, and in no value that somebody would choose.
const MARK_BIT: u64 = 1 << 62;

/// A mark of 62 random bits.
pub(super) fn mark(random: u64) -> u64 {
    (random & (MARK_BIT - 1)) | MARK_BIT
}

/// The mark in a setting, when there is one: the broker's default is the largest number.
fn mark_of(value: Option<&String>) -> Option<u64> {
    let value: u64 = value?.parse().ok()?;
    (value & MARK_BIT != 0 && value < i64::MAX as u64).then_some(value)
}

/// A topic as it was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Replicas of each partition; empty when there is no such topic.
    pub(super) replicas: Vec<usize>,
    pub(super) settings: BTreeMap<String, String>,
}

/// A topic at the brokers, judged against the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicState {
    /// Our name.
    pub name: String,
    /// Its name at the brokers.
    pub broker_topic: String,
    /// Whether this call has made it.
    pub created: bool,
    /// Its partitions; 0 when it is not there.
    pub partitions: u32,
    /// Fewest replicas of any of its partitions.
    pub replication: u16,
    /// Replicas that must have a record before it counts.
    pub min_insync_replicas: u16,
    /// How long it is kept; `None` for ever.
    pub retention: Option<Duration>,
    /// The number of the log it belongs to.
    pub log_mark: Option<u64>,
    /// Its own number.
    pub topic_mark: Option<u64>,
    /// What is not as it must be, each with the way out; empty when all is well.
    pub problems: Vec<String>,
}

impl std::fmt::Display for TopicState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = match self.retention {
            Some(kept) => format!("{} s", kept.as_secs()),
            None => "for ever".to_owned(),
        };
        write!(
            f,
            "{}: {} partitions, {} replicas, {} in sync at least, kept {kept}",
            self.broker_topic, self.partitions, self.replication, self.min_insync_replicas
        )
    }
}

/// Holds what was found against the configuration.
pub(super) fn judge(config: &KafkaConfig, topic: &TopicConfig, found: &Found) -> TopicState {
    let number = |key: &str| {
        found
            .settings
            .get(key)
            .and_then(|value| value.parse::<i64>().ok())
    };
    let fewest = found.replicas.iter().min().copied().unwrap_or(0);
    let mut state = TopicState {
        name: topic.name.clone(),
        broker_topic: config.broker_topic(&topic.name),
        created: false,
        partitions: u32::try_from(found.replicas.len()).unwrap_or(u32::MAX),
        replication: u16::try_from(fewest).unwrap_or(u16::MAX),
        min_insync_replicas: number("min.insync.replicas")
            .and_then(|count| u16::try_from(count).ok())
            .unwrap_or(0),
        retention: number("retention.ms")
            .and_then(|ms| u64::try_from(ms).ok())
            .map(Duration::from_millis),
        log_mark: mark_of(found.settings.get(LOG_MARK)),
        topic_mark: mark_of(found.settings.get(TOPIC_MARK)),
        problems: Vec::new(),
    };
    state.problems = problems(config, topic, found, &state);
    state
}

fn problems(
    config: &KafkaConfig,
    topic: &TopicConfig,
    found: &Found,
    state: &TopicState,
) -> Vec<String> {
    let name = &state.broker_topic;
    if found.replicas.is_empty() {
        return vec![format!(
            "topic {name:?} is not there; make it with: spillway topics create"
        )];
    }
    if found.settings.is_empty() {
        return vec![format!(
            "the settings of topic {name:?} cannot be read; allow this client to describe them"
        )];
    }
    let mut problems = Vec::new();
    if state.partitions != topic.partitions {
        problems.push(format!(
            "topic {name:?} has {} partitions, {} are configured; a number of partitions never changes: \
             configure what is there, or use another topic_prefix",
            state.partitions, topic.partitions
        ));
    }
    let replication = usize::from(config.replication);
    if let Some(other) = found.replicas.iter().find(|count| **count != replication) {
        problems.push(format!(
            "topic {name:?} has {other} replicas, {replication} are configured; move it with \
             kafka-reassign-partitions.sh, or configure replication = {other}"
        ));
    }
    let wanted = [
        (
            "min.insync.replicas",
            config.min_insync_replicas.to_string(),
        ),
        ("unclean.leader.election.enable", "false".to_owned()),
        ("retention.ms", retention_ms(topic)),
        ("retention.bytes", "-1".to_owned()),
        ("cleanup.policy", "delete".to_owned()),
        ("message.timestamp.type", "LogAppendTime".to_owned()),
    ];
    for (key, wanted) in wanted {
        let is = found.settings.get(key).map_or("unknown", String::as_str);
        if is != wanted {
            problems.push(format!(
                "topic {name:?} has {key} = {is}, {wanted} is configured; {}",
                alter(name, key, &wanted)
            ));
        }
    }
    let largest = found
        .settings
        .get("max.message.bytes")
        .and_then(|bytes| bytes.parse::<usize>().ok());
    if largest.is_none_or(|bytes| bytes < RECORD_BYTES_MAX) {
        let largest = largest.unwrap_or(0);
        let wanted = RECORD_BYTES_MAX.to_string();
        problems.push(format!(
            "topic {name:?} takes records of {largest} bytes, {wanted} are needed; {}",
            alter(name, "max.message.bytes", &wanted)
        ));
    }
    if state.log_mark.is_none() || state.topic_mark.is_none() {
        problems.push(format!(
            "topic {name:?} carries no identity in {LOG_MARK} and {TOPIC_MARK}: it was not made by \
             `spillway topics create`, or somebody has changed them; use another topic_prefix"
        ));
    }
    problems
}

fn alter(topic: &str, key: &str, value: &str) -> String {
    format!(
        "configure what is there, or: kafka-configs.sh --alter --entity-type topics --entity-name {topic} \
         --add-config {key}={value}"
    )
}

/// What `retention.ms` must be.
pub(super) fn retention_ms(topic: &TopicConfig) -> String {
    match topic.retention {
        Some(kept) => kept.as_millis().to_string(),
        None => "-1".to_owned(),
    }
}

/// What was verified of a log's topics, for a start while the brokers are away and for telling whether they
/// are still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFacts {
    /// Identity of the log.
    pub log: LogId,
    /// The topics, by our names.
    pub topics: BTreeMap<String, TopicFact>,
}

/// What was verified of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicFact {
    /// Its partitions.
    pub partitions: u32,
    /// Replicas of each.
    pub replication: u16,
    /// Replicas that must have a record before it counts.
    pub min_insync_replicas: u16,
    /// Its own number, random at its creation.
    pub mark: u64,
}

/// First line of the text.
const TITLE: &str = "spillway kafka facts 1";

impl TopicFacts {
    /// From topics that were found in order, in this cluster.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] with every problem, or when the topics belong to different logs.
    pub(super) fn of(states: &[TopicState], cluster: &str) -> Result<Self, LogError> {
        let problems: Vec<&str> = states
            .iter()
            .flat_map(|state| state.problems.iter().map(String::as_str))
            .collect();
        if !problems.is_empty() {
            return Err(LogError::Mismatch(problems.join("; ")));
        }
        let mut topics = BTreeMap::new();
        let mut log = None;
        for state in states {
            let (Some(mark), Some(of)) = (state.topic_mark, state.log_mark) else {
                continue;
            };
            let (first, name) = *log.get_or_insert((of, &state.broker_topic));
            if first != of {
                return Err(LogError::Mismatch(format!(
                    "topics {name:?} and {:?} belong to different logs; delete the one that holds nothing \
                     and make it again with: spillway topics create",
                    state.broker_topic
                )));
            }
            let fact = TopicFact {
                partitions: state.partitions,
                replication: state.replication,
                min_insync_replicas: state.min_insync_replicas,
                mark,
            };
            topics.insert(state.name.clone(), fact);
        }
        let mark = log.map_or(0, |(mark, _)| mark);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&mark.to_be_bytes());
        // The same settings mirrored into another cluster make another log: its offsets may differ.
        id[8..].copy_from_slice(&fnv1a64(cluster.as_bytes()).to_be_bytes());
        Ok(Self {
            log: LogId(id),
            topics,
        })
    }

    /// Why what is found now is not what was verified before; `None` when it is. A topic that was not known
    /// before is no difference.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        if self.log != now.log {
            return Some(format!(
                "the topics belong to log {}, and so far to {}: they were deleted and made again, or this \
                 is another cluster",
                now.log, self.log
            ));
        }
        self.topics.iter().find_map(|(name, before)| {
            let found = now.topics.get(name)?;
            if found.mark != before.mark {
                return Some(format!(
                    "topic {name:?} was deleted and made again; what stood in it is gone"
                ));
            }
            (found.partitions != before.partitions).then(|| {
                format!(
                    "topic {name:?} has {} partitions and had {}; a number of partitions never changes",
                    found.partitions, before.partitions
                )
            })
        })
    }

    /// As text, for a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{TITLE}\nlog {}\n", self.log);
        for (name, fact) in &self.topics {
            text.push_str(&format!(
                "topic {name} {} {} {} {:016x}\n",
                fact.partitions, fact.replication, fact.min_insync_replicas, fact.mark
            ));
        }
        text
    }

    /// From that text.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] naming the line that is not one.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let mut lines = text.lines();
        let facts = (|| {
            (lines.next()? == TITLE).then_some(())?;
            let log = LogId(
                u128::from_str_radix(lines.next()?.strip_prefix("log ")?, 16)
                    .ok()?
                    .to_be_bytes(),
            );
            let topics = lines.map(fact_of).collect::<Option<_>>()?;
            Some(Self { log, topics })
        })();
        facts.ok_or_else(|| LogError::Mismatch("these are no facts of kafka topics".to_owned()))
    }
}

fn fact_of(line: &str) -> Option<(String, TopicFact)> {
    let mut words = line.strip_prefix("topic ")?.split(' ');
    let name = words.next()?.to_owned();
    let fact = TopicFact {
        partitions: words.next()?.parse().ok()?,
        replication: words.next()?.parse().ok()?,
        min_insync_replicas: words.next()?.parse().ok()?,
        mark: u64::from_str_radix(words.next()?, 16).ok()?,
    };
    words.next().is_none().then_some((name, fact))
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
