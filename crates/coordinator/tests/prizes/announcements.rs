//! Public texts: after the award and its notice, by the last six digits of the code, replaced when they change.

use crate::cast::{code, in_order, phones, sealed, slot};
use crate::common::World;
use coordinator::prizes::NOTICE_WAIT_S;
use record::acts::Act;
use record::rounds::UnitState::{Declined, Notified};

fn texts(acts: &[Act]) -> usize {
    let of_text = |act: &&Act| matches!(act, Act::Announcement(_));
    acts.iter().filter(of_text).count()
}

#[test]
fn the_public_text_follows_award_and_notice_q_31() {
    let mut world = World::new(&phones(6, 0, 2));
    assert_eq!(world.look(sealed(1)).acts, [], "nothing before the seal");
    world.concludes(Some(1), in_order(&[1, 2, 3]));
    let due = world.look(sealed(1));
    assert_eq!((due.acts.len(), texts(&due.acts)), (2, 0), "awards only");
    assert_eq!(due.again_at, Some(sealed(1) + NOTICE_WAIT_S));
    world.operator(slot(1, 1), Notified, sealed(1) + 2).unwrap();
    assert_eq!(world.look(sealed(1) + 2).acts, [], "one was not told yet");
    world.operator(slot(1, 2), Notified, sealed(1) + 3).unwrap();
    assert_eq!(texts(&world.look(sealed(1) + 3).acts), 1);
    let hash = world.result(Some(1)).unwrap().1.record_sha256;
    let expected = format!(
        "第1轮中奖名单\n记录 round-01 sha256 {hash}\n手机：{}、{}",
        code(1).tail(),
        code(2).tail()
    );
    assert_eq!(world.text(Some(1)), Some(expected));
    assert_eq!(world.look(sealed(1) + 4).acts, [], "said once");
}

#[test]
fn a_notice_that_nobody_confirms_does_not_hide_the_result_q_31() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1]));
    world.look(sealed(1));
    assert_eq!(world.look(sealed(1) + NOTICE_WAIT_S - 1).acts, []);
    assert_eq!(texts(&world.look(sealed(1) + NOTICE_WAIT_S).acts), 1);
}

#[test]
fn alternates_and_open_slots_are_told_q_31() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    let mut at = sealed(1) + NOTICE_WAIT_S;
    world.look(at);
    world.operator(slot(1, 1), Declined, at + 1).unwrap();
    assert_eq!(
        texts(&world.look(at + 1).acts),
        0,
        "the alternate is told first"
    );
    at += 1 + NOTICE_WAIT_S;
    world.look(at);
    let text = world.text(Some(1)).unwrap();
    assert!(
        text.ends_with(&format!("手机：{}（递补）", code(2).tail())),
        "{text}"
    );
    world.operator(slot(1, 1), Declined, at + 1).unwrap();
    world.look(at + 1);
    let text = world.text(Some(1)).unwrap();
    assert!(text.ends_with("手机：暂无；无人递补1份"), "{text}");
}

#[test]
fn a_correction_is_seen_as_one_and_the_old_text_stays_in_the_log_q_31() {
    let mut world = World::new(&phones(5, 2, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    world.look(sealed(1) + NOTICE_WAIT_S);
    let before = world.text(Some(1)).unwrap();
    world.corrects(1, in_order(&[7, 1, 2]));
    let at = sealed(1) + 180;
    world.look(at);
    world.look(at + NOTICE_WAIT_S);
    let text = world.text(Some(1)).unwrap();
    assert_ne!(text, before);
    assert!(text.starts_with("【更正】第1轮中奖名单\n"), "{text}");
    let names = format!("手机：{}（保留）、{}", code(1).tail(), code(7).tail());
    assert!(text.ends_with(&names), "{text}");
}

#[test]
fn a_void_result_says_so_q_22() {
    let more = format!("correction = \"void\"\n{}", phones(3, 0, 1));
    let mut world = World::new(&more);
    world.concludes(Some(1), in_order(&[1]));
    world.look(sealed(1));
    world.corrects(1, in_order(&[2]));
    world.look(sealed(1) + 1);
    let text = world.text(Some(1)).unwrap();
    assert!(text.starts_with("【更正】第1轮结果作废\n"), "{text}");
    assert!(text.ends_with("手机：暂无"), "{text}");
}

#[test]
fn a_text_fits_a_reply_however_many_win_and_names_nobody_but_by_six_digits_q_31() {
    let mut world = World::new(&phones(2100, 0, 700));
    let fans: Vec<u64> = (1..=700).collect();
    world.concludes(Some(1), in_order(&fans[..250]));
    world.look(sealed(1));
    world.look(sealed(1) + NOTICE_WAIT_S);
    let text = world.text(Some(1)).unwrap();
    assert!(text.len() < 2047, "{} bytes", text.len());
    assert!(text.ends_with("等共250名"), "{text}");
    for fan in fans {
        assert!(!text.contains(&code(fan).to_string()));
        assert!(!text.contains(&format!("o_fan_{fan:04}")));
    }
}

#[test]
fn a_round_that_gives_nothing_has_no_text() {
    let mut world = World::new(&phones(3, 0, 1).replace("\"each_round\"", "[2]"));
    world.concludes(Some(1), in_order(&[1]));
    assert_eq!(world.look(sealed(1) + 1000).acts, []);
    world.concludes(Some(2), Vec::new());
    world.look(sealed(2));
    let text = world.text(Some(2)).unwrap();
    assert!(text.ends_with("手机：暂无"), "nobody was right: {text}");
}
