//! What an evening came to, by a fold of the log that asks no coordinator.

use super::seals::fold;
use super::{ID, PARTITIONS, applied};
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::rounds::{RoundVerb, Window};
use std::collections::BTreeMap;

/// What an evening came to, but for offsets and for what the draws' random secrets make of records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Came {
    /// Window, void, forced, skipped, decision (version, window, members, missing), counts and winners, by draw.
    lives: BTreeMap<Option<u16>, String>,
    /// Units, holders and steps, by slot.
    slots: Vec<String>,
    /// Public texts that stand, without the hashes of records.
    texts: Vec<String>,
    /// Records that hold, by kind; without greetings of leaders and notes of copies.
    pub(crate) held: BTreeMap<&'static str, usize>,
    /// What was copied, by kind, and ticks; the same in every partition.
    copied: Vec<&'static str>,
    ticks: Vec<i64>,
}

fn kind(act: &Act) -> Option<&'static str> {
    Some(match act {
        Act::Campaign(_) => "campaign",
        Act::Retired { .. } => "retired",
        Act::Round(act) => match act.verb {
            RoundVerb::Shift => "shift",
            RoundVerb::Open => "open",
            RoundVerb::Extend => "extend",
            RoundVerb::Void => "void",
            RoundVerb::Seal => "seal",
            RoundVerb::Skip => "skip",
        },
        Act::Commitment(_) => "commitment",
        Act::SealReq(_) => "seal_req",
        Act::SealDecided(_) => "seal_decided",
        Act::List(_) => "list",
        Act::Beacon(act) if act.value.is_some() => "beacon",
        Act::Beacon(_) => "without_beacon",
        Act::Result(_) => "result",
        Act::Award(act) => control::ledger::name(act.state),
        Act::Announcement(_) => "announcement",
        _ => return None,
    })
}

pub(crate) fn came(log: &MemoryLog, case: &dyn std::fmt::Debug) -> Came {
    let (state, valid) = fold(log);
    assert!(state.pending_copies().is_empty(), "{case:?}");
    let mut held = BTreeMap::new();
    for kind in valid.iter().filter_map(kind) {
        *held.entry(kind).or_default() += 1;
    }
    let lives = state.rounds().of(ID).map(|(round, life)| {
        let decided = life.decision.as_ref().map(|(_, decided)| {
            (
                decided.version,
                decided.open,
                decided.close,
                &decided.members,
                &decided.missing,
            )
        });
        let result = life.result.as_ref().map(|(_, result)| {
            let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
            let given = awards
                .into_iter()
                .map(|award| award.given)
                .collect::<Vec<_>>();
            (
                result.standings,
                result.list,
                result.entrants,
                result.correct,
                given,
            )
        });
        let window: Option<Window> = life.window;
        let marks = (
            life.is_void,
            life.is_forced,
            life.is_skipped,
            life.list.is_some(),
        );
        (
            round,
            format!("{window:?} {marks:?} {decided:?} {result:?}"),
        )
    });
    let ledger = state.awards().of(ID).cloned().unwrap_or_default();
    let slots = ledger.slots().map(|(place, attempts)| {
        let attempts = attempts.iter().map(|held| {
            let given = &held.given;
            (given.unit, given.code, held.state, held.told, held.by_hand)
        });
        format!("{place:?} {:?}", attempts.collect::<Vec<_>>())
    });
    let texts = [Some(1), Some(2), None].into_iter().filter_map(|round| {
        let (_, announcement) = ledger.announcement(round)?;
        let lines = announcement
            .text
            .lines()
            .filter(|line| !line.contains("sha256"));
        Some(lines.collect::<Vec<_>>().join("\n"))
    });
    let (copied, ticks) = applied_alike(log, case);
    Came {
        lives: lives.collect(),
        slots: slots.collect(),
        texts: texts.collect(),
        held,
        copied,
        ticks,
    }
}

/// What every partition applies, which is the same: copies by kind, and ticks.
pub(crate) fn applied_alike(
    log: &MemoryLog,
    case: &dyn std::fmt::Debug,
) -> (Vec<&'static str>, Vec<i64>) {
    let control = log.read_all(record::topics::CONTROL, 0).unwrap();
    let of = |partition| {
        let (copies, ticks) = applied(log, partition);
        let kinds = copies.iter().map(|ctl| {
            let stored = control.iter().find(|stored| stored.offset == *ctl).unwrap();
            kind(&serde_json::from_slice(&stored.value).unwrap()).unwrap()
        });
        (kinds.collect::<Vec<_>>(), ticks)
    };
    let first = of(0);
    for partition in 1..PARTITIONS {
        assert_eq!(of(partition), first, "{case:?}");
    }
    first
}
