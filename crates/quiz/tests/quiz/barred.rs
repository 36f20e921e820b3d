//! Who follows, and who cannot win, at the level of shares: in any order of arrival, up to the cut.

use crate::common::{Spec, counted, event, feed, open, said, tick};
use crate::sealing::{field_of, of, sealed, window};
use contest::Bar;
use quiz::Recount;

fn spec(tables: &'static str) -> Spec {
    Spec {
        tables,
        ..Spec::default()
    }
}

fn bar(spec: &Spec, recount: &Recount, round: u16, fan: &str) -> Option<Bar> {
    of(spec, &field_of(recount, round), fan).unwrap().bar
}

const MUST_FOLLOW: &str = "[eligible]\nmust_follow = true\n";

/// an unsubscribe stands against everything up to its second; what is later undoes it.
#[test]
fn q_29_whoever_has_left_at_the_cut_is_barred() {
    let (spec, t) = (spec(MUST_FOLLOW), open(1));
    let (leave, back) = (t + 310, t + 311);
    for reversed in [false, true] {
        let mut records = vec![
            event("STAYS", t - 5, "subscribe"),
            event("LEAVES", leave, "unsubscribe"),
            event("RETURNS", leave, "unsubscribe"),
            event("RETURNS", back, "subscribe"),
            event("WRITES", leave, "Unsubscribe"),
            said("WRITES", back, 90, "谢谢"),
            event("SAME", leave, "subscribe"),
            event("SAME", leave, "unsubscribe"),
            event("LOOKS", leave, "unsubscribe"),
            event("LOOKS", back, "VIEW"),
            event("BEFORE", t - 9, "unsubscribe"),
        ];
        let fans = [
            "STAYS", "LEAVES", "RETURNS", "WRITES", "SAME", "LOOKS", "BEFORE",
        ];
        records.extend((1..).zip(fans).map(|(id, fan)| said(fan, t + 1, id, "A")));
        if reversed {
            records.reverse();
        }
        let mut recount = counted(&spec, records);
        feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
        let bars = fans.map(|fan| bar(&spec, &recount, 1, fan));
        let gone = Some(Bar::NotFollowing);
        assert_eq!(bars, [None, gone, None, None, gone, gone, None]);
    }
}

/// what stands behind the cut says nothing of the sealed round, and something of the next.
#[test]
fn q_29_who_leaves_behind_the_cut_is_barred_in_the_next_round() {
    let (spec, t) = (spec(MUST_FOLLOW), open(1));
    let answers = [said("F", t + 1, 1, "A"), said("F", open(2), 2, "A")];
    let mut recount = counted(&spec, answers);
    feed(
        &mut recount,
        [
            sealed(&spec, 1, 1, window(1)),
            event("F", open(2) + 10, "unsubscribe"),
            tick(open(2) + 400),
            sealed(&spec, 2, 1, window(2)),
        ],
    );
    assert_eq!(bar(&spec, &recount, 1, "F"), None);
    assert_eq!(bar(&spec, &recount, 2, "F"), Some(Bar::NotFollowing));
}

/// `followed_before` asks for the first sign of following, whether a campaign stood then or not.
#[test]
fn q_29_whoever_came_too_late_is_barred() {
    let spec = spec("[eligible]\nfollowed_before = 2013-04-09T06:00:00Z\n");
    let t = open(1);
    let mut recount = Recount::new();
    feed(
        &mut recount,
        [
            event("LONG", t - 90_000, "subscribe"),
            spec.copy(1, 0, None),
        ],
    );
    feed(
        &mut recount,
        [
            event("IN-TIME", t - 1, "subscribe"),
            event("AT", t, "subscribe"),
        ],
    );
    let fans = ["LONG", "IN-TIME", "AT", "NEVER"];
    feed(
        &mut recount,
        (1..).zip(fans).map(|(id, fan)| said(fan, t + 9, id, "A")),
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    let late = Some(Bar::FollowedLate);
    let bars = fans.map(|fan| bar(&spec, &recount, 1, fan));
    assert_eq!(bars, [None, None, late, late]);
}

/// The exclusion list comes first; who is barred is an entrant all the same.
#[test]
fn q_29_the_excluded_stand_in_the_list_and_say_why() {
    let spec = spec("[eligible]\nmust_follow = true\nexclude = [\"o_staff\"]\n");
    let t = open(1);
    let mut recount = counted(
        &spec,
        [
            said("o_staff", t + 1, 1, "A"),
            event("o_staff", t + 5, "unsubscribe"),
            said("o_fan", t + 1, 2, "A"),
        ],
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    assert_eq!(bar(&spec, &recount, 1, "o_staff"), Some(Bar::Excluded));
    assert_eq!(bar(&spec, &recount, 1, "o_fan"), None);
}

/// Nobody is barred where the campaign asks for nothing.
#[test]
fn following_matters_only_where_it_is_asked_for() {
    let (spec, t) = (Spec::default(), open(1));
    let free = Spec {
        tables: "[eligible]\nmust_follow = false\n",
        ..spec
    };
    let records = [said("F", t, 1, "A"), event("F", t + 5, "unsubscribe")];
    let mut recount = counted(&free, records);
    feed(&mut recount, [sealed(&free, 1, 1, window(1))]);
    assert_eq!(bar(&free, &recount, 1, "F"), None);
}
