//! Random lives of a node whose log stalls, fails, refuses and comes back, whose disk fills and fails,
//! and which is killed at any moment: what was proved is never lost, and stands in the log in the end.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
enum Step {
    /// A call of so many records.
    Append(u64),
    /// Waits until the answers of everything are there, if somebody can give them.
    Settle,
    /// The log accepts and says nothing.
    Hold,
    /// It proves so many of them and goes on so.
    ReleaseSome(usize),
    /// It proves all of them.
    Release,
    /// It refuses: away, or full.
    Refuse(bool),
    /// So many more become durable, then it answers with errors.
    FailAfter(u64),
    Heal,
    /// It says that it is away, or is not, and takes records all the same.
    Away(bool),
    /// The spool's disk.
    Full(bool),
    FailSync,
    DieAfter(u64),
    /// Ends: power failure, kill -9 with the page cache left, or tidily.
    Crash(u64),
    Kill,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (1u64..20).prop_map(Step::Append),
        3 => Just(Step::Settle),
        3 => Just(Step::Hold),
        2 => (0usize..30).prop_map(Step::ReleaseSome),
        3 => Just(Step::Release),
        2 => any::<bool>().prop_map(Step::Refuse),
        2 => (0u64..20).prop_map(Step::FailAfter),
        4 => Just(Step::Heal),
        2 => any::<bool>().prop_map(Step::Away),
        1 => any::<bool>().prop_map(Step::Full),
        1 => Just(Step::FailSync),
        1 => (0u64..30).prop_map(Step::DieAfter),
        3 => any::<u64>().prop_map(Step::Crash),
        2 => Just(Step::Kill),
        1 => Just(Step::Close),
    ]
}

impl World {
    fn reopen(&mut self) {
        self.hedge = None;
        self.disk.set_free(u64::MAX);
        self.answers.hear_from(self.sent);
        self.open(quick()).unwrap();
        self.assert_nothing_lost();
    }

    /// What was proved stands in the log or in the spool.
    fn assert_nothing_lost(&self) {
        let in_log = self.in_log();
        let in_spool = self.in_spool();
        for number in self.answers.proved() {
            assert!(
                in_log.contains_key(&number) || in_spool.contains(&number),
                "record {number} was proved and is lost"
            );
        }
    }

    /// What the spool still holds, read past the hedge.
    fn in_spool(&self) -> BTreeSet<u64> {
        let spool = &self.hedge().shared.spool;
        let mut reader = spool.reader(TOPIC).unwrap();
        for partition in 0..PARTITIONS {
            // Segments may go meanwhile: what went stands in the log.
            while reader
                .seek(partition, spool.start_offset(TOPIC, partition).unwrap())
                .is_err()
            {}
        }
        let mut found = BTreeSet::new();
        loop {
            match reader.poll(1_000, usize::MAX, Duration::ZERO) {
                Ok(read) if read.is_empty() => return found,
                Ok(read) => found.extend(read.iter().map(|stored| number_of(&stored.value))),
                Err(_) => return self.in_spool(),
            }
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Append(count) => drop(self.append(count)),
            Step::Settle => self.settle_if_possible(),
            Step::Hold => self.log.hold(TOPIC).unwrap(),
            Step::ReleaseSome(count) => {
                if self.log.held(TOPIC).unwrap() > 0 {
                    drop(self.log.release_some(TOPIC, count));
                }
            }
            Step::Release => drop(self.log.release(TOPIC)),
            Step::Refuse(true) => self.refuse(Refusal::QueueFull),
            Step::Refuse(false) => self.refuse(away()),
            Step::FailAfter(count) => self.log.fail_after(TOPIC, count).unwrap(),
            Step::Heal => self.log.heal(TOPIC).unwrap(),
            Step::Away(is_away) => self.log.set_away(TOPIC, is_away).unwrap(),
            Step::Full(true) => self.disk.set_free(0),
            Step::Full(false) => self.disk.set_free(u64::MAX),
            Step::FailSync => self.disk.fail_syncs(1),
            Step::DieAfter(ops) => self.disk.die_after(ops),
            Step::Crash(seed) => {
                self.crash(Some(seed));
                self.reopen();
            }
            Step::Kill => {
                self.crash(None);
                self.reopen();
            }
            Step::Close => {
                self.hedge().close(Duration::from_millis(200));
                // The process ends with what its log has not answered.
                self.answers.deaf();
                self.log.lose_held(TOPIC).unwrap();
                self.disk.kill();
                self.reopen();
            }
        }
    }

    /// With a log that takes everything all is answered.
    fn settle_if_possible(&mut self) {
        self.log.heal(TOPIC).unwrap();
        self.log.release(TOPIC).unwrap();
        let hedge = Arc::clone(self.hedge());
        until("everything is answered", || {
            hedge.shared.lock().waiting() == 0
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_was_proved_is_ever_lost(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new(quick());
        for step in steps {
            world.take(step);
        }
        // In the end everything is well again, and a last life brings what is left.
        world.log.release(TOPIC).unwrap();
        world.crash(None);
        world.log.heal(TOPIC).unwrap();
        world.reopen();
        world.wait_drained();
        world.assert_all_in_log();
        let closed = world.hedge().close(SOON);
        prop_assert_eq!(closed.backlog.records, 0);
        prop_assert_eq!(closed.unproved, 0);
    }
}

/// The log's proof arrives, the spool is cut off at each of its operations in turn: whatever was
/// proved is there afterwards.
#[test]
fn a_crash_after_any_operation_of_the_disk_loses_nothing() {
    for ops in 0..40 {
        let mut world = World::new(quick());
        world.disk.die_after(ops);
        world.refuse(away());
        for _ in 0..3 {
            drop(world.append(4));
        }
        world.log.heal(TOPIC).unwrap();
        drop(world.append(4));
        let hedge = Arc::clone(world.hedge());
        until("everything is answered", || {
            hedge.shared.lock().waiting() == 0
        });
        drop(hedge);
        world.crash(Some(ops));
        world.reopen();
        world.wait_drained();
        world.assert_all_in_log();
    }
}
