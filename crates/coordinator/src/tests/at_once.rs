//! What operators do that acts at once and changes no result, and a dead letter that is put back. A coordinator that
//! dies between any two of its appends leaves nothing half done: who repeats the commands comes to the same.

use super::seals::{Played, every_death, fold, undisturbed};
use super::world::{World, message};
use super::{Believes, CAMPAIGN, ID, Owner, PARTITIONS, applied};
use crate::coordinator::Clock;
use crate::lead::{Around, Lead, LeadError};
use crate::operate::{OperateRequest, Operation};
use crate::publish::{PublishError, PublishRequest};
use crate::retry::{RetryError, RetryRequest};
use crate::rounds::RoundError;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::hexed::Hex;
use record::inband::{RETRY, Retry};
use record::operate::{Ladder, RuleVerb};
use record::rounds::{AwardAct, UnitState};
use record::topics::{CONTROL, INBOUND};
use std::collections::BTreeSet;

/// By the wall clock, because a rehearsal has no guard.
const NOW: i64 = 1_000;
const RULE: &str = "[[rule]]\nid = \"shop\"\nkeywords = [\"价格\"]\ntemplates = [\"t\"]\n\n[slots]";

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, true),
    owner: |log, number| Owner::under(log, number, (Clock::Wall, || NOW), commands),
};

fn lost<T>(done: Result<T, RoundError>) -> Result<(), LeadError> {
    match done {
        // It is so already.
        Ok(_) | Err(RoundError::Conflict(_)) => Ok(()),
        Err(RoundError::Log(error)) => Err(LeadError::Log(error)),
        Err(RoundError::NotOwner | RoundError::Stopping) => Err(LeadError::Stopping),
        Err(refusal) => panic!("{refusal}"),
    }
}

fn commands(around: &Around) -> Result<(), LeadError> {
    let mut lead = Lead::take_over(around, &Believes)?;
    if around.control.state().version_of(ID) == 0 {
        let request = PublishRequest {
            toml: CAMPAIGN.replacen("[slots]", RULE, 1),
            expect_version: 0,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        match lead.publish(around, &Believes, &request) {
            Ok(_) => {}
            Err(PublishError::Conflict(why)) => panic!("{why}"),
            Err(_) => return Err(LeadError::Stopping),
        }
    }
    let rule = |verb| Operation::Rule {
        verb,
        campaign: ID.to_owned(),
        rule: "shop".to_owned(),
    };
    for operation in [
        Operation::LiftGuard { seconds: 60 },
        Operation::Step(Ladder::Short),
        rule(RuleVerb::Kill),
        rule(RuleVerb::Restore),
        Operation::LiftGuard { seconds: 0 },
    ] {
        let request = OperateRequest {
            operation,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        lost(lead.operate(around, &Believes, request))?;
    }
    let letter = RetryRequest {
        topic: "inbound.dead".to_owned(),
        partition: 1,
        offset: 0,
        raw: serde_json::to_string(&message(&won(), 1)).unwrap(),
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    match lead.retry(around, &Believes, &letter) {
        Ok(_) => Ok(()),
        Err(RetryError::Log(error)) => Err(LeadError::Log(error)),
        Err(_) => Err(LeadError::Stopping),
    }
}

/// Whose message it is.
fn won() -> AwardAct {
    AwardAct {
        v: 1,
        campaign: ID.to_owned(),
        round: Some(1),
        result: 1,
        award: Hex([0; 32]),
        prize: "phone".to_owned(),
        unit: 1,
        slot: 1,
        attempt: 1,
        place: 1,
        code: Hex([1; 16]),
        state: UnitState::Awarded,
        claim: None,
        actor: String::new(),
        reason: String::new(),
        at: NOW,
    }
}

/// Everything that was asked for is so, each act has its operator, and a letter that was put back twice is one message.
fn check(log: &MemoryLog, case: &dyn std::fmt::Debug) {
    let (state, valid) = fold(log);
    assert_eq!(
        (state.version_of(ID), state.ladder()),
        (1, Ladder::Short),
        "{case:?}"
    );
    assert!(
        state.killed().is_empty() && state.guard_lifted(NOW).is_none(),
        "{case:?}"
    );
    assert!(state.pending_copies().is_empty(), "{case:?}");
    let steps = valid.iter().filter(|act| matches!(act, Act::Ladder(_)));
    assert_eq!(steps.count(), 1, "{case:?}");
    let verbs = valid.iter().filter_map(|act| match act {
        Act::Rule(act) => Some(act.verb),
        _ => None,
    });
    for (at, verb) in verbs.enumerate() {
        let due = if at % 2 == 0 {
            RuleVerb::Kill
        } else {
            RuleVerb::Restore
        };
        assert_eq!(verb, due, "{case:?}");
    }
    let campaign = log.read_all(CONTROL, 0).unwrap();
    let campaign = campaign
        .iter()
        .find(|stored| matches!(serde_json::from_slice(&stored.value), Ok(Act::Campaign(_))));
    let campaign = campaign.unwrap().offset;
    let mut letters = Vec::new();
    for partition in 0..PARTITIONS {
        assert_eq!(applied(log, partition).0, [campaign], "{case:?}");
        for stored in log.read_all(INBOUND, partition).unwrap() {
            if record::type_of(&stored.value).as_deref() == Some(RETRY) {
                let retry: Retry<'_> = serde_json::from_slice(&stored.value).unwrap();
                assert_eq!((partition, &*retry.actor), (1, "ann"), "{case:?}");
                letters.push(retry.raw.into_owned());
            }
        }
    }
    assert!((1..=2).contains(&letters.len()), "{case:?}: {letters:?}");
    assert_eq!(letters.iter().collect::<BTreeSet<_>>().len(), 1, "{case:?}");
}

#[test]
fn commands_that_act_at_once_are_done_wherever_the_coordinator_dies() {
    let (whole, appends) = undisturbed(&PLAYED);
    check(&whole, &"undisturbed");
    let deaths = every_death(&PLAYED, |log, case| check(log, case));
    assert_eq!(deaths, 2 * appends, "every append, heard and unheard");
}
