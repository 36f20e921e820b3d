//! Every interleaving of two owners' appends.

use super::{Owner, Plan, check, log, ticking};

/// Choices made so far at the places where both could go on; the rest take the first.
#[derive(Debug, Default)]
struct Schedule {
    choices: Vec<bool>,
    at: usize,
}

impl Schedule {
    fn choose(&mut self) -> bool {
        if self.at == self.choices.len() {
            self.choices.push(false);
        }
        self.at += 1;
        self.choices[self.at - 1]
    }

    /// The next schedule in order; `false` after the last.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while self.choices.pop_if(|choice| *choice).is_some() {}
        let Some(last) = self.choices.last_mut() else {
            return false;
        };
        *last = true;
        true
    }
}

fn run(schedule: &mut Schedule, head_start: usize, plan: &'static Plan) -> bool {
    let log = log();
    let first = Owner::start(&log, 1, plan);
    for _ in 0..head_start {
        assert!(first.gate.arrive());
        first.gate.let_one();
    }
    let goes_on = first.gate.arrive();
    let second = Owner::start(&log, 2, plan);
    loop {
        let (a, b) = (first.gate.arrive(), second.gate.arrive());
        let goes = match (a, b) {
            (false, false) => break,
            (true, true) => schedule.choose(),
            (_, b) => b,
        };
        if goes {
            second.gate.let_one();
        } else {
            first.gate.let_one();
        }
        // Both have read control to its end before the next choice, so that a schedule is repeatable.
        first.settle();
        second.settle();
    }
    drop((first, second));
    check(&log, plan.ticks, schedule);
    goes_on
}

/// All interleavings after each head start, until the first has nothing left to append. How many there were.
fn enumerate(head_starts: std::ops::RangeFrom<usize>, plan: &'static Plan) -> u32 {
    let mut runs = 0;
    for head_start in head_starts {
        let mut schedule = Schedule::default();
        let mut goes_on = true;
        loop {
            goes_on &= run(&mut schedule, head_start, plan);
            runs += 1;
            if !schedule.advance() {
                break;
            }
        }
        if !goes_on {
            break;
        }
    }
    runs
}

/// The first has named itself the leader and goes on as a zombie; the second takes over at every place.
#[test]
fn two_owners_at_once_leave_what_one_would_have_left() {
    let runs = enumerate(1.., const { &ticking(&[100]) });
    assert!(runs > 1_000, "{runs} interleavings are too few to be all");
}

/// Five appends: LEADS, the campaign, two copies, COPIED.
#[test]
fn two_owners_ticks_cross_in_any_order() {
    let runs = enumerate(5.., const { &ticking(&[100, 101]) });
    assert!(runs > 100, "{runs} interleavings are too few to be all");
}
