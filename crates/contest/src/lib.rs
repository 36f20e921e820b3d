//! Normalise, classify, match rules, render: the judgement of a contest. Pure.
//!
//! A [`Compiled`] campaign is built once from a campaign file and then answers, for any message, what
//! it is (C.5) and which words the fan gets back: a function of the message and the campaign,
//! the same on every node and at any time. Never here: a clock, randomness, the wire, the log, what
//! counts in the end.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod classify;
mod compiled;
mod emoji;
mod event;
mod grammar;
mod keywords;
mod lint;
mod lint_rules;
mod literals;
mod normal;
mod numerals;
mod numeric;
mod question;
mod reply;
mod tables;
mod tight;
mod words;

pub use check::{Trial, check};
pub use classify::{Class, Message, PLACEHOLDER};
pub use compiled::Compiled;
pub use event::EventClass;
pub use grammar::{Reading, WrongFormat};
pub use normal::{MAX_CHARS, NORM_VERSION, Normaliser};
pub use reply::Spoken;
pub use tables::{EMOTICONS, SCRIPT};
pub use tight::Tight;
