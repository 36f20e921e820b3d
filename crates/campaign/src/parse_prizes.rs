//! From the TOML document to the model: prizes, awards and the policies of draws, scores and eligibility.

use crate::model::Campaign;
use crate::prizes::{
    After, Among, Award, Correction, DrawLevel, OnePrizePer, Prize, PrizeKind, Ranking, Streak,
    WinnerMode,
};
use crate::read::{Item, Notes, Section};

const PRIZE_KEYS: &[&str] = &[
    "id",
    "title",
    "class",
    "kind",
    "value_yuan",
    "units",
    "reserve",
    "claim_hours",
    "release",
];
const AWARD_KEYS: &[&str] = &["prize", "after", "mode", "n", "k", "most", "among"];
const MOST_UNITS: i64 = 10_000_000;

/// Reads all of it into the campaign.
pub(crate) fn into(root: &Section<'_, '_>, notes: &mut Notes, campaign: &mut Campaign) {
    if let Some(item) = root.get(notes, "terms") {
        campaign.terms = item.text(notes).unwrap_or_default();
    }
    let corrections = [
        ("keep_announced", Correction::KeepAnnounced),
        ("replace", Correction::Replace),
        ("void", Correction::Void),
    ];
    if let Some(item) = root.get(notes, "correction") {
        campaign.correction = item
            .choice(notes, &corrections)
            .unwrap_or(campaign.correction);
    }
    let cap = root.integer_in(
        notes,
        "prize_cap_yuan",
        1..=100_000_000,
        campaign.prize_cap_yuan.into(),
    );
    campaign.prize_cap_yuan = u32::try_from(cap).unwrap_or(u32::MAX);
    draw(root, notes, campaign);
    score(root, notes, campaign);
    eligible(root, notes, campaign);
    let prizes = root.tables(notes, "prize", PRIZE_KEYS);
    campaign.prizes = prizes.iter().map(|s| prize(s, notes)).collect();
    let awards = root.tables(notes, "award", AWARD_KEYS);
    campaign.awards = awards.iter().filter_map(|s| award(s, notes)).collect();
}

fn part<'a, 'i>(
    root: &Section<'a, 'i>,
    notes: &mut Notes,
    key: &str,
    known: &[&str],
) -> Option<Section<'a, 'i>> {
    root.get(notes, key)?.section(notes, Some(known))
}

fn draw(root: &Section<'_, '_>, notes: &mut Notes, campaign: &mut Campaign) {
    campaign.draw.salt.clone_from(&campaign.id);
    let Some(section) = part(root, notes, "draw", &["level", "ranking", "salt"]) else {
        return;
    };
    let levels = [DrawLevel::L0, DrawLevel::L1, DrawLevel::L2].map(|l| (l.name(), l));
    if let Some(item) = section.get(notes, "level") {
        campaign.draw.level = item.choice(notes, &levels).unwrap_or(campaign.draw.level);
    }
    let rankings = [Ranking::SecondThenLot, Ranking::LotOnly].map(|r| (r.name(), r));
    if let Some(item) = section.get(notes, "ranking") {
        let ranking = item.choice(notes, &rankings);
        campaign.draw.ranking = ranking.unwrap_or(campaign.draw.ranking);
    }
    if let Some(item) = section.get(notes, "salt") {
        campaign.draw.salt = item.text(notes).unwrap_or_default();
        if campaign.draw.salt.is_empty() {
            let message = "must not be empty; leave it out, and the campaign's id is used";
            notes.error(item.line, item.key, message);
        }
    }
}

fn score(root: &Section<'_, '_>, notes: &mut Notes, campaign: &mut Campaign) {
    let Some(section) = part(root, notes, "score", &["speed", "streak"]) else {
        return;
    };
    if let Some(item) = section.get(notes, "speed") {
        campaign.score.speed = item.boolean(notes).unwrap_or(true);
    }
    let streaks = [
        ("off", Streak::Off),
        ("reset", Streak::Reset),
        ("keep", Streak::Keep),
    ];
    if let Some(item) = section.get(notes, "streak") {
        campaign.score.streak = item
            .choice(notes, &streaks)
            .unwrap_or(campaign.score.streak);
    }
}

fn eligible(root: &Section<'_, '_>, notes: &mut Notes, campaign: &mut Campaign) {
    let keys = ["must_follow", "followed_before", "exclude", "one_prize_per"];
    let Some(section) = part(root, notes, "eligible", &keys) else {
        return;
    };
    let policy = &mut campaign.eligible;
    policy.line = section.line;
    if let Some(item) = section.get(notes, "must_follow") {
        policy.must_follow = item.boolean(notes).unwrap_or(true);
    }
    if let Some(item) = section.get(notes, "followed_before") {
        policy.followed_before = item.instant(notes);
    }
    if let Some(item) = section.get(notes, "exclude") {
        policy.line = item.line;
        policy.exclude = item.texts(notes);
    }
    let choices = [
        ("class", OnePrizePer::Class),
        ("campaign", OnePrizePer::Campaign),
        ("nothing", OnePrizePer::Nothing),
    ];
    if let Some(item) = section.get(notes, "one_prize_per") {
        policy.one_prize_per = item.choice(notes, &choices).unwrap_or(policy.one_prize_per);
    }
}

fn needed(section: &Section<'_, '_>, notes: &mut Notes, key: &str) -> String {
    let item = section.need(notes, key);
    item.and_then(|item| item.text(notes)).unwrap_or_default()
}

fn count(section: &Section<'_, '_>, notes: &mut Notes, key: &str, low: i64, absent: i64) -> u32 {
    let number = section.integer_in(notes, key, low..=MOST_UNITS, absent);
    u32::try_from(number).unwrap_or(0)
}

fn prize(section: &Section<'_, '_>, notes: &mut Notes) -> Prize {
    let id = needed(section, notes, "id");
    let title = needed(section, notes, "title");
    let class = section
        .get(notes, "class")
        .and_then(|item| item.text(notes))
        .unwrap_or_else(|| id.clone());
    let kinds = [("goods", PrizeKind::Goods), ("code", PrizeKind::Code)];
    let kind = section
        .get(notes, "kind")
        .and_then(|item| item.choice(notes, &kinds))
        .unwrap_or(PrizeKind::Goods);
    section.need(notes, "units");
    section.need(notes, "value_yuan");
    Prize {
        kind,
        value_yuan: count(section, notes, "value_yuan", 0, 0),
        units: count(section, notes, "units", 1, 1),
        reserve: count(section, notes, "reserve", 0, 0),
        claim_hours: u32::try_from(section.integer_in(notes, "claim_hours", 1..=8760, 48))
            .unwrap_or(48),
        release: section
            .get(notes, "release")
            .map(|item| release(&item, notes))
            .unwrap_or_default(),
        id,
        title,
        class,
        line: section.line,
    }
}

fn release(item: &Item<'_, '_>, notes: &mut Notes) -> Vec<(i64, u32)> {
    let mut steps: Vec<(i64, u32)> = Vec::new();
    for item in item.list(notes) {
        let Some(section) = item.section(notes, Some(&["at", "per_mille"])) else {
            continue;
        };
        let at = section.need(notes, "at").and_then(|i| i.instant(notes));
        section.need(notes, "per_mille");
        let share = section.integer_in(notes, "per_mille", 0..=1000, 1000);
        let share = u32::try_from(share).unwrap_or(1000);
        if let Some(at) = at {
            let rises = |(before, less): &(i64, u32)| *before < at && *less <= share;
            if !steps.last().is_none_or(rises) {
                let message =
                    "times and shares must rise from one step to the next; put the steps in order";
                notes.error(item.line, item.key.clone(), message);
            }
            steps.push((at, share));
        }
    }
    if steps.last().is_none_or(|(_, share)| *share != 1000) {
        let message = "the last step must release everything; write per_mille = 1000 in it";
        notes.error(item.line, item.key.clone(), message);
    }
    steps
}

fn award(section: &Section<'_, '_>, notes: &mut Notes) -> Option<Award> {
    let prize = needed(section, notes, "prize");
    let after = section.need(notes, "after").map(|item| after(&item, notes));
    let names = ["fastest", "draw", "top", "nth", "every", "weighted"];
    let item = section.need(notes, "mode");
    let mode = item.and_then(|item| item.choice(notes, &names.map(|name| (name, name))));
    let keys: &[&str] = match mode? {
        "nth" => &["k"],
        "every" => &["k", "most"],
        _ => &["n"],
    };
    for key in ["n", "k", "most"] {
        match (keys.contains(&key), section.get(notes, key)) {
            (true, None) => {
                section.need(notes, key);
            }
            (false, Some(item)) => {
                let message = format!(
                    "does not go with mode = \"{}\"; leave it out, or change the mode",
                    mode?
                );
                notes.error(item.line, item.key, message);
            }
            _ => {}
        }
    }
    let number = |notes: &mut Notes, key| count(section, notes, key, 1, 1);
    let mode = match mode? {
        "fastest" => WinnerMode::Fastest {
            n: number(notes, "n"),
        },
        "draw" => WinnerMode::Draw {
            n: number(notes, "n"),
        },
        "top" => WinnerMode::Top {
            n: number(notes, "n"),
        },
        "nth" => WinnerMode::Nth {
            k: number(notes, "k"),
        },
        "every" => WinnerMode::Every {
            k: number(notes, "k"),
            most: number(notes, "most"),
        },
        _ => WinnerMode::Weighted {
            n: number(notes, "n"),
        },
    };
    Some(Award {
        prize,
        after: after?,
        mode,
        among: among(section, notes, mode),
        line: section.line,
    })
}

fn after(item: &Item<'_, '_>, notes: &mut Notes) -> After {
    if item.value.as_array().is_none() {
        let choices = [("each_round", true), ("last_round", false)];
        return match item.choice(notes, &choices) {
            Some(false) => After::LastRound,
            _ => After::EachRound,
        };
    }
    let mut rounds = Vec::new();
    for item in item.list(notes) {
        match item.integer(notes).map(u16::try_from) {
            Some(Ok(number)) if !rounds.contains(&number) => rounds.push(number),
            Some(_) => notes.error(item.line, item.key, "must be round numbers, each once"),
            None => {}
        }
    }
    After::Rounds(rounds)
}

fn among(section: &Section<'_, '_>, notes: &mut Notes, mode: WinnerMode) -> Among {
    let Some(item) = section.get(notes, "among") else {
        return Among::Correct;
    };
    let choices = [Among::Joined, Among::Answered, Among::Correct].map(|a| (a.name(), a));
    let among = item.choice(notes, &choices).unwrap_or(Among::Correct);
    let free = matches!(
        mode,
        WinnerMode::Draw { .. } | WinnerMode::Nth { .. } | WinnerMode::Every { .. }
    );
    if !free && among != Among::Correct {
        let message = format!(
            "does not go with mode = \"{}\"; leave it out, or change the mode",
            mode.name()
        );
        notes.error(item.line, item.key, message);
    }
    among
}
