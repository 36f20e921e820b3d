//! The contest as the log tells it: every record of `control` with what became of it, what the rounds came to, and
//! what must hold whoever died on the way. Never the product's own verdict alone: units are counted here by hand.

use super::{Ended, Scene, finish, spillway, succeed, until};
use control::state::{Applied, ControlState};
use coordinator::{Claims, prizes};
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ResultAct, SealDecided, SealReq, UnitState};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The campaign of nearly all scenes.
pub(crate) const CAMPAIGN: &str = "fanfest-2013-04-09";
/// Its rounds.
pub(crate) const ROUNDS: usize = 12;

/// What a round came to, but for its lots: equal wherever the same recording was played. Digests of standings and
/// list, fans on the list, with an answer, with a right one.
pub(crate) type Outcome = (String, String, [u64; 3]);

/// What `control` said, in its order.
pub(crate) struct Told {
    pub(crate) state: ControlState,
    /// Offset, record, whether it held at its place.
    pub(crate) acts: Vec<(u64, Act, bool)>,
}

impl Told {
    /// Reads the log of `data`, which may be in use.
    pub(crate) fn of(scene: &Scene, data: &str) -> Self {
        let printed = scene.history(data, "log cat control").well();
        let mut told = Self {
            state: ControlState::default(),
            acts: Vec::new(),
        };
        for line in printed.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let offset = line["offset"].as_u64().unwrap();
            let act: Act = serde_json::from_value(line["value"].clone()).unwrap();
            let holds = told.state.apply(offset, &act) == Applied::Valid;
            told.acts.push((offset, act, holds));
        }
        told
    }

    /// The campaign that was published.
    fn campaign(&self) -> &str {
        let published = self.state.newest().next();
        published.map_or(CAMPAIGN, |published| published.id.as_str())
    }

    /// The request to seal a round.
    pub(crate) fn request(&self, round: u16) -> Option<&SealReq> {
        let life = self.state.rounds().life(self.campaign(), Some(round))?;
        life.request.as_ref().map(|(_, request)| request)
    }

    /// The decision that sealed it.
    pub(crate) fn decision(&self, round: u16) -> Option<&SealDecided> {
        let life = self.state.rounds().life(self.campaign(), Some(round))?;
        life.decision.as_ref().map(|(_, decided)| decided)
    }

    /// The result that stands.
    pub(crate) fn result(&self, round: u16) -> Option<&ResultAct> {
        let result = self.state.rounds().result(self.campaign(), Some(round));
        result.map(|(_, result)| result)
    }

    /// Greetings of a node, by boot.
    pub(crate) fn greetings(&self, node: Hex<8>) -> Vec<Hex<8>> {
        let greeting = |(_, act, _): &(u64, Act, bool)| match act {
            Act::Hello(hello) if hello.node == node => Some(hello.boot),
            _ => None,
        };
        self.acts.iter().filter_map(greeting).collect()
    }

    /// Whether a node was given up, and never greeted since.
    pub(crate) fn is_retired(&self, node: Hex<8>) -> bool {
        let node = self.state.nodes().get(&node);
        node.is_some_and(|node| node.retired)
    }

    /// Records whose precondition failed.
    pub(crate) fn void(&self) -> Vec<&Act> {
        let void = self.acts.iter().filter(|(_, _, holds)| !holds);
        void.map(|(_, act, _)| act).collect()
    }

    /// What all rounds came to.
    pub(crate) fn outcomes(&self) -> BTreeMap<u16, Outcome> {
        let results = self.state.rounds().of(self.campaign());
        let outcome = |result: &ResultAct| {
            let counts = [result.entrants, result.answered, result.correct];
            (
                result.standings.to_string(),
                result.list.to_string(),
                counts,
            )
        };
        results
            .filter_map(|(round, life)| Some((round?, outcome(&life.result.as_ref()?.1))))
            .collect()
    }

    /// Greetings between the request to seal a round and its result: whoever greets there has taken over a seal.
    pub(crate) fn boots_within_seals(&self) -> usize {
        self.seals().1
    }

    /// Whether a round is asked for and has no result.
    pub(crate) fn is_sealing(&self) -> bool {
        self.seals().0
    }

    /// Whether a seal is open at the end, and how many greeted while one was.
    fn seals(&self) -> (bool, usize) {
        let (mut open, mut boots) = (BTreeSet::new(), 0);
        for (_, act, _) in &self.acts {
            match act {
                Act::SealReq(act) => drop(open.insert(Some(act.round))),
                Act::Result(act) => drop(open.remove(&act.round)),
                Act::Hello(_) if !open.is_empty() => boots += 1,
                _ => {}
            }
        }
        (!open.is_empty(), boots)
    }

    /// Every round was asked for, decided and concluded by one record each that held; nothing was said of a void one.
    #[track_caller]
    pub(crate) fn each_round_has_one_result(&self) {
        let mut said: BTreeMap<(&str, Option<u16>), u64> = BTreeMap::new();
        for (_, act, holds) in &self.acts {
            let step = match act {
                Act::SealReq(act) => ("request", Some(act.round)),
                Act::SealDecided(act) => ("decision", Some(act.round)),
                Act::List(act) => ("list", act.round),
                Act::Result(act) => ("result", act.round),
                _ => continue,
            };
            *said.entry(step).or_default() += u64::from(*holds);
        }
        for round in 1..=u16::try_from(ROUNDS).unwrap() {
            for step in ["request", "decision", "list", "result"] {
                let held = said.get(&(step, Some(round))).copied();
                assert_eq!(held, Some(1), "records of round {round} that hold: {step}");
            }
        }
    }

    /// Whether every act about units and public texts that was due when the last result was made is there.
    pub(crate) fn owes_nothing(&self) -> bool {
        let results = self.state.rounds().of(self.campaign());
        let made = results.filter_map(|(_, life)| Some(life.result.as_ref()?.1.at));
        let Some(now) = made.max() else { return true };
        let due = prizes::due(
            &self.state,
            self.campaign(),
            now,
            &Claims::new(0),
            &mut NoStandings,
        );
        due.unwrap().acts.is_empty()
    }

    /// Each slot of each award went to one fan with one unit, no unit and no fan twice (V-6, Q-21); how many units
    /// were given. For campaigns whose winners decline nothing and hold one prize at most.
    #[track_caller]
    pub(crate) fn no_unit_is_given_twice(&self) -> usize {
        let (mut units, mut slots, mut fans) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (offset, act, holds) in &self.acts {
            let (Act::Award(act), true) = (act, holds) else {
                continue;
            };
            assert_eq!(act.state, UnitState::Awarded, "{act:?}");
            let result = self
                .state
                .rounds()
                .result(self.campaign(), act.round)
                .unwrap();
            assert_eq!(
                result.0, act.result,
                "the award at {offset} follows from a result"
            );
            assert!(
                units.insert((act.prize.clone(), act.unit)),
                "again: {act:?}"
            );
            assert!(slots.insert(act.award), "again: {act:?}");
            assert!(fans.insert(act.code), "again: {act:?}");
        }
        units.len()
    }
}

/// Nobody asks for alternates here.
struct NoStandings;

impl prizes::Fields for NoStandings {
    fn field(&mut self, _: &ResultAct) -> Option<&contest::Field<'static>> {
        None
    }
}

impl Scene {
    /// Waits until so many rounds have a result on the log of `data`.
    pub(crate) fn await_results(&self, data: &str, rounds: usize) -> Told {
        let mut told = None;
        until(&format!("{rounds} results"), || {
            let now = Told::of(self, data);
            let is_there = now.outcomes().len() >= rounds;
            told = Some(now);
            is_there
        });
        told.unwrap()
    }

    /// What `results` finds in the log of `data`: each result computed again from its shares, and each draw verified
    /// from its files alone.
    #[track_caller]
    pub(crate) fn all_verified(&self, data: &str, rounds: usize) {
        let dir = self.path(&format!("{data}.pages"));
        let printed = succeed(
            Command::new(spillway())
                .args(["results", "--json", "--html"])
                .arg(&dir)
                .args(self.log_of(data)),
        );
        let found: Value = serde_json::from_str(&printed).unwrap();
        let found = found["rounds"].as_array().unwrap();
        assert_eq!(found.len(), rounds);
        for round in found {
            assert_eq!(round["verified"], true, "{round}");
            let number = round["round"].as_u64().unwrap();
            verified(&dir, &format!("round-{number:02}")).well();
        }
    }

    /// Lets the log of nodes that are started from now on have so many inbound partitions.
    pub(crate) fn set_partitions(&self, partitions: usize) {
        let file = self.with_suffix("spillway.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let rest = text.find("[[account]]").unwrap();
        let log = format!(
            "[log]\ninbound_partitions = {partitions}\n\n{}",
            &text[rest..]
        );
        std::fs::write(file, log).unwrap();
    }

    /// Changes lines of the campaign that nodes are told from now on.
    pub(crate) fn edit_campaign(&self, changes: &[(&str, &str)]) {
        let file = self.with_suffix("campaign.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{from:?} in the campaign");
            text = text.replace(from, to);
        }
        std::fs::write(file, text).unwrap();
    }
}

fn verified(dir: &std::path::Path, draw: &str) -> Ended {
    let file = |kind: &str| dir.join(format!("{draw}.{kind}"));
    finish(
        Command::new(spillway())
            .arg("verify-draw")
            .arg(file("record.json"))
            .arg(file("list.txt"))
            .arg("--standings")
            .arg(file("standings.jsonl")),
    )
}

/// Opening of a round of the project's own campaign, in seconds since 1970.
pub(crate) fn opening(round: u16) -> i64 {
    super::fan::OPEN + 600 * i64::from(round - 1)
}

/// The second at which it is due to be sealed: its close, and the grace.
pub(crate) fn seal_of(round: u16) -> i64 {
    opening(round) + 300 + 35
}

/// So many fans of a round, and each of its four options as often as the others; at `listen` of the scene.
pub(crate) fn answers(scene: &Scene, round: u16, fans: std::ops::Range<u64>) {
    let mi = super::fan::plain();
    for fan in fans {
        let at = opening(round) + 1 + i64::try_from(fan / 8).unwrap();
        let said = ["A", "B", "C", "D"][usize::try_from(fan % 4).unwrap()];
        let (name, id) = (
            format!("oFan{round:02}x{fan:03}"),
            u64::from(round) * 1_000 + fan,
        );
        let message = super::fan::text(&mi, &name, at, id, said);
        let answer = scene.deliver(&mi, &message);
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
}
