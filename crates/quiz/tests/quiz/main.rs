//! quiz against the rules: the books alone, and on the runner with the memory log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod judging;
mod late;
mod retries;
mod sealing;
mod seals;
mod shuffled;
mod staged;
mod ticks;
mod versions;
