//! The fold of control: what holds, what is void, which version speaks for a message; and the follower on a log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use control::state::Applied;
use control::{ControlState, durable, follow, presence};
use msglog::memory::MemoryLog;
use msglog::{
    Appender, Log, LogError, LogId, Membership, NewRecord, Reader, Stored, Tier, TopicConfig,
};
use record::acts::{Act, CampaignAct, Hello};
use record::hexed::Hex;
use record::topics::{CONTROL, PROGRESS};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FESTIVAL: &str = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");
const ID: &str = "fanfest-2013-04-09";
/// 14:02 on the day.
const DURING: i64 = 1_365_487_320;

fn publication(toml: &str, id: &str, expect_version: u32, effective: i64) -> Act {
    Act::Campaign(CampaignAct {
        v: 1,
        id: id.to_owned(),
        account: "mi".to_owned(),
        version: expect_version + 1,
        expect_version,
        toml: toml.to_owned(),
        sha256: record::identity::sha256(toml.as_bytes()),
        effective,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    })
}

#[test]
fn the_expected_version_must_stand_at_the_records_place() {
    let mut state = ControlState::default();
    assert_eq!(
        state.apply(0, &publication(FESTIVAL, ID, 0, 5)),
        Applied::Valid
    );
    assert!(matches!(
        state.apply(1, &publication(FESTIVAL, ID, 0, 5)),
        Applied::Void(_)
    ));
    assert!(matches!(
        state.apply(2, &publication(FESTIVAL, ID, 2, 5)),
        Applied::Void(_)
    ));
    assert_eq!(
        state.apply(3, &publication(FESTIVAL, ID, 1, 9)),
        Applied::Valid
    );
    assert_eq!(state.version_of(ID), 2);
    assert_eq!(state.void_records(), 2);
    assert_eq!(
        state.snapshot_number(),
        4,
        "1 + the offset of the last record that changed it"
    );
    assert_eq!(state.next_offset(), 4);
}

#[test]
fn only_valid_records_are_copied_each_naming_the_one_before() {
    let mut state = ControlState::default();
    state.apply(0, &publication(FESTIVAL, ID, 0, 5));
    state.apply(1, &publication(FESTIVAL, ID, 7, 5));
    state.apply(2, &publication(FESTIVAL, ID, 1, 5));
    let pending: Vec<_> = state
        .pending_copies()
        .iter()
        .map(|copy| (copy.ctl, copy.prev_ctl))
        .collect();
    assert_eq!(pending, [(0, None), (2, Some(0))]);
    state.apply(3, &Act::Copied { v: 1, through: 0 });
    assert_eq!(
        state.pending_copies().len(),
        1,
        "a successor begins after the last COPIED"
    );
    state.apply(4, &Act::Copied { v: 1, through: 2 });
    assert!(state.pending_copies().is_empty());
}

#[test]
fn campaigns_of_one_account_must_not_overlap_and_the_file_must_be_that_of_the_record() {
    let mut state = ControlState::default();
    state.apply(0, &publication(FESTIVAL, ID, 0, 5));
    let twin = FESTIVAL.replace(&format!("\"{ID}\""), "\"another\"");
    let applied = state.apply(1, &publication(&twin, "another", 0, 5));
    assert!(
        matches!(&applied, Applied::Void(reason) if reason.contains("overlaps")),
        "{applied:?}"
    );
    assert!(matches!(
        state.apply(2, &publication(FESTIVAL, "another", 0, 5)),
        Applied::Void(_)
    ));
    assert!(matches!(
        state.apply(3, &publication("no toml", "third", 0, 5)),
        Applied::Void(_)
    ));
}

#[test]
fn a_message_is_answered_by_the_version_in_force_at_its_create_time() {
    let mut state = ControlState::default();
    state.apply(0, &publication(FESTIVAL, ID, 0, 5));
    state.apply(1, &publication(FESTIVAL, ID, 1, DURING));
    let snapshot = state.snapshot();
    let version = |at| {
        snapshot
            .in_force("mi", at)
            .map(|published| published.version)
    };
    assert_eq!(
        version(DURING - 1),
        Some(1),
        "R-4: a re-delivery gets what the first delivery got"
    );
    assert_eq!(version(DURING), Some(2));
    assert_eq!(version(4), None, "nothing spoke yet");
    assert_eq!(snapshot.in_force("other", DURING).map(|p| p.version), None);
    // The span decides overlap; beside it the campaign answers with its slots, for a day.
    let end = snapshot
        .in_force("mi", DURING)
        .unwrap()
        .compiled
        .campaign
        .end;
    assert_eq!(version(end + 3_600), Some(2));
    assert_eq!(version(end + 90_000), None);
    // Of those that ended it is the last that claims are answered by.
    let other = FESTIVAL.replace("2013-04-09", "2013-04-19");
    state.apply(2, &publication(&other, "fanfest-2013-04-19", 0, 5));
    let snapshot = state.snapshot();
    let last = |account, at| {
        let found = snapshot.ended_last(account, at)?;
        Some((found.id.clone(), found.version))
    };
    let ten_days = 864_000;
    assert_eq!(last("mi", end - 1), None);
    assert_eq!(last("mi", end + ten_days - 1), Some((ID.to_owned(), 2)));
    let second = ("fanfest-2013-04-19".to_owned(), 1);
    assert_eq!(last("mi", end + 1000 * ten_days), Some(second));
    assert_eq!(last("other", end), None);
}

#[test]
fn a_node_is_there_from_its_hello_to_its_bye() {
    let node = Hex([1; 8]);
    let hello = |boot| {
        let boot = Hex([boot; 8]);
        Act::Hello(Hello {
            v: 1,
            node,
            boot,
            roles: vec![],
            admin: String::new(),
        })
    };
    let bye = Act::Bye { v: 1, node };
    let mut state = ControlState::default();
    assert!(
        matches!(state.apply(0, &bye), Applied::Void(_)),
        "it never greeted"
    );
    state.apply(1, &hello(1));
    assert!(state.nodes()[&node].present);
    assert_eq!(state.apply(2, &bye), Applied::Valid);
    assert!(!state.nodes()[&node].present);
    state.apply(3, &hello(2));
    assert_eq!(state.nodes()[&node].hello.boot, Hex([2; 8]));
}

fn log() -> Arc<MemoryLog> {
    let topic = |name: &str| TopicConfig {
        name: name.to_owned(),
        partitions: 1,
        retention: None,
        tier: Tier::Control,
    };
    MemoryLog::new(vec![topic(CONTROL), topic(PROGRESS)])
}

#[test]
fn records_lost_at_the_end_of_control_are_not_waited_for() {
    let memory = log();
    let log: Arc<dyn Log> = memory.clone();
    let acts = log.appender(CONTROL).unwrap();
    for version in 0..3 {
        presence::say(&*acts, &publication(FESTIVAL, ID, version, 5)).unwrap();
    }
    memory.lose_from(CONTROL, 0, 1).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (control, thread) = follow(&log, &stop).unwrap();
    // Who takes over waits for exactly this.
    assert!(control.wait_until(Duration::from_secs(10), |state| state.next_offset() >= 3));
    assert!(control.wait_until(Duration::from_secs(10), |_| control.caught_up()));
    assert_eq!(control.state().version_of(ID), 1);
    assert_eq!(
        presence::say(&*acts, &publication(FESTIVAL, ID, 1, 5)).unwrap(),
        3
    );
    assert!(control.wait_until(Duration::from_secs(10), |state| state.version_of(ID) == 2));
    stop.store(true, Ordering::Release);
    thread.join().unwrap();
    assert_eq!(control.failure(), None);
}

#[test]
fn the_follower_swaps_the_snapshot_and_passes_over_what_it_cannot_read() {
    let log: Arc<dyn Log> = log();
    let stop = Arc::new(AtomicBool::new(false));
    let (control, thread) = follow(&log, &stop).unwrap();
    assert!(control.wait_until(Duration::from_secs(10), |_| control.caught_up()));
    let acts = log.appender(CONTROL).unwrap();
    let garbage = NewRecord {
        partition: 0,
        key: Default::default(),
        value: "{\"type\":\"?\"}".into(),
    };
    durable::append(&*acts, vec![garbage], Duration::from_secs(10)).unwrap();
    let at = presence::say(&*acts, &publication(FESTIVAL, ID, 0, 5)).unwrap();
    assert_eq!(at, 1);
    assert!(control.wait_until(Duration::from_secs(10), |state| state.next_offset() > at));
    assert_eq!(control.snapshot().load().number, 2);
    assert!(control.snapshot().load().in_force("mi", DURING).is_some());
    assert_eq!(control.state().void_records(), 1);
    stop.store(true, Ordering::Release);
    thread.join().unwrap();
    assert_eq!(control.failure(), None);
}

/// A log that says nothing while it is away: polls are empty, and questions fail.
struct Quiet {
    memory: Arc<MemoryLog>,
    is_away: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

struct QuietReader(Box<dyn Reader>, Arc<AtomicBool>);

impl Reader for QuietReader {
    fn poll(
        &mut self,
        records: usize,
        bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError> {
        match self.1.load(Ordering::Acquire) {
            true => Ok(Vec::new()),
            false => self.0.poll(records, bytes, wait),
        }
    }
    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError> {
        self.0.seek(partition, offset)
    }
    fn remove(&mut self, partition: u32) {
        self.0.remove(partition);
    }
    fn position(&self, partition: u32) -> Option<u64> {
        self.0.position(partition)
    }
}

impl Log for Quiet {
    fn id(&self) -> LogId {
        self.memory.id()
    }
    fn topics(&self) -> Vec<TopicConfig> {
        self.memory.topics()
    }
    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        self.memory.appender(topic)
    }
    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        let reader = self.memory.reader(topic)?;
        Ok(Box::new(QuietReader(reader, Arc::clone(&self.is_away))))
    }
    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.memory.start_offset(topic, partition)
    }
    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.asked.fetch_add(1, Ordering::AcqRel);
        if self.is_away.load(Ordering::Acquire) {
            let detail = "nobody answers".to_owned();
            return Err(LogError::Away { detail });
        }
        self.memory.end_offset(topic, partition)
    }
    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        self.memory.offset_at(topic, partition, time_ms)
    }
    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        self.memory.join(group, topic)
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_log_that_gives_nothing_while_it_is_away_counts_as_not_read() {
    let (is_away, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let memory = log();
    let log: Arc<dyn Log> = Arc::new(Quiet {
        memory: Arc::clone(&memory),
        is_away: Arc::clone(&is_away),
        asked: Arc::clone(&asked),
    });
    let stop = Arc::new(AtomicBool::new(false));
    let (control, thread) = follow(&log, &stop).unwrap();
    until("the end of control", || control.caught_up());
    let start = Instant::now();
    let read_at = || {
        let now = Instant::now();
        now - control.age(now)
    };
    until("a word of a log without records", || read_at() > start);
    assert_eq!(control.away(), None);

    is_away.store(true, Ordering::Release);
    until("the trouble", || control.away().is_some());
    let (read, questions) = (read_at(), asked.load(Ordering::Acquire));
    until("more questions", || {
        asked.load(Ordering::Acquire) > questions + 2
    });
    assert_eq!(read_at(), read, "polls without records are no word");
    assert!(control.away().unwrap().contains("nobody answers"));

    is_away.store(false, Ordering::Release);
    until("its word again", || control.away().is_none());
    until("the end of its age", || read_at() > read);
    stop.store(true, Ordering::Release);
    thread.join().unwrap();
    assert_eq!(control.failure(), None);
}
