//! The campaign file: model, parsing, and what can be checked without normal forms. Pure.
//!
//! Here lives what an operator writes (rounds, questions, prizes, keyword rules, templates, slots) and how it
//! is read from TOML, with every mistake named by line and key. What needs normal forms of text (two
//! rules that mean the same keyword, a keyword that hides the join word) is checked by `contest`.
//! Never here: a clock, files, the wire, a decision about a message.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod decimal;
mod effect;
mod lint;
mod lint_prizes;
mod lint_question;
mod lint_templates;
mod model;
mod parse;
mod parse_prizes;
mod parse_question;
mod parse_rules;
mod prizes;
mod problem;
mod questions;
mod read;
mod reschedule;
mod rules;
mod slots;
mod template;
mod time;

pub use decimal::{SCALE, plain as plain_decimal, scaled as scaled_decimal};
pub use effect::{EFFECT_IN_ANY_REPLY, EFFECT_IN_CONTEST_REPLIES, effect_stated};
pub use lint::span_overlap;
pub use model::{Campaign, Join, JoinPolicy, OnSilentNode, Round, SealPolicy, Standing, Words};
pub use prizes::{
    After, Among, Award, Correction, DrawLevel, DrawPolicy, EligiblePolicy, OnePrizePer, Prize,
    PrizeKind, Ranking, ScorePolicy, Streak, WinnerMode,
};
pub use problem::{Problem, Severity};
pub use questions::{AnswerPolicy, Choice, Question, QuestionKind};
pub use reschedule::WindowError;
pub use rules::{
    DailyHours, Detector, MenuAction, MenuItem, MessageKind, Profile, Rule, RuleMatch, Schedule,
    Scope,
};
pub use slots::{Slot, SlotEntry, Slots};
pub use template::{Facts, Segment, Template, Variable};
pub use time::{civil_day, clock_text, day_second};

/// Most bytes of a text reply that the lint allows; the renderer takes one more.
pub const MAX_REPLY_BYTES: usize = 2047;

impl Campaign {
    /// Reads a campaign file and checks all that can be checked without normal forms.
    ///
    /// Returns the campaign with its warnings.
    ///
    /// # Errors
    /// Every problem found, warnings among them, sorted by line, when at least one is an error.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        parse::campaign(text)
    }
}
