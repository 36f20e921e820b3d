//! Winners who claim by messages (Q-20, V-6): a coordinator that dies between any two appends, two at once, what an operator
//! is shown, and that what they wrote stands nowhere in plain but in their messages.

use super::operators::{CLOSE, Desk};
use super::seals::{Played, every_death, fold};
use super::stock::stands_nowhere;
use super::world::{WORDS, World, message};
use super::{Believes, CONTEST, ID, Owner, Plan, log, script};
use crate::details;
use crate::lead::{Around, LeadError};
use crate::rounds::RoundError;
use crate::secrets::Key;
use crate::stock::RevealRequest;
use control::ControlState;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::claim::ClaimedBy;
use record::rounds::{AwardAct, UnitState};
use record::topics::ACCEPTED;
use std::collections::BTreeSet;
use std::time::Duration;

static PLAN: Plan = Plan {
    toml: CONTEST,
    ticks: &[CLOSE - 300, CLOSE + 35, CLOSE + 600 + 35],
    to_the_result: true,
    corrects: false,
    stocks: false,
    then: None,
};

/// Whether every winner of two rounds and of the final draw has claimed.
fn all_claimed(state: &ControlState) -> bool {
    let ledger = state.awards().of(ID);
    let last = ledger.into_iter().flat_map(|ledger| ledger.slots());
    let last = last.filter_map(|(_, attempts)| attempts.last());
    last.filter(|held| held.claim.is_some()).count() == 3
}

/// Goes on until all have claimed.
fn to_the_claims(around: &Around) -> Result<(), LeadError> {
    let mut lead = script(around, &PLAN)?;
    while !all_claimed(&around.control.state()) {
        let moment = Duration::from_millis(1);
        around.control.wait_until(moment, all_claimed);
        lead.go_on(around, &Believes)?;
    }
    Ok(())
}

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: World::claiming,
    owner: |log, number| Owner::doing(log, number, to_the_claims),
};

fn nothing_in_plain(log: &MemoryLog, case: &dyn std::fmt::Debug) {
    stands_nowhere(log, &["1380000", "某某"], case);
}

/// Every unit is claimed once, by a message of its winner, and what he wrote can be opened.
fn check(log: &MemoryLog, case: &dyn std::fmt::Debug) {
    nothing_in_plain(log, case);
    let (state, valid) = fold(log);
    assert!(all_claimed(&state), "{case:?}");
    let of_state = |wanted: UnitState| {
        let acts = valid.iter().filter_map(move |act| match act {
            Act::Award(award) if award.state == wanted => Some(award),
            _ => None,
        });
        acts.collect::<Vec<&AwardAct>>()
    };
    let units = |acts: &[&AwardAct]| -> BTreeSet<(String, u32)> {
        let units = acts.iter().map(|act| (act.prize.clone(), act.unit));
        units.collect()
    };
    let (given, claimed) = (of_state(UnitState::Awarded), of_state(UnitState::Claimed));
    assert_eq!((given.len(), claimed.len()), (3, 3), "{case:?}");
    assert_eq!(units(&given), units(&claimed), "{case:?}");
    assert_eq!(units(&given).len(), 3, "{case:?}");
    let key = Key([9; 32]);
    for act in claimed {
        let claim = act.claim.as_ref().unwrap();
        assert_eq!(claim.partition, u32::from(act.code.0[0]), "{case:?}");
        let unit = (act.campaign.as_str(), act.prize.as_str(), act.unit);
        assert_eq!(
            key.open_claim(unit, &claim.details).unwrap(),
            WORDS,
            "{case:?}"
        );
        assert!(Key([8; 32]).open_claim(unit, &claim.details).is_err());
    }
}

#[test]
fn each_winner_claims_his_unit_once_wherever_the_coordinator_dies_v_6() {
    let deaths = every_death(&PLAYED, |log, case| check(log, case));
    assert!(deaths > 50, "{deaths} deaths are too few to be all");
}

#[test]
fn two_that_write_the_same_claims_do_no_harm() {
    for seed in 0..24_u64 {
        let log = log();
        let world = World::claiming(&log);
        let owners = [1, 2].map(|number| Owner::doing(&log, number, to_the_claims));
        let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        loop {
            let stand = owners.each_ref().map(|owner| owner.gate.arrive());
            bits = bits.rotate_left(5).wrapping_mul(0x2545_f491_4f6c_dd1d);
            let second = match stand {
                [false, false] => break,
                [true, true] => bits >> 63 == 1,
                [_, second] => second,
            };
            owners[usize::from(second)].gate.let_one();
        }
        drop((owners, world));
        check(&log, &seed);
    }
}

fn reveal(prize: &str, round: Option<u16>) -> RevealRequest {
    RevealRequest {
        campaign: ID.to_owned(),
        round,
        prize: prize.to_owned(),
        slot: 1,
        code: None,
        actor: "ann".to_owned(),
        reason: "to send it".to_owned(),
    }
}

#[test]
fn what_a_winner_wrote_is_shown_to_who_asks_with_a_record_of_it_r_21() {
    let log = log();
    let world = World::claiming(&log);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE + 35);
    desk.tick(CLOSE + 600 + 35);
    desk.until(all_claimed);
    // Neither the phone's code nor, ever, the television's stands in a stock.
    for (prize, round, unit) in [("phone", Some(1), 1), ("tv", None, 1)] {
        let request = reveal(prize, round);
        let shown = desk.lead.reveal(&desk.around, &Believes, &request).unwrap();
        assert_eq!(
            (shown.unit, shown.secret.as_deref(), shown.claim.as_deref()),
            (unit, None, Some(WORDS))
        );
        assert!(!format!("{shown:?}").contains("某某"), "{shown:?}");
        let state = desk.around.control.state();
        let spent = state.awards().of(ID).unwrap().is_shown(prize, unit);
        assert!(!spent, "there is no secret to use");
    }
    let mut nobody = reveal("tv", None);
    nobody.reason.clear();
    let refused = desk.lead.reveal(&desk.around, &Believes, &nobody);
    assert!(matches!(refused, Err(RoundError::Invalid(_))));
    desk.around.config.key = Key([8; 32]);
    let refused = desk
        .lead
        .reveal(&desk.around, &Believes, &reveal("tv", None));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("contest.key"), "{refused}");
    let (_, valid) = fold(&log);
    let shown = valid.iter().filter(|act| matches!(act, Act::Shown(_)));
    assert_eq!(shown.count(), 2);
    nothing_in_plain(&log, &"shown");
    drop((desk, world));
}

/// The step of an award whose message is said to stand there.
fn claimed(offset: u64, key: u8) -> Act {
    let given = r#"{"v":1,"campaign":"small","round":1,"result":1,"prize":"tv","unit":1,"slot":1,"attempt":1,
        "place":1,"state":"claimed","at":5,"award":""#;
    let award = format!(
        "{given}{}\",\"code\":\"{}\"}}",
        "0".repeat(64),
        "00".repeat(16)
    );
    let mut act: AwardAct = serde_json::from_str(&award).unwrap();
    act.claim = Some(ClaimedBy {
        partition: 0,
        offset,
        key: record::hexed::Hex([key; 16]),
        create_time: 5,
        tick: 5,
        details: String::new(),
    });
    Act::Award(act)
}

#[test]
fn a_claim_whose_message_is_gone_holds_without_what_was_written() {
    let log = log();
    let Act::Award(act) = claimed(0, 3) else {
        unreachable!()
    };
    let mut own = message(&act, 3);
    own.r#type = "retry".into();
    for value in ["no message", &serde_json::to_string(&own).unwrap()] {
        log.push(ACCEPTED, 0, "", value.to_owned()).unwrap();
    }
    let key = Key([9; 32]);
    let details = |offset, of| {
        let sealed = details::sealed(&[claimed(offset, of)], &*log, &key).unwrap();
        let [Act::Award(act)] = &sealed[..] else {
            panic!("{sealed:?}");
        };
        let details = act.claim.as_ref().unwrap().details.clone();
        let opened = key.open_claim(("small", "tv", 1), &details);
        opened.ok()
    };
    assert_eq!(
        details(1, 3).as_deref(),
        Some(WORDS),
        "put back, and read all the same"
    );
    for (offset, of, what) in [
        (0, 3, "no message"),
        (1, 4, "another's"),
        (2, 3, "not there"),
    ] {
        assert_eq!(details(offset, of), None, "{what}");
    }
}
