//! What makes prizes and awards wrong: stock below slots, values above the cap, awards that nobody
//! can win.

use crate::lint::name_is_plain;
use crate::model::Campaign;
use crate::prizes::{After, Among, Award, DrawLevel, Prize, WinnerMode};
use crate::problem::Problem;
use crate::questions::QuestionKind;
use crate::read::Notes;
use std::collections::{HashMap, HashSet};

/// From this value on, in yuan, a prize should be drawn with a beacon.
const GRAND_YUAN: u32 = 10_000;
/// A winner can be written to for so long after his message.
const WINDOW_HOURS: u32 = 48;

/// Notes everything that is wrong with prizes, awards and who can win. Without `all_rounds` some of the file's
/// could not be read: then nothing is said of rounds that are missing.
pub(crate) fn check(campaign: &Campaign, all_rounds: bool, notes: &mut Notes) {
    let mut seen = HashMap::new();
    for prize in &campaign.prizes {
        one_prize(campaign, prize, notes);
        if let Some(first) = seen.insert(prize.id.as_str(), prize.line) {
            let message = format!(
                "'{}' is the id of the prize in line {first} too; give one of them another",
                prize.id
            );
            notes.error(prize.line, format!("prize[{}].id", prize.id), message);
        }
        stock(campaign, prize, notes);
    }
    for award in &campaign.awards {
        one_award(campaign, award, notes);
        if all_rounds {
            rounds_of(campaign, award, notes);
        }
    }
    if let Some(prize) = campaign.prizes.first() {
        if campaign.terms.trim().is_empty() {
            let message = "is missing: who gives prizes must say by what rules; write them here or where they can be read";
            notes.error(prize.line, "terms", message);
        }
        if campaign.draw.level == DrawLevel::L0 {
            let message = "at L0 nobody can check a draw; L1 costs nothing";
            warn(notes, prize.line, "draw.level", message);
        }
    }
    excluded(campaign, notes);
}

fn warn(notes: &mut Notes, line: usize, key: impl Into<String>, message: impl Into<String>) {
    notes.push(Problem::warning(Some(line), key, message));
}

fn one_prize(campaign: &Campaign, prize: &Prize, notes: &mut Notes) {
    let key = |name: &str| format!("prize[{}].{name}", prize.id);
    if !name_is_plain(&prize.id) || !name_is_plain(&prize.class) {
        let message =
            "id and class must be 1 to 64 lower-case letters, digits, '-', '_' or '.'; rename them";
        notes.error(prize.line, key("id"), message);
    }
    if prize.title.trim().is_empty() {
        notes.error(prize.line, key("title"), "must not be empty");
    }
    if prize.reserve >= prize.units {
        let message = format!(
            "the reserve takes all {} units; add units or keep fewer back",
            prize.units
        );
        notes.error(prize.line, key("reserve"), message);
    }
    if prize.value_yuan > campaign.prize_cap_yuan {
        let message = format!(
            "{} yuan is above the cap of {}; raise prize_cap_yuan only when the lawyers agree",
            prize.value_yuan, campaign.prize_cap_yuan
        );
        notes.error(prize.line, key("value_yuan"), message);
    }
    if prize.value_yuan >= GRAND_YUAN && campaign.draw.level != DrawLevel::L2 {
        let message = format!(
            "{} yuan should be drawn at level L2; write level = \"L2\" in [draw]",
            prize.value_yuan
        );
        warn(notes, prize.line, key("value_yuan"), message);
    }
    if prize.claim_hours > WINDOW_HOURS {
        let message = format!(
            "a winner can be reminded for {WINDOW_HOURS} hours only; lower claim_hours to that"
        );
        warn(notes, prize.line, key("claim_hours"), message);
    }
    if !campaign.awards.iter().any(|award| award.prize == prize.id) {
        warn(
            notes,
            prize.line,
            key("id"),
            "no award gives it; add an [[award]], or leave it out",
        );
    }
}

/// Stock below slots, in all and, with a release schedule, by the close of each round.
fn stock(campaign: &Campaign, prize: &Prize, notes: &mut Notes) {
    let awards = || campaign.awards.iter().filter(|a| a.prize == prize.id);
    let mut slots: u64 = 0;
    for round in &campaign.rounds {
        let here = awards().filter(|award| award.follows(round.number));
        slots = slots.saturating_add(here.map(|a| u64::from(a.mode.slots())).sum());
        let available = u64::from(prize.available(round.close));
        if !prize.release.is_empty() && slots > available {
            let key = format!("prize[{}].release", prize.id);
            let message = format!(
                "round {} brings the slots to {slots}, but only {available} units are released by its close; release more earlier, or give fewer",
                round.number
            );
            notes.error(prize.line, key, message);
            return;
        }
    }
    let last = awards().filter(|award| award.after == After::LastRound);
    slots = slots.saturating_add(last.map(|a| u64::from(a.mode.slots())).sum());
    let stock = u64::from(prize.units.saturating_sub(prize.reserve));
    if slots > stock {
        let message = format!(
            "{slots} slots but only {stock} units besides the reserve; add units or give fewer"
        );
        notes.error(prize.line, format!("prize[{}].units", prize.id), message);
    }
}

fn one_award(campaign: &Campaign, award: &Award, notes: &mut Notes) {
    let path = format!("award[{}]", award.prize);
    if !campaign.prizes.iter().any(|p| p.id == award.prize) {
        let known: Vec<&str> = campaign.prizes.iter().map(|p| p.id.as_str()).collect();
        let way_out = if known.is_empty() {
            "add a [[prize]] with that id".to_owned()
        } else {
            crate::read::nearest(&award.prize, &known)
        };
        let message = format!("no prize '{}'; {way_out}", award.prize);
        notes.error(award.line, format!("{path}.prize"), message);
    }
    let last = award.after == After::LastRound;
    let of_board = matches!(
        award.mode,
        WinnerMode::Top { .. } | WinnerMode::Weighted { .. }
    );
    if of_board && !last {
        let message = format!(
            "'{}' looks at the whole campaign; write after = \"last_round\"",
            award.mode.name()
        );
        notes.error(award.line, format!("{path}.mode"), message);
    }
    if !of_board && last && !matches!(award.mode, WinnerMode::Draw { .. }) {
        let message = format!(
            "'{}' looks at one round; name rounds, or write after = \"each_round\"",
            award.mode.name()
        );
        notes.error(award.line, format!("{path}.mode"), message);
    }
    nobody_right(campaign, award, &path, notes);
}

/// The rounds that an award follows.
fn rounds_of(campaign: &Campaign, award: &Award, notes: &mut Notes) {
    let key = format!("award[{}].after", award.prize);
    if let After::Rounds(rounds) = &award.after {
        if rounds.is_empty() {
            let message = "names no round; list them, or write \"each_round\"";
            notes.error(award.line, key.clone(), message);
        }
        for round in rounds.iter().filter(|r| campaign.round(**r).is_none()) {
            let message = format!("there is no round {round}; add it, or leave it out here");
            notes.error(award.line, key.clone(), message);
        }
    }
    if campaign.rounds.is_empty() {
        let message = "a campaign without rounds has nobody to give it to; add a [[round]]";
        notes.error(award.line, key, message);
    }
}

/// Awards for right answers where no answer is right.
fn nobody_right(campaign: &Campaign, award: &Award, path: &str, notes: &mut Notes) {
    if award.among != Among::Correct {
        return;
    }
    let polls: Vec<u16> = campaign
        .rounds
        .iter()
        .filter(|round| round.question.kind == QuestionKind::Poll)
        .map(|round| round.number)
        .collect();
    let hit = match award.after {
        After::LastRound => polls.len() == campaign.rounds.len() && !polls.is_empty(),
        _ => polls.iter().any(|round| award.follows(*round)),
    };
    if hit {
        let message =
            "a poll has no right answer; draw among = \"answered\", or leave its round out";
        notes.error(award.line, format!("{path}.among"), message);
    }
}

fn excluded(campaign: &Campaign, notes: &mut Notes) {
    let policy = &campaign.eligible;
    let mut seen = HashSet::new();
    for openid in &policy.exclude {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if openid.is_empty() || openid.len() > 128 || !openid.bytes().all(plain) {
            let message =
                format!("'{openid}' is no OpenID; they have letters, digits, '-' and '_'");
            notes.error(policy.line, "eligible.exclude", message);
        } else if !seen.insert(openid) {
            let message = format!("'{openid}' stands there twice; once is enough");
            warn(notes, policy.line, "eligible.exclude", message);
        }
    }
    if policy
        .followed_before
        .is_some_and(|before| before > campaign.end)
    {
        let message = "lies after the campaign's end and excludes nobody; move it before the end, or leave it out";
        notes.error(policy.line, "eligible.followed_before", message);
    }
}
