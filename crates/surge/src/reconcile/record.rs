//! Holds the canonical record of a result against what must stand in it: the seal's facts, the commitment, and
//! the winners that follow from the revealed secret.

use super::contest::{Contest, Findings, name_of};
use super::seals::{Decision, Found};
use crate::oracle::draws::{self, Holders, unhex};
use crate::oracle::standings::{self, Standing};
use campaign::{Among, Campaign, DrawLevel};
use serde_json::{Value, json};

/// A draw whose standings were judged once more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    /// The version that judged.
    pub(super) campaign: &'a Campaign,
    /// The round; `None` is the final draw.
    pub(super) round: Option<u16>,
    /// The decision of its seal; of the final draw that of the last one.
    pub(super) decision: &'a Decision,
    /// The result.
    pub(super) found: &'a Found,
    /// The standings that it must be of.
    pub(super) standings: &'a [Standing],
}

/// The record, field by field, with the winners that follow from its secret.
pub(super) fn judge(
    contest: &Contest<'_>,
    draw: &Draw<'_>,
    holders: &mut Holders,
    findings: &mut Findings,
) {
    let Draw { round, found, .. } = *draw;
    let name = name_of(round);
    let bytes = found.act["record"].as_str().unwrap_or_default();
    if found.act["record_sha256"] != standings::sha256(bytes) {
        findings.problems.push(format!(
            "{name}: the record has not the hash that the result names"
        ));
    }
    let record: Value = match serde_json::from_str(bytes) {
        Ok(record) => record,
        Err(error) => {
            findings
                .problems
                .push(format!("{name}: the record is no JSON: {error}"));
            return;
        }
    };
    let promise = promise(contest, round);
    if record["commitment"] != promise {
        findings.problems.push(format!(
            "{name}: the commitment is {} in the record, but that of this draw is {}",
            shortened(&record["commitment"]),
            shortened(&promise)
        ));
    }
    let secret = unhex(record["s"].as_str().unwrap_or_default());
    let root = unhex(promise["chain"].as_str().unwrap_or_default());
    let is_promised = |index| draws::is_in_chain(&secret, &root, index);
    if !promise["index"].as_u64().is_none_or(is_promised) {
        findings
            .problems
            .push(format!("{name}: the secret is not the one committed to"));
    }
    let expected = expected(contest, draw, &record, holders);
    for (field, expected) in expected {
        if record[field] != expected {
            findings.problems.push(format!(
                "{name}: {field} is {} in the record, but must be {}",
                shortened(&record[field]),
                shortened(&expected)
            ));
        }
    }
}

/// What was committed to for a draw: its own place in the chain, and nothing where the chain has none for it.
fn promise(contest: &Contest<'_>, round: Option<u16>) -> Value {
    let chain = contest.control.chain.as_ref();
    let place = chain.and_then(|chain| Some((chain, draws::place_in_chain(round, chain.links)?)));
    place.map_or(
        Value::Null,
        |(chain, index)| json!({"chain": chain.root, "index": index, "links": chain.links}),
    )
}

/// The level that a draw reaches with what was committed to and the beacon of its record.
fn level(campaign: &Campaign, promise: &Value, beacon: &Value) -> DrawLevel {
    match (promise.is_null(), beacon.is_null()) {
        (true, _) => DrawLevel::L0,
        (false, true) => campaign.draw.level.min(DrawLevel::L1),
        (false, false) => campaign.draw.level,
    }
}

/// What the fields of a record must be. `s`, the beacon and a fallback are the record's own word.
fn expected(
    contest: &Contest<'_>,
    draw: &Draw<'_>,
    record: &Value,
    holders: &mut Holders,
) -> Vec<(&'static str, Value)> {
    let Draw {
        campaign,
        round,
        decision,
        found,
        standings,
    } = *draw;
    let control = contest.control;
    let version = found.act["version"].as_u64().unwrap_or(0);
    let config = control
        .versions
        .get(&version)
        .map(|version| version.sha256.clone());
    // A correction keeps list, number and so the seed of the first record.
    let first = control.results.get(&round).and_then(|all| all.first());
    let first: Value = first
        .filter(|first| first.at != found.at)
        .and_then(|first| serde_json::from_str(first.act["record"].as_str()?).ok())
        .unwrap_or_default();
    let (list, count) = if first.is_null() {
        let list = standings::sha256(&standings::list(standings));
        (json!(list), json!(standings.len()))
    } else {
        (first["list"].clone(), first["count"].clone())
    };
    let secret = unhex(record["s"].as_str().unwrap_or_default());
    let root = unhex(list.as_str().unwrap_or_default());
    let seed = draws::seed(&secret, &root, record["beacon"]["value"].as_str());
    let awards = draws::awards(campaign, round, standings, &seed, holders);
    let level = level(campaign, &promise(contest, round), &record["beacon"]);
    let mut after = standings::awards_after(campaign, round);
    let joined = after.any(|award| award.among == Among::Joined);
    let name = round.map_or("final".to_owned(), |round| format!("round-{round:02}"));
    let mut fields = vec![
        ("campaign", json!(campaign.id)),
        ("draw", json!(name)),
        ("config", json!(config)),
        ("version", json!(version)),
        ("sealed_at", json!(decision.at)),
        ("level", json!(level.name())),
        ("ranking", json!(campaign.draw.ranking.name())),
        (
            "entrants",
            json!(if joined { "joined" } else { "answered" }),
        ),
        ("list", list),
        ("count", count),
        ("seed", json!(crate::recording::hex(&seed))),
        (
            "standings",
            json!(standings::sha256(&standings::file(standings))),
        ),
        ("awards", json!(awards)),
    ];
    if round.is_some() {
        let cut = contest
            .accepted
            .copies
            .get(&decision.ctl)
            .into_iter()
            .flatten();
        let cut = cut.map(|(partition, offset)| json!({"partition": partition, "offset": offset}));
        fields.push(("cut", cut.collect()));
    }
    fields
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
