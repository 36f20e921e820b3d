//! Public texts: who is named, by how much of his code, and not before he could know. Never who should win.

use super::book::Units;
use super::contest::Contest;
use super::control::Found;
use super::entitled::{Entitled, OfAward};
use std::collections::BTreeMap;

/// A public text waits so many seconds for private notices that nobody has confirmed.
const NOTICE_WAIT_S: i64 = 60;
/// Digits of a code that everybody sees.
const TAIL: usize = 6;
/// A text from this size on may have been cut.
const NEARLY_CUT: usize = 1_900;

/// The public texts that stand, by draw.
#[derive(Debug, Default)]
pub(super) struct Texts<'a>(BTreeMap<u64, &'a Found>);

impl<'a> Texts<'a> {
    /// Takes a text that holds; what is wrong with it. `None` when it is void.
    pub(super) fn take(
        &mut self,
        draw: &Entitled,
        units: &Units<'a>,
        found: &'a Found,
        contest: &Contest<'_>,
    ) -> Option<Vec<String>> {
        let text = found.text("text");
        let before = self.0.get(&draw.first);
        let is_new = before
            .is_none_or(|before| (before.number("result"), before.text("text")) != (draw.at, text));
        if found.number("result") != draw.at || text.is_empty() || !is_new {
            return None;
        }
        self.0.insert(draw.first, found);
        let mut problems = names(draw, units, text);
        let at = found.time("at");
        if let Some(from) = untold_until(draw, units).filter(|from| at < *from) {
            problems.push(format!(
                "the public text came at {at}, before the winner was told, or {from}"
            ));
        }
        if text.contains("更正") != draw.is_corrected {
            problems
                .push("the public text does not tell a correction from a first result".to_owned());
        }
        if !text.contains(&draw.record_sha256) {
            problems.push("the public text does not name the record".to_owned());
        }
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        for word in words.filter(|word| !word.is_empty()) {
            let mut winners = draw.awards.iter().flat_map(|award| &award.winners);
            if winners.any(|won| won.code == word) || contest.rescored.knows(word) {
                problems.push("the public text shows who somebody is".to_owned());
            }
        }
        Some(problems)
    }

    /// Why the text of a draw that stands is not the one that should.
    pub(super) fn is_missing(
        &self,
        draw: &Entitled,
        units: &Units<'_>,
        now: i64,
    ) -> Option<String> {
        let waits = untold_until(draw, units).is_some_and(|from| now < from);
        if draw.awards.is_empty() || waits {
            return None;
        }
        let stands = self.0.get(&draw.first);
        match stands.filter(|found| found.number("result") == draw.at) {
            None => Some("no public text tells of the result".to_owned()),
            Some(found) => {
                let differs = names(draw, units, found.text("text")).into_iter().next();
                differs.map(|differs| format!("the last public text is not up to date: {differs}"))
            }
        }
    }
}

/// Until when a text has to wait for those who have a unit and do not know; `None` when nobody is in that state.
fn untold_until(draw: &Entitled, units: &Units<'_>) -> Option<i64> {
    let of_draw = draw.awards.iter();
    let holders = of_draw.flat_map(|award| units.holders(draw.first, award.place));
    let untold = holders.filter(|held| held.is_fresh() && held.told.is_none());
    let since = untold.map(|held| held.gift.time("at")).max()?;
    Some(since.saturating_add(NOTICE_WAIT_S))
}

/// Whether a text names those who have units, award by award, by the last digits of their codes.
fn names(draw: &Entitled, units: &Units<'_>, text: &str) -> Vec<String> {
    // The first two lines tell the draw and its record.
    let mut lines = text.lines().skip(2);
    let mut problems = Vec::new();
    for award in &draw.awards {
        match lines.next() {
            Some(line) => problems.extend(in_line(draw, award, units, line)),
            None if text.len() < NEARLY_CUT => {
                problems.push(format!("the public text says nothing of {}", award.prize));
            }
            None => {}
        }
    }
    problems
}

fn in_line(draw: &Entitled, award: &OfAward, units: &Units<'_>, line: &str) -> Option<String> {
    let (_, said) = line.rsplit_once('：').unwrap_or_default();
    let said = said.split('；').next().unwrap_or_default();
    // 等共N名: so many that not all are named.
    let (said, counted) = match said.split_once("等共") {
        Some((said, count)) => (said, count.trim_end_matches('名').parse::<usize>().ok()),
        None => (said, None),
    };
    let tail = |name: &str| name.chars().take(TAIL).collect::<String>();
    let named: Vec<String> = said
        .split('、')
        .map(tail)
        .filter(|name| name != "暂无")
        .collect();
    let holders = units.holders(draw.first, award.place);
    let last = |code: &str| {
        let from = code.len().saturating_sub(TAIL);
        code.get(from..).unwrap_or(code).to_owned()
    };
    let tails: Vec<String> = holders.map(|held| last(held.code())).collect();
    let expected = match counted {
        Some(count) if count == tails.len() => tails.get(..named.len()).unwrap_or(&tails),
        _ => &tails,
    };
    (named != expected).then(|| {
        format!(
            "the public text names {named:?} for {}, but {tails:?} have units",
            award.prize
        )
    })
}
