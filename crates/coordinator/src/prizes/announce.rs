//! The public text of a draw: who has a unit, by the last six digits of the entrant code, and what is still to
//! be given. Due once winners were told, and again whenever it would say something else. Never an OpenID.

use super::correct::code;
use super::draws::{Draw, Made};
use super::{Desk, NOTICE_WAIT_S, Open, Why};
use contest::{EntrantCode, draw_name};
use control::ledger::Held;
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::rounds::Announcement;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A text as a passive reply can carry it, in bytes.
const MAX_TEXT: usize = 2_000;
/// Bytes of it that names may take; the record has all of them.
const MAX_NAMES: usize = 1_400;
/// Characters of a prize's title.
const MAX_TITLE: usize = 40;

impl Desk<'_> {
    /// Makes the text public, once every fan who got a unit was told or could have been.
    pub(super) fn announce(&mut self, draw: &Draw<'_>) {
        // Whoever takes over reads the standings first: until then nobody knows whether an alternate follows, and the
        // public is told nothing that the next moment changes.
        let reads = |open: &Open| open.place.round == draw.round && open.why == Why::Standings;
        if draw.awards.is_empty() || self.due.open.iter().any(reads) {
            return;
        }
        let of_draw = self.holders().filter(|(place, held)| {
            place.round == draw.round && held.is_fresh() && held.told.is_none()
        });
        let untold = of_draw.map(|(_, held)| held.since).max();
        let from = untold.map(|since| since.saturating_add(NOTICE_WAIT_S));
        let text = self.text(draw);
        let stands = self.ledger.announcement(draw.round);
        if stands.is_some_and(|(_, a)| a.result == draw.terms.result && a.text == text) {
            return;
        }
        if let Some(from) = from.filter(|from| *from > self.now) {
            let earlier = self.due.again_at.map_or(from, |at| at.min(from));
            self.due.again_at = Some(earlier);
            return;
        }
        let act = Announcement {
            v: SCHEMA_VERSION,
            campaign: self.newest.id.clone(),
            round: draw.round,
            result: draw.terms.result,
            text,
            at: self.now,
        };
        if self.ledger.announce(0, &act, draw.terms.result).is_ok() {
            self.due.acts.push(Act::Announcement(act));
        }
    }

    fn text(&self, draw: &Draw<'_>) -> String {
        let mut text = String::new();
        if draw.is_corrected() {
            text.push_str("【更正】");
        }
        let name = draw
            .round
            .map_or_else(|| "最终".to_owned(), |round| format!("第{round}轮"));
        let what = if self.is_void(draw) {
            "结果作废"
        } else {
            "中奖名单"
        };
        let (record, hash) = (draw_name(draw.round), draw.act.record_sha256);
        // Writing to a String cannot fail.
        write!(text, "{name}{what}\n记录 {record} sha256 {hash}").unwrap_or_default();
        let room = MAX_NAMES / draw.awards.len();
        for made in &draw.awards {
            self.write_award(draw, made, room, &mut text);
        }
        cut(text)
    }

    fn write_award(&self, draw: &Draw<'_>, made: &Made, room: usize, text: &mut String) {
        let prize = &made.recorded.prize;
        let title = self.prize(prize).map_or(&**prize, |prize| &prize.title);
        let title: String = title.chars().take(MAX_TITLE).collect();
        let attempts = self.ledger.of(draw.round, made.award);
        let last = attempts.filter_map(|(_, attempts)| attempts.last());
        let held: Vec<&Held> = last.filter(|held| held.is_held()).collect();
        let winners = made.recorded.given.winners.iter();
        let winners: BTreeSet<EntrantCode> = winners.map(|won| won.code).collect();
        let mut names = String::new();
        for (number, one) in held.iter().enumerate() {
            let lead = if number == 0 { "" } else { "、" };
            let kept = one.given.result != draw.terms.result;
            let mark = match (winners.contains(&code(one)), kept) {
                (true, _) => "",
                (false, true) => "（保留）",
                (false, false) => "（递补）",
            };
            let name = format!("{lead}{}{mark}", code(one).tail());
            if names.len().saturating_add(name.len()) > room {
                write!(names, "等共{}名", held.len()).unwrap_or_default();
                break;
            }
            names.push_str(&name);
        }
        if names.is_empty() {
            names.push_str("暂无");
        }
        write!(text, "\n{title}：{names}").unwrap_or_default();
        self.write_open(draw, made, text);
    }

    fn write_open(&self, draw: &Draw<'_>, made: &Made, text: &mut String) {
        let of_award = self
            .due
            .open
            .iter()
            .filter(|open| (open.place.round, open.place.award) == (draw.round, made.award));
        let (mut later, mut none, mut nobody) = (0_u32, 0_u32, 0_u32);
        for open in of_award {
            let count = match open.why {
                Why::Release(_) => &mut later,
                // No text is made meanwhile.
                Why::Standings => continue,
                Why::Stock | Why::Reserve => &mut none,
                Why::Nobody => &mut nobody,
            };
            *count = count.saturating_add(1);
        }
        for (count, what) in [(later, "待发放"), (none, "库存不足"), (nobody, "无人递补")]
        {
            if count > 0 {
                write!(text, "；{what}{count}份").unwrap_or_default();
            }
        }
    }
}

/// A text of at most [`MAX_TEXT`] bytes.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
    }
    text
}
