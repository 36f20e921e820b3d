//! Holds the canonical record of a result against what must stand in it: the seal's facts, what was promised and
//! reached, and the winners that follow from the revealed secret.

use super::contest::Contest;
use super::control::{Commitment, Decision, Found};
use crate::oracle::draws::{self, unhex};
use crate::oracle::holders::Holders;
use crate::oracle::standings::{self, Standing};
use campaign::{Among, Campaign, DrawLevel};
use serde_json::{Value, json};

/// Genesis of drand's quicknet, and seconds from one of its rounds to the next.
const BEACON: (i64, i64) = (1_692_803_367, 3);
/// The beacon's round lies so many seconds after the seal.
const BEACON_AFTER_S: i64 = 60;
/// A draw may do without its beacon once that is ten minutes late. Where no round is open, the newest tick may be a minute
/// old.
const BEACON_LATE_S: i64 = BEACON_AFTER_S + 600 - 60;

/// A draw whose standings were judged once more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    /// The version that judged.
    pub(super) campaign: &'a Campaign,
    /// The decision of its seal; of the final draw that of the last one.
    pub(super) decision: &'a Decision,
    /// The result.
    pub(super) found: &'a Found,
    /// The first result of the draw, which may be this one.
    pub(super) first: &'a Found,
    /// The result that this one takes the place of.
    pub(super) corrects: Option<&'a Found>,
    /// The standings that it must be of.
    pub(super) standings: &'a [Standing],
}

/// What was found of a record.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) problems: Vec<String>,
    /// The record, if it is one.
    pub(super) record: Option<Value>,
}

/// The record, field by field, with the winners that follow from its secret.
pub(super) fn judge(contest: &Contest<'_>, draw: &Draw<'_>, holders: Holders) -> Judged {
    let mut judged = Judged::default();
    let bytes = draw.found.text("record");
    let mut problem = |what: String| judged.problems.push(what);
    if draw.found.act["record_sha256"] != standings::sha256(bytes) {
        problem("the record has not the hash that the result names".to_owned());
    }
    let record: Value = match serde_json::from_str(bytes) {
        Ok(record) => record,
        Err(error) => {
            problem(format!("the record is no JSON: {error}"));
            return judged;
        }
    };
    let promised = promised(contest, draw);
    for what in promise(&record, promised) {
        problem(what);
    }
    for what in beacon(&record, draw, promised.is_some()) {
        problem(what);
    }
    for (field, expected) in expected(contest, draw, &record, holders) {
        if record[field] != expected {
            let (found, expected) = (shortened(&record[field]), shortened(&expected));
            problem(format!(
                "{field} is {found} in the record, but must be {expected}"
            ));
        }
    }
    judged.record = Some(record);
    judged
}

/// What was promised of a draw's secret: its own place in the chain, and nothing where the chain has none for it.
fn promised<'c>(contest: &Contest<'c>, draw: &Draw<'_>) -> Option<(&'c Commitment, u64)> {
    let chain = contest.control.commitment.as_ref();
    let chain = chain.filter(|chain| chain.at < draw.first.at)?;
    let place = draws::place_in_chain(draw.found.round(), chain.links)?;
    Some((chain, place))
}

/// The record tells what was promised, no less and no more, and reveals the secret of it.
fn promise(record: &Value, promised: Option<(&Commitment, u64)>) -> Vec<String> {
    let told = &record["commitment"];
    let mut expected = promised.map_or(
        Value::Null,
        |(chain, index)| json!({"chain": chain.root, "index": index, "links": chain.links}),
    );
    // How long the chain is may stand beside its end only.
    if let Some(expected) = expected.as_object_mut().filter(|_| told["links"].is_null()) {
        expected.remove("links");
    }
    let mut problems = Vec::new();
    if *told != expected {
        let (told, expected) = (shortened(told), shortened(&expected));
        problems.push(format!(
            "the commitment is {told} in the record, but that of this draw is {expected}"
        ));
    }
    if let Some((chain, index)) = promised {
        let secret = unhex(record["s"].as_str().unwrap_or_default());
        if !draws::is_in_chain(&secret, &unhex(&chain.root), index) {
            problems.push("the secret is not the one committed to".to_owned());
        }
    }
    problems
}

/// At L2 the record has the beacon of the round that the seal fixes, or says who went on without it when it was late
/// . What the beacon said is its own word.
fn beacon(record: &Value, draw: &Draw<'_>, is_promised: bool) -> Vec<String> {
    let (beacon, fallback) = (&record["beacon"], &record["fallback"]);
    let mut problems = Vec::new();
    if draw.campaign.draw.level != DrawLevel::L2 || !is_promised {
        for (field, found) in [("beacon", beacon), ("fallback", fallback)] {
            if !found.is_null() {
                problems.push(format!(
                    "{field} is {found} in the record of a draw without one"
                ));
            }
        }
        return problems;
    }
    match (beacon.is_null(), fallback.is_null()) {
        (false, true) => {
            let due = beacon_round(draw.decision.at);
            if beacon["round"].as_u64() != Some(due)
                || beacon["value"].as_str().is_none_or(str::is_empty)
            {
                problems.push(format!(
                    "beacon is {beacon} in the record, but must be that of round {due}"
                ));
            }
        }
        (true, false) => {
            for key in ["actor", "reason"] {
                if fallback[key].as_str().is_none_or(str::is_empty) {
                    problems.push(format!("fallback has no {key} in the record"));
                }
            }
            let from = draw.decision.at.saturating_add(BEACON_LATE_S);
            let at = draw.first.time("at");
            if at < from {
                problems.push(format!(
                    "it went on without a beacon at {at}, which is before {from}"
                ));
            }
        }
        _ => problems.push(
            "the record of a draw at L2 has a beacon, or says who went on without".to_owned(),
        ),
    }
    problems
}

/// The beacon's round that a draw takes: the first one a minute after the seal. Before the first round of all there is
/// only the number 0.
fn beacon_round(sealed_at: i64) -> u64 {
    let (genesis, period) = BEACON;
    let since = sealed_at
        .saturating_add(BEACON_AFTER_S)
        .saturating_sub(genesis);
    let whole = u64::try_from(since)
        .ok()
        .map(|since| since.div_ceil(period.unsigned_abs()));
    whole.map_or(0, |rounds| rounds.saturating_add(1))
}

/// What the fields of a record must be. `s`, the beacon and a fallback are the record's own word.
fn expected(
    contest: &Contest<'_>,
    draw: &Draw<'_>,
    record: &Value,
    mut holders: Holders,
) -> Vec<(&'static str, Value)> {
    let Draw {
        campaign,
        decision,
        found,
        standings,
        ..
    } = *draw;
    let round = found.round();
    let version = found.number("version");
    let config = contest.control.versions.get(&version);
    let first = || serde_json::from_str::<Value>(draw.first.text("record")).unwrap_or_default();
    // A correction keeps list, number and so the seed of the first record, and whatever was revealed with it.
    let kept = draw.corrects.map(|_| first());
    let (list, count) = match &kept {
        Some(first) => (first["list"].clone(), first["count"].clone()),
        None => {
            let list = standings::sha256(&standings::list(standings));
            (json!(list), json!(standings.len()))
        }
    };
    let secret = unhex(record["s"].as_str().unwrap_or_default());
    let root = unhex(list.as_str().unwrap_or_default());
    let seed = draws::seed(&secret, &root, record["beacon"]["value"].as_str());
    let awards = draws::awards(campaign, round, standings, &seed, &mut holders);
    let mut after = standings::awards_after(campaign, round);
    let joined = after.any(|award| award.among == Among::Joined);
    let name = round.map_or("final".to_owned(), |round| format!("round-{round:02}"));
    let corrects = draw.corrects.map(|corrects| &corrects.act["record_sha256"]);
    let mut fields = vec![
        ("type", json!("draw")),
        ("protocol", json!("draw_v1")),
        ("campaign", json!(campaign.id)),
        ("draw", json!(name)),
        ("config", json!(config.map(|version| &version.sha256))),
        ("version", json!(version)),
        ("sealed_at", json!(decision.at)),
        ("level", json!(reached(campaign, record).name())),
        ("ranking", json!(campaign.draw.ranking.name())),
        (
            "entrants",
            json!(if joined { "joined" } else { "answered" }),
        ),
        ("corrects", json!(corrects)),
        ("list", list),
        ("count", count),
        ("seed", json!(crate::recording::hex(&seed))),
        (
            "standings",
            json!(standings::sha256(&standings::file(standings))),
        ),
        ("awards", json!(awards)),
    ];
    if let Some(first) = kept {
        let keys = ["s", "beacon", "fallback", "commitment"];
        fields.extend(keys.map(|key| (key, first[key].clone())));
    }
    let cuts = contest.accepted.copies.get(&decision.ctl);
    let cuts = cuts.filter(|_| round.is_some()).into_iter().flatten();
    let cuts = cuts.map(|(partition, offset)| json!({"partition": partition, "offset": offset}));
    fields.push(("cut", cuts.collect()));
    fields
}

/// The level that the campaign asks for, as far as promise and beacon go.
fn reached(campaign: &Campaign, record: &Value) -> DrawLevel {
    match (record["commitment"].is_null(), record["beacon"].is_null()) {
        (true, _) => DrawLevel::L0,
        (false, true) => campaign.draw.level.min(DrawLevel::L1),
        (false, false) => campaign.draw.level,
    }
}

/// A value as a line can show it.
fn shortened(value: &Value) -> String {
    const MOST: usize = 160;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
