//! `export` holds the tallies of a log against what `accepted` gives: one that is wrong, missing or stale is exit code 1.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use control::durable;
use msglog::{Journal, JournalConfig, Log, NewRecord, Stored};
use record::chain::{Link, Position, link_of, splice};
use record::tally::{TALLY, Tally};
use record::topics::{ACCEPTED, RESULTS};
use std::time::Duration;
use support::fan::{OPEN, accounts, plain, text};
use support::{Ended, Scene, until};

/// The tallies of a partition, in order, each with its position.
type Tallies = Vec<(Position, Tally)>;

const FAN: &str = "oAnna";
const SOON: Duration = Duration::from_secs(60);

/// A node that has written three tallies in the fan's partition: of the first round at two ticks, then of a join outside
/// every round.
fn scene() -> Scene {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN + 59);
    let mi = plain();
    let says = |id, at, said| {
        let answer = scene.deliver(&mi, &text(&mi, FAN, at, id, said));
        assert_eq!(answer.status(), 200);
    };
    says(1, OPEN + 70, "D");
    scene.tick("node", OPEN + 120);
    // Earlier than the one before, so that it counts instead.
    says(2, OPEN + 65, "A");
    scene.tick("node", OPEN + 130);
    says(3, OPEN - 600, "GO");
    scene.tick("node", OPEN + 140);
    node.wait_drained();
    assert_eq!(node.terminate().0.code, Some(0));
    scene
}

/// All records of a topic, partition by partition.
fn read(log: &dyn Log, topic: &str, partition: u32) -> Vec<Stored> {
    let mut reader = log.reader(topic).unwrap();
    let end = log.end_offset(topic, partition).unwrap();
    reader.seek(partition, 0).unwrap();
    let mut records = Vec::new();
    until("the end of a partition", || {
        records.extend(reader.poll(1_000, 1 << 20, Duration::ZERO).unwrap());
        reader.position(partition) >= Some(end)
    });
    records
}

/// Copies the node's log with other tallies: `change` gets those of the fan's partition, in order, each with its
/// position. The chain holds.
fn with_tallies(scene: &Scene, to: &str, change: impl Fn(&mut Tallies)) -> Ended {
    with_records(scene, to, |topic, records| {
        if topic == RESULTS {
            rewrite(records, &change);
        }
    })
}

/// Copies the node's log with other records: `change` gets those of each topic's partitions.
fn with_records(scene: &Scene, to: &str, change: impl Fn(&str, &mut Vec<NewRecord>)) -> Ended {
    let from = Journal::open_read_only(&scene.path("node").join("log")).unwrap();
    let topics = from.topics();
    let dir = scene.path(to).join("log");
    std::fs::create_dir_all(&dir).unwrap();
    let copy = Journal::open(&dir, JournalConfig::new(topics.clone())).unwrap();
    for topic in &topics {
        let appender = copy.appender(&topic.name).unwrap();
        for partition in 0..topic.partitions {
            let mut records: Vec<NewRecord> = read(&*from, &topic.name, partition)
                .into_iter()
                .map(|stored| NewRecord {
                    partition,
                    key: stored.key,
                    value: stored.value,
                })
                .collect();
            change(&topic.name, &mut records);
            durable::append(&*appender, records, SOON).unwrap();
        }
    }
    copy.close();
    scene.history(
        to,
        &format!("export --out {}", scene.path("export").join(to).display()),
    )
}

fn rewrite(records: &mut Vec<NewRecord>, change: impl Fn(&mut Tallies)) {
    let is_tally = |r: &NewRecord| record::type_of(&r.value).as_deref() == Some(TALLY);
    let Some(first) = records.iter().find(|record| is_tally(record)).cloned() else {
        return;
    };
    // What else stands there tells how far the time of the partition has come, and no total.
    records.retain(is_tally);
    let mut tallies = records
        .iter()
        .map(|record| {
            let link = link_of(&record.value).unwrap();
            (link.pos, serde_json::from_slice(&record.value).unwrap())
        })
        .collect();
    change(&mut tallies);
    let mut prev = None;
    records.clear();
    for (pos, tally) in tallies {
        let mut value = Vec::new();
        let link = Link { pos, prev, step: 1 };
        splice(&link, &serde_json::to_vec(&tally).unwrap(), &mut value);
        records.push(NewRecord {
            value: value.into(),
            ..first.clone()
        });
        prev = Some(pos);
    }
}

#[test]
fn tallies_that_are_wrong_missing_or_stale_are_exit_code_1() {
    let scene = scene();
    let as_it_is = |tallies: &mut Tallies| {
        let seen: Vec<_> = tallies.iter().map(|(_, t)| (t.round, t.tick)).collect();
        let round = Some(1);
        assert_eq!(
            seen,
            [(round, OPEN + 120), (round, OPEN + 130), (None, OPEN + 140)]
        );
    };
    let ended = with_tallies(&scene, "same", as_it_is);
    assert!(ended.well().contains("1 counting answers"));

    let no = "tallies of the log are not what `accepted` gives";
    let check = |to: &str, change: &dyn Fn(&mut Tallies), words: &[&str]| {
        let ended = with_tallies(&scene, to, change);
        assert!(ended.stderr.contains(no), "{to}: {ended:?}");
        ended.badly(1, words);
    };
    let at = |tick: i64| format!("tick {}", OPEN + tick);
    check("wrong", &|all| all[1].1.lines = 7, &["7 lines", &at(130)]);
    check("joins", &|all| all[1].1.joins = 7, &["round 1", &at(130)]);
    check(
        "elsewhere",
        &|all| all[1].1.tick += 1,
        &["no tally at that tick", &at(131)],
    );
    check(
        "stale",
        &|all| drop(all.remove(1)),
        &["none newer", &at(130)],
    );
    check(
        "missing",
        &|all| drop(all.drain(..2)),
        &["has none", "round 1", &at(130)],
    );
    // Of a log in which no campaign has a message, too.
    let ended = with_records(&scene, "forged", |topic, records| {
        if topic == ACCEPTED {
            records.clear();
        }
    });
    assert!(ended.stderr.contains(no), "{ended:?}");
    ended.badly(1, &["no tally at that tick", &at(130)]);
    // Nothing stands behind the last one: quiz may not have come so far.
    let ended = with_tallies(&scene, "behind", |all| drop(all.pop()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
