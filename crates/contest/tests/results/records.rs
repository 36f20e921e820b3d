//! Records: their bytes, and what `verify` finds when somebody cheats (Q-19, V-14).

use crate::common::{award, campaign, campaign_of_2026, code, facts, field, right, wrong};
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
    let compiled = if how.contains("L2") {
        campaign_of_2026(how)
    } else {
        campaign(how)
    };
    let campaign = &compiled.campaign;
    let mut facts = facts(campaign);
    change(&mut facts);
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    conclude(campaign, &facts, &mixed(), &mut holders)
}

fn fastest() -> Conclusion {
    concluded(&award("after = [1]\nmode = \"fastest\"\nn = 2"), |_| ())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    assert_eq!(hex(&result.record_hash), GOLDEN, "{}", result.record);
    assert_eq!(result.record_hash, contest::hash(result.record.as_bytes()));
}
/// `sha256sum` of the record's file.
const GOLDEN: &str = "894d42014a877a0eeea8ec113646de08084343b126bd97223bcfcb98c1630a57";

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
    let sealed = |f: &mut Facts| {
        f.sealed_at = sealed_at;
        f.listed_at = Some(sealed_at + 2);
    };
    let two = concluded(&grand, |f| {
        sealed(f);
        f.beacon = Some(beacon(27_637_159));
    });
    assert_eq!(two.level, DrawLevel::L2);
    assert!(holds(&two));
    // Another round of the beacon than the rule's makes nothing L2, and neither does one that was out before the list.
    for (round, listed_at) in [
        (27_637_160, Some(sealed_at + 2)),
        (27_637_158, Some(sealed_at + 2)),
        (27_637_159, Some(sealed_at + 61)),
        (27_637_159, None),
    ] {
        let steered = concluded(&grand, |f| {
            sealed(f);
            (f.beacon, f.listed_at) = (Some(beacon(round)), listed_at);
        });
        assert_eq!(steered.level, DrawLevel::L1, "{round} {listed_at:?}");
        assert!(
            steered.record.contains("\"beacon\":null"),
            "{}",
            steered.record
        );
    }
    let said = |result: &Conclusion, from: &str, to: &str| {
        assert!(result.record.contains(from), "{from}");
        let record = result.record.replacen(from, to, 1);
        verify(record.as_bytes(), result.list_file.as_bytes(), None)
    };
    let lie = said(&two, "27637159", "27637160");
    assert!(fails(&lie, "is the one fixed by the seal"), "{lie:#?}");
    let listed = format!("\"listed_at\":{}", sealed_at + 2);
    let late = said(&two, &listed, &format!("\"listed_at\":{}", sealed_at + 61));
    assert!(
        fails(&late, "whoever made the list could know"),
        "{late:#?}"
    );
    assert!(fails(
        &said(&two, &listed, "\"listed_at\":null"),
        "no list stood"
    ));
    let old = said(&two, "\"sealed_at\":1775714780", "\"sealed_at\":1365487535");
    assert!(fails(&old, "before drand's quicknet began"), "{old:#?}");
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

/// the final draw has no seal of its own; its list fixes the beacon, and so stands before it whatever happens.
#[test]
fn the_beacon_of_the_final_draw_is_fixed_by_its_list() {
    let file = format!(
        "[draw]\nlevel = \"L2\"\n{}",
        award("after = \"last_round\"\nmode = \"draw\"\nn = 1\namong = \"answered\"")
    );
    let (sealed_at, listed_at) = (1_775_714_780, 1_775_714_780 + 500);
    let drawn = |fixed_at| {
        let round = contest::beacon_round(fixed_at).unwrap();
        concluded(&file, |f| {
            (f.round, f.sealed_at, f.listed_at) = (None, sealed_at, Some(listed_at));
            f.commitment = Some(contest::Commitment::Single(contest::commit(
                "fanfest-2013-04-09",
                "final",
                &f.secret,
            )));
            let value = "5a".repeat(32);
            f.beacon = Some(Beacon { round, value });
        })
    };
    let by_list = drawn(listed_at);
    assert_eq!(by_list.level, DrawLevel::L2);
    let verdict = verify(
        by_list.record.as_bytes(),
        by_list.list_file.as_bytes(),
        None,
    );
    assert!(verdict.holds(), "{verdict:#?}");
    assert_eq!(
        drawn(sealed_at).level,
        DrawLevel::L1,
        "that value was known"
    );
}

/// What was published beforehand the files cannot show: each is told apart, for the eye.
#[test]
fn what_was_published_beforehand_is_told_to_be_compared() {
    let how = award("after = [1]\nmode = \"draw\"\nn = 1\namong = \"answered\"");
    let claims = |result: &Conclusion| -> Vec<String> {
        let verdict = verify(result.record.as_bytes(), result.list_file.as_bytes(), None);
        assert!(verdict.holds(), "{verdict:#?}");
        let claims = verdict
            .findings
            .into_iter()
            .filter_map(|found| match found {
                Finding::Claimed(what) => Some(what),
                _ => None,
            });
        claims.collect()
    };
    let single = concluded(&how, |_| ());
    let told = claims(&single);
    let root = crate::common::secret().in_chain(1, 0);
    assert!(
        told[0].starts_with("C ") && told[0].contains("compare with what was published"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with(&format!("R {}", hex(&single.list))),
        "{told:?}"
    );
    assert!(
        told[1].contains("of 9 entrants stood at 1365487537"),
        "{told:?}"
    );
    let chain = concluded(&how, |f| {
        let (index, links) = (1, 13);
        f.commitment = Some(contest::Commitment::Chain {
            root: root.0,
            index,
            links,
        });
    });
    let told = claims(&chain);
    let want = format!(
        "s_0 {} and its 13 links were published before",
        hex(&root.0)
    );
    assert!(told[0].starts_with(&want), "{told:?}");
    let bare = concluded(&how, |f| (f.commitment, f.listed_at) = (None, None));
    assert_eq!(claims(&bare), ["nothing was committed to beforehand"]);
}
