//! Rounds that the later ones do not wait for.

use crate::common::{CLOSE, Control, ID, OPEN};
use record::rounds::RoundVerb;

#[test]
fn a_round_is_skipped_once_it_is_over_and_has_no_result_q_21() {
    let mut control = Control::published();
    let skip = |control: &mut Control, round, at| control.acts(RoundVerb::Skip, round, at, &[]);
    assert!(
        !skip(&mut control, 3, CLOSE - 1),
        "it is open: nothing waits for it"
    );
    assert!(!skip(&mut control, 99, CLOSE));
    assert!(skip(&mut control, 3, CLOSE));
    assert!(!skip(&mut control, 3, CLOSE + 1), "once");
    // It is sealed and concluded all the same, and then nothing waits for it.
    let ctl = control.seals(3);
    assert!(control.concludes(3, ctl, Some(0)));
    let life = control.state.rounds().life(ID, Some(3)).unwrap();
    assert!(life.is_skipped && life.first_result.is_some());
    let ctl = control.seals(4);
    assert!(control.concludes(4, ctl, None));
    assert!(!skip(&mut control, 4, CLOSE + 900), "it has a result");
    assert!(control.acts(RoundVerb::Void, 5, CLOSE, &[]));
    assert!(!skip(&mut control, 5, CLOSE + 2_000), "it is void");
}

/// Two that lead for a moment: a draw that does not know the winners of another is void.
#[test]
fn a_draw_beside_a_skipped_round_knows_every_draw_before_it_q_21() {
    let mut control = Control::published();
    let (one, two) = (control.seals(1), control.seals(2));
    assert!(control.acts(RoundVerb::Skip, 1, OPEN, &[]));
    assert!(control.concludes(2, two, Some(0)));
    assert!(
        !control.concludes(1, one, Some(0)),
        "made by one who had not read the other"
    );
    assert!(control.concludes(1, one, Some(1)));
    assert_eq!(control.state.rounds().made(ID), 2);
}
