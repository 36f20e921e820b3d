//! A real Apache Kafka for tests, benchmarks and the Kafka demo: brought from its own Maven packages,
//! started on free loopback ports with the settings of `deploy/kafka`, stopped with its owner. And a
//! small proxy that breaks the wires between a client and a broker on request. Where other programs are
//! that tests need is known here, too.
//!
//! Nothing of the product links against this crate, and nothing of the product's log is known here.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cluster;
mod jars;
mod options;
mod process;
mod proxy;
mod ready;
mod settings;
mod tools;

pub use cluster::Cluster;
pub use options::{Options, StartError};
pub use proxy::{Fault, Proxy};
pub use tools::tool;
