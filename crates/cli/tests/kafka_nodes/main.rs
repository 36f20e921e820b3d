//! Nodes on a real broker: one or several, without brokers, on topics that change, with spools that are full, broken or
//! orphaned. Each test has brokers of its own, so that what one waits for is another's time; the longest ones come first
//! in the alphabet.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod gone;
mod node;
mod processes;
mod spool;
#[path = "../support/mod.rs"]
mod support;
mod topics;
