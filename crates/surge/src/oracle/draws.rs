//! Winners from standings and a revealed secret, and the board, by the
//! oracle's own hand. Never stock.

use super::holders::Holders;
use super::standings::{Standing, awards_after};
use campaign::{Among, Award, Campaign, QuestionKind, Ranking, Round, Streak, WinnerMode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Tickets of one fan in a weighted draw, at most.
const MOST_TICKETS: u64 = 12;

/// `S`, of a secret, `R` and the beacon's value.
#[must_use]
pub fn seed(secret: &[u8], list: &[u8], beacon: Option<&str>) -> Vec<u8> {
    let beacon = beacon.unwrap_or("none").as_bytes();
    let length = u32::try_from(beacon.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    hash(&[b"spillway/seed/v1\0", secret, list, &length, beacon])
}

/// Whether a revealed secret lies `index` links behind the published end of a chain.
#[must_use]
pub fn is_in_chain(secret: &[u8], root: &[u8], index: u64) -> bool {
    let mut link = secret.to_vec();
    for _ in 0..index.min(u64::from(u16::MAX)) {
        link = hash(&[&link]);
    }
    index > 0 && link == root
}

/// The one place in a chain of so many secrets that a draw has: round `n` the `n`-th, the final draw the last, which
/// no round has. None for a round that the chain was not made for.
#[must_use]
pub fn place_in_chain(round: Option<u16>, links: u64) -> Option<u64> {
    match round.map(u64::from) {
        None => (links > 0).then_some(links),
        Some(number) => (1..links).contains(&number).then_some(number),
    }
}

/// Every award after a round, or over the whole campaign, as a record tells of it: winners and who was passed
/// over. The winners are added to the holders.
pub fn awards(
    campaign: &Campaign,
    round: Option<u16>,
    standings: &[Standing],
    seed: &[u8],
    holders: &mut Holders,
) -> Vec<Value> {
    awards_after(campaign, round)
        .map(|award| one_award(campaign, award, standings, seed, holders))
        .collect()
}

fn one_award(
    campaign: &Campaign,
    award: &Award,
    standings: &[Standing],
    seed: &[u8],
    holders: &mut Holders,
) -> Value {
    let prize = campaign.prizes.iter().find(|prize| prize.id == award.prize);
    let class = prize.map_or(&award.prize, |prize| &prize.class);
    let ranked = ranked(standings, award, campaign.draw.ranking, seed);
    let (mut winners, mut passed) = (Vec::new(), Vec::new());
    let mut next = 0;
    for slot in 1..=slots(award.mode, ranked.len()) {
        let (from, to) = reach(award.mode, slot, next, ranked.len());
        next = to;
        for (place, fan) in ranked.iter().enumerate().take(to).skip(from) {
            let holds = holders.holds(class, &fan.code);
            let bar = fan.bar.or(holds.then_some("already_holds"));
            if let Some(reason) = bar {
                passed.push(json!({"place": place + 1, "code": fan.code, "reason": reason}));
                continue;
            }
            holders.add(class, &fan.code);
            winners.push(json!({"slot": slot, "place": place + 1, "code": fan.code}));
            next = place + 1;
            break;
        }
    }
    let mut value = Map::new();
    value.insert("prize".into(), award.prize.clone().into());
    value.insert("class".into(), class.clone().into());
    value.insert("mode".into(), award.mode.name().into());
    value.insert("among".into(), award.among.name().into());
    let (n, k, most) = match award.mode {
        WinnerMode::Nth { k } => (None, Some(k), None),
        WinnerMode::Every { k, most } => (None, Some(k), Some(most)),
        WinnerMode::Fastest { n }
        | WinnerMode::Draw { n }
        | WinnerMode::Top { n }
        | WinnerMode::Weighted { n } => (Some(n), None, None),
    };
    for (name, number) in [("n", n), ("k", k), ("most", most)] {
        value.extend(number.map(|number| (name.to_owned(), number.into())));
    }
    value.insert("winners".into(), winners.into());
    value.insert("passed".into(), passed.into());
    value.into()
}

/// How many units can find somebody.
fn slots(mode: WinnerMode, contenders: usize) -> usize {
    let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    match mode {
        WinnerMode::Nth { k } => usize::from(contenders >= size(k)),
        WinnerMode::Every { k, most } => size(most).min(contenders / size(k).max(1)),
        WinnerMode::Fastest { n }
        | WinnerMode::Draw { n }
        | WinnerMode::Top { n }
        | WinnerMode::Weighted { n } => size(n).min(contenders),
    }
}

/// Places, from 0, where the winner of a slot is looked for; `next` is the first that nobody was met at.
fn reach(mode: WinnerMode, slot: usize, next: usize, all: usize) -> (usize, usize) {
    match mode {
        WinnerMode::Nth { k } => (next.max(usize::try_from(k).unwrap_or(all) - 1), all),
        WinnerMode::Every { k, .. } => {
            let k = usize::try_from(k).unwrap_or(all);
            (k * slot - 1, (k * slot - 1 + k).min(all))
        }
        _ => (next, all),
    }
}

/// Everyone who can win an award, best first.
fn ranked<'s>(
    standings: &'s [Standing],
    award: &Award,
    ranking: Ranking,
    seed: &[u8],
) -> Vec<&'s Standing> {
    let lot = |code: &str| hash(&[b"spillway/lot/v1\0", seed, &unhex(code)]);
    let ticket = |code: &str, n: u64| {
        let number = u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
        hash(&[b"spillway/ticket/v1\0", seed, &unhex(code), &number])
    };
    let timed = |at: i64| match ranking {
        Ranking::SecondThenLot => at,
        Ranking::LotOnly => 0,
    };
    let mut keyed: Vec<_> = standings
        .iter()
        .filter(|fan| match (award.mode, award.among) {
            (WinnerMode::Top { .. }, _) => true,
            (_, Among::Joined) => fan.joined.is_some(),
            (_, Among::Answered) => fan.answered > 0,
            (_, Among::Correct) => fan.correct > 0,
        })
        .map(|fan| {
            let code = fan.code.as_str();
            let first = match award.among {
                Among::Joined => fan.joined.unwrap_or(fan.first),
                Among::Answered | Among::Correct => fan.first,
            };
            let (key, lot) = match award.mode {
                WinnerMode::Fastest { .. } => ([timed(fan.at), 0, 0], lot(code)),
                WinnerMode::Nth { .. } | WinnerMode::Every { .. } => {
                    ([timed(first), 0, 0], lot(code))
                }
                WinnerMode::Top { .. } => {
                    let correct = i64::try_from(fan.correct).unwrap_or(i64::MAX);
                    ([-fan.points, fan.elapsed, -correct], lot(code))
                }
                WinnerMode::Draw { .. } => ([0; 3], ticket(code, 0)),
                WinnerMode::Weighted { .. } => {
                    let tickets = (0..fan.correct.clamp(1, MOST_TICKETS)).map(|n| ticket(code, n));
                    ([0; 3], tickets.min().unwrap_or_default())
                }
            };
            (key, lot, code, fan)
        })
        .collect();
    keyed.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
    keyed.into_iter().map(|(.., fan)| fan).collect()
}

/// A fan in the ranking of an award.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Entrant code.
    pub code: String,
    /// Why the fan cannot win, if so.
    pub bar: Option<&'static str>,
}

/// Everyone who could win an award, best first, with who cannot.
#[must_use]
pub fn ranking(
    campaign: &Campaign,
    award: &Award,
    standings: &[Standing],
    seed: &[u8],
) -> Vec<Ranked> {
    let ranked = ranked(standings, award, campaign.draw.ranking, seed).into_iter();
    let fan = |fan: &Standing| Ranked {
        code: fan.code.clone(),
        bar: fan.bar,
    };
    ranked.map(fan).collect()
}

/// One fan on the board.
#[derive(Debug, Clone)]
struct Total {
    standing: Standing,
    /// Right rounds in a row.
    row: i64,
}

/// The board of rounds in their order: one standing for each fan, sorted by code. `bars` tells who could not win at
/// the cut of the last of them, also of fans who did not take part in it.
#[must_use]
pub fn board(
    campaign: &Campaign,
    rounds: &[(&Round, Vec<Standing>)],
    bars: &BTreeMap<String, &'static str>,
) -> Vec<Standing> {
    let mut fans: BTreeMap<String, Total> = BTreeMap::new();
    for (round, standings) in rounds {
        let scored = round.question.kind != QuestionKind::Poll;
        let present: BTreeMap<&str, &Standing> =
            standings.iter().map(|s| (s.code.as_str(), s)).collect();
        for standing in standings {
            fans.entry(standing.code.clone()).or_insert_with(|| Total {
                standing: nobody(&standing.code),
                row: 0,
            });
        }
        for (code, total) in &mut fans {
            let here = present.get(code.as_str()).copied();
            let sum = &mut total.standing;
            if let Some(here) = here {
                sum.joined = sum.joined.into_iter().chain(here.joined).min();
            }
            let answer = here.filter(|here| here.answered > 0);
            if let Some(answer) = answer {
                sum.first = if sum.answered == 0 {
                    answer.first
                } else {
                    sum.first
                };
                sum.answered += 1;
            }
            if !scored {
                continue;
            }
            match answer {
                Some(answer) if answer.correct > 0 => {
                    total.row += 1;
                    let bonus = match campaign.score.streak {
                        Streak::Off => 0,
                        Streak::Reset | Streak::Keep => 100 * (total.row - 1).min(5),
                    };
                    sum.correct += 1;
                    sum.elapsed += answer.elapsed;
                    sum.points += answer.points + bonus;
                }
                Some(_) => total.row = 0,
                None if campaign.score.streak == Streak::Keep => {}
                None => total.row = 0,
            }
        }
    }
    for (code, total) in &mut fans {
        total.standing.bar = bars.get(code).copied();
    }
    for standing in rounds.last().map_or(&[][..], |(_, standings)| standings) {
        if let Some(total) = fans.get_mut(&standing.code) {
            total.standing.bar = standing.bar;
        }
    }
    fans.into_values().map(|total| total.standing).collect()
}

fn nobody(code: &str) -> Standing {
    Standing {
        code: code.to_owned(),
        joined: None,
        answered: 0,
        correct: 0,
        first: 0,
        at: 0,
        elapsed: 0,
        points: 0,
        answer: String::new(),
        bar: None,
    }
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    Sha256::digest(parts.concat()).to_vec()
}

/// Bytes of hexadecimal digits; none when they are no such digits.
#[must_use]
pub fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect::<Option<_>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::standings::{entrant_code, list, sha256};
    use super::*;
    use crate::recording::hex;

    fn eight() -> Vec<Standing> {
        let fan = |n| {
            let code = entrant_code("demo-salt", &format!("o_fan_000{n}"));
            Standing {
                answered: 1,
                correct: 1,
                at: 7,
                first: 7,
                ..nobody(&code)
            }
        };
        let mut eight: Vec<Standing> = (1..=8).map(fan).collect();
        eight.sort_by(|a, b| a.code.cmp(&b.code));
        eight
    }

    fn order(mode: WinnerMode) -> Vec<u32> {
        let eight = eight();
        let root = sha256(&list(&eight));
        assert_eq!(
            root,
            "5744e47bd94159b16ae260f8a6277631a55d1438f5f9031cef2c203ad319e570"
        );
        let secret: Vec<u8> = (0..32).collect();
        let seed = seed(&secret, &unhex(&root), None);
        assert_eq!(
            hex(&seed),
            "2d93bacf54e4d545d8f3817dce9a6d34393550bbd368d11044ba0cccbe236ddd"
        );
        let award = Award {
            prize: String::new(),
            after: campaign::After::EachRound,
            mode,
            among: Among::Correct,
            line: 1,
        };
        let number = |standing: &Standing| {
            let is = |n: &u32| entrant_code("demo-salt", &format!("o_fan_000{n}")) == standing.code;
            (1..=8).find(is).unwrap()
        };
        let ranked = ranked(&eight, &award, Ranking::SecondThenLot, &seed);
        ranked.into_iter().map(number).collect()
    }

    /// The test vector of.
    #[test]
    fn lots_and_tickets_of_the_vector() {
        assert_eq!(order(WinnerMode::Draw { n: 1 }), [2, 6, 7, 5, 8, 4, 1, 3]);
        assert_eq!(
            order(WinnerMode::Fastest { n: 1 }),
            [6, 2, 1, 8, 4, 5, 7, 3]
        );
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let secret = [7; 32];
        let root = hash(&[&hash(&[&secret])]);
        assert!(is_in_chain(&secret, &root, 2));
        assert!(!is_in_chain(&secret, &root, 1) && !is_in_chain(&secret, &secret, 0));
    }

    #[test]
    fn each_draw_has_one_place_in_a_chain_q_17() {
        assert_eq!(place_in_chain(Some(1), 13), Some(1));
        assert_eq!(place_in_chain(Some(12), 13), Some(12));
        assert_eq!(place_in_chain(None, 13), Some(13));
        for (round, links) in [(Some(13), 13), (Some(14), 13), (Some(0), 13), (None, 0)] {
            assert_eq!(place_in_chain(round, links), None, "{round:?} of {links}");
        }
    }
}
