//! `docs/verify_draw.py`, which shares nothing with this crate, agrees with `verify` on generated draws,
//! right ones and bent ones. Needs `python3`, which `deploy/setup.sh` installs.

use crate::common::{START, award, campaign, code, facts, scatter};
use contest::{Bar, Beacon, Conclusion, Facts, Field, Holders, Standing, conclude, verify};
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
    let compiled = campaign(&format!("{head}{}", award(how)));
    let campaign = &compiled.campaign;
    let mut facts = Facts {
        round,
        ..facts(campaign)
    };
    let single = contest::commit(&campaign.id, &contest::draw_name(round), &facts.secret);
    facts.commitment = match case % 4 {
        0 => Some(contest::Commitment::Single(single)),
        1 => None,
        _ => Some(contest::Commitment::Chain {
            root: facts.secret.in_chain(5, 0).0,
            index: 5,
        }),
    };
    if beacon {
        facts.sealed_at = 1_775_714_780 + i64::try_from(case).unwrap();
        let round = contest::beacon_round(facts.sealed_at).unwrap();
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
    match case / 8 % 9 {
        0 | 1 => same,
        2 => swap("\"place\":1", "\"place\":2"),
        3 => swap("\"count\":", "\"count\":1"),
        4 => swap("\"s\":\"0001", "\"s\":\"0002"),
        5 => swap("already_holds", "not_following"),
        6 => swap("\"slot\":1", "\"slot\":9"),
        7 => (
            record.to_owned(),
            standings.replacen("\"points\":90", "\"points\":91", 1),
        ),
        _ => swap(",\"type\"", ", \"type\""),
    }
}

fn put(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn two_implementations_agree_v_14() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_draw.py");
    let (mut right, mut bent) = (0, 0);
    for case in 0..96 {
        let result = drawn(case);
        let (record, standings) = bend(case, &result.record, &result.standings_file);
        let with_standings = case % 7 != 0;
        let lines = with_standings.then_some(standings.as_bytes());
        let ours = verify(record.as_bytes(), result.list_file.as_bytes(), lines);
        let mut command = Command::new("python3");
        command
            .arg(&script)
            .arg(put("record.json", &record))
            .arg(put("list.txt", &result.list_file));
        if with_standings {
            command.arg(put("standings.jsonl", &standings));
        }
        let theirs = command
            .output()
            .expect("python3 is needed for this test; deploy/setup.sh installs it");
        let said = String::from_utf8_lossy(&theirs.stdout);
        assert_eq!(
            theirs.status.success(),
            ours.holds(),
            "case {case}\n{ours:#?}\n{said}\n{record}"
        );
        assert!(
            theirs.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&theirs.stderr)
        );
        *(if ours.holds() { &mut right } else { &mut bent }) += 1;
    }
    assert!(right > 20 && bent > 40, "{right} right, {bent} bent");
}
