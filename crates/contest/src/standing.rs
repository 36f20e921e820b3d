//! One fan's standing in one sealed round, or on the final board, and its line in the published file.
//! Never how it came to be.

use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// One fan in a round or, summed up, in a campaign. It holds no OpenID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Who.
    pub code: EntrantCode,
    /// CreateTime of the join that counts; an answer that needs none joins its sender.
    pub joined: Option<i64>,
    /// Rounds answered: 0 or 1 in a round.
    pub answered: u32,
    /// Rounds answered rightly.
    pub correct: u32,
    /// CreateTime of the first valid answer; 0 without one.
    pub first: i64,
    /// Effective time t* of a round; 0 without an answer and on the board.
    pub at: i64,
    /// Seconds from the opening to t*, of right answers only, summed up on the board.
    pub elapsed: u64,
    /// Points, on the board with bonuses.
    pub points: u64,
    /// Value of the answer that counts; empty on the board.
    pub value: Cow<'a, str>,
    /// Why the fan cannot win, if so.
    pub bar: Option<Bar>,
}

impl Standing<'_> {
    /// Writes its line: canonical JSON with sorted keys, ended by a newline.
    pub fn write_line(&self, out: &mut String) {
        out.push('{');
        if !self.value.is_empty() {
            out.push_str("\"answer\":");
            crate::record::quote(&self.value, out);
            out.push(',');
        }
        // Writing to a String cannot fail.
        write!(out, "\"answered\":{},\"at\":{}", self.answered, self.at).unwrap_or_default();
        if let Some(bar) = self.bar {
            write!(out, ",\"bar\":\"{}\"", bar.name()).unwrap_or_default();
        }
        write!(
            out,
            ",\"code\":\"{}\",\"correct\":{},\"elapsed\":{},\"first\":{}",
            self.code, self.correct, self.elapsed, self.first
        )
        .unwrap_or_default();
        if let Some(joined) = self.joined {
            write!(out, ",\"joined\":{joined}").unwrap_or_default();
        }
        writeln!(out, ",\"points\":{}}}", self.points).unwrap_or_default();
    }

    /// Reads a line without its newline; none when it is not exactly what [`Standing::write_line`] writes.
    #[must_use]
    pub fn parse(line: &str) -> Option<Standing<'static>> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        let time = |key: &str| value.get(key).and_then(Value::as_i64);
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let standing = Standing {
            code: EntrantCode::parse(text("code")?)?,
            joined: time("joined"),
            answered: number("answered")?.try_into().ok()?,
            correct: number("correct")?.try_into().ok()?,
            first: time("first")?,
            at: time("at")?,
            elapsed: number("elapsed")?,
            points: number("points")?,
            value: Cow::Owned(text("answer").unwrap_or_default().to_owned()),
            bar: text("bar").and_then(Bar::named),
        };
        let mut again = String::with_capacity(line.len() + 1);
        standing.write_line(&mut again);
        (again.strip_suffix('\n') == Some(line)).then_some(standing)
    }

    /// The same with a value of its own.
    #[must_use]
    pub fn into_owned(self) -> Standing<'static> {
        Standing {
            value: Cow::Owned(self.value.into_owned()),
            ..self
        }
    }
}
