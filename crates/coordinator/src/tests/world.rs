//! What stands around a coordinator: a node that confirms, partitions that write their shares, and winners who claim, each
//! as soon as it reads what asks for it.

use super::PARTITIONS;
use contest::{Bar, Barred, EntrantCode, Standing};
use msglog::Log;
use msglog::memory::MemoryLog;
use record::SCHEMA_VERSION;
use record::acts::{Act, Hello};
use record::chain::{Link, Position, splice};
use record::claim::{CLAIM, Claim, Passed};
use record::envelope::{Content, Envelope, MESSAGE, Reply};
use record::hexed::Hex;
use record::inband::{COPY, Copy, TICK, Tick};
use record::rounds::{AwardAct, SHARE, SealAck, SealDecided, Share, UnitState};
use record::topics::{ACCEPTED, CONTROL, INBOUND, PROGRESS, RESULTS};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The node that every seal waits for.
pub(crate) const NODE: Hex<8> = Hex([7; 8]);

/// Runs until it is dropped.
pub(crate) struct World {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    /// The node has greeted; `confirms` tells whether it answers.
    pub(crate) fn start(log: &Arc<MemoryLog>, confirms: bool) -> Self {
        Self::with(log, confirms, (false, false))
    }

    /// The same with a node that answers; after the first round, which makes him the best of all, the fan of partition 0
    /// leaves and is never heard again.
    pub(crate) fn whose_best_leaves(log: &Arc<MemoryLog>) -> Self {
        Self::with(log, true, (true, false))
    }

    /// Besides, whoever is given a unit claims it at once.
    pub(crate) fn claiming(log: &Arc<MemoryLog>) -> Self {
        Self::with(log, true, (false, true))
    }

    fn with(log: &Arc<MemoryLog>, confirms: bool, (best_leaves, claims): (bool, bool)) -> Self {
        let hello = Act::Hello(Hello {
            v: SCHEMA_VERSION,
            node: NODE,
            boot: NODE,
            roles: vec!["ingress".to_owned()],
            admin: "127.0.0.1:1".to_owned(),
        });
        log.push(CONTROL, 0, "", serde_json::to_vec(&hello).unwrap())
            .unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (log, stopped) = (Arc::clone(log), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut state = State {
                best_leaves,
                ..State::default()
            };
            while !stopped.load(Ordering::Acquire) {
                if confirms {
                    state.confirm(&log);
                }
                state.share(&log);
                if claims {
                    state.claim(&log);
                }
                std::thread::park_timeout(Duration::from_millis(1));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
    }
}

#[derive(Default)]
struct State {
    read: u64,
    parts: [Part; PARTITIONS as usize],
    best_leaves: bool,
    /// Control was read up to here for awards, and these were claimed.
    heard: u64,
    claimed: BTreeSet<(Hex<32>, u32)>,
}

/// How far a partition is judged.
#[derive(Default)]
struct Part {
    read: u64,
    /// The last copy that was applied.
    copy: Option<u64>,
    judged: BTreeSet<u16>,
    written: Option<Position>,
}

impl State {
    fn confirm(&mut self, log: &MemoryLog) {
        if self.read == log.end_offset(CONTROL, 0).unwrap() {
            return;
        }
        for stored in log.read_all(CONTROL, 0).unwrap() {
            if stored.offset < self.read {
                continue;
            }
            self.read = stored.offset + 1;
            if let Ok(Act::SealReq(_)) = serde_json::from_slice(&stored.value) {
                let ack = Act::SealAck(SealAck {
                    v: SCHEMA_VERSION,
                    node: NODE,
                    boot: NODE,
                    ctl: stored.offset,
                });
                log.push(PROGRESS, 0, "", serde_json::to_vec(&ack).unwrap())
                    .unwrap();
            }
        }
    }

    fn share(&mut self, log: &MemoryLog) {
        for (partition, part) in (0..).zip(&mut self.parts) {
            if part.read == log.end_offset(INBOUND, partition).unwrap() {
                continue;
            }
            for stored in log.read_all(INBOUND, partition).unwrap() {
                if stored.offset < part.read {
                    continue;
                }
                part.read = stored.offset + 1;
                // dedup passes it on: outputs of quiz are placed by that.
                let passed = accept(log, partition, "{}");
                match record::type_of(&stored.value).as_deref() {
                    Some(COPY) => {}
                    Some(TICK) => {
                        let tick: Tick = serde_json::from_slice(&stored.value).unwrap();
                        let told = serde_json::to_vec(&Passed::new(tick.t)).unwrap();
                        part.write(log, partition, passed, &told);
                        continue;
                    }
                    _ => continue,
                }
                let copy: Copy = serde_json::from_slice(&stored.value).unwrap();
                if part.copy.is_some() && copy.prev_ctl != part.copy {
                    continue;
                }
                part.copy = Some(copy.ctl);
                if let Act::SealDecided(decided) = &copy.act
                    && part.judged.insert(decided.round)
                {
                    let mut share = share(decided, &copy, stored.offset, partition);
                    if self.best_leaves && partition == 0 {
                        leave(&mut share);
                    }
                    let share = serde_json::to_vec(&share).unwrap();
                    part.write(log, partition, passed, &share);
                }
            }
        }
    }

    fn claim(&mut self, log: &MemoryLog) {
        if self.heard == log.end_offset(CONTROL, 0).unwrap() {
            return;
        }
        for stored in log.read_all(CONTROL, 0).unwrap() {
            if stored.offset < self.heard {
                continue;
            }
            self.heard = stored.offset + 1;
            let Ok(Act::Award(act)) = serde_json::from_slice(&stored.value) else {
                continue;
            };
            if act.state == UnitState::Awarded && self.claimed.insert((act.award, act.attempt)) {
                let partition = u32::from(act.code.0[0]);
                let message = message(&act, self.claimed.len());
                let at = accept(log, partition, &serde_json::to_string(&message).unwrap());
                let part = &mut self.parts[usize::try_from(partition).unwrap()];
                let claim = serde_json::to_vec(&claim(&act, &message)).unwrap();
                part.write(log, partition, at, &claim);
            }
        }
    }
}

impl Part {
    fn write(&mut self, log: &MemoryLog, partition: u32, at: u64, output: &[u8]) {
        let pos = Position(at, 0);
        let link = Link {
            pos,
            prev: self.written.replace(pos),
            step: 1,
        };
        let mut value = Vec::new();
        splice(&link, output, &mut value);
        log.push(RESULTS, partition, "", value).unwrap();
    }
}

/// Appends to `accepted`; where it stands there.
fn accept(log: &MemoryLog, partition: u32, value: &str) -> u64 {
    log.push(ACCEPTED, partition, "", value.to_owned()).unwrap()
}

/// What every winner writes.
pub(crate) const WORDS: &str = "领奖 某某 13800000000 某市某路1号";

/// The message by which the winner of an award claims it.
pub(crate) fn message(act: &AwardAct, number: usize) -> Envelope<'static> {
    Envelope {
        r#type: MESSAGE.into(),
        v: SCHEMA_VERSION,
        account: "mi".into(),
        from: format!("o{}", act.code.0[0]).into(),
        to: "gh_0".into(),
        create_time: act.at,
        kind: "text".into(),
        msg_id: number.to_string().into(),
        event: "".into(),
        event_key: "".into(),
        menu_id: "".into(),
        recv_us: 0,
        node: None,
        boot: None,
        seq: None,
        key: Some(Hex([u8::try_from(number).unwrap(); 16])),
        digest: None,
        retry: false,
        content: Content {
            text: WORDS.into(),
            ..Content::default()
        },
        reply: Reply::nothing(0),
        reason: "".into(),
        body: "".into(),
        body_b64: "".into(),
    }
}

fn claim(act: &AwardAct, message: &Envelope<'_>) -> Claim {
    Claim {
        r#type: CLAIM.to_owned(),
        v: SCHEMA_VERSION,
        campaign: act.campaign.clone(),
        code: act.code,
        key: message.key.unwrap(),
        create_time: message.create_time,
        tick: act.at,
    }
}

/// One fan in each partition, right in every round; the one of partition 0 is a second faster.
fn share(decided: &SealDecided, copy: &Copy, cut: u64, partition: u32) -> Share {
    let seconds = u64::from(partition) + 1;
    let at = decided.open + i64::from(partition) + 1;
    let mut standings = String::new();
    Standing {
        code: EntrantCode([u8::try_from(partition).unwrap(); 16]),
        joined: Some(at),
        answered: 1,
        correct: 1,
        first: at,
        at,
        elapsed: seconds,
        points: 1_000 - seconds,
        value: Cow::Borrowed("A"),
        bar: None,
    }
    .write_line(&mut standings);
    Share {
        r#type: SHARE.to_owned(),
        v: SCHEMA_VERSION,
        campaign: decided.campaign.clone(),
        round: decided.round,
        ctl: copy.ctl,
        cut,
        chunk: 0,
        of: 1,
        standings,
        barred: String::new(),
    }
}

/// The fan of a share is the best in the first round, and gone in every other.
fn leave(share: &mut Share) {
    if share.round == 1 {
        share.standings = share.standings.replace("\"points\":999", "\"points\":9999");
        return;
    }
    let mut barred = Barred::default();
    barred.add(EntrantCode([0; 16]), Bar::NotFollowing);
    (share.standings, share.barred) = (String::new(), barred.lines().collect());
}
