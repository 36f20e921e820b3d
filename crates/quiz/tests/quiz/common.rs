//! What the tests share: a campaign of three rounds, messages by their facts, and counted results.

use quiz::{Failure, Recount, Totals};
use record::acts::{Act, CampaignAct};
use record::envelope::{Content, Envelope, MESSAGE, Reply};
use record::hexed::Hex;
use record::identity::{self, MsgId};
use record::inband::{Copy, Tick};
use record::tally;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// 2013-04-09 14:00:00 in Beijing: the opening of round 1.
pub(crate) const T: i64 = 1_365_487_200;

/// Opening of a round: every ten minutes from [`T`]; each is open for five.
pub(crate) fn open(round: i64) -> i64 {
    T + 600 * (round - 1)
}

/// A campaign file by what the tests vary.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) id: &'static str,
    pub(crate) account: &'static str,
    pub(crate) start: i64,
    pub(crate) policy: &'static str,
    pub(crate) join: &'static str,
    pub(crate) kind: &'static str,
    /// None when it is empty.
    pub(crate) options: &'static str,
    pub(crate) key: &'static str,
    /// Tables that stand behind the rounds.
    pub(crate) tables: &'static str,
    /// Number, open, close.
    pub(crate) rounds: Vec<(u16, i64, i64)>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            id: "fest",
            account: "mi",
            start: T - 600,
            policy: "policy = \"first\"",
            join: "policy = \"campaign\"\nimplicit = true",
            kind: "single",
            options: "{ A = \"红米\", B = \"小米盒子\", C = \"米聊\", D = \"雷军\" }",
            key: "[\"A\"]",
            tables: "",
            rounds: (1..=3)
                .map(|n| (u16::try_from(n).unwrap(), open(n), open(n) + 300))
                .collect(),
        }
    }
}

fn utc(seconds: i64) -> String {
    let day = 15_804 * 86_400;
    let rest = seconds - day;
    assert!((0..86_400).contains(&rest), "the tests play on 2013-04-09");
    format!(
        "2013-04-09T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

impl Spec {
    pub(crate) fn toml(&self) -> String {
        let Self {
            id,
            account,
            join,
            policy,
            options,
            kind,
            key,
            ..
        } = self;
        let options = match *options {
            "" => String::new(),
            options => format!("options = {options}\n"),
        };
        let (start, end) = (utc(self.start), utc(self.start + 7_800));
        let mut toml = format!(
            "id = \"{id}\"\ntitle = \"t\"\naccount = \"{account}\"\nterms = \"t\"\nstart = {start}\nend = {end}\n[join]\n{join}\nkeywords = [\"go\"]\n"
        );
        for (number, open, close) in &self.rounds {
            let (open, close) = (utc(*open), utc(*close));
            write!(
                toml,
                "[[round]]\nnumber = {number}\nopen = {open}\nclose = {close}\n[round.question]\ntext = \"?\"\nkind = \"{kind}\"\n{options}key = {key}\n{policy}\n"
            )
            .unwrap();
        }
        toml.push_str(self.tables);
        toml.push_str("\n[slots]\n");
        for (slot, _, _) in campaign::Slot::ALL {
            writeln!(toml, "{slot} = \"t\"").unwrap();
        }
        toml.push_str("[templates]\nt = \"收到\"\n");
        toml
    }

    pub(crate) fn act(&self, version: u32) -> CampaignAct {
        let toml = self.toml();
        CampaignAct {
            v: 1,
            id: self.id.into(),
            account: self.account.into(),
            version,
            expect_version: version - 1,
            sha256: Hex(Sha256::digest(&toml).into()),
            toml,
            effective: 0,
            actor: "ann".into(),
            reason: "test".into(),
        }
    }

    pub(crate) fn copy(&self, version: u32, ctl: u64, prev_ctl: Option<u64>) -> Vec<u8> {
        let copy = Copy::new(ctl, prev_ctl, Act::Campaign(self.act(version)));
        serde_json::to_vec(&copy).unwrap()
    }
}

/// A text message.
pub(crate) fn said(fan: &str, create_time: i64, msg_id: u64, text: &str) -> Vec<u8> {
    message(fan, create_time, &msg_id.to_string(), text)
}

/// A text message with a MsgId in any spelling.
pub(crate) fn message(fan: &str, create_time: i64, msg_id: &str, text: &str) -> Vec<u8> {
    bytes(&envelope(fan, create_time, msg_id, text))
}

/// An event of a fan: it has no MsgId.
pub(crate) fn event(fan: &str, create_time: i64, name: &str) -> Vec<u8> {
    let key = identity::message_key("mi", fan, MsgId::parse(name));
    bytes(&Envelope {
        kind: "event".into(),
        event: name.to_owned().into(),
        key: Some(key),
        ..envelope(fan, create_time, "", "")
    })
}

pub(crate) fn bytes(envelope: &Envelope<'_>) -> Vec<u8> {
    serde_json::to_vec(envelope).unwrap()
}

/// A text message, to be made something else.
pub(crate) fn envelope(fan: &str, create_time: i64, msg_id: &str, text: &str) -> Envelope<'static> {
    Envelope {
        r#type: MESSAGE.into(),
        v: 1,
        account: "mi".into(),
        from: fan.to_owned().into(),
        to: "gh_0".into(),
        create_time,
        kind: "text".into(),
        msg_id: msg_id.to_owned().into(),
        event: "".into(),
        event_key: "".into(),
        menu_id: "".into(),
        recv_us: create_time * 1_000_000,
        node: None,
        boot: None,
        seq: None,
        key: Some(identity::message_key("mi", fan, MsgId::parse(msg_id))),
        digest: Some(Hex([0; 32])),
        retry: false,
        content: Content {
            text: text.to_owned().into(),
            ..Content::default()
        },
        reply: Reply::nothing(0),
        reason: "".into(),
        body: "".into(),
        body_b64: "".into(),
    }
}

pub(crate) fn tick(t: i64) -> Vec<u8> {
    serde_json::to_vec(&Tick::new(t)).unwrap()
}

/// A recount into which a first version and these records were fed, in partition 0.
pub(crate) fn counted(spec: &Spec, records: impl IntoIterator<Item = Vec<u8>>) -> Recount {
    let mut recount = Recount::new();
    recount.take(0, &spec.copy(1, 0, None)).unwrap();
    feed(&mut recount, records);
    recount
}

pub(crate) fn feed(recount: &mut Recount, records: impl IntoIterator<Item = Vec<u8>>) {
    for value in records {
        recount.take(0, &value).unwrap();
    }
}

/// Why a record is refused.
pub(crate) fn refusal(recount: &mut Recount, value: &[u8]) -> &'static str {
    match recount.take(0, value) {
        Err(Failure::Reject { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Totals of a round of the campaign `fest`; zeros when nothing is known of it.
pub(crate) fn totals(recount: &Recount, round: Option<u16>) -> Totals {
    recount
        .totals()
        .remove(&("fest".to_owned(), round))
        .unwrap_or_default()
}

/// Lines of the digest without their newline, sorted, with tabs as spaces; checked against the totals.
pub(crate) fn lines(recount: &mut Recount) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sum = 0_u128;
    recount
        .lines(|_, _, line| {
            sum = sum.wrapping_add(tally::line_hash(&line));
            lines.push(line.trim_end().replace('\t', " "));
        })
        .unwrap();
    let totals = recount.totals();
    let digest = totals
        .values()
        .fold(0_u128, |sum, totals| sum.wrapping_add(totals.digest));
    assert_eq!(sum, digest, "the digest was not kept up");
    let counted: u64 = totals.values().map(|totals| totals.lines).sum();
    assert_eq!(counted, lines.len() as u64);
    for totals in totals.values() {
        let named: u64 = totals.answers.values().sum();
        assert_eq!(named + totals.others, totals.lines, "{totals:?}");
    }
    lines.sort();
    lines
}

/// A line as [`lines`] shows it.
pub(crate) fn line(round: u16, fan: &str, answer: &str, create_time: i64, msg_id: u64) -> String {
    format!("{round} {fan} {answer} {create_time} {msg_id}")
}
