//! Small runs written by hand: recording, ledger, export and manifest as values to be spoilt.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use surge::reconcile::verdict::Verdict;
use surge::reconcile::{Files, run};
use surge::recording::{Part, Row, encode};

const FANS: [&str; 3] = ["oA", "oB", "oC"];
pub(crate) const START: i64 = 1_365_487_200;

/// A run that holds: six messages, one event, one re-delivery; every file as values to be spoilt.
pub(crate) struct Run {
    pub(crate) rows: Vec<(u64, u8, String)>,
    pub(crate) ledger: Vec<Value>,
    pub(crate) accepted: Vec<Value>,
    pub(crate) results: Vec<Value>,
    pub(crate) dead: Vec<Value>,
    /// Records of `control`, and copies in `inbound` with their offsets; neither was exported when empty.
    pub(crate) control: Vec<Value>,
    pub(crate) inbound: Vec<Value>,
    /// What nodes said of seals; not exported when empty.
    pub(crate) progress: Vec<Value>,
    pub(crate) manifest: Value,
    pub(crate) digest: Value,
}

fn text(n: u64) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[A]]></Content><MsgId>{}</MsgId></xml>",
        FANS[n as usize % 3],
        START + n as i64,
        9_000_000 + n
    )
}

fn event() -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName>\
         <CreateTime>{START}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[subscribe]]></Event></xml>"
    )
}

/// The digest of [`event`], over the leaves that its identity does not name.
fn event_digest() -> String {
    let hash = Sha256::digest("Event\0subscribe\0MsgType\0event\0");
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn ledger_row(delivery: u64, n: u64, outcome: &str, reply: Option<&str>) -> Value {
    let mut row = json!({"delivery": delivery, "n": n, "attempt": 1, "outcome": outcome,
        "scheduled_us": 0, "sent_us": 0, "done_us": 0});
    if let Some(reply) = reply {
        row["reply"] = reply.into();
    }
    row
}

pub(crate) fn message(n: u64) -> Value {
    json!({"type": "message", "v": 1, "account": "mi", "from": FANS[n as usize % 3], "to": "gh_1",
        "create_time": START + n as i64, "kind": "text", "msg_id": (9_000_000 + n).to_string(),
        "recv_us": 1, "key": "00", "digest": "00",
        "reply": {"rule": "answer", "rule_version": 1, "template_version": 1, "snapshot": 1, "spoken": "reply"}})
}

pub(crate) fn tally(partition: u64, lines: u64, sum: u128) -> Value {
    json!({"partition": partition, "value": {"type": "tally", "v": 1, "campaign": "c", "version": 1,
        "round": 1, "tick": 5, "joins": lines, "answers": {"A": lines}, "wrong_format": 0,
        "lines": lines, "digest": format!("{sum:032x}")}})
}

impl Run {
    pub(crate) fn new() -> Self {
        let mut rows: Vec<(u64, u8, String)> = (0..6).map(|n| (n, 1, text(n))).collect();
        rows.push((6, 1, event()));
        rows.push((2, 2, text(2)));
        let mut ledger: Vec<Value> = (0..6)
            .map(|n| ledger_row(n, n, "acked", Some("words")))
            .collect();
        ledger.push(ledger_row(6, 6, "acked", Some("success")));
        ledger.push(ledger_row(7, 2, "acked", Some("words")));
        let mut accepted: Vec<Value> = (0..6).map(message).collect();
        let mut subscribed = message(0);
        subscribed["kind"] = "event".into();
        subscribed["event"] = "subscribe".into();
        subscribed["msg_id"] = "".into();
        subscribed["create_time"] = START.into();
        subscribed["digest"] = event_digest().into();
        subscribed["reply"]["rule"] = "subscribe".into();
        accepted.push(subscribed);
        accepted.push(
            json!({"type": "note", "v": 1, "key": "00", "from": "oC", "recv_us": 2,
            "reply": {"rule": "answer"}}),
        );
        accepted.push(json!({"type": "tick", "v": 1, "t": START}));
        let (a, b) = (u128::MAX - 3, 10_u128);
        let sum = format!("{:032x}", a.wrapping_add(b));
        let manifest = json!({"v": 1,
            "recording": {"file": "rec.jsonl", "sha256": "", "bytes": 0, "rows": 8,
                "first_at_us": 0, "last_at_us": 7},
            "campaign": {"id": "c", "account": "mi", "sha256": "", "coalesce_window_s": 10},
            "rows": {}, "messages": 7, "unparsed": 0, "kinds": {}, "classes": {},
            "rules": {"answer": 6, "subscribe": 1}, "fans": 3, "writers": 3, "joined": 3,
            "rounds": [{"round": 1, "open": START, "close": START + 300, "messages": 6, "joins": 3,
                "answers": {"A": 3}, "lines": 3, "correct": 3, "wrong_format": 0, "sum": sum, "classes": {}}],
            "digest": {"lines": 3, "sha256": "ab", "sum": sum}});
        let digest = json!({"campaign": "c", "digest": "ab", "lines": 3, "sum": sum});
        // The first tally of partition 0 is superseded by its second.
        let results = vec![tally(0, 1, 77), tally(1, 1, b), tally(0, 2, a)];
        Self {
            rows,
            ledger,
            accepted,
            results,
            dead: Vec::new(),
            control: Vec::new(),
            inbound: Vec::new(),
            progress: Vec::new(),
            manifest,
            digest,
        }
    }

    /// Writes the files, chains the topics, and reconciles.
    pub(crate) fn reconcile(&self) -> Verdict {
        let dir = tempfile::tempdir().unwrap();
        run(&self.write(dir.path())).unwrap()
    }

    pub(crate) fn write(&self, dir: &Path) -> Files {
        let export = dir.join("export");
        std::fs::create_dir(&export).unwrap();
        let mut lines = Vec::new();
        for (at, (n, attempt, body)) in self.rows.iter().enumerate() {
            let part = if body.contains("subscribe") {
                Part::Follow
            } else {
                Part::Event
            };
            let row = Row {
                at_us: at as i64,
                part,
                n: *n,
                attempt: *attempt,
                body: body.into(),
            };
            encode(&row, &mut lines).unwrap();
        }
        std::fs::write(dir.join("rec.jsonl"), lines).unwrap();
        write(&dir.join("ledger"), &self.ledger);
        let in_partition_0 = self
            .accepted
            .iter()
            .map(|value| json!({"partition": 0, "value": value}));
        write(
            &export.join("accepted.jsonl"),
            &chained(&in_partition_0.collect::<Vec<_>>(), "accepted"),
        );
        write(
            &export.join("results.jsonl"),
            &chained(&self.results, "results"),
        );
        write(
            &export.join("inbound.dead.jsonl"),
            &chained(&self.dead, "inbound.dead"),
        );
        let numbered = |(offset, value): (usize, &Value)| json!({"topic": "control", "partition": 0, "offset": offset, "key": "", "value": value});
        if !self.control.is_empty() {
            let control: Vec<Value> = self.control.iter().enumerate().map(numbered).collect();
            write(&export.join("control.jsonl"), &control);
        }
        if !self.progress.is_empty() {
            let progress = self.progress.iter().enumerate().map(numbered);
            write(
                &export.join("progress.jsonl"),
                &progress.collect::<Vec<_>>(),
            );
            let cuts = json!({"progress": {"0": {"start": 0, "end": self.progress.len()}}});
            std::fs::write(export.join("cuts.json"), cuts.to_string()).unwrap();
        }
        if !self.inbound.is_empty() {
            write(&export.join("inbound.jsonl"), &self.inbound);
        }
        let (manifest, digest) = (dir.join("m.json"), export.join("digest.json"));
        std::fs::write(&manifest, self.manifest.to_string()).unwrap();
        std::fs::write(digest, self.digest.to_string()).unwrap();
        Files {
            manifest,
            ledger: dir.join("ledger"),
            export,
            recording: None,
            missing: None,
        }
    }
}

fn write(path: &PathBuf, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(path, text).unwrap();
}

/// Gives every record its place in the chain of its partition, unless it has one.
fn chained(lines: &[Value], topic: &str) -> Vec<Value> {
    let mut last: BTreeMap<u64, Value> = BTreeMap::new();
    let mut all = Vec::new();
    for (offset, line) in lines.iter().enumerate() {
        let mut line = line.clone();
        let partition = line["partition"].as_u64().unwrap();
        if line["value"].get("pos").is_none() {
            let pos = json!([offset, 0]);
            line["value"]["prev"] = last.insert(partition, pos.clone()).unwrap_or(Value::Null);
            line["value"]["pos"] = pos;
        }
        line["topic"] = topic.into();
        line["offset"] = offset.into();
        line["key"] = "k".into();
        all.push(line);
    }
    all
}
