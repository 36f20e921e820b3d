//! Recomputes a published draw from its files alone (V-14): record, list, standings. Needs no network, no
//! log, no campaign, and trusts nothing that it can compute.

use crate::beacon::{Beacon, beacon_for};
use crate::draw::{Commitment, Seed, draw_name, hash, hex};
use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use crate::field::Field;
use crate::rank::{Contender, Given, Walk, contenders};
use crate::record::{Record, RecordedAward};
use crate::standing::Standing;
use campaign::{Among, DrawLevel, WinnerMode};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Recomputed, and equal.
    Holds(String),
    /// Recomputed, and different.
    Fails(String),
    /// Could not be recomputed from the files that were given.
    Unchecked(String),
    /// Stands in the record on the operator's word.
    Claimed(String),
}

/// All checks of a record, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether everything was recomputed and equal, but for what the record claims.
    #[must_use]
    pub fn holds(&self) -> bool {
        let open = |f: &Finding| matches!(f, Finding::Fails(_) | Finding::Unchecked(_));
        !self.findings.iter().any(open)
    }

    fn say(&mut self, equal: bool, what: impl Into<String>) {
        let what = what.into();
        self.findings.push(if equal {
            Finding::Holds(what)
        } else {
            Finding::Fails(what)
        });
    }

    fn claim(&mut self, what: impl Into<String>) {
        self.findings.push(Finding::Claimed(what.into()));
    }
}

/// Checks a record against its list file, and against its standings file where there is one. The list may
/// be the standings file itself, whose codes are the list then.
#[must_use]
pub fn verify(record: &[u8], list: &[u8], standings: Option<&[u8]>) -> Verdict {
    let mut verdict = Verdict::default();
    let record = match Record::parse(record) {
        Ok(record) => record,
        Err(reason) => {
            verdict.say(false, format!("the record {reason}"));
            return verdict;
        }
    };
    verdict.say(true, "the record is canonical");
    let own_lines = list.starts_with(b"{").then_some(list);
    let Some(field) = read(standings.or(own_lines), &record, &mut verdict) else {
        return verdict;
    };
    let codes = match (own_lines, &field) {
        (Some(_), Some(field)) => Some(field.list()),
        _ => std::str::from_utf8(list).ok().map(str::to_owned),
    };
    let Some(codes) = codes.as_deref().and_then(sorted_codes) else {
        verdict.say(false, "the list is sorted entrant codes, one a line");
        return verdict;
    };
    entrants(&record, &codes, field.as_ref(), &mut verdict);
    promises(&record, &mut verdict);
    let own: HashSet<EntrantCode> = codes.iter().copied().collect();
    let whole = bare_field(&codes, record.entrants);
    let mut holding = HashSet::new();
    for award in &record.awards {
        let among_all = matches!(award.mode, WinnerMode::Draw { .. })
            && award.among == record.entrants
            && record.corrects.is_none();
        let judged = match (&field, among_all) {
            (Some(field), _) => field,
            (None, true) => &whole,
            (None, false) => {
                verdict.findings.push(Finding::Unchecked(format!(
                    "award {}: the ranking needs answers; give the standings file",
                    award.prize
                )));
                on_the_list(award, &own, &mut verdict);
                continue;
            }
        };
        winners(
            &record,
            award,
            judged,
            field.is_some(),
            &mut holding,
            &mut verdict,
        );
    }
    verdict
}

/// Checks what a record says beyond its list against its standings file: promises, seed, winners. What the list itself
/// shows is left to [`verify`].
#[must_use]
pub fn verify_standings(record: &[u8], standings: &[u8]) -> Verdict {
    let mut verdict = Verdict::default();
    let record = match Record::parse(record) {
        Ok(record) => record,
        Err(reason) => {
            verdict.say(false, format!("the record {reason}"));
            return verdict;
        }
    };
    let Some(Some(field)) = read(Some(standings), &record, &mut verdict) else {
        return verdict;
    };
    promises(&record, &mut verdict);
    let mut holding = HashSet::new();
    for award in &record.awards {
        winners(&record, award, &field, true, &mut holding, &mut verdict);
    }
    verdict
}

/// The standings file, held to the record; none when it cannot be read.
fn read(
    lines: Option<&[u8]>,
    record: &Record,
    verdict: &mut Verdict,
) -> Option<Option<Field<'static>>> {
    let Some(lines) = lines else {
        return Some(None);
    };
    verdict.say(
        hash(lines) == record.standings,
        "the standings file is the one that the record names",
    );
    let text = std::str::from_utf8(lines).map_err(|error| error.to_string());
    match text.and_then(|text| Field::parse(text).map_err(|torn| torn.to_string())) {
        Ok(field) => Some(Some(field)),
        Err(reason) => {
            verdict.say(false, format!("the standings file: {reason}"));
            None
        }
    }
}

/// Codes of a list file; none when they are not sorted, each once, each ended by a newline.
fn sorted_codes(list: &str) -> Option<Vec<EntrantCode>> {
    if !list.is_empty() && !list.ends_with('\n') {
        return None;
    }
    let lines = list.split_terminator('\n');
    let codes: Vec<_> = lines.map(EntrantCode::parse).collect::<Option<_>>()?;
    codes
        .windows(2)
        .all(|pair| pair[0] < pair[1])
        .then_some(codes)
}

fn entrants(
    record: &Record,
    codes: &[EntrantCode],
    field: Option<&Field<'_>>,
    verdict: &mut Verdict,
) {
    let bare = bare_field(codes, record.entrants);
    verdict.say(
        hash(bare.list().as_bytes()) == record.list,
        "R: the list's hash is the record's",
    );
    verdict.say(
        codes.len() as u64 == record.count,
        format!("the list has the record's {} entrants", record.count),
    );
    match (field, record.corrects) {
        (Some(field), None) => verdict.say(
            field
                .standings()
                .iter()
                .map(|s| s.code)
                .eq(codes.iter().copied()),
            "the standings are those of the list's entrants",
        ),
        (_, Some(_)) => verdict.claim("this is a correction; its seed is the first result's"),
        (None, None) => {}
    }
}

/// Commitment, list, beacon and seed. What was published beforehand the files cannot show: whoever was there compares.
fn promises(record: &Record, verdict: &mut Verdict) {
    match &record.commitment {
        Some(commitment) => committed(record, commitment, verdict),
        None => verdict.claim("nothing was committed to beforehand"),
    }
    if let Some(at) = record.listed_at {
        verdict.claim(format!(
            "R {} of {} entrants stood at {at}, before the secret was revealed: compare with what was published then",
            hex(&record.list),
            record.count
        ));
    }
    let honest = match record.level {
        DrawLevel::L0 => true,
        DrawLevel::L1 => record.commitment.is_some() && record.beacon.is_none(),
        DrawLevel::L2 => record.commitment.is_some() && record.beacon.is_some(),
    };
    let level = record.level.name();
    verdict.say(honest, format!("the record has what level {level} needs"));
    if let Some(beacon) = &record.beacon {
        drawn(record, beacon, verdict);
    }
    if let Some((actor, reason)) = &record.fallback {
        verdict.claim(format!("{actor} went on without the beacon: {reason}"));
    }
    let seed = Seed::new(&record.secret, &record.list, record.beacon.as_ref());
    verdict.say(seed == record.seed, format!("S is {seed}"));
}

/// The revealed secret is the draw's own of what was committed to.
fn committed(record: &Record, commitment: &Commitment, verdict: &mut Verdict) {
    let draw = &record.draw;
    let (which, published) = match commitment {
        Commitment::Chain { root, index, links } => (
            format!(", and link {index} of {links} is that of {draw}"),
            format!("s_0 {} and its {links} links were", hex(root)),
        ),
        Commitment::Single(single) => (format!(" for {draw}"), format!("C {} was", hex(single))),
    };
    verdict.say(
        commitment.holds(&record.campaign, draw, &record.secret),
        format!("the revealed secret is the one that was committed to{which}"),
    );
    verdict.claim(format!(
        "{published} published before the first round: compare with what was published then"
    ));
}

/// The beacon's round is the one that the seal fixed, and nobody knew its value when the list stood.
fn drawn(record: &Record, beacon: &Beacon, verdict: &mut Verdict) {
    let round = beacon.round;
    let is_final = record.draw == draw_name(None);
    let due = record
        .listed_at
        .map(|listed_at| beacon_for(is_final, record.sealed_at, listed_at));
    match due {
        Some(Ok(due)) => verdict.say(
            due == round,
            format!("beacon round {round} is the one fixed by the seal, and the list stood before it was out"),
        ),
        Some(Err(reason)) => verdict.say(false, format!("the draw is not L2: {reason}")),
        None => verdict.say(false, "the draw is not L2: no list stood before its beacon"),
    }
    verdict.claim(format!(
        "the beacon's value of round {round}; compare it with drand's"
    ));
}

/// The walk of one award, with the record's word for who could not win.
fn winners(
    record: &Record,
    award: &RecordedAward,
    field: &Field<'_>,
    with_standings: bool,
    holding: &mut HashSet<(String, EntrantCode)>,
    verdict: &mut Verdict,
) {
    let ranked = contenders(field, award.mode, award.among, record.ranking, &record.seed);
    let passed = award.given.passed.iter();
    let claimed: HashMap<EntrantCode, Bar> = passed.map(|p| (p.code, p.bar)).collect();
    let given: Given = Walk::new(&ranked, award.mode).all(|contender: &Contender| {
        match claimed.get(&contender.code) {
            Some(Bar::AlreadyHolds) if contender.bar.is_none() => Some(Bar::AlreadyHolds),
            Some(bar) if !with_standings => Some(*bar),
            _ => contender.bar,
        }
    });
    let name = &award.prize;
    verdict.say(
        given == award.given,
        format!(
            "award {name} ({}): {} winner(s) by the ranks of {} contender(s)",
            award.mode.name(),
            given.winners.len(),
            ranked.len()
        ),
    );
    for passed in &award.given.passed {
        let here = holding.contains(&(award.class.clone(), passed.code));
        if !(passed.bar == Bar::AlreadyHolds && here) {
            verdict.claim(format!(
                "award {name}: place {} ({}) was passed over: {}",
                passed.place,
                passed.code,
                passed.bar.name()
            ));
        }
    }
    let won = award.given.winners.iter();
    holding.extend(won.map(|won| (award.class.clone(), won.code)));
}

fn on_the_list(award: &RecordedAward, own: &HashSet<EntrantCode>, verdict: &mut Verdict) {
    let winners = &award.given.winners;
    verdict.say(
        winners.iter().all(|won| own.contains(&won.code)),
        format!("award {}: every winner is on the list", award.prize),
    );
}

/// Entrants of whom only the codes are known.
fn bare_field(codes: &[EntrantCode], entrants: Among) -> Field<'static> {
    let standing = |code: &EntrantCode| Standing {
        code: *code,
        joined: (entrants == Among::Joined).then_some(0),
        answered: u32::from(entrants == Among::Answered),
        correct: 0,
        first: 0,
        at: 0,
        elapsed: 0,
        points: 0,
        value: Cow::Borrowed(""),
        bar: None,
    };
    // Codes without repetition cannot be torn.
    Field::new(codes.iter().map(standing).collect()).unwrap_or_default()
}
