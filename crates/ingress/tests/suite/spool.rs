//! A hedged node: acks by the spool while the log is slow or away, and what the node says of itself.

use crate::fixture::{Node, PARTITIONS, account, callback, eventually, text};
use msglog::{Hedge, HedgeConfig, Journal, LogError, Reserve};
use record::topics::INBOUND;
use std::time::{Duration, Instant};

fn message(n: u64) -> Vec<u8> {
    callback(&account("plain"), &text(&format!("o{n}"), 100, n, "GO"))
}

struct Hedged {
    node: Node,
    _dir: tempfile::TempDir,
}

/// A node whose hedge fires after `after`; its spool has room, or none at all.
fn hedged(after: Duration, room: bool) -> Hedged {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let change = |config: &mut ingress::IngressConfig| {
        config.ack_budget = Duration::from_millis(1_500);
    };
    let node = Node::start_hedged(change, |log| {
        let mut config = HedgeConfig::new(INBOUND);
        config.after = after;
        let mut spool = config.spool(PARTITIONS, None);
        let ingress_bytes = if room { 0 } else { u64::MAX };
        spool.reserve = Reserve {
            ingress_bytes,
            ..spool.reserve
        };
        let spool = Journal::open(&path, spool).unwrap();
        Some(Hedge::open(log.clone(), spool, config).unwrap())
    });
    Hedged { node, _dir: dir }
}

const AT_ONCE: Duration = Duration::from_millis(5);
const NEVER: Duration = Duration::from_secs(3600);

/// Why a condition is bad, once it is; `None` once it is good.
fn condition_becomes(node: &Node, name: &str, part: Option<&str>) {
    let bad = || {
        let reports = node.health.report_at(Instant::now());
        let report = reports.into_iter().find(|report| report.name == name);
        report.and_then(|report| report.bad)
    };
    eventually(
        || match (bad(), part) {
            (Some(why), Some(part)) => why.contains(part),
            (why, part) => why.is_none() && part.is_none(),
        },
        || format!("{name} is {:?}, not {part:?}", bad()),
    );
}

#[test]
fn a_slow_log_costs_no_ack() {
    let Hedged { node, _dir } = hedged(AT_ONCE, true);
    node.log.hold(INBOUND).unwrap();
    for n in 0..5 {
        node.client().ask(&message(n)).is_success();
    }
    assert!(node.records().is_empty(), "the log has proved nothing");
    node.metric_becomes("spillway_hedge_proofs_total{by=\"spool\"}", 5.0);
    node.metric_becomes("spillway_hedge_fired_total{reason=\"slow\"}", 5.0);
    node.metric_becomes("spillway_spool_records", 5.0);
    condition_becomes(&node, "log", Some("do not come in time"));
    assert!(node.health.ready().is_ok(), "the spool stands in");
    node.log.release(INBOUND).unwrap();
    node.metric_becomes("spillway_spool_records", 0.0);
    node.metric_becomes("spillway_spool_confirmed_total", 5.0);
    condition_becomes(&node, "log", None);
    assert_eq!(node.records().len(), 5);
    node.metric_becomes("spillway_ingress_unacked_total", 0.0);
}

#[test]
fn a_log_that_is_away_costs_no_ack_and_gets_everything_later() {
    let Hedged { node, _dir } = hedged(NEVER, true);
    let away = LogError::Away {
        detail: "no broker".to_owned(),
    };
    node.log.refuse(INBOUND, away.into()).unwrap();
    for n in 0..5 {
        node.client().ask(&message(n)).is_success();
    }
    node.metric_becomes("spillway_hedge_fired_total{reason=\"refused\"}", 5.0);
    condition_becomes(&node, "log", Some("no broker"));
    assert!(node.health.ready().is_ok());
    node.log.heal(INBOUND).unwrap();
    node.metric_becomes("spillway_spool_forwarded_total", 5.0);
    node.metric_becomes("spillway_spool_records", 0.0);
    node.metric_becomes("spillway_spool_bytes", 0.0);
    condition_becomes(&node, "log", None);
    assert_eq!(node.records().len(), 5);
}

#[test]
fn a_full_spool_is_shown_and_matters_only_without_the_log() {
    let Hedged { node, _dir } = hedged(NEVER, false);
    node.client().ask(&message(1)).is_success();
    condition_becomes(&node, "spool", Some("no room"));
    node.metric_becomes("spillway_spool_usable", 0.0);
    assert!(node.health.ready().is_ok(), "the log is well");
    let away = LogError::Away {
        detail: "no broker".to_owned(),
    };
    node.log.refuse(INBOUND, away.into()).unwrap();
    let mut client = node.client();
    client.send(&message(2));
    assert!(client.answer().is_none(), "no proof, no ack");
    node.metric_becomes(
        "spillway_ingress_append_failures_total{reason=\"away\"}",
        1.0,
    );
    let reasons = node.health.ready().unwrap_err();
    assert!(
        reasons[0].contains("no broker") && reasons[0].contains("no room"),
        "{reasons:?}"
    );
    node.log.heal(INBOUND).unwrap();
    node.client().ask(&message(3)).is_success();
    eventually(|| node.health.ready().is_ok(), || "it recovers".to_owned());
}

#[test]
fn stopping_leaves_in_the_spool_what_the_log_did_not_prove() {
    let Hedged { node, _dir } = hedged(NEVER, true);
    node.log.hold(INBOUND).unwrap();
    let mut client = node.client();
    client.send(&message(1));
    node.held_becomes(1);
    let began = Instant::now();
    let stopped = node.ingress.stop();
    let closed = stopped.spool.unwrap();
    assert_eq!((closed.unproved, closed.backlog.records), (0, 1));
    assert!(began.elapsed() < Duration::from_secs(12));
}
