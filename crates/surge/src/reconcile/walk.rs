//! Goes through lists, results and awards in the order of the log, and holds each against what stood at its place: a
//! round that is corrected later was concluded with what it was before. Never what a single record must say: that is
//! [`super::record`], [`super::drawn`] and [`super::prizes`].

use super::contest::{Contest, Findings, name_of};
use super::control::{Decision, Found};
use super::entitled;
use super::prizes::Book;
use super::record::{self, Draw};
use super::rescore::By;
use super::verdict::Drawn;
use super::{drawn, list};
use crate::oracle::draws;
use crate::oracle::holders::Holders;
use crate::oracle::standings::{self, Standing};
use campaign::{After, Campaign, Correction, Round};
use serde_json::Value;
use std::collections::BTreeMap;

/// A result that stands at some place.
#[derive(Debug)]
pub(super) struct Stands<'a> {
    pub(super) found: &'a Found,
    /// Offset of the draw's first result.
    pub(super) first: u64,
    pub(super) record: Value,
}

impl Stands<'_> {
    fn is_corrected(&self) -> bool {
        self.found.act["corrects"].is_u64()
    }
}

/// See the module.
pub(super) struct Walk<'a> {
    contest: &'a Contest<'a>,
    lists: BTreeMap<Option<u16>, &'a Found>,
    beacons: BTreeMap<Option<u16>, &'a Found>,
    firsts: BTreeMap<Option<u16>, &'a Found>,
    stands: BTreeMap<Option<u16>, Stands<'a>>,
    drawn: BTreeMap<Option<u16>, Drawn>,
    book: Book<'a>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(contest: &'a Contest<'a>) -> Self {
        Self {
            contest,
            lists: BTreeMap::new(),
            beacons: BTreeMap::new(),
            firsts: BTreeMap::new(),
            stands: BTreeMap::new(),
            drawn: BTreeMap::new(),
            book: Book::new(contest),
        }
    }

    /// Takes the next record that holds.
    pub(super) fn take(&mut self, found: &'a Found, findings: &mut Findings) {
        match found.text("type") {
            "list" => {
                self.lists.insert(found.round(), found);
            }
            "beacon" => {
                self.beacons.insert(found.round(), found);
            }
            "result" => {
                if let Err(problem) = self.result(found, findings) {
                    findings.problems.push(problem);
                }
            }
            _ => self.book.take(found),
        }
    }

    fn result(&mut self, found: &'a Found, findings: &mut Findings) -> Result<(), String> {
        let (contest, round) = (self.contest, found.round());
        let name = name_of(round);
        let first = *self.firsts.entry(round).or_insert(found);
        let decision = self.decision(round, first.at);
        let decision = decision.ok_or("there is a final draw without a sealed round")?;
        let version = found.number("version");
        if let Some(expected) = self.other_version(found, first, decision) {
            findings.problems.push(format!(
                "{name}: version {version} has judged, but it was version {expected}'s turn"
            ));
        }
        let by = By::of(found);
        let campaign = contest.rescored.campaign(by);
        let standings = campaign.and_then(|campaign| match round {
            Some(number) => contest.rescored.standings(by, number),
            None => Some(self.board(campaign, found, first.at)),
        });
        let cannot = || format!("{name} cannot be judged by version {version}");
        let (campaign, standings) = campaign.zip(standings).ok_or_else(cannot)?;
        let drawn = drawn::judge(contest, found, &standings, decision, findings);
        self.drawn.insert(round, drawn);
        let before = self.stands.get(&round);
        let draw = Draw {
            campaign,
            decision,
            found,
            first,
            corrects: before.map(|before| before.found),
            list: self.lists.get(&round).copied(),
            beacon: self.beacons.get(&round).copied(),
            standings: &standings,
        };
        let holders = self.holders(campaign, found, first);
        let judged = record::judge(contest, &draw, holders);
        let problems = judged.problems.into_iter();
        findings
            .problems
            .extend(problems.map(|problem| format!("{name}: {problem}")));
        if before.is_none() {
            list::judge(&draw, findings);
        }
        let Some(record) = judged.record else {
            return Ok(());
        };
        self.book.stands(entitled::of_draw(&draw, &record));
        let first = first.at;
        self.stands.insert(
            round,
            Stands {
                found,
                first,
                record,
            },
        );
        Ok(())
    }

    /// The decision that sealed a draw: of the final one the last of a round that counts.
    fn decision(&self, round: Option<u16>, first: u64) -> Option<&'a Decision> {
        let control = self.contest.control;
        if let Some(number) = round {
            return control.decisions.get(&number);
        }
        let counts = |number: &u16| control.void.get(number).is_none_or(|void| *void > first);
        let decided = control
            .decisions
            .iter()
            .filter(|(number, _)| counts(number));
        let before = decided
            .map(|(_, decision)| decision)
            .filter(|one| one.ctl < first);
        before.max_by_key(|decision| decision.ctl)
    }

    /// The version that should have judged instead of the one that did.
    fn other_version(&self, found: &Found, first: &Found, decision: &Decision) -> Option<u64> {
        let control = self.contest.control;
        let version = found.number("version");
        let expected = match (found.at == first.at, found.round()) {
            (true, Some(_)) => decision.version,
            (true, None) => control.before(found.at)?.version,
            (false, _) => {
                let mut known = control.in_force.iter().filter(|one| one.since < found.at);
                let is_known = known.any(|one| one.version == version);
                if is_known {
                    version
                } else {
                    control.before(found.at)?.version
                }
            }
        };
        (version != expected).then_some(expected)
    }

    /// The board of the rounds as they stand here, for a result of the final draw. Who could not win at the last cut is
    /// barred, whether he took part in that round or not: by the version that sealed the last round, or, in a
    /// correction, by the one that judged it again.
    /// A round that came only after the final draw's first result, at `first`, has no say in it.
    fn board(&self, campaign: &Campaign, result: &Found, first: u64) -> Vec<Standing> {
        let of_round = |round: &'_ Round| {
            let stands = self.stands.get(&Some(round.number))?;
            if stands.first > first {
                return None;
            }
            let by = By::of(stands.found);
            self.contest.rescored.standings(by, round.number)
        };
        let rounds = campaign.rounds.iter();
        let rounds: Vec<(&Round, Vec<Standing>)> = rounds
            .filter_map(|round| Some((round, of_round(round)?)))
            .collect();
        let decisions = &self.contest.control.decisions;
        let last = rounds.last().map(|(round, _)| round.number);
        let own = Some(By::of(result)).filter(|by| by.corrects);
        let board = |by| {
            let bars = last.and_then(|last| self.contest.rescored.bars(by, last));
            draws::board(campaign, &rounds, &bars.unwrap_or_default())
        };
        let sealed = last.and_then(|number| decisions.get(&number));
        let sealed = sealed.map(|decision| By::sealing(decision.version));
        let mut boards = sealed.into_iter().chain(own).map(board);
        let is_found = |board: &Vec<Standing>| {
            standings::sha256(&standings::file(board)) == result.text("standings")
        };
        let first = boards.next().unwrap_or_default();
        if is_found(&first) {
            return first;
        }
        boards.find(is_found).unwrap_or(first)
    }

    /// Who holds prizes when a draw is made: the winners of every round whose first result stands before its own, by
    /// the results that stand here. A round that was corrected under `void` gave nothing that counts against anybody.
    fn holders(&self, judging: &Campaign, found: &Found, first: &Found) -> Holders {
        let mut holders = Holders::new(judging.eligible.one_prize_per);
        let newest = self.contest.control.before(found.at);
        let is_void = newest.is_some_and(|newest| newest.campaign.correction == Correction::Void);
        let rounds = self.stands.iter().filter(|(round, _)| round.is_some());
        let before = rounds
            .map(|(_, stands)| stands)
            .filter(|stands| stands.first < first.at);
        for stands in before.filter(|stands| !(is_void && stands.is_corrected())) {
            for award in stands.record["awards"].as_array().into_iter().flatten() {
                let class = award["class"].as_str().unwrap_or_default();
                for won in award["winners"].as_array().into_iter().flatten() {
                    holders.add(class, won["code"].as_str().unwrap_or_default());
                }
            }
        }
        holders
    }

    /// What must have come to pass by the end of the log.
    pub(super) fn end(mut self, findings: &mut Findings) {
        let control = self.contest.control;
        let not_void = |number: &&u16| !control.void.contains_key(number);
        for number in control.decisions.keys().filter(not_void) {
            if !self.firsts.contains_key(&Some(*number)) {
                let problem = format!("round {number} is sealed and has no result");
                findings.problems.push(problem);
            }
        }
        self.final_draw(findings);
        let rounds = std::mem::take(&mut self.drawn);
        let (last, rounds): (Vec<_>, Vec<_>) =
            rounds.into_iter().partition(|(round, _)| round.is_none());
        let in_order = rounds.into_iter().chain(last);
        findings.draws.extend(in_order.map(|(_, drawn)| drawn));
        self.book.end(&self.stands, findings);
    }

    /// The final draw is made once every round counts or does not, and of what stands in the end.
    fn final_draw(&self, findings: &mut Findings) {
        let Some(newest) = self.contest.control.newest() else {
            return;
        };
        let has_final = newest
            .campaign
            .awards
            .iter()
            .any(|award| award.after == After::LastRound);
        let is_over = |round: &Round| {
            let number = round.number;
            self.stands.contains_key(&Some(number))
                || self.contest.control.void.contains_key(&number)
        };
        let Some(last) = self.stands.get(&None) else {
            let all = newest.campaign.rounds.iter().all(is_over);
            if has_final && all && !self.stands.is_empty() && !self.firsts.contains_key(&None) {
                let problem = "every round is sealed, but the final draw has no result";
                findings.problems.push(problem.to_owned());
            }
            return;
        };
        let corrected = self
            .stands
            .values()
            .any(|stands| stands.found.at > last.found.at);
        let judging = self.contest.rescored.campaign(By::of(last.found));
        if let Some(campaign) = judging.filter(|_| corrected) {
            let board = standings::sha256(&standings::file(
                &self.board(campaign, last.found, last.first),
            ));
            if board != last.found.text("standings") {
                findings.problems.push(
                    "the final draw: a round was corrected after it and changes its board, and it was not corrected along"
                        .to_owned(),
                );
            }
        }
    }
}
