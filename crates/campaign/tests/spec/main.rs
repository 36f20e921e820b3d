//! The campaign file: what is read from it, and what is told when it is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod example;
mod file;
mod prizes;
mod questions;
mod words;
