//! The rules of the contest, shown on the shipped campaign and on small ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod claims;
mod common;
mod examples;
mod kinds;
mod lint;
mod mine;
mod rules;
mod samples;
mod spellings;
mod total;
mod worked;
