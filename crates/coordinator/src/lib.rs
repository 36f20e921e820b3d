//! Keeps time, publishes campaigns, copies control into every inbound partition.
//!
//! One thread owns all that it writes. Its commands come through a bounded queue and are answered one by
//! one: publish a campaign, advance the rehearsal's clock. Between commands it does what is due: the next
//! tick of the wall clock, the next copy. It decides nothing that the log does not say: a successor reads
//! the same log and goes on.
//!
//! * [`coordinator`]: the thread and its handle
//! * [`publish`]: a publication, from text to COPIED
//! * [`ticks`]: when a tick is due, and the guard against a clock gone wrong
//! * [`copies`]: records into every inbound partition, in order
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod coordinator;
pub mod copies;
pub mod publish;
pub mod ticks;

pub use coordinator::{Clock, Config, Coordinator, Handle, TickError};
pub use publish::{PublishError, PublishRequest, Receipt};
