//! Records: their bytes, and what `verify` finds when somebody cheats (Q-19, V-14).

use crate::common::{award, campaign, code, facts, field, right, wrong};
use campaign::DrawLevel;
use contest::{
    Bar, Beacon, Conclusion, Facts, Field, Finding, Holders, Standing, conclude, verify,
};

fn mixed() -> Field<'static> {
    let gone = Standing {
        bar: Some(Bar::NotFollowing),
        ..right(9, 0)
    };
    let fans = (1..=8).map(|n| {
        if n % 3 == 0 {
            wrong(n, 4)
        } else {
            right(n, n as i64)
        }
    });
    field(fans.chain([gone]).collect())
}

fn concluded(how: &str, change: impl FnOnce(&mut Facts)) -> Conclusion {
    let compiled = campaign(how);
    let campaign = &compiled.campaign;
    let mut facts = facts(campaign);
    change(&mut facts);
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    conclude(campaign, &facts, &mixed(), &mut holders)
}

fn fastest() -> Conclusion {
    concluded(&award("after = [1]\nmode = \"fastest\"\nn = 2"), |_| ())
}

fn fails(verdict: &contest::Verdict, with: &str) -> bool {
    let found = |f: &Finding| matches!(f, Finding::Fails(text) if text.contains(with));
    verdict.findings.iter().any(found)
}

#[test]
fn the_bytes_of_a_record_are_fixed_q_19() {
    let result = fastest();
    assert!(result.record.starts_with("{\"awards\":[{\"among\":\"correct\",\"class\":\"phone\",\"mode\":\"fastest\",\"n\":2,\"passed\":[{\"code\":\""));
    assert!(
        result
            .record
            .ends_with("\"type\":\"draw\",\"v\":1,\"version\":1}\n")
    );
    assert!(
        result
            .record
            .contains("\"cut\":[{\"offset\":30,\"partition\":0},{\"offset\":40,\"partition\":1}]")
    );
    let hash: String = result
        .record_hash
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(hash, GOLDEN, "{}", result.record);
    assert_eq!(result.record_hash, contest::hash(result.record.as_bytes()));
}
/// `sha256sum` of the record's file.
const GOLDEN: &str = "fb36b6eff972937c2dd327ae53f9d4ac374cac7d70f94750c27ba656d29cffc4";

#[test]
fn a_right_record_holds_v_14() {
    let result = fastest();
    let (record, list) = (result.record.as_bytes(), result.list_file.as_bytes());
    let standings = result.standings_file.as_bytes();
    let verdict = verify(record, list, Some(standings));
    assert!(verdict.holds(), "{verdict:#?}");
    assert!(
        verify(record, standings, None).holds(),
        "the standings hold the list"
    );
    let partly = verify(record, list, None);
    assert!(!partly.holds());
    assert!(
        partly
            .findings
            .iter()
            .any(|f| matches!(f, Finding::Unchecked(_)))
    );
    assert!(
        !partly
            .findings
            .iter()
            .any(|f| matches!(f, Finding::Fails(_)))
    );
}

#[test]
fn a_draw_among_the_entrants_needs_only_the_list() {
    let result = concluded(
        &award("after = [1]\nmode = \"draw\"\nn = 3\namong = \"answered\""),
        |_| (),
    );
    let verdict = verify(result.record.as_bytes(), result.list_file.as_bytes(), None);
    assert!(verdict.holds(), "{verdict:#?}");
}

#[test]
fn every_lie_in_a_record_is_found() {
    let result = fastest();
    let winner = result.given[0].1.winners[0].code.to_string();
    let other = code(8).to_string();
    let s = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for (from, to, with) in [
        (winner.as_str(), other.as_str(), "award phone"),
        (s, &s.replace("00", "01"), "committed"),
        ("\"count\":9", "\"count\":8", "entrants"),
        ("\"level\":\"L1\"", "\"level\":\"L2\"", "level L2"),
        ("\"n\":2", "\"n\":1", "award phone"),
        (
            "\"ranking\":\"second_then_lot\"",
            "\"ranking\":\"lot_only\"",
            "award phone",
        ),
        ("not_following", "excluded", "award phone"),
        ("\"v\":1", "\"v\":2", "is no record"),
        ("{\"awards\"", "{ \"awards\"", "canonical"),
        (
            "\"draw\":\"round-01\"",
            "\"draw\":\"round-02\"",
            "committed",
        ),
    ] {
        assert!(result.record.contains(from), "{from}");
        let lie = result.record.replacen(from, to, 1);
        let standings = result.standings_file.as_bytes();
        let verdict = verify(lie.as_bytes(), result.list_file.as_bytes(), Some(standings));
        assert!(
            !verdict.holds() && fails(&verdict, with),
            "{from} {to}: {verdict:#?}"
        );
    }
}

#[test]
fn every_lie_in_the_other_files_is_found() {
    let result = fastest();
    let record = result.record.as_bytes();
    let short: String = result
        .list_file
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(fails(&verify(record, short.as_bytes(), None), "R:"));
    let swapped: String = result
        .list_file
        .lines()
        .rev()
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(fails(&verify(record, swapped.as_bytes(), None), "sorted"));
    let bent = result
        .standings_file
        .replacen("\"correct\":1", "\"correct\":0", 1);
    let verdict = verify(record, result.list_file.as_bytes(), Some(bent.as_bytes()));
    assert!(fails(&verdict, "standings file is the one"));
}

#[test]
fn junk_is_refused_and_never_panics() {
    for junk in [
        &b""[..],
        b"{}",
        b"[]",
        b"\xff",
        b"null",
        b"{\"type\":\"draw\",\"v\":1,\"protocol\":\"draw_v1\"}",
    ] {
        assert!(!verify(junk, junk, Some(junk)).holds());
    }
    let record = fastest().record;
    for end in 0..record.len() {
        assert!(!verify(&record.as_bytes()[..end], b"", None).holds());
    }
}

#[test]
fn levels_say_what_was_promised_q_17() {
    let grand = format!(
        "[draw]\nlevel = \"L2\"\n{}",
        award("after = [1]\nmode = \"draw\"\nn = 1\namong = \"answered\"")
    );
    let holds = |result: &Conclusion| {
        verify(result.record.as_bytes(), result.list_file.as_bytes(), None).holds()
    };
    // A seal of our days, because the beacon began in 2023.
    let sealed_at = 1_775_714_780;
    let beacon = |round| Beacon {
        round,
        value: "5a".repeat(32),
    };
    let two = concluded(&grand, |f| {
        f.sealed_at = sealed_at;
        f.beacon = Some(beacon(27_637_159));
    });
    assert_eq!(two.level, DrawLevel::L2);
    assert!(holds(&two));
    let steered = concluded(&grand, |f| {
        f.sealed_at = sealed_at;
        f.beacon = Some(beacon(27_637_160));
    });
    assert!(
        !holds(&steered),
        "another round of the beacon than the rule's"
    );
    let late = concluded(&grand, |f| {
        f.fallback = Some(contest::Fallback {
            actor: "li".into(),
            reason: "beacon 10 min late".into(),
        });
    });
    assert_eq!(late.level, DrawLevel::L1);
    let verdict = verify(late.record.as_bytes(), late.list_file.as_bytes(), None);
    assert!(verdict.holds());
    assert!(verdict.findings.contains(&Finding::Claimed(
        "li went on without the beacon: beacon 10 min late".into()
    )));
    let bare = concluded(&grand, |f| f.commitment = None);
    assert_eq!(bare.level, DrawLevel::L0);
    assert!(holds(&bare));
    assert_ne!(two.seed, late.seed);
}
