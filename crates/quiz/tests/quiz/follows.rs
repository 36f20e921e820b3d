//! Q-29 against the plain computation over every sign: whether a sign stands in a record of a round or under the
//! fan's name, in which campaign it came and in what order, changes no bar.

use crate::common::{Spec, T, bytes, envelope, event, feed, open, said};
use crate::sealing::{field_of, of, sealed, window};
use contest::Follow;
use proptest::prelude::*;
use quiz::Recount;
use record::acts::Act;
use record::envelope::Envelope;
use record::inband::Copy;

const FANS: [&str; 3] = ["o1", "o2", "o3"];
/// Words and events, the last three of them events.
const WHAT: [&str; 8] = [
    "A",
    "选B",
    "GO",
    "AB",
    "谢谢",
    "subscribe",
    "unsubscribe",
    "CLICK",
];
const POLICIES: [&str; 4] = [
    "[eligible]\nmust_follow = true\n",
    "[eligible]\nmust_follow = false\nfollowed_before = 2013-04-09T06:00:00Z\n",
    "[eligible]\nmust_follow = true\nfollowed_before = 2013-04-09T06:02:00Z\n",
    "[eligible]\nmust_follow = false\n",
];

/// A message: fan, CreateTime from [`T`], what.
type Sent = (usize, i64, usize);

fn record((fan, time, what): Sent, id: u64) -> Vec<u8> {
    let (fan, time, what) = (FANS[fan], T + time, WHAT[what]);
    match what {
        "subscribe" | "unsubscribe" => event(fan, time, what),
        "CLICK" => bytes(&Envelope {
            kind: "event".into(),
            event: "CLICK".into(),
            event_key: "go".into(),
            ..envelope(fan, time, "", "")
        }),
        text => said(fan, time, id, text),
    }
}

/// The same account's campaign of the two hours before, whose rounds take signs of their own.
fn before() -> Spec {
    let rounds = vec![(1, T - 3_000, T - 2_700), (2, T - 1_000, T - 700)];
    Spec {
        id: "eve",
        start: T - 8_400,
        rounds,
        ..Spec::default()
    }
}

fn plain(sent: &[Sent], fan: usize) -> Follow {
    let mut follow = Follow::default();
    for (_, time, what) in sent.iter().filter(|(of, ..)| *of == fan) {
        match WHAT[*what] {
            "CLICK" => {}
            "unsubscribe" => follow.unsubscribed(T + time),
            _ => follow.seen(T + time),
        }
    }
    follow
}

fn all_sent() -> impl Strategy<Value = Vec<Sent>> {
    let second = prop_oneof![
        -200_000..-190_000_i64,
        -3_010..-2_690_i64,
        -1_005..-695_i64,
        -65..10_i64,
        10..370_i64,
        590..910_i64
    ];
    proptest::collection::vec((0..FANS.len(), second, 0..WHAT.len()), 0..60)
}

/// Both rounds of the festival sealed with these messages around the seals, and the bars of every fan.
fn check(spec: &Spec, sent: &[Sent], cut: usize, eve: usize) -> Result<(), TestCaseError> {
    let mut sent = sent.to_vec();
    // Everybody is an entrant of both rounds.
    for (fan, _) in FANS.iter().enumerate() {
        sent.insert(0, (fan, 100, 0));
        sent.insert(0, (fan, 700, 0));
    }
    let eve_copy = serde_json::to_vec(&Copy::new(1, Some(0), Act::Campaign(before().act(1))));
    let mut recount = Recount::new();
    feed(&mut recount, [spec.copy(1, 0, None)]);
    let (cut, eve) = (cut.clamp(6, sent.len()), eve.min(6));
    let policy = campaign::Campaign::parse(&spec.toml()).unwrap().0.eligible;
    for (place, one) in sent.iter().enumerate() {
        if place == eve {
            feed(&mut recount, [eve_copy.as_ref().unwrap().clone()]);
        }
        if place == cut {
            feed(&mut recount, [sealed(spec, 2, 1, window(1))]);
        }
        feed(&mut recount, [record(*one, place as u64 + 1)]);
    }
    if eve >= sent.len() {
        feed(&mut recount, [eve_copy.as_ref().unwrap().clone()]);
    }
    if cut >= sent.len() {
        feed(&mut recount, [sealed(spec, 2, 1, window(1))]);
    }
    feed(&mut recount, [sealed(spec, 3, 1, window(2))]);
    for (round, known) in [(1, &sent[..cut]), (2, &sent[..])] {
        let field = field_of(&recount, round);
        for (fan, name) in FANS.iter().enumerate() {
            let is = of(spec, &field, name).unwrap().bar;
            let follow = plain(known, fan);
            prop_assert_eq!(is, follow.bar(&policy, false), "{} {:?}", name, follow);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn q_29_the_bars_are_those_of_every_sign(
        sent in all_sent(),
        cut in 0..70_usize,
        eve in 0..7_usize,
        policy in 0..POLICIES.len(),
        implicit: bool,
    ) {
        let join = ["policy = \"campaign\"\nimplicit = false", "policy = \"none\"\nimplicit = true"];
        let spec = Spec {
            tables: POLICIES[policy],
            join: join[usize::from(implicit)],
            ..Spec::default()
        };
        let mut sent = sent;
        // A join that every answer is later than.
        sent.extend((0..FANS.len()).map(|fan| (fan, 50, 2)));
        sent.rotate_right(FANS.len());
        check(&spec, &sent, cut.max(12), eve)?;
    }
}

/// An unsubscribe that arrives late bars nobody who wrote after it, in whatever record the word stands.
#[test]
fn q_29_a_late_unsubscribe_bars_nobody_who_wrote_after_it() {
    let spec = Spec {
        tables: POLICIES[0],
        ..Spec::default()
    };
    for (said_at, text) in [(200, 0), (200, 3), (200, 4), (305, 4), (-2_900, 0)] {
        for gone_at in [said_at - 1, said_at] {
            let mut recount = Recount::new();
            let eve = Copy::new(1, Some(0), Act::Campaign(before().act(1)));
            let records = [
                spec.copy(1, 0, None),
                serde_json::to_vec(&eve).unwrap(),
                record((0, said_at, text), 7),
                record((0, gone_at, 6), 8),
                record((0, -4_000, 0), 9),
                // An answer that counts, and is earlier than the unsubscribe unless that is from the eve.
                record((0, 10, 0), 10),
                sealed(&spec, 2, 1, window(1)),
            ];
            feed(&mut recount, records);
            let is = of(&spec, &field_of(&recount, 1), "o1").unwrap().bar;
            let follows = said_at > gone_at || said_at < 0;
            assert_eq!(is.is_none(), follows, "{said_at} {text} {gone_at}");
        }
    }
    assert_eq!(open(1), T);
}
