//! Prizes (Q-18, Q-20, Q-21, Q-22, Q-31, V-6). Every look at what is due, in every test, is cut off after each act
//! and taken up again by a successor: see `common::World::look`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alternates;
mod announcements;
mod cast;
mod claims;
mod common;
mod corrections;
mod operators;
mod stories;
