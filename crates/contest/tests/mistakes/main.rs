//! Every mistake that a single edit can make of a shipped campaign: found, told in the right line, with a way out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fields;
mod file;
mod ranges;
mod tables;
