//! Runs a consumer: read, fold, append, commit, dead-letter, drain; home of the state store.
//!
//! One record's way: the [`Runner`] polls a batch from the input topic, judges each record by the chain
//! when that topic has one, and gives it to the [`Fold`]. The step changes state through a [`View`] and
//! emits through [`Outputs`], which give each output its position and its link, and drop what the log has
//! already. Then the outputs are appended, all of them become durable, and only then one write batch
//! brings state, places in the chains and next offsets into the [`Store`].
//!
//! ```text
//!   poll → judge → step … step → append outputs → all durable → one write batch → poll
//!                                └─ crash here: emitted again, dropped as repetitions ─┘
//! ```
//!
//! * `fold`, `outputs`, [`state`]: what a consumer's author meets
//! * `lane`: one partition; `hand`: who applies a batch, on one thread or more; `session`: one life, from opening the state to the first failure;
//!   `runner`: one life after another, with back-off; `handle`: on a thread
//! * `assign`, `tail`: how a partition begins; `commit`, `send`: how a batch ends; `limit`: how many may fail
//! * [`replay`]: the same steps over history, in memory
//!
//! What never lives here: what a message means, HTTP, a decision from a clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod assign;
mod clock;
mod commit;
mod error;
mod facts;
mod fold;
mod hand;
mod handle;
mod lane;
mod limit;
mod metrics;
mod outputs;
pub mod replay;
mod runner;
mod send;
mod session;
mod starved;
pub mod state;
mod status;
mod tail;

#[cfg(test)]
mod tests;

pub use clock::{Clock, Stop, SystemClock};
pub use error::StateError;
pub use fold::{Fold, Input, StepError};
pub use handle::StageHandle;
pub use outputs::Outputs;
pub use runner::{Config, Runner, Turn};
pub use state::{Budget, MemoryStore, Reserve, Space, StateKey, Store, View};
pub use status::{PartitionReport, StageReport, StageState, StageStatus, Totals};
