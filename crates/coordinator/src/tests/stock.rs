//! Units that are secrets (Q-20, V-6, R-21): a coordinator that dies between any two appends, what is refused, and that
//! no secret stands anywhere in plain.

use super::correct::ends;
use super::operators::{CLOSE, Desk};
use super::seals::{Played, every_death, fold};
use super::world::World;
use super::{Believes, CONTEST, ID, Owner, PARTITIONS, Plan, log};
use crate::lead::{Around, Lead, LeadError};
use crate::publish::PublishRequest;
use crate::rounds::RoundError;
use crate::secrets::Key;
use crate::stock::{RevealRequest, Revealed, StockReceipt, StockRequest};
use control::ControlState;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::topics::{CONTROL, INBOUND, PROGRESS, RESULTS};
use std::collections::{BTreeMap, BTreeSet};

static PLAN: Plan = Plan {
    toml: CONTEST,
    ticks: &[CLOSE - 300, CLOSE + 35, CLOSE + 600 + 35],
    to_the_result: true,
    corrects: false,
    stocks: true,
    then: None,
};

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, true),
    owner: |log, number| Owner::start(log, number, &PLAN),
};

fn secrets(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("F-CODE-{n:04}")).collect()
}

fn stock(secrets: Vec<String>) -> StockRequest {
    StockRequest {
        campaign: ID.to_owned(),
        prize: "phone".to_owned(),
        secrets,
        actor: "ann".to_owned(),
        reason: "from the maker".to_owned(),
    }
}

fn of_winner(round: u16) -> RevealRequest {
    RevealRequest {
        campaign: ID.to_owned(),
        round: Some(round),
        prize: "phone".to_owned(),
        slot: 1,
        code: None,
        actor: "ann".to_owned(),
        reason: "he asked".to_owned(),
    }
}

/// Four secrets in two requests, as an operator does who repeats his command until it succeeds.
pub(crate) fn brings(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    for part in [1..3, 3..5] {
        let request = stock(secrets(part));
        let receipt = lead.stock(around, &Believes, &request).map_err(ends)?;
        assert_eq!(receipt.added + receipt.known, 2);
    }
    Ok(())
}

/// Customer service tells each winner what he has won.
pub(crate) fn tells_the_winners(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    let one = lead
        .reveal(around, &Believes, &of_winner(1))
        .map_err(ends)?;
    let two = lead
        .reveal(around, &Believes, &of_winner(2))
        .map_err(ends)?;
    assert_ne!((one.unit, &one.secret), (two.unit, &two.secret));
    Ok(())
}

/// No record of the log has any of these texts.
pub(crate) fn stands_nowhere(log: &MemoryLog, parts: &[&str], case: &dyn std::fmt::Debug) {
    for (topic, partitions) in [
        (CONTROL, 1),
        (PROGRESS, 1),
        (INBOUND, PARTITIONS),
        (RESULTS, PARTITIONS),
    ] {
        for partition in 0..partitions {
            for stored in log.read_all(topic, partition).unwrap() {
                let text = String::from_utf8_lossy(&stored.value);
                let found = parts.iter().any(|part| text.contains(part));
                assert!(!found, "{case:?}: {topic}: {text}");
            }
        }
    }
}

/// No byte of the log tells what a secret says.
fn nothing_in_plain(log: &MemoryLog, case: &dyn std::fmt::Debug) {
    stands_nowhere(log, &["CODE-0"], case);
}

/// What every unit's secret says.
fn opened(state: &ControlState) -> BTreeMap<u32, String> {
    let key = Key([9; 32]);
    let units = state.stock(ID, "phone");
    units
        .map(|(unit, sealed)| (unit, key.open_unit((ID, "phone", unit), sealed).unwrap()))
        .collect()
}

#[test]
fn each_unit_has_one_secret_and_each_winner_one_unit_wherever_the_coordinator_dies() {
    let deaths = every_death(&PLAYED, |log, case| {
        nothing_in_plain(log, case);
        let (state, valid) = fold(log);
        let opened = opened(&state);
        let distinct: BTreeSet<&String> = opened.values().collect();
        assert_eq!((opened.len(), distinct.len()), (4, 4), "{case:?}");
        let given = valid.iter().filter_map(|act| match act {
            Act::Award(award) if award.prize == "phone" => Some(award.unit),
            _ => None,
        });
        let units: BTreeSet<u32> = given.clone().collect();
        assert_eq!((given.count(), units.len()), (2, 2), "{case:?}");
        let shown = valid.iter().filter_map(|act| match act {
            Act::Shown(shown) => Some((shown.unit, shown.actor.as_str())),
            _ => None,
        });
        let shown: BTreeSet<_> = shown.collect();
        let expected = units.iter().map(|unit| (*unit, "ann")).collect();
        assert_eq!(shown, expected, "{case:?}");
    });
    assert!(deaths > 55, "{deaths} deaths are too few to be all");
}

impl Desk {
    fn stocks(&mut self, request: &StockRequest) -> Result<StockReceipt, RoundError> {
        self.lead.stock(&self.around, &Believes, request)
    }

    fn reveals(&mut self, request: &RevealRequest) -> Result<Revealed, RoundError> {
        self.lead.reveal(&self.around, &Believes, request)
    }
}

#[test]
fn secrets_that_cannot_be_given_once_each_are_refused() {
    let log = log();
    let mut desk = Desk::new(&log, CONTEST);
    let of = |prize: &str| StockRequest {
        prize: prize.to_owned(),
        ..stock(secrets(0..1))
    };
    let blank = |text: &str| stock(vec![text.to_owned()]);
    let long = "x".repeat(257);
    let mut nobody = stock(secrets(0..1));
    nobody.actor.clear();
    let invalid = [
        stock(Vec::new()),
        stock(secrets(0..1_001)),
        stock([secrets(0..2), secrets(1..2)].concat()),
        blank(""),
        blank(" a"),
        blank("a\tb"),
        blank(&long),
        nobody,
    ];
    for request in invalid {
        let refused = desk.stocks(&request);
        assert!(
            matches!(refused, Err(RoundError::Invalid(_))),
            "{refused:?}"
        );
    }
    // More than units; a thing that is sent; no such prize.
    for request in [stock(secrets(0..5)), of("tv"), of("car")] {
        let refused = desk.stocks(&request);
        assert!(
            matches!(refused, Err(RoundError::Conflict(_))),
            "{refused:?}"
        );
    }
    let receipt = |added, known, without| StockReceipt {
        added,
        known,
        without,
    };
    let two = stock(secrets(0..2));
    assert_eq!(desk.stocks(&two).unwrap(), receipt(2, 0, 2));
    assert_eq!(desk.stocks(&two).unwrap(), receipt(0, 2, 2), "sent again");
    let three = stock(secrets(1..4));
    assert_eq!(desk.stocks(&three).unwrap(), receipt(2, 1, 0));
    assert!(desk.stocks(&stock(secrets(4..5))).is_err(), "four units");
    // The same code is not the prize of two pools.
    let toml = CONTEST.replace("id = \"tv\"\n", "id = \"tv\"\nkind = \"code\"\n");
    let request = PublishRequest {
        toml,
        expect_version: 1,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    desk.lead
        .publish(&desk.around, &Believes, &request)
        .unwrap();
    let refused = desk.stocks(&of("tv")).unwrap_err().to_string();
    assert!(
        refused.contains("stock of \"phone\"") && !refused.contains("F-CODE"),
        "{refused}"
    );
    let said = format!("{:?}", stock(secrets(0..1)));
    assert!(!said.contains("F-CODE"), "{said}");
    nothing_in_plain(&log, &"refused");
    let other = Key([8; 32]);
    desk.around.config.key = other;
    let refused = desk.stocks(&two).unwrap_err().to_string();
    assert!(refused.contains("contest.key"), "{refused}");
}

#[test]
fn two_rounds_whose_winners_decline_at_once_both_look_for_alternates() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE + 35);
    desk.tick(CLOSE + 600 + 35);
    let holder = |state: &ControlState, round| {
        let ledger = state.awards().of(ID)?;
        let (_, attempts) = ledger.of(Some(round), 1).next()?;
        let held = attempts.last().filter(|held| held.is_held())?;
        Some((held.given.code.0[0], held.given.attempt))
    };
    desk.until(|state| holder(state, 1).is_some() && holder(state, 2).is_some());
    desk.declines(1);
    desk.declines(2);
    // The fan of the second round is free again and next in the first; in his own round nobody is left.
    desk.until(|state| holder(state, 1) == Some((1, 2)));
    assert_eq!(holder(&desk.around.control.state(), 2), None);
    drop((desk, world));
}

#[test]
fn a_secret_is_shown_of_a_unit_that_is_held_and_the_unit_is_spent_then() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE + 35);
    let holder = |state: &ControlState| {
        let ledger = state.awards().of(ID)?;
        let (_, attempts) = ledger.of(Some(1), 1).next()?;
        let held = attempts.last().filter(|held| held.is_held())?;
        Some((held.given.code.0[0], held.given.unit))
    };
    desk.until(|state| holder(state) == Some((0, 1)));
    let none = desk.reveals(&of_winner(1)).unwrap_err().to_string();
    assert!(none.contains("no secret yet"), "{none}");
    // It comes after the award, and is that unit's all the same.
    desk.stocks(&stock(secrets(0..3))).unwrap();
    let mut why = of_winner(1);
    why.reason = " ".to_owned();
    assert!(matches!(desk.reveals(&why), Err(RoundError::Invalid(_))));
    for absent in [
        of_winner(2),
        RevealRequest {
            slot: 2,
            ..of_winner(1)
        },
    ] {
        let refused = desk.reveals(&absent);
        assert!(
            matches!(refused, Err(RoundError::Conflict(_))),
            "{refused:?}"
        );
    }
    let one = desk.reveals(&of_winner(1)).unwrap();
    assert_eq!(
        (one.unit, one.code.0[0], one.secret.as_deref()),
        (1, 0, Some("F-CODE-0000"))
    );
    assert!(!format!("{one:?}").contains("F-CODE"), "{one:?}");
    let again = desk.reveals(&of_winner(1)).unwrap();
    assert_eq!(again.secret, one.secret);
    assert_ne!(again.ctl, one.ctl, "each view is a record");
    desk.declines(1);
    // Who was shown the secret may use it: the alternate has the next unit, and the first is nobody's.
    desk.until(|state| holder(state) == Some((1, 2)));
    let other = desk.reveals(&of_winner(1)).unwrap();
    assert_eq!(
        (other.unit, other.code.0[0], other.secret.as_deref()),
        (2, 1, Some("F-CODE-0001"))
    );
    {
        let state = desk.around.control.state();
        let ledger = state.awards().of(ID).unwrap();
        assert!(ledger.is_shown("phone", 1) && ledger.is_shown("phone", 2));
        assert_eq!(ledger.free_unit("phone", 1..=4), Some(3));
    }
    nothing_in_plain(&log, &"shown");
    drop(world);
}
