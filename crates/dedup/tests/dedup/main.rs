//! dedup against the rules: the judgement alone, and on the runner with the memory log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod judging;
mod retries;
mod staged;
