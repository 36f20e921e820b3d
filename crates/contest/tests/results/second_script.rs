//! `docs/verify_draw.py`, which shares nothing with this crate, agrees with `verify` on generated draws,
//! right ones and bent ones. Needs `python3`, which `deploy/setup.sh` installs.

use crate::common::{START, award, campaign, campaign_of_2026, code, facts, scatter};
use contest::{
    Bar, Beacon, Conclusion, Facts, Field, Finding, Holders, Standing, Verdict, conclude, verify,
};
use std::path::{Path, PathBuf};
use std::process::Command;

const AWARDS: [(&str, Option<u16>); 8] = [
    ("after = [1]\nmode = \"fastest\"\nn = 4", Some(1)),
    (
        "after = [1]\nmode = \"draw\"\nn = 3\namong = \"answered\"",
        Some(1),
    ),
    (
        "after = [1]\nmode = \"draw\"\nn = 3\namong = \"joined\"",
        Some(1),
    ),
    ("after = [1]\nmode = \"draw\"\nn = 3", Some(1)),
    ("after = [1]\nmode = \"nth\"\nk = 5", Some(1)),
    (
        "after = [1]\nmode = \"every\"\nk = 7\nmost = 5\namong = \"answered\"",
        Some(1),
    ),
    ("after = \"last_round\"\nmode = \"top\"\nn = 3", None),
    ("after = \"last_round\"\nmode = \"weighted\"\nn = 6", None),
];

/// Fans with scattered answers, bars, joins and texts.
fn fans(case: u64, joined_only: bool) -> Field<'static> {
    let mut numbers = scatter(case);
    let mut next = |below: u64| numbers.next().unwrap() % below;
    let fans = 20 + next(60);
    let standings = (0..fans).map(|n| {
        let at = START + i64::try_from(next(6)).unwrap();
        let silent = joined_only && next(4) == 0;
        let right = !silent && next(3) > 0;
        Standing {
            code: code(n),
            joined: (joined_only || next(2) == 0).then_some(at - 1),
            answered: u32::from(!silent),
            correct: if right {
                u32::try_from(1 + next(14)).unwrap()
            } else {
                0
            },
            first: if silent {
                0
            } else {
                at - i64::try_from(next(2)).unwrap()
            },
            at: if silent { 0 } else { at },
            elapsed: next(4),
            points: if right { 900 + next(3) } else { 0 },
            value: if silent {
                "".into()
            } else {
                ["A", "米\"兔", "a\u{1}\\"][usize::try_from(next(3)).unwrap()].into()
            },
            bar: (next(5) == 0).then(|| Bar::ALL[usize::try_from(next(3)).unwrap()]),
        }
    });
    Field::new(standings.collect()).unwrap()
}

/// A chain of three rounds' secrets and that of the final draw, where this one has the place of its draw.
fn chain(facts: &Facts, round: Option<u16>) -> contest::Commitment {
    let index = round.unwrap_or(4);
    contest::Commitment::Chain {
        root: facts.secret.in_chain(index, 0).0,
        index,
        links: 4,
    }
}

fn drawn(case: u64) -> Conclusion {
    let (how, round) = AWARDS[usize::try_from(case % 8).unwrap()];
    let beacon = case.is_multiple_of(3);
    let head = format!(
        "[draw]\nlevel = \"{}\"\nranking = \"{}\"\n",
        if beacon { "L2" } else { "L1" },
        if case.is_multiple_of(5) {
            "lot_only"
        } else {
            "second_then_lot"
        }
    );
    let file = format!("{head}{}", award(how));
    let compiled = if beacon {
        campaign_of_2026(&file)
    } else {
        campaign(&file)
    };
    let campaign = &compiled.campaign;
    let mut facts = Facts {
        round,
        ..facts(campaign)
    };
    let single = contest::commit(&campaign.id, &contest::draw_name(round), &facts.secret);
    facts.commitment = match case % 4 {
        0 => Some(contest::Commitment::Single(single)),
        1 => None,
        _ => Some(chain(&facts, round)),
    };
    if beacon {
        facts.sealed_at = 1_775_714_780 + i64::try_from(case).unwrap();
        // Right after the seal as it should be, at the last moment, and too late.
        let listed_at = facts.sealed_at + [2, 59, 63][usize::try_from(case / 8 % 3).unwrap()];
        facts.listed_at = Some(listed_at);
        let fixed_at = contest::fixed_at(round.is_none(), facts.sealed_at, listed_at);
        let round = contest::beacon_round(fixed_at).unwrap();
        facts.beacon = Some(Beacon {
            round,
            value: format!("{case:064x}"),
        });
    }
    let field = fans(case, how.contains("joined"));
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    for n in 0..5 {
        holders.add("phone", code(n * 3));
    }
    conclude(campaign, &facts, &field, &mut holders)
}

/// One bend of each kind, by turns; the first leaves everything as it is.
fn bend(case: u64, record: &str, standings: &str) -> (String, String) {
    let same = (record.to_owned(), standings.to_owned());
    let swap = |from: &str, to: &str| (record.replacen(from, to, 1), standings.to_owned());
    match case / 8 % 12 {
        0 | 1 => same,
        2 => swap("\"place\":1", "\"place\":2"),
        3 => swap("\"count\":", "\"count\":1"),
        4 => swap("\"s\":\"0001", "\"s\":\"0002"),
        5 => swap("already_holds", "not_following"),
        6 => swap("\"slot\":1", "\"slot\":9"),
        8 => swap("\"listed_at\":17", "\"listed_at\":18"),
        9 => swap("\"beacon\":{\"round\":2", "\"beacon\":{\"round\":3"),
        10 => swap("\"sealed_at\":17", "\"sealed_at\":16"),
        7 => (
            record.to_owned(),
            standings.replacen("\"points\":90", "\"points\":91", 1),
        ),
        _ => swap(",\"type\"", ", \"type\""),
    }
}

/// What the script says of a draw: whether it holds, and its lines.
/// `test` keeps the files of tests apart.
fn script(test: &str, record: &str, list: &str, standings: Option<&str>) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_draw.py");
    let mut command = Command::new("python3");
    command
        .arg(&script)
        .arg(put(&format!("{test}.record.json"), record))
        .arg(put(&format!("{test}.list.txt"), list));
    if let Some(standings) = standings {
        command.arg(put(&format!("{test}.standings.jsonl"), standings));
    }
    let said = command
        .output()
        .expect("python3 is needed for this test; deploy/setup.sh installs it");
    let trouble = String::from_utf8_lossy(&said.stderr);
    assert!(trouble.is_empty(), "{trouble}");
    let lines = String::from_utf8_lossy(&said.stdout).into_owned();
    (said.status.success(), lines)
}

/// What only somebody who was there can compare: promises, list, beacon.
fn is_of_before(claim: &&str) -> bool {
    let words = [
        "s_0 ",
        "C ",
        "R ",
        "nothing was committed",
        "the beacon's value",
    ];
    words.iter().any(|word| claim.starts_with(word))
}

fn to_compare(verdict: &Verdict) -> Vec<&str> {
    let claims = verdict.findings.iter().filter_map(|finding| match finding {
        Finding::Claimed(what) => Some(what.as_str()),
        _ => None,
    });
    claims.filter(is_of_before).collect()
}

fn told_to_compare(said: &str) -> Vec<&str> {
    let claims = said.lines().filter_map(|line| line.strip_prefix("claim"));
    claims.map(str::trim_start).filter(is_of_before).collect()
}

fn put(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn two_implementations_agree_v_14() {
    let (mut right, mut bent) = (0, 0);
    for case in 0..192 {
        let result = drawn(case);
        let (record, standings) = bend(case, &result.record, &result.standings_file);
        let standings = (case % 7 != 0).then_some(standings.as_str());
        let list = &result.list_file;
        let ours = verify(
            record.as_bytes(),
            list.as_bytes(),
            standings.map(str::as_bytes),
        );
        let (holds, said) = script("agree", &record, list, standings);
        assert_eq!(
            holds,
            ours.holds(),
            "case {case}\n{ours:#?}\n{said}\n{record}"
        );
        if holds {
            assert_eq!(to_compare(&ours), told_to_compare(&said), "{said}");
        }
        *(if ours.holds() { &mut right } else { &mut bent }) += 1;
    }
    assert!(right > 40 && bent > 80, "{right} right, {bent} bent");
}

/// Whoever knows every link of a chain must not choose among them, use one again that was revealed, or say that the
/// chain was longer or shorter than it was.
#[test]
fn a_draw_takes_its_own_link_and_no_other_q_17() {
    let last = crate::common::secret();
    let root = last.in_chain(4, 0).0;
    let compiled = campaign(&award(
        "after = [1]\nmode = \"draw\"\nn = 1\namong = \"answered\"",
    ));
    let concluded = |round: Option<u16>, link: u16, (index, links): (u16, u16)| {
        let facts = Facts {
            round,
            secret: last.in_chain(4, link),
            commitment: Some(contest::Commitment::Chain { root, index, links }),
            ..facts(&compiled.campaign)
        };
        let mut holders = Holders::new(compiled.campaign.eligible.one_prize_per);
        conclude(&compiled.campaign, &facts, &fans(3, false), &mut holders)
    };
    for (round, link, said, holds) in [
        (Some(1), 1, (1, 4), true),
        (Some(3), 3, (3, 4), true),
        (None, 4, (4, 4), true),
        // Another link of the same chain, under its own number or under that of the draw.
        (Some(1), 2, (2, 4), false),
        (Some(1), 2, (1, 4), false),
        // One that was revealed in an earlier round.
        (Some(3), 1, (1, 4), false),
        (None, 3, (3, 4), false),
        // The last one is the final draw's; a round that came later has none.
        (Some(4), 4, (4, 4), false),
        (Some(5), 4, (4, 4), false),
        // The chain was of another length; a shorter one only the number that was published tells.
        (None, 3, (3, 3), true),
        (None, 3, (4, 4), false),
        (None, 4, (4, 5), false),
        (Some(1), 0, (0, 4), false),
    ] {
        let result = concluded(round, link, said);
        let (record, list) = (&result.record, &result.list_file);
        let ours = verify(
            record.as_bytes(),
            list.as_bytes(),
            Some(result.standings_file.as_bytes()),
        );
        assert_eq!(ours.holds(), holds, "{round:?} {link} {said:?}\n{ours:#?}");
        let (theirs, lines) = script("links", record, list, Some(&result.standings_file));
        assert_eq!(theirs, holds, "{round:?} {link} {said:?}\n{lines}");
    }
}
