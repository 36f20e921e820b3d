//! Surge: generates recordings of campaign bursts, replays them, judges them by code of its own, and reconciles.
//!
//! It shares only the wire (`wechat`), the campaign file's model (`campaign`) and `telemetry` with the
//! server: never the code that it judges.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod client;
pub mod curve;
pub mod demo;
pub mod fans;
pub mod generate;
pub mod inspect;
pub mod ledger;
pub mod manifest;
pub mod mix;
pub mod oracle;
pub mod profile;
pub mod reconcile;
pub mod recording;
pub mod replay;
pub mod report;
mod seconds;
pub mod stats;
pub mod texts;
pub mod wire;
