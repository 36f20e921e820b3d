//! Spools that belong to others: to another log, or to a node that never comes back. On a real disk.

use super::*;
use crate::hedge::{Brought, DrainOptions, Drained, drain};
use std::path::PathBuf;

struct Orphan {
    _dir: tempfile::TempDir,
    path: PathBuf,
    log: Arc<MemoryLog>,
    answers: Arc<Answers>,
}

fn open(path: &Path, log: &Arc<MemoryLog>) -> Result<Arc<Hedge>, LogError> {
    let spool = Journal::open(path, small_spool())?;
    Hedge::open(log.clone(), spool, patient())
}

/// A node that has spooled 50 records of log 1 and was killed.
fn orphan() -> Orphan {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let (log, answers) = (memory(1), Arc::<Answers>::default());
    let hedge = open(&path, &log).unwrap();
    log.refuse(TOPIC, away().into()).unwrap();
    let records: Vec<_> = (0..50).map(|n| (record(n), n)).collect();
    let mailbox: Arc<dyn Mailbox> = answers.clone();
    hedge
        .appender(TOPIC)
        .unwrap()
        .append(records, &mailbox)
        .unwrap();
    let numbers: Vec<u64> = (0..50).collect();
    assert!(answers.wait(&numbers).iter().all(is_in_spool));
    drop(hedge);
    log.heal(TOPIC).unwrap();
    Orphan {
        _dir: dir,
        path,
        log,
        answers,
    }
}

fn numbers_in(log: &MemoryLog) -> Vec<u64> {
    let all = (0..PARTITIONS).flat_map(|partition| log.read_all(TOPIC, partition).unwrap());
    let mut numbers: Vec<u64> = all.map(|stored| number_of(&stored.value)).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn an_orphan_is_drained_once_and_listed() {
    let orphan = orphan();
    let mut listed = Vec::new();
    let mut list = |brought: &Brought<'_>| {
        assert_eq!((brought.done, brought.total), (listed.len() as u64 + 1, 50));
        assert!(matches!(brought.place, Some(Place::Log { .. })));
        listed.push(number_of(&brought.record.value));
    };
    let drained = drain(
        &orphan.path,
        &*orphan.log,
        &DrainOptions::default(),
        &mut list,
    );
    assert_eq!(drained.unwrap().records, 50);
    listed.sort_unstable();
    assert_eq!(listed, (0..50).collect::<Vec<_>>());
    assert_eq!(numbers_in(&orphan.log), listed);
    let mut nothing = |_: &Brought<'_>| panic!("there is nothing left");
    let again = drain(
        &orphan.path,
        &*orphan.log,
        &DrainOptions::default(),
        &mut nothing,
    );
    assert_eq!(again.unwrap(), Drained::default());
    let hedge = open(&orphan.path, &orphan.log).unwrap();
    assert_eq!(hedge.backlog().records, 0);
    assert_eq!(orphan.answers.count(), 50);
}

#[test]
fn a_spool_in_use_is_not_drained() {
    let orphan = orphan();
    orphan.log.refuse(TOPIC, away().into()).unwrap();
    let owner = open(&orphan.path, &orphan.log).unwrap();
    let result = drain(
        &orphan.path,
        &*orphan.log,
        &DrainOptions::default(),
        &mut |_| {},
    );
    let pid = std::process::id();
    assert!(matches!(result, Err(LogError::Owned { pid: found, .. }) if found == pid));
    drop(owner);
}

#[test]
fn a_log_that_is_away_ends_the_run_and_the_next_one_goes_on() {
    let orphan = orphan();
    orphan.log.fail_after(TOPIC, 20).unwrap();
    let options = DrainOptions {
        patience: Duration::from_millis(100),
        ..DrainOptions::default()
    };
    let error = drain(&orphan.path, &*orphan.log, &options, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("20 of 50 records"), "{error}");
    assert!(error.retryable());
    orphan.log.heal(TOPIC).unwrap();
    let drained = drain(&orphan.path, &*orphan.log, &options, &mut |_| {}).unwrap();
    assert_eq!(drained.records, 30);
    assert_eq!(numbers_in(&orphan.log), (0..50).collect::<Vec<_>>());
}

#[test]
fn what_the_log_refuses_for_good_is_set_aside_by_a_drain_too() {
    let orphan = orphan();
    orphan
        .log
        .refuse(TOPIC, proofs::too_large().into())
        .unwrap();
    let mut places = Vec::new();
    let drained = drain(
        &orphan.path,
        &*orphan.log,
        &DrainOptions::default(),
        &mut |brought| places.push(brought.place),
    );
    assert_eq!(drained.unwrap().dead, 50);
    assert_eq!(places, vec![None; 50]);
    let dead = std::fs::read_to_string(orphan.path.join("spool.dead")).unwrap();
    assert_eq!(dead.lines().count(), 50);
}

#[test]
fn another_log_is_refused_with_the_command() {
    let orphan = orphan();
    let other = memory(2);
    let error = open(&orphan.path, &other).map(|_| ()).unwrap_err();
    let command = format!("spillway spool drain --dir {}", orphan.path.display());
    assert!(
        matches!(&error, LogError::Mismatch(why) if why.contains(&command)),
        "{error}"
    );
    let mut options = DrainOptions::default();
    let result = drain(&orphan.path, &*other, &options, &mut |_| {});
    assert!(matches!(result, Err(LogError::Mismatch(why)) if why.contains("--other-log")));
    options.other_log = true;
    let drained = drain(&orphan.path, &*other, &options, &mut |_| {}).unwrap();
    assert_eq!((drained.records, numbers_in(&other).len()), (50, 50));
    // Empty, it may belong to whoever opens it.
    assert!(open(&orphan.path, &other).is_ok());
}

#[test]
fn what_is_no_spool_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let log = memory(1);
    let result = drain(dir.path(), &*log, &DrainOptions::default(), &mut |_| {});
    assert!(matches!(result, Err(LogError::Mismatch(_))));
    drop(Journal::open(dir.path(), small_spool()).unwrap());
    let error = drain(dir.path(), &*log, &DrainOptions::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("is not a spool"), "{error}");
}

#[test]
fn another_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let spool = HedgeConfig::new(TOPIC).spool(PARTITIONS + 1, None);
    let spool = Journal::open(dir.path(), spool).unwrap();
    let result = Hedge::open(memory(1), spool, patient());
    assert!(matches!(result, Err(LogError::Mismatch(why)) if why.contains("3 partitions")));
    let spool = HedgeConfig::new("elsewhere").spool(PARTITIONS, None);
    let spool = Journal::open(&dir.path().join("2"), spool).unwrap();
    let config = HedgeConfig::new("elsewhere");
    let result = Hedge::open(memory(1), spool, config);
    assert!(matches!(result, Err(LogError::NoSuchPartition { .. })));
}
