//! The thin edge: takes a callback, makes it durable, answers.
//!
//! Order of work of a callback (I-1): size → query → signature → decrypt → parse → reply by the local
//! snapshot → append → proof of durability → answer. Without a proof within the budget there is no
//! answer at all, so that the platform delivers again. Load is never shed with status codes; only what
//! cannot be authentic is refused.
//!
//! One thread per core, each with its own current-thread runtime and its own listener on the same port.
//! A request costs no lock but that of the fan's part of the reply memory, and no timer: one sweeper
//! per thread looks at all deadlines. Requests of one turn of a runtime are appended in one call, and
//! the log's writer wakes each runtime once per flush.
//!
//! Where the log may be away, a [`msglog::Hedge`] stands in its place: then a proof may come from this
//! node's spool, and the node is ready as long as either of them takes records.
//!
//! Beside the log's queue everything here is a bounded cache, so any number of nodes run behind any
//! load balancer. What never lives here: an effect of a message, a decision about a contest, state of a
//! fan that must not be lost.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod accept;
mod answer;
mod config;
mod connection;
mod deliver;
mod fan;
mod ingress;
mod marks;
mod memory;
mod metrics;
mod node;
mod offset;
mod refusal;
mod reply_memory;
mod seals;
mod service;
mod speak;
mod spool;
mod tally;
mod tickets;
mod watch;
mod worker;

pub use config::{AccountConfig, Deps, IngressConfig, StartError};
pub use ingress::{Ingress, Stopped};
pub use marks::Barrier;
pub use seals::{SealAcks, asked};
