//! Ingress from outside: raw sockets in front, the memory log behind. No other process, no fixed port.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod deliveries;
mod durability;
mod fixture;
mod replies;
mod seals;
mod spool;
mod stopping;
mod vectors;
mod wire;
