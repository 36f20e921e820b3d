//! The durable partitioned log: contract, memory, journal, Kafka, hedge, conformance suite.
//!
//! A record's way: a caller hands it to an [`Appender`], the topic's one writer puts it on disk with
//! many others and syncs once, the caller's [`Mailbox`] gets a [`Durable`] or an error, and from then
//! on every [`Reader`] sees it, in this process or another.
//!
//! * [`contract`] says what every backend promises;
//! * [`journal`] is the embedded backend, on disk;
//! * [`kafka`] is the backend on Apache Kafka;
//! * [`hedge`] puts a journal beside a log that may be away;
//! * [`memory`] is the deterministic backend of everyone's tests;
//! * [`conformance`] is the list of checks that every backend passes.
//!
//! What never lives here: the meaning of a record. The log has never seen JSON.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod conformance;
pub mod contract;
mod groups;
pub mod hedge;
pub mod journal;
pub mod kafka;
mod layout;
mod limits;
mod membership;
pub mod memory;
mod sync;

pub use hedge::{Backlog, Hedge, HedgeConfig};
pub use journal::{Gather, Journal, JournalConfig, Reserve};
pub use kafka::{Kafka, KafkaConfig, TopicFacts, TopicState};
pub use memory::MemoryLog;

pub use contract::{
    Answer, Appender, Durable, GroupEvent, KEY_BYTES_MAX, Log, LogError, LogId, Mailbox,
    Membership, NewRecord, PARTITIONS_MAX, Place, Reader, Refusal, Refused, Stored, Tier,
    TopicConfig, VALUE_BYTES_MAX,
};
