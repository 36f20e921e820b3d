//! quiz against the rules: the books alone, and on the runner with the memory log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod barred;
mod claims;
mod common;
mod edges;
mod follows;
mod judging;
mod late;
mod long;
mod rescored;
mod retries;
mod sealed_props;
mod sealed_stage;
mod sealing;
mod seals;
mod shuffled;
mod staged;
mod ticks;
mod versions;
