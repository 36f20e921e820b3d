//! Replays of small recordings against a small server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod rehearsal;
mod runs;
mod sending;
mod server;
