//! Corrections: another key over the same cut and the same lots.

use crate::common::{award, campaign, code, facts, field, right, wrong};
use campaign::Correction;
use contest::{
    Conclusion, Correcting, Field, Holders, Remedy, Standing, conclude, diff, remedies, verify,
};

/// Fans 1–3 said A, fans 4–6 said C a second earlier, fan 7 said B.
fn keyed(c_is_right: bool) -> Field<'static> {
    let said_c = |n, after| {
        let standing = if c_is_right {
            right(n, after)
        } else {
            wrong(n, after)
        };
        Standing {
            value: "C".into(),
            ..standing
        }
    };
    let early = (4..=6).map(|n| said_c(n, 2));
    field(
        (1..=3)
            .map(|n| right(n, 3))
            .chain(early)
            .chain([wrong(7, 1)])
            .collect(),
    )
}

fn concluded(field: &Field<'_>, correcting: Option<Correcting>) -> Conclusion {
    let compiled = campaign(&award("after = [1]\nmode = \"fastest\"\nn = 1"));
    let campaign = &compiled.campaign;
    let facts = contest::Facts {
        correcting,
        ..facts(campaign)
    };
    conclude(
        campaign,
        &facts,
        field,
        &mut Holders::new(campaign.eligible.one_prize_per),
    )
}

fn both() -> (Conclusion, Conclusion) {
    let first = concluded(&keyed(false), None);
    let second = concluded(
        &keyed(true),
        Some(Correcting {
            record: first.record_hash,
            list: first.list,
            count: 7,
        }),
    );
    (first, second)
}

#[test]
fn a_corrected_key_never_draws_anew_q_22() {
    let (first, second) = both();
    assert_eq!(first.seed, second.seed);
    assert_eq!(
        first.list_file, second.list_file,
        "entrants are all who answered, whatever the key"
    );
    assert_ne!(first.record_hash, second.record_hash);
    let standings = second.standings_file.as_bytes();
    assert!(
        verify(
            second.record.as_bytes(),
            second.list_file.as_bytes(),
            Some(standings)
        )
        .holds()
    );
}

#[test]
fn another_window_keeps_the_lots_too_q_22() {
    let (first, _) = both();
    let wider = keyed(false).merge(field(vec![right(8, 1)])).unwrap();
    let correcting = Correcting {
        record: first.record_hash,
        list: first.list,
        count: 7,
    };
    let second = concluded(&wider, Some(correcting));
    assert_eq!(second.seed, first.seed);
    assert_eq!(second.given[0].1.winners[0].code, code(8));
    let (record, list) = (second.record.as_bytes(), first.list_file.as_bytes());
    let verdict = verify(record, list, Some(second.standings_file.as_bytes()));
    assert!(verdict.holds(), "{verdict:#?}");
}

/// Worked example Q-e: newly right, and a fan of C precedes the announced winner: both get a phone.
#[test]
fn the_difference_and_its_remedies_worked_example_q_e() {
    let (first, second) = both();
    let won = |result: &Conclusion| result.given[0].1.winners.clone();
    let (before, now) = (won(&first), won(&second));
    let found = diff(&keyed(false), &keyed(true), &before, &now);
    let mut right = vec![code(4), code(5), code(6)];
    right.sort();
    assert_eq!(found.newly_right, right);
    assert_eq!(found.newly_wrong, []);
    assert_eq!(found.scores.len(), 3);
    assert!(found.scores.iter().all(|s| (s.before, s.after) == (0, 997)));
    assert_eq!(
        (found.newly_winning.len(), found.no_longer_winning.len()),
        (1, 1)
    );
    let (old, new) = (before[0].code, now[0].code);
    assert!(right.contains(&new));
    let policy = |policy, told: bool| remedies(policy, &before, &now, |_| told);
    assert_eq!(
        policy(Correction::KeepAnnounced, true),
        [Remedy::Keep(old), Remedy::FromReserve(new)]
    );
    assert_eq!(
        policy(Correction::Replace, false),
        [Remedy::Revoke(old), Remedy::Give(new)]
    );
    assert_eq!(policy(Correction::Replace, true), [Remedy::Keep(old)]);
    assert_eq!(policy(Correction::Void, false), [Remedy::Revoke(old)]);
    assert_eq!(policy(Correction::Void, true), [Remedy::Keep(old)]);
}

#[test]
fn a_correction_back_is_the_first_result_again() {
    let (first, second) = both();
    let correcting = Correcting {
        record: second.record_hash,
        list: second.list,
        count: 7,
    };
    let third = concluded(&keyed(false), Some(correcting));
    assert_eq!(third.given, first.given);
    assert_eq!(third.standings, first.standings);
}
