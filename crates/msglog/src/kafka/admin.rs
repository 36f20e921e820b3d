//! Looking at topics and making them, by the brokers' administrative requests.

use super::config::{KafkaConfig, RECORD_BYTES_MAX, REQUEST};
use super::errors;
use super::facts::{
    Found, LOG_MARK, TOPIC_MARK, TopicFacts, TopicState, judge, mark, retention_ms,
};
use super::lines::Quiet;
use crate::contract::{LogError, TopicConfig};
use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A new topic may not be known to every broker at once.
const SPREAD: Duration = Duration::from_secs(15);

/// A client for topics and their settings.
pub(super) struct Admin {
    client: AdminClient<Quiet>,
}

impl Admin {
    pub(super) fn new(config: &KafkaConfig) -> Result<Self, LogError> {
        let client = AdminClient::from_config_and_context(&config.admin(), Quiet::default());
        let client = client.map_err(|error| errors::of("making a client for topics", &error))?;
        Ok(Self { client })
    }

    /// The cluster's id and every configured topic, judged.
    ///
    /// # Errors
    /// [`LogError::Away`], [`LogError::Io`].
    pub(super) fn look(&self, config: &KafkaConfig) -> Result<(String, Vec<TopicState>), LogError> {
        let mut states = Vec::new();
        let settings = self.settings(config)?;
        for topic in &config.topics {
            let name = config.broker_topic(&topic.name);
            let mut found = Found {
                settings: settings.get(&name).cloned().unwrap_or_default(),
                ..Found::default()
            };
            found.replicas = self.replicas(&name)?;
            states.push(judge(config, topic, &found));
        }
        let cluster = self.client.inner().fetch_cluster_id(REQUEST);
        let cluster = cluster.ok_or_else(|| LogError::Away {
            detail: "the brokers do not tell the id of their cluster".to_owned(),
        })?;
        Ok((cluster, states))
    }

    /// The settings of each topic, by its name at the brokers.
    fn settings(
        &self,
        config: &KafkaConfig,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, LogError> {
        let names: Vec<String> = config
            .topics
            .iter()
            .map(|topic| config.broker_topic(&topic.name))
            .collect();
        let wanted: Vec<_> = names
            .iter()
            .map(|name| ResourceSpecifier::Topic(name))
            .collect();
        let what = "reading the settings of the topics";
        let answer = block_on(self.client.describe_configs(&wanted, &options()));
        let mut all = BTreeMap::new();
        for resource in answer.map_err(|error| errors::of(what, &error))? {
            let resource = resource.map_err(|code| errors::of_code(what, code))?;
            let OwnedResourceSpecifier::Topic(name) = resource.specifier else {
                continue;
            };
            let entries = resource.entries.into_iter();
            all.insert(
                name,
                entries
                    .filter_map(|entry| Some((entry.name, entry.value?)))
                    .collect(),
            );
        }
        Ok(all)
    }

    /// Replicas of each partition of a topic; empty when it is not there.
    fn replicas(&self, name: &str) -> Result<Vec<usize>, LogError> {
        let what = || format!("asking for the partitions of topic {name:?}");
        let metadata = self
            .client
            .inner()
            .fetch_metadata(Some(name), REQUEST)
            .map_err(|error| errors::of(&what(), &error))?;
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else {
            return Ok(Vec::new());
        };
        match topic.error().map(RDKafkaErrorCode::from) {
            Some(code) if errors::is_gone(code) => Ok(Vec::new()),
            Some(code) if code != RDKafkaErrorCode::NoError => Err(errors::of_code(&what(), code)),
            _ => Ok(topic
                .partitions()
                .iter()
                .map(|partition| partition.replicas().len())
                .collect()),
        }
    }

    /// Makes what is missing, all of one log, and says how the topics are then.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] when what is there is not as configured; [`LogError::Away`], [`LogError::Io`].
    pub(super) fn create(&self, config: &KafkaConfig) -> Result<Vec<TopicState>, LogError> {
        let (_, mut states) = self.look(config)?;
        let mut made = Vec::new();
        // Two who make a log at once agree on it by who makes the first topic.
        while let Some(missing) = states.iter().find(|state| state.partitions == 0) {
            let known = states.iter().find_map(|state| state.log_mark);
            let log = match known {
                Some(log) => log,
                None => mark(random()?),
            };
            let missing = missing.name.clone();
            let Some(topic) = config.topics.iter().find(|topic| topic.name == missing) else {
                break;
            };
            if self.create_one(config, topic, log)? {
                made.push(missing.clone());
            }
            states = self.wait_for(config, &missing)?;
        }
        for state in &mut states {
            state.created = made.contains(&state.name);
        }
        Ok(states)
    }

    /// Whether the topic is new; `false` when somebody else was quicker.
    fn create_one(
        &self,
        config: &KafkaConfig,
        topic: &TopicConfig,
        log: u64,
    ) -> Result<bool, LogError> {
        let name = config.broker_topic(&topic.name);
        let what = format!("making topic {name:?}");
        let (log, own) = (log.to_string(), mark(random()?).to_string());
        let insync = config.min_insync_replicas.to_string();
        let (retention, largest) = (retention_ms(topic), RECORD_BYTES_MAX.to_string());
        let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
        let replication = TopicReplication::Fixed(i32::from(config.replication));
        let new = NewTopic::new(&name, partitions, replication)
            .set("min.insync.replicas", &insync)
            .set("unclean.leader.election.enable", "false")
            .set("retention.ms", &retention)
            .set("retention.bytes", "-1")
            .set("cleanup.policy", "delete")
            .set("message.timestamp.type", "LogAppendTime")
            .set("max.message.bytes", &largest)
            .set(LOG_MARK, &log)
            .set(TOPIC_MARK, &own);
        let answer = block_on(self.client.create_topics([&new], &options()));
        let answer = answer.map_err(|error| errors::of(&what, &error))?;
        match answer.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, RDKafkaErrorCode::InvalidReplicationFactor))) => {
                Err(LogError::Mismatch(format!(
                    "{what}: there are fewer than {} brokers; start them, or lower replication with \
                     single_broker = true",
                    config.replication
                )))
            }
            Some(Err((_, code))) => Err(errors::of_code(&what, code)),
            Some(Ok(_)) | None => Ok(true),
        }
    }

    /// Looks until a topic that has been made is seen with its settings.
    fn wait_for(&self, config: &KafkaConfig, topic: &str) -> Result<Vec<TopicState>, LogError> {
        let until = Instant::now() + SPREAD;
        loop {
            let (_, states) = self.look(config)?;
            let is_there = |state: &TopicState| {
                state.name == topic && state.partitions > 0 && state.min_insync_replicas > 0
            };
            if states.iter().any(is_there) {
                return Ok(states);
            }
            if Instant::now() >= until {
                return Err(LogError::Away {
                    detail: format!("topic {topic:?} was made, but the brokers do not show it"),
                });
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The facts of topics that are all in order.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] with every problem; [`LogError::Away`], [`LogError::Io`].
    pub(super) fn verify(&self, config: &KafkaConfig) -> Result<TopicFacts, LogError> {
        let (cluster, states) = self.look(config)?;
        TopicFacts::of(&states, &cluster)
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST))
        .operation_timeout(Some(REQUEST))
}

fn random() -> Result<u64, LogError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| LogError::Io {
        what: "drawing random numbers".to_owned(),
        detail: error.to_string(),
        code: None,
    })?;
    Ok(u64::from_le_bytes(bytes))
}

/// Wakes a thread that waits for a request.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a request; each of them ends by its own time limit.
fn block_on<F: Future>(request: F) -> F::Output {
    let mut request = pin!(request);
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = request.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::park();
    }
}
