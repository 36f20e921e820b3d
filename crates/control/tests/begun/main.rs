//! What can be done to rounds that have begun, in the fold of control, where every void record changes nothing:
//! publications, and rounds that the later ones do not wait for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod publications;
mod skips;
