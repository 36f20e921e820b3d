//! A node on the memory log with accounts in every mode, and what was recorded.

use crate::client::{self, Client};
use arc_swap::ArcSwap;
use control::operated::Killed;
use ingress::{AccountConfig, Deps, Ingress, IngressConfig};
use msglog::memory::MemoryLog;
use msglog::{Hedge, Log, Tier, TopicConfig};
use record::envelope::Envelope;
use record::hexed::Hex;
use record::identity::partition_of;
use record::operate::Ladder;
use record::topics::{CONTROL, INBOUND, PROGRESS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use telemetry::{Health, Registry};
use wechat::{Account, AesKey, Mode};

pub(crate) const PARTITIONS: u32 = 4;
pub(crate) const OURS: &str = "gh_3f9c1e7ab204";
const TOKEN: &str = "quizBurst2026Token";
const KEY: &str = "Zk3nB7tQw9XyLm2RsVc8HdJf5GpAe1UoIi4TbNxKz6M";
const PREVIOUS_KEY: &str = "qW8eR2tY5uI1oP7aS4dF9gH3jK6lZ0xC8vB2nM5qW1e";
/// What the account `loud` says when no campaign does.
pub(crate) const DEFAULT_REPLY: &str = "稍后见";

/// A running node.
pub(crate) struct Node {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) ingress: Ingress,
    pub(crate) registry: Registry,
    pub(crate) health: Health,
    pub(crate) snapshot: Arc<ArcSwap<control::Snapshot>>,
}

/// An account of this name as the platform knows it: `plain`, `compatible`, `safe`, `loud`.
pub(crate) fn account(name: &str) -> Account {
    let mode = match name {
        "safe" => Mode::Safe,
        "compatible" => Mode::Compatible,
        _ => Mode::Plain,
    };
    Account {
        name: name.to_owned(),
        app_id: "wx0a1b2c3d4e5f6071".to_owned(),
        original_id: OURS.to_owned(),
        token: TOKEN.to_owned(),
        key: Some(AesKey::parse(KEY).unwrap()),
        previous_key: Some(AesKey::parse(PREVIOUS_KEY).unwrap()),
        mode,
    }
}

/// The account as the platform knows it before the key was changed there.
pub(crate) fn account_with_previous_key(name: &str) -> Account {
    let mut account = account(name);
    account.key = account.previous_key.take();
    account
}

fn random(bytes: &mut [u8; 24]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&NEXT.fetch_add(0x9e37_79b9, Ordering::Relaxed).to_be_bytes());
    }
}

fn now_us() -> i64 {
    1_767_225_700_000_000
}

impl Node {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut IngressConfig)) -> Self {
        Self::start_hedged(change, |_| None)
    }

    /// A node with what is to stand around its log.
    pub(crate) fn start_hedged(
        change: impl FnOnce(&mut IngressConfig),
        hedge: impl FnOnce(&Arc<MemoryLog>) -> Option<Arc<Hedge>>,
    ) -> Self {
        let topic = |name: &str, partitions, tier| TopicConfig {
            name: name.to_owned(),
            partitions,
            retention: None,
            tier,
        };
        let log = MemoryLog::new(vec![
            topic(INBOUND, PARTITIONS, Tier::Ingress),
            topic(CONTROL, 1, Tier::Control),
            topic(PROGRESS, 1, Tier::Control),
        ]);
        Self::start_on(log, change, hedge)
    }

    /// A node on this log.
    pub(crate) fn start_on(
        log: Arc<MemoryLog>,
        change: impl FnOnce(&mut IngressConfig),
        hedge: impl FnOnce(&Arc<MemoryLog>) -> Option<Arc<Hedge>>,
    ) -> Self {
        let (registry, health) = (Registry::new(), Health::new());
        let snapshot = Arc::new(ArcSwap::from_pointee(control::Snapshot::default()));
        let mut config =
            IngressConfig::new("127.0.0.1:0".parse().unwrap(), Hex([1; 8]), Hex([2; 8]));
        config.threads = 2;
        config.quiet = Duration::from_millis(60);
        config.accounts = ["plain", "compatible", "safe", "loud"]
            .map(|name| AccountConfig {
                account: account(name),
                default_reply: if name == "plain" { "" } else { DEFAULT_REPLY }.to_owned(),
            })
            .to_vec();
        change(&mut config);
        let deps = Deps {
            log: Arc::clone(&log) as Arc<dyn Log>,
            hedge: hedge(&log),
            snapshot: Arc::clone(&snapshot),
            registry: registry.clone(),
            health: health.clone(),
            now_us,
            random,
        };
        let ingress = Ingress::start(&config, &deps).unwrap();
        Self {
            log,
            ingress,
            registry,
            health,
            snapshot,
        }
    }

    /// Puts these versions of the test's campaign in force for an account, with the CreateTime from
    /// which each speaks.
    pub(crate) fn publish(&self, account: &str, number: u64, effective: &[i64]) {
        self.publish_changed(account, number, effective, |_| ());
    }

    /// The same after a change that the file's own check may not allow.
    pub(crate) fn publish_changed(
        &self,
        account: &str,
        number: u64,
        effective: &[i64],
        change: fn(&mut campaign::Campaign),
    ) {
        let file = include_str!("campaign.toml");
        let versions = (1..).zip(effective).map(|(version, effective)| {
            let toml = file
                .replace("ACCOUNT", account)
                .replace("VERSION", &format!("v{version}"));
            let (mut campaign, _) = campaign::Campaign::parse(&toml).unwrap();
            change(&mut campaign);
            let (compiled, _) = contest::Compiled::new(campaign).unwrap();
            Arc::new(control::Published {
                id: compiled.campaign.id.clone(),
                version,
                ctl: u64::from(version),
                effective: *effective,
                sha256: record::identity::sha256(toml.as_bytes()),
                toml,
                compiled: Arc::new(compiled),
            })
        });
        let snapshot = control::Snapshot::new(number, [versions.collect()]);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The ladder stands at this step from now on.
    pub(crate) fn steps_on(&self, step: Ladder) {
        let snapshot = control::Snapshot::clone(&self.snapshot.load());
        let snapshot = snapshot.with_acts(step, &Killed::new());
        self.snapshot.store(Arc::new(snapshot));
    }

    /// This rule of the test's campaign is killed.
    pub(crate) fn kills(&self, number: u64, rule: &str) {
        let campaign = self.snapshot.load().newest().next().unwrap().id.clone();
        let killed = Killed::from([(campaign, [rule.to_owned()].into())]);
        let mut snapshot = control::Snapshot::clone(&self.snapshot.load());
        snapshot.number = number;
        let snapshot = snapshot.with_acts(Ladder::Normal, &killed);
        self.snapshot.store(Arc::new(snapshot));
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.ingress.addr())
    }

    /// Every recorded envelope as JSON text with its key, by partition and offset.
    pub(crate) fn raw_records(&self) -> Vec<(u32, Vec<u8>, String)> {
        (0..PARTITIONS)
            .flat_map(|partition| self.log.read_all(INBOUND, partition).unwrap())
            .map(|stored| {
                let value = String::from_utf8(stored.value.to_vec()).unwrap();
                (stored.partition, stored.key.to_vec(), value)
            })
            .collect()
    }

    /// Every recorded envelope; each stands in the partition of its fan under the key of its fan.
    pub(crate) fn records(&self) -> Vec<Envelope<'static>> {
        let records = self
            .raw_records()
            .into_iter()
            .map(|(partition, key, value)| {
                // Tests are short: the text may live as long as the process.
                let envelope: Envelope<'static> = serde_json::from_str(value.leak()).unwrap();
                assert_eq!(key, envelope.from.as_bytes());
                assert_eq!(partition, partition_of(&key, PARTITIONS));
                envelope
            });
        records.collect()
    }

    /// The only record.
    #[track_caller]
    pub(crate) fn record(&self) -> Envelope<'static> {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }

    /// Value of a metric's line, once its thread has handed it over.
    #[track_caller]
    pub(crate) fn metric_becomes(&self, name: &str, value: f64) {
        let current = || {
            let text = self.registry.render();
            let line = text
                .lines()
                .find(|line| line.strip_prefix(name).is_some_and(|r| r.starts_with(' ')));
            line.and_then(|line| line.rsplit_once(' '))
                .and_then(|(_, v)| v.parse::<f64>().ok())
        };
        eventually(
            || current() == Some(value),
            || format!("{name} is {:?}, not {value}", current()),
        );
    }

    #[track_caller]
    pub(crate) fn held_becomes(&self, count: usize) {
        let held = || self.log.held(INBOUND).unwrap();
        eventually(
            || held() == count,
            || format!("{} records are held, not {count}", held()),
        );
    }
}

/// Waits, at most ten seconds, until `done` holds.
#[track_caller]
pub(crate) fn eventually(done: impl Fn() -> bool, complaint: impl Fn() -> String) {
    let until = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < until, "{}", complaint());
        std::thread::yield_now();
    }
}

/// XML of a text message.
pub(crate) fn text(from: &str, create_time: i64, msg_id: u64, content: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{OURS}]]></ToUserName><FromUserName><![CDATA[{from}]]></FromUserName>\
         <CreateTime>{create_time}</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId></xml>"
    )
}

/// XML of an event.
pub(crate) fn event(from: &str, create_time: i64, event: &str, rest: &str) -> String {
    format!(
        "<xml><ToUserName>{OURS}</ToUserName><FromUserName>{from}</FromUserName>\
         <CreateTime>{create_time}</CreateTime><MsgType>event</MsgType><Event>{event}</Event>{rest}</xml>"
    )
}

/// A callback with this message, as the platform would send it to this account.
pub(crate) fn callback(account: &Account, xml: &str) -> Vec<u8> {
    let (query, body) = account.seal_request(xml, "1767225603", "1029384756", [7; 16]);
    client::post(&account.name, &query, body.as_bytes())
}

/// A signed query of a plain account.
pub(crate) fn signed() -> String {
    let signature = wechat::sign(TOKEN, "1767225603", "1029384756");
    format!("signature={signature}&timestamp=1767225603&nonce=1029384756")
}
