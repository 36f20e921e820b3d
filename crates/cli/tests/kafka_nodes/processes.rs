//! The role that runs once, told by the clock on the wall: how long nobody ticks when the coordinator is frozen, killed or
//! stopped. A tick is a record for each second in which somebody leads, and carries that second.

use crate::support::fleet::Fleet;
use crate::support::{Scene, front, until};
use broker::Cluster;
use serde_json::Value;

const BOTH: [(&str, &str); 2] = [
    ("coordinator-1", "coordinator"),
    ("coordinator-2", "coordinator"),
];
/// A role that runs once is taken over within so many seconds.
const TAKE_OVER_S: i64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Frozen,
    Killed,
    Stopped,
}

#[test]
fn a_coordinator_that_is_frozen_killed_or_stopped_is_replaced_before_ten_ticks_are_missing() {
    let cluster = Cluster::start(1).expect("a broker starts");
    // A round is open from now on, so that a tick is due each second.
    let mut scene = Scene::generated(1_000, &["--start", "now"]).standing_on(cluster);
    scene.clock = "wall";
    let mut fleet = Fleet::start(scene, &BOTH);
    let mut missing = Vec::new();
    for end in [End::Frozen, End::Killed, End::Stopped] {
        let first = fleet.leader();
        let second = BOTH
            .map(|(name, _)| name)
            .into_iter()
            .find(|name| *name != first);
        let second = second.unwrap();
        let last = a_tick_behind(&fleet, newest(&fleet));
        match end {
            End::Frozen => fleet.freeze(first),
            End::Killed => drop(fleet.kill(first)),
            End::Stopped => fleet.terminate(first),
        }
        until(&format!("the lead of {second}"), || {
            front::leads(fleet.seat(second).admin)
        });
        let newest = newest(&fleet);
        a_tick_behind(&fleet, newest);
        missing.push((end, longest_gap(&ticks(&fleet), last)));
        if end == End::Frozen {
            fleet.thaw(first);
            until("the insight of who was frozen", || {
                !front::leads(fleet.seat(first).admin)
            });
        } else {
            fleet.launch(&[first]);
        }
    }
    assert!(
        missing.iter().all(|(_, seconds)| *seconds <= TAKE_OVER_S),
        "seconds from the last tick of the one to the first of the other: {missing:?}"
    );
    // Each of them was really replaced: a tick that comes in time is one second behind the one before it.
    assert!(
        missing.iter().all(|(_, seconds)| *seconds > 2),
        "{missing:?}"
    );
    let ticks = ticks(&fleet);
    assert!(ticks.is_sorted(), "nobody spoke after his time: {ticks:?}");
}

/// The ticks of a partition, in its order.
fn ticks(fleet: &Fleet) -> Vec<i64> {
    let told = fleet
        .scene
        .history("", "log cat inbound --partition 0")
        .well();
    let rows = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["value"]["type"] == "tick")
        .map(|row| row["value"]["t"].as_i64().unwrap())
        .collect()
}

fn newest(fleet: &Fleet) -> i64 {
    ticks(fleet).last().copied().unwrap_or_default()
}

/// Waits for a tick later than this one; which it is.
fn a_tick_behind(fleet: &Fleet, tick: i64) -> i64 {
    let mut later = tick;
    until("another tick", || {
        later = newest(fleet);
        later > tick
    });
    later
}

/// The most seconds between two ticks from this one on.
fn longest_gap(ticks: &[i64], from: i64) -> i64 {
    let since: Vec<i64> = ticks.iter().copied().filter(|tick| *tick >= from).collect();
    let gaps = since.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}
