//! Processes that are killed on a broker while a surge runs: what was acked is there once, the results are those of one
//! process that nobody disturbed. `SOAK_KAFKA_KILLS` sets how often; `make soak` sets more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod any_moment;
mod contest;
#[path = "../support/mod.rs"]
mod support;
