//! Normalise, classify, match rules, render, score, rank, draw: the judgement of a contest. Pure.
//!
//! A [`Compiled`] campaign is built once from a campaign file and then answers, for any message, what
//! it is (C.5) and which words the fan gets back: a function of the message and the campaign,
//! the same on every node and at any time.
//!
//! The way of a round's result: a [`RoundJudge`] makes one [`Standing`] of each fan's stored attempts;
//! the standings of all partitions are merged into a [`Field`] in any order; the field's list of entrant
//! codes, a secret and a beacon give the [`Seed`]; [`conclude`] ranks, passes over who cannot
//! win, and returns the canonical record, which [`verify()`] recomputes from the published files.
//!
//! Never here: a clock, randomness, the wire, the log, who keeps what on disk.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod attempts;
mod barred;
mod beacon;
mod board;
mod check;
mod class;
mod classify;
mod compiled;
mod conclude;
mod diff;
mod draw;
mod eligible;
mod emoji;
mod entrant;
mod event;
mod field;
mod grammar;
mod judge;
mod key;
mod keywords;
mod lint;
mod lint_rules;
mod literals;
mod normal;
mod numerals;
mod numeric;
mod question;
mod rank;
mod record;
mod reply;
mod score;
mod standing;
mod tables;
mod tight;
mod verify;
mod words;

pub use attempts::{Attempt, AttemptId, Counted, choose};
pub use barred::Barred;
pub use beacon::{
    BEACON_LATE_S, Beacon, NoRound, beacon_for, beacon_out_at, beacon_round, fixed_at,
};
pub use board::{Board, FanTotal, Ranked};
pub use check::{SAMPLE_FAN, Trial, check};
pub use class::Class;
pub use classify::{Message, PLACEHOLDER};
pub use compiled::Compiled;
pub use conclude::{Conclusion, Correcting, Facts, Fallback, awards_after, conclude};
pub use diff::{Diff, Remedy, ScoreChange, diff, remedies};
pub use draw::{Commitment, Secret, Seed, commit, draw_name, hash, link_of, lot, ticket};
pub use eligible::{Bar, Follow, Holders};
pub use entrant::{EntrantCode, Entrants};
pub use event::EventClass;
pub use field::{Field, Torn};
pub use grammar::{Reading, WrongFormat};
pub use judge::{FanInRound, JoinNeed, RoundJudge};
pub use key::{Key, counted_as, is_right};
pub use normal::{MAX_CHARS, NORM_VERSION, Normaliser, legible};
pub use rank::{Contender, Given, MAX_TICKETS, Passed, Walk, Won, contenders};
pub use record::{DRAW_VERSION, RecordedAward, canonical, recorded_awards};
pub use reply::Spoken;
pub use score::{STREAK_STEP, elapsed, points, streak_bonus};
pub use standing::Standing;
pub use tables::{EMOTICONS, SCRIPT};
pub use tight::Tight;
pub use verify::{Finding, Verdict, verify, verify_standings};
