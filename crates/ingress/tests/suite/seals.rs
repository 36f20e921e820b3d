//! A request to seal a round is answered once everything taken before it stands in the log itself.

use crate::fixture::{Node, PARTITIONS, account, callback, eventually, text};
use control::ControlState;
use control::presence::Presence;
use control::state::Applied;
use ingress::SealAcks;
use msglog::memory::MemoryLog;
use msglog::{Hedge, HedgeConfig, Journal, LogError};
use record::acts::{Act, CampaignAct};
use record::hexed::Hex;
use record::rounds::{SealAck, SealReq};
use record::topics::{INBOUND, PROGRESS};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CAMPAIGN: &str = include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");
const ME: Hex<8> = Hex([1; 8]);
/// Past the grace of the campaign's first round.
const DUE: i64 = 1_365_487_200 + 300 + 36;

fn message(n: u64) -> Vec<u8> {
    callback(&account("plain"), &text(&format!("o{n}"), 100, n, "GO"))
}

/// Control with one campaign, and a request to seal its first round that lists these nodes.
fn control_asking(members: &[Hex<8>]) -> ControlState {
    let mut state = ControlState::default();
    let publication = Act::Campaign(CampaignAct {
        v: 1,
        id: "fanfest-2013-04-09".to_owned(),
        account: "mi".to_owned(),
        version: 1,
        expect_version: 0,
        toml: CAMPAIGN.to_owned(),
        sha256: record::identity::sha256(CAMPAIGN.as_bytes()),
        effective: 0,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    });
    let request = Act::SealReq(SealReq {
        v: 1,
        campaign: "fanfest-2013-04-09".to_owned(),
        round: 1,
        members: members.to_vec(),
        at: DUE,
    });
    assert_eq!(state.apply(4, &publication), Applied::Valid);
    assert_eq!(state.apply(9, &request), Applied::Valid);
    state
}

/// What the node's thread of words does with seals, one look at a time.
struct Voice {
    control: ControlState,
    acks: SealAcks,
    presence: Presence,
}

impl Voice {
    fn new(node: &Node, members: &[Hex<8>], boot: u8) -> Self {
        Self {
            control: control_asking(members),
            acks: node.ingress.seal_acks(),
            presence: Presence::new(&*node.log, ME, Hex([boot; 8])).unwrap(),
        }
    }

    fn look(&mut self, node: &Node) -> usize {
        self.look_at(node, Instant::now()).unwrap()
    }

    fn look_at(&mut self, node: &Node, now: Instant) -> Result<usize, LogError> {
        let asked = ingress::asked(&self.control, self.presence.node());
        let due = self.acks.due(&asked, &node.ingress, now);
        for ctl in &due {
            self.presence.seal_ack(*ctl)?;
            self.acks.said(*ctl, now);
        }
        Ok(due.len())
    }

    #[track_caller]
    fn answers(&mut self, node: &Node, complaint: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.look(node) == 0 {
            assert!(Instant::now() < until, "{complaint}");
            std::thread::yield_now();
        }
    }

    /// Looks on through several sweeps of every thread of ingress: no answer comes.
    #[track_caller]
    fn stays_silent(&mut self, node: &Node) {
        let mut barrier = node.ingress.barrier();
        let until = Instant::now() + Duration::from_millis(120);
        while Instant::now() < until {
            assert_eq!(self.look(node), 0, "an answer without a proof");
            std::thread::yield_now();
        }
        assert!(!node.ingress.is_past(&mut barrier));
    }
}

/// Every SEAL_ACK in `progress`.
fn said(log: &MemoryLog) -> Vec<SealAck> {
    let stored = log.read_all(PROGRESS, 0).unwrap();
    let acts = stored
        .iter()
        .map(|stored| serde_json::from_slice(&stored.value).unwrap());
    acts.filter_map(|act| match act {
        Act::SealAck(ack) => Some(ack),
        _ => None,
    })
    .collect()
}

fn ack(boot: u8) -> SealAck {
    SealAck {
        v: 1,
        node: ME,
        boot: Hex([boot; 8]),
        ctl: 9,
    }
}

#[test]
fn the_answer_waits_for_what_was_taken_before_and_for_nothing_else() {
    let node = Node::start();
    node.log.hold(INBOUND).unwrap();
    let mut clients: Vec<_> = (0..5).map(|_| node.client()).collect();
    for (n, client) in (0..).zip(&mut clients) {
        client.send(&message(n));
    }
    node.held_becomes(5);
    let mut voice = Voice::new(&node, &[ME, Hex([9; 8])], 2);
    voice.stays_silent(&node);
    node.metric_becomes("spillway_ingress_seals_waiting", 1.0);
    let mut later = node.client();
    later.send(&message(100));
    node.held_becomes(6);
    node.log.release_some(INBOUND, 4).unwrap();
    voice.stays_silent(&node);
    node.log.release_some(INBOUND, 1).unwrap();
    voice.answers(&node, "everything taken before is proved");
    assert_eq!(
        node.log.held(INBOUND).unwrap(),
        1,
        "the later one is not waited for"
    );
    assert_eq!(said(&node.log), [ack(2)]);
    node.metric_becomes("spillway_ingress_seals_waiting", 0.0);
    node.metric_becomes("spillway_ingress_seal_acks_total", 1.0);
    node.log.release(INBOUND).unwrap();
    later.answer().unwrap().is_success();
}

#[test]
fn a_caller_that_left_is_waited_for_too() {
    let node = Node::start_with(|config| config.ack_budget = Duration::from_millis(100));
    node.log.hold(INBOUND).unwrap();
    let mut client = node.client();
    client.send(&message(1));
    node.held_becomes(1);
    let mut voice = Voice::new(&node, &[ME], 2);
    assert!(client.answer().is_none(), "past the budget");
    voice.stays_silent(&node);
    node.log.release(INBOUND).unwrap();
    voice.answers(&node, "its record is proved");
}

#[test]
fn an_idle_node_answers_at_once_and_once() {
    let node = Node::start();
    let mut voice = Voice::new(&node, &[ME], 2);
    voice.answers(&node, "nothing was taken");
    let now = Instant::now();
    assert_eq!(voice.look(&node), 0);
    assert_eq!(said(&node.log), [ack(2)]);
    let later = now + Duration::from_secs(601);
    assert_eq!(
        voice.look_at(&node, later).unwrap(),
        1,
        "progress is kept for an hour"
    );
    assert_eq!(voice.look_at(&node, later).unwrap(), 0);
    voice.control = ControlState::default();
    assert_eq!(
        voice
            .look_at(&node, later + Duration::from_secs(601))
            .unwrap(),
        0,
        "decided"
    );
}

#[test]
fn a_node_that_is_not_listed_is_silent() {
    let node = Node::start();
    let mut voice = Voice::new(&node, &[Hex([9; 8])], 2);
    assert!(ingress::asked(&voice.control, ME).is_empty());
    assert_eq!(ingress::asked(&voice.control, Hex([9; 8])), [9]);
    assert_eq!(voice.look(&node), 0);
    assert!(said(&node.log).is_empty());
}

#[test]
fn another_boot_of_a_listed_node_answers() {
    let node = Node::start();
    Voice::new(&node, &[ME], 2).answers(&node, "the first boot");
    Voice::new(&node, &[ME], 3).answers(&node, "the second boot");
    assert_eq!(said(&node.log), [ack(2), ack(3)]);
}

#[test]
fn an_answer_that_the_log_did_not_take_is_said_again() {
    let node = Node::start();
    let away = LogError::Away {
        detail: "no broker".to_owned(),
    };
    node.log.refuse(PROGRESS, away.into()).unwrap();
    let mut voice = Voice::new(&node, &[ME], 2);
    eventually_fails(&mut voice, &node);
    node.log.heal(PROGRESS).unwrap();
    assert_eq!(voice.look(&node), 1);
    assert_eq!(said(&node.log), [ack(2)]);
}

fn eventually_fails(voice: &mut Voice, node: &Node) {
    let voice = std::cell::RefCell::new(voice);
    eventually(
        || voice.borrow_mut().look_at(node, Instant::now()).is_err(),
        || "the append is refused".to_owned(),
    );
}

#[test]
fn a_backlog_of_the_spool_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let hedged = |log: &Arc<MemoryLog>| {
        let mut config = HedgeConfig::new(INBOUND);
        config.after = Duration::from_millis(5);
        let spool = Journal::open(&path, config.spool(PARTITIONS, None)).unwrap();
        Some(Hedge::open(log.clone(), spool, config).unwrap())
    };
    let node = Node::start_hedged(|_| {}, hedged);
    let away = LogError::Away {
        detail: "no broker".to_owned(),
    };
    node.log.refuse(INBOUND, away.into()).unwrap();
    for n in 0..5 {
        node.client().ask(&message(n)).is_success();
    }
    let mut voice = Voice::new(&node, &[ME], 2);
    voice.stays_silent(&node);
    node.metric_becomes("spillway_spool_records", 5.0);
    node.log.heal(INBOUND).unwrap();
    voice.answers(&node, "the backlog is in the log");
    assert_eq!(node.records().len(), 5);
    assert_eq!(said(&node.log), [ack(2)]);
}

#[test]
fn the_next_boot_answers_once_the_old_ones_spool_is_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let away = LogError::Away {
        detail: "no broker".to_owned(),
    };
    let hedged = |log: &Arc<MemoryLog>| {
        let config = HedgeConfig::new(INBOUND);
        let spool = Journal::open(&path, config.spool(PARTITIONS, None)).unwrap();
        log.refuse(INBOUND, away.clone().into()).unwrap();
        Some(Hedge::open(log.clone(), spool, config).unwrap())
    };
    let node = Node::start_hedged(|_| {}, hedged);
    for n in 0..3 {
        node.client().ask(&message(n)).is_success();
    }
    let log = Arc::clone(&node.log);
    let left = node.ingress.stop().spool.unwrap().backlog.records;
    assert_eq!(left, 3);
    let node = Node::start_on(log, |_| {}, hedged);
    let mut voice = Voice::new(&node, &[ME], 3);
    voice.stays_silent(&node);
    node.log.heal(INBOUND).unwrap();
    voice.answers(&node, "the old boot's spool is in the log");
    assert_eq!(node.records().len(), 3);
    assert_eq!(said(&node.log), [ack(3)]);
}
