//! Every mistake that a single edit can make of a shipped campaign: found, told in the right line, with a way out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod base;
mod fields;
mod file;
mod guard;
mod ranges;
mod rare;
mod rare_rounds;
mod tables;
