//! Who follows, and who cannot win, at the level of shares: in any order of arrival, up to the cut.

use crate::common::{Spec, counted, event, feed, open, said, tick};
use crate::sealing::{barred_of, field_of, of, sealed, window};
use contest::{Bar, Entrants};
use quiz::Recount;
use record::rounds::SHARE_MAX_BYTES;

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

/// A prize for the first of the board, and what the campaign asks of winners.
const AT_THE_END: &str = "[eligible]\nmust_follow = true\nexclude = [\"o_staff\"]\n\
    [[prize]]\nid = \"p\"\ntitle = \"p\"\nvalue_yuan = 9\nunits = 9\n\
    [[award]]\nprize = \"p\"\nafter = \"last_round\"\nmode = \"top\"\nn = 1\n";

/// The bars of fans who do not stand in a round.
fn bars<const N: usize>(recount: &Recount, round: u16, fans: [&str; N]) -> [Option<Bar>; N] {
    let barred = barred_of(recount, round);
    let entrants = Entrants::new(b"fest");
    fans.map(|fan| barred.get(entrants.code(fan)))
}

/// the final draw is about everybody on the board, so each seal tells who of the others follows at its cut.
#[test]
fn q_29_a_seal_tells_who_of_the_others_cannot_win_at_the_end() {
    let (spec, t) = (spec(AT_THE_END), open(1));
    let fans = ["STAYS", "LEAVES", "RETURNS", "LATER", "o_staff"];
    let answers = (1..).zip(fans).map(|(id, fan)| said(fan, t + 1, id, "A"));
    let mut recount = counted(&spec, answers);
    feed(
        &mut recount,
        [
            said("AGAIN", t + 2, 40, "A"),
            event("AGAIN", t + 3, "unsubscribe"),
        ],
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    assert_eq!(
        bars(&recount, 1, fans),
        [None; 5],
        "all of them stand in the round"
    );
    let two = open(2);
    feed(
        &mut recount,
        [
            event("LEAVES", two + 5, "unsubscribe"),
            event("RETURNS", two + 5, "unsubscribe"),
            event("RETURNS", two + 6, "subscribe"),
            event("NOBODY", two + 7, "unsubscribe"),
            // He writes, and so he follows, and stands in the round.
            said("AGAIN", two + 9, 41, "B"),
            sealed(&spec, 2, 1, window(2)),
            // What stands behind the cut is told by the next one.
            event("LATER", two + 10, "unsubscribe"),
        ],
    );
    let (gone, excluded) = (Some(Bar::NotFollowing), Some(Bar::Excluded));
    assert_eq!(bars(&recount, 2, fans), [None, gone, None, None, excluded]);
    assert_eq!(bars(&recount, 2, ["NOBODY", "AGAIN"]), [None; 2]);
    assert_eq!(bar(&spec, &recount, 2, "AGAIN"), None);
    feed(&mut recount, [sealed(&spec, 3, 1, window(3))]);
    assert_eq!(bars(&recount, 3, fans), [None, gone, None, gone, excluded]);
    assert!(field_of(&recount, 3).standings().is_empty());
}

/// Where nothing is given after the last round, nobody needs to know.
#[test]
fn a_campaign_without_a_final_draw_tells_nothing_of_the_others() {
    let (spec, t) = (spec(MUST_FOLLOW), open(1));
    let mut recount = counted(
        &spec,
        [said("F", t, 1, "A"), event("F", t + 1, "unsubscribe")],
    );
    feed(
        &mut recount,
        [
            sealed(&spec, 1, 1, window(1)),
            sealed(&spec, 2, 1, window(2)),
        ],
    );
    assert!(
        recount
            .shares()
            .iter()
            .all(|(_, share)| share.barred.is_empty())
    );
}

/// However many there are, a chunk stays as small as any.
#[test]
fn who_is_barred_is_told_in_chunks_behind_the_standings() {
    let (spec, t) = (spec(AT_THE_END), open(1));
    let fans = || (0..6_000).map(|n| format!("o{n}"));
    let mut recount = counted(
        &spec,
        (0..).zip(fans()).map(|(id, fan)| said(&fan, t, id, "A")),
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    let rest = fans().skip(600);
    feed(
        &mut recount,
        rest.map(|fan| event(&fan, open(2), "unsubscribe")),
    );
    let still = (9_000..).zip(fans().take(600));
    feed(
        &mut recount,
        still.map(|(id, fan)| said(&fan, open(2), id, "A")),
    );
    feed(&mut recount, [sealed(&spec, 2, 1, window(2))]);
    let shares = recount.shares().iter().map(|(_, share)| share);
    let shares: Vec<_> = shares.filter(|share| share.round == 2).collect();
    assert!(shares.len() > 1);
    let bytes = |share: &record::rounds::Share| share.standings.len() + share.barred.len();
    assert!(shares.iter().all(|share| bytes(share) <= SHARE_MAX_BYTES));
    assert_eq!(field_of(&recount, 2).standings().len(), 600);
    assert_eq!(barred_of(&recount, 2).lines().count(), 5_400);
}
