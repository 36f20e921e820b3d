//! Holds the canonical record of a result against what must stand in it: the seal's facts, what was promised and
//! reached, and the winners that follow from the revealed secret.

use super::beacon;
use super::contest::Contest;
use super::control::{Commitment, Decision, Found};
use crate::oracle::draws::{self, unhex};
use crate::oracle::holders::Holders;
use crate::oracle::standings::{self, Standing};
use campaign::{Among, Campaign, DrawLevel};
use serde_json::{Value, json};

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
    /// The list that was published before the first result.
    pub(super) list: Option<&'a Found>,
    /// What an operator said of the beacon.
    pub(super) beacon: Option<&'a Found>,
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
    for what in beacon::judge(&record, draw, promised.is_some()) {
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
    let expected = promised.map_or(
        Value::Null,
        |(chain, index)| json!({"chain": chain.root, "index": index, "links": chain.links}),
    );
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
        ("listed_at", json!(draw.list.map(|list| list.time("at")))),
        ("level", json!(reached(draw, record).name())),
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

/// The level that the campaign asks for, as far as promise and beacon go: one that was out before the list stood makes
/// nothing L2.
fn reached(draw: &Draw<'_>, record: &Value) -> DrawLevel {
    let level = draw.campaign.draw.level;
    let is_unknown = !record["beacon"].is_null() && beacon::is_before(draw);
    match (record["commitment"].is_null(), is_unknown) {
        (true, _) => DrawLevel::L0,
        (false, false) => level.min(DrawLevel::L1),
        (false, true) => level,
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
