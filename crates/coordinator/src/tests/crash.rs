//! Crashes between any two appends, heard and unheard, of one owner and of its successor.

use super::gate::Fate;
use super::seals::until_death;
use super::{Owner, Plan, check, log, ticking};

static TICKS: [i64; 2] = [100, 101];
static PLAN: Plan = ticking(&TICKS);

#[test]
fn a_successor_finishes_what_was_begun_wherever_it_broke_off() {
    let mut cases = 0;
    for (first_fate, second_fate) in [
        (Fate::DiesBefore, Fate::DiesBefore),
        (Fate::DiesBefore, Fate::DiesUnheard),
        (Fate::DiesUnheard, Fate::DiesBefore),
        (Fate::DiesUnheard, Fate::DiesUnheard),
    ] {
        for first in 0.. {
            let mut reached = true;
            for second in 0.. {
                let log = log();
                let owner = Owner::start(&log, 1, &PLAN);
                reached = until_death(&owner, first, first_fate);
                drop(owner);
                let heir = Owner::start(&log, 2, &PLAN);
                let goes_on = until_death(&heir, second, second_fate);
                drop(heir);
                let last = Owner::start(&log, 3, &PLAN);
                last.run_out();
                drop(last);
                check(&log, &TICKS, &(first, first_fate, second, second_fate));
                cases += 1;
                if !goes_on {
                    break;
                }
            }
            if !reached {
                break;
            }
        }
    }
    assert!(cases > 200, "{cases} crashes are too few to be all");
}
