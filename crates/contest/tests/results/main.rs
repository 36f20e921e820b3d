//! What a sealed round comes to: answers that count, scores, ranks, draws, records.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod boards;
mod common;
mod draws;
mod independent;
mod modes;
mod records;
mod repairs;
mod second_script;
