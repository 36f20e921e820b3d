//! The wire, tested from outside: every vector of `vectors.json`, the limits, and fuzzing. Never here:
//! what needs a private name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bodies;
mod crypto;
mod fuzz;
mod http;
mod kinds;
mod limits;
mod modes;
mod replies;
mod signatures;
mod vectors;
