//! The draw protocol on the specification's vector, and what commitments and beacons hold.

use crate::common::{code, field, right, secret};
use campaign::{Among, Ranking, WinnerMode};
use contest::{Beacon, Commitment, EntrantCode, Seed, contenders};

const C: &str = "8a829a5e96ae9d5adb51be06895419b21ff3644f8a27aeb6d64f3a333439fe9e";
const R: &str = "5744e47bd94159b16ae260f8a6277631a55d1438f5f9031cef2c203ad319e570";
const S: &str = "2d93bacf54e4d545d8f3817dce9a6d34393550bbd368d11044ba0cccbe236ddd";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn seed() -> Seed {
    let list = eight().list();
    Seed::new(&secret(), &contest::hash(list.as_bytes()), None)
}

fn eight() -> contest::Field<'static> {
    field((1..=8).map(|n| right(n, 5)).collect())
}

fn order(mode: WinnerMode, ranking: Ranking) -> Vec<EntrantCode> {
    contenders(&eight(), mode, Among::Correct, ranking, &seed())
        .iter()
        .map(|contender| contender.code)
        .collect()
}

#[test]
fn the_vector_of_q_17() {
    let commitment = contest::commit("fanfest-2013-04-09", "round-03", &secret());
    assert_eq!(hex(&commitment), C);
    assert_eq!(code(2).to_string(), "04d99be984788d189f73f726d187c32c");
    assert!((1..=8).all(|n| code(n) >= code(2)), "0002 is the smallest");
    let list = eight().list();
    assert!(list.starts_with("04d99be984788d189f73f726d187c32c\n"));
    assert_eq!(hex(&contest::hash(list.as_bytes())), R);
    assert_eq!(seed().to_string(), S);
}

#[test]
fn tickets_of_the_vector_q_17() {
    let want = [2, 6, 7, 5, 8, 4, 1, 3].map(code);
    assert_eq!(order(WinnerMode::Draw { n: 1 }, Ranking::LotOnly), want);
    let first = contest::ticket(&seed(), code(2), 0);
    assert!(hex(&first).starts_with("1cfb52122caa5e4e"));
}

#[test]
fn lots_of_the_vector_q_12() {
    let want = [6, 2, 1, 8, 4, 5, 7, 3].map(code);
    for ranking in [Ranking::LotOnly, Ranking::SecondThenLot] {
        assert_eq!(order(WinnerMode::Fastest { n: 1 }, ranking), want);
    }
    assert!(hex(&contest::lot(&seed(), code(6))).starts_with("35fd12c09f29f46a"));
}

#[test]
fn the_beacon_round_of_a_seal_q_17() {
    // 2026-04-09 14:06:20 +08:00.
    assert_eq!(contest::beacon_round(1_775_714_780), Some(27_637_159));
    assert_eq!(contest::beacon_round(1_692_803_367 - 60), Some(1));
    assert_eq!(contest::beacon_round(1_692_803_367 - 59), Some(2));
    assert_eq!(
        contest::beacon_round(1_365_487_535),
        None,
        "before it began"
    );
    assert_eq!(contest::beacon_round(i64::MAX), None);
    assert_eq!(contest::beacon_round(i64::MIN), None);
}

#[test]
fn a_chain_reveals_in_order_q_17() {
    let last = secret();
    let root = last.in_chain(12, 0);
    assert_eq!(last.in_chain(12, 12), last);
    assert_eq!(last.in_chain(12, 11), last.before());
    for index in 1..=12 {
        let own = last.in_chain(12, index);
        let draw = contest::draw_name((index < 12).then_some(index));
        let promise = |index, links| Commitment::Chain {
            root: root.0,
            index,
            links,
        };
        assert!(promise(index, 12).holds("any", &draw, &own));
        assert!(!promise(index % 12 + 1, 12).holds("any", &draw, &own));
        assert!(!promise(index, 12).holds("any", "any", &own));
        assert!(!promise(index, 12).holds("any", &draw, &own.before()));
        let shorter = promise(index, 11).holds("any", &draw, &own);
        assert_eq!(shorter, index < 11, "{index} of 11");
    }
}

#[test]
fn each_draw_has_one_place_in_a_chain_q_17() {
    assert_eq!(contest::link_of("round-01", 13), Some(1));
    assert_eq!(contest::link_of("round-12", 13), Some(12));
    assert_eq!(contest::link_of("round-100", 102), Some(100));
    assert_eq!(contest::link_of("final", 13), Some(13));
    for none in [
        "round-13", "round-00", "round-1", "round-+3", "round-", "final ", "",
    ] {
        assert_eq!(contest::link_of(none, 13), None, "{none}");
    }
    assert_eq!(contest::link_of("final", 0), None, "s_0 itself is public");
}

#[test]
fn a_single_commitment_binds_campaign_draw_and_secret_q_17() {
    let promise = Commitment::Single(contest::commit("c", "d", &secret()));
    assert!(promise.holds("c", "d", &secret()));
    assert!(!promise.holds("c", "e", &secret()));
    assert!(!promise.holds("b", "d", &secret()));
    assert!(!promise.holds("c", "d", &secret().before()));
}

#[test]
fn a_beacon_changes_every_lot_l2() {
    let list = contest::hash(eight().list().as_bytes());
    let beacon = Beacon {
        round: 1,
        value: "ab".repeat(32),
    };
    assert_ne!(Seed::new(&secret(), &list, Some(&beacon)), seed());
    assert_eq!(Beacon::text(None), "none");
}

#[test]
fn a_secret_is_not_shown_by_debug() {
    assert_eq!(format!("{:?}", secret()), "Secret(…)");
}

#[test]
fn codes_are_read_as_they_are_shown() {
    let shown = code(5).to_string();
    assert_eq!(EntrantCode::parse(&shown), Some(code(5)));
    assert_eq!(code(5).tail(), shown[26..]);
    for bad in ["", "04", &shown.to_uppercase(), &format!("{shown}0")] {
        assert_eq!(EntrantCode::parse(bad), None, "{bad}");
    }
}
