//! Corrections whose standings are in the log: a coordinator that dies between any two of their appends.

use super::operators::CLOSE;
use super::seals::{Played, every_death, fold};
use super::world::World;
use super::{Believes, CONTEST, ID, Owner, Plan};
use crate::conclusions::result_act;
use crate::corrected::StandingsRequest;
use crate::lead::{Around, Lead, LeadError};
use crate::rounds::{CorrectRequest, RoundError};
use contest::{
    Barred, Board, Commitment, Correcting, EntrantCode, Facts, Field, Holders, Secret, conclude,
};
use msglog::Log;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ResultAct, Share};
use record::topics::{CONTROL, RESULTS};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

static PLAN: Plan = Plan {
    toml: CONTEST,
    ticks: &[CLOSE - 300, CLOSE + 35, CLOSE + 600 + 35],
    to_the_result: true,
    corrects: true,
    stocks: false,
    then: None,
};

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, true),
    owner: |log, number| Owner::start(log, number, &PLAN),
};

/// The first result of each draw: what a correction is computed from, however often it is sent.
pub(crate) fn first_results(log: &dyn Log) -> BTreeMap<Option<u16>, (u64, ResultAct)> {
    let mut reader = log.reader(CONTROL).unwrap();
    reader.seek(0, 0).unwrap();
    let mut first = BTreeMap::new();
    let end = log.end_offset(CONTROL, 0).unwrap();
    while reader.position(0).is_some_and(|position| position < end) {
        for stored in reader.poll(64, 1 << 20, Duration::ZERO).unwrap() {
            if let Ok(Act::Result(act)) = serde_json::from_slice(&stored.value) {
                first.entry(act.round).or_insert((stored.offset, act));
            }
        }
    }
    first
}

/// The standings that partitions shared of a decision.
pub(crate) fn sealed(log: &dyn Log, ctl: u64) -> Field<'static> {
    let shares = shares_of(log, ctl);
    let lines: String = shares
        .values()
        .map(|share| share.standings.as_str())
        .collect();
    Field::parse(&lines).unwrap()
}

/// What each partition shared of a decision.
pub(crate) fn shares_of(log: &dyn Log, ctl: u64) -> BTreeMap<u32, Share> {
    let mut reader = log.reader(RESULTS).unwrap();
    let mut shares = BTreeMap::new();
    for partition in 0..super::PARTITIONS {
        reader.seek(partition, 0).unwrap();
    }
    loop {
        let records = reader.poll(64, 1 << 20, Duration::ZERO).unwrap();
        if records.is_empty() {
            return shares;
        }
        for stored in records {
            // Beside shares there are words of claims and ticks.
            let share = serde_json::from_slice::<Share>(&stored.value);
            if let Some(share) = share.ok().filter(|share| share.ctl == ctl) {
                shares.insert(stored.partition, share);
            }
        }
    }
}

/// The round as another key judges it: the fan of partition 0 was wrong.
pub(crate) fn without_the_first(field: &Field<'static>) -> Field<'static> {
    let mut standings = field.standings().to_vec();
    let first = standings
        .iter_mut()
        .find(|s| s.code == EntrantCode([0; 16]));
    let first = first.unwrap();
    (first.correct, first.points, first.elapsed) = (0, 0, 0);
    Field::new(standings).unwrap()
}

/// What the messages give where the first round was judged by a wrong key.
pub(crate) fn first_was_wrong(round: u16, field: &Field<'static>) -> Field<'static> {
    match round {
        1 => without_the_first(field),
        _ => field.clone(),
    }
}

/// Publishes corrections and waits for the recount behind them, as the coordinator's thread does turn by turn.
pub(crate) fn correct(
    lead: &mut Lead,
    around: &Around,
    request: CorrectRequest,
) -> Result<Vec<u64>, RoundError> {
    let (reply, answer) = sync_channel(1);
    lead.correct(around, request, reply);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(done) = answer.try_recv() {
            return done;
        }
        assert!(Instant::now() < deadline, "the recount does not end");
        lead.go_on_correcting(around, &Believes)?;
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// The result of a draw with other standings, the same cut and the same lots.
pub(crate) fn corrected(
    around: &Around,
    (ctl, before): &(u64, ResultAct),
    field: &Field<'_>,
) -> ResultAct {
    let record: Value = serde_json::from_str(&before.record).unwrap();
    let state = around.control.state();
    let judging = state.versions(ID).last().unwrap();
    let campaign = &judging.compiled.campaign;
    let cut = record["cut"].as_array().unwrap().iter().map(|place| {
        let number = |key: &str| place[key].as_u64().unwrap();
        (
            u32::try_from(number("partition")).unwrap(),
            number("offset"),
        )
    });
    let number = |field: &str| record["commitment"][field].as_u64().unwrap();
    let facts = Facts {
        round: before.round,
        config: judging.sha256.0,
        version: judging.version,
        cut: cut.collect(),
        sealed_at: record["sealed_at"].as_i64().unwrap(),
        listed_at: record["listed_at"].as_i64(),
        commitment: Some(Commitment::Chain {
            root: Hex::<32>::parse(record["commitment"]["chain"].as_str().unwrap())
                .unwrap()
                .0,
            index: number("index").try_into().unwrap(),
            links: number("links").try_into().unwrap(),
        }),
        secret: Secret::parse(record["s"].as_str().unwrap()).unwrap(),
        beacon: None,
        fallback: None,
        correcting: Some(Correcting {
            record: before.record_sha256.0,
            list: before.list.0,
            count: before.entrants,
        }),
    };
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    let conclusion = conclude(campaign, &facts, field, &mut holders);
    ResultAct {
        corrects: Some(*ctl),
        ..result_act(campaign, before.ctl, &facts, field, &conclusion, 0)
    }
}

/// The standings in two parts, so that a death can come between them.
pub(crate) fn parts(act: &ResultAct, field: &Field<'_>) -> Vec<StandingsRequest> {
    let lines = field.lines();
    let middle = lines.find('\n').unwrap() + 1;
    let (one, two) = lines.split_at(middle);
    let part = |(chunk, standings): (u32, &str)| StandingsRequest {
        campaign: ID.to_owned(),
        round: act.round,
        digest: act.standings,
        chunk,
        of: 2,
        standings: standings.to_owned(),
    };
    [(0, one), (1, two)].map(part).to_vec()
}

pub(crate) fn request(results: Vec<ResultAct>, final_draw: Option<u64>) -> CorrectRequest {
    CorrectRequest {
        results,
        final_draw,
        as_new: false,
        actor: "ann".to_owned(),
        reason: "wrong key".to_owned(),
    }
}

pub(crate) fn ends(error: RoundError) -> LeadError {
    match error {
        RoundError::Log(error) => LeadError::Log(error),
        RoundError::NotOwner => LeadError::NotOwner,
        RoundError::Stopping => LeadError::Stopping,
        refusal => panic!("{refusal}"),
    }
}

/// Corrects the first round and the final draw, as an operator does who repeats his command until it succeeds.
pub(crate) fn first_round(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    let first = first_results(&*around.log);
    let one = without_the_first(&sealed(&*around.log, first[&Some(1)].1.ctl));
    let two = sealed(&*around.log, first[&Some(2)].1.ctl);
    let board = {
        let state = around.control.state();
        let campaign = &state.versions(ID).last().unwrap().compiled.campaign;
        let mut board = Board::new(campaign.score.streak);
        for (number, field) in [(1, &one), (2, &two)] {
            let kind = campaign.round(number).unwrap().question.kind;
            board.add(field, &Barred::default(), kind);
        }
        board.field()
    };
    let mut results = Vec::new();
    for (round, field) in [(Some(1), &one), (None, &board)] {
        let act = corrected(around, &first[&round], field);
        for part in parts(&act, field) {
            lead.standings(around, &Believes, part).map_err(ends)?;
        }
        results.push(act);
    }
    let asked = request(results, Some(first[&None].0));
    let offsets = correct(lead, around, asked).map_err(ends)?;
    assert_eq!(offsets.len(), 2);
    Ok(())
}

#[test]
fn a_correction_stands_once_wherever_its_coordinator_dies() {
    let deaths = every_death(&PLAYED, |log, case| {
        let (state, valid) = fold(log);
        let count = |of: fn(&Act) -> bool| valid.iter().filter(|act| of(act)).count();
        assert_eq!(count(|act| matches!(act, Act::Standings(_))), 4, "{case:?}");
        assert_eq!(count(|act| matches!(act, Act::Result(_))), 5, "{case:?}");
        for (round, winner) in [(Some(1), 1), (None, 1)] {
            let (_, result) = state.rounds().result(ID, round).unwrap();
            assert!(result.corrects.is_some(), "{case:?}");
            let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
            assert_eq!(awards[0].given.winners[0].code.0[0], winner, "{case:?}");
        }
        // The first winner keeps his phone, the rightful one has one of round 2; nobody has two, no unit twice.
        let ledger = state.awards().of(ID).unwrap();
        let held = ledger.slots().filter_map(|(_, attempts)| attempts.last());
        let held = held.filter(|held| held.is_held()).map(|held| &held.given);
        let mut phones: Vec<_> = held.filter(|act| act.prize == "phone").collect();
        phones.sort_by_key(|act| act.code);
        let phones: Vec<_> = phones.iter().map(|act| (act.code.0[0], act.unit)).collect();
        assert_eq!(phones, [(0, 1), (1, 2)], "{case:?}");
    });
    assert!(deaths > 60, "{deaths} deaths are too few to be all");
}
