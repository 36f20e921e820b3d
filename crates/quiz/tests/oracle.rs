//! The shares of quiz against the standings of surge's oracle, which shares no code with them: every kind of
//! question, every policy, hostile texts, any order of arrival, re-deliveries, seals in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use campaign::Campaign;
use contest::Field;
use proptest::prelude::*;
use quiz::Recount;
use record::acts::{Act, CampaignAct};
use record::chain::{Link, Position, splice};
use record::envelope::{Content, Envelope, MESSAGE, Reply};
use record::hexed::Hex;
use record::identity::{self, MsgId};
use record::inband::Copy;
use record::rounds::SealDecided;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use surge::oracle::{Cuts, Delivery, Judge, Place, standings};
use surge::recording::{Part, Row};
use wechat::Inbound;

/// 2013-04-09 06:00:00 UTC.
const T: i64 = 1_365_487_200;
/// A round opens every so many seconds, and is open for [`OPEN`].
const EVERY: i64 = 200;
const OPEN: i64 = 60;
const PARTITIONS: u32 = 3;
const FANS: [&str; 5] = ["oF", "oG", "oH", "oJ", "oK"];

/// The questions, one round each.
const QUESTIONS: [&str; 7] = [
    "kind = \"single\"\noptions = { A = \"红米\", B = \"小米盒子\", C = \"米聊\", D = \"雷军\" }\nkey = [\"A\"]",
    "kind = \"multi\"\noptions = { A = \"米兔\", B = \"路由器\", C = \"键盘\", D = \"飞机\" }\nkey = [\"A\", \"B\"]",
    "kind = \"numeric\"\nkey = [1999, \"0.5\"]\ntolerance = \"0.5\"\nunits = [\"元\", \"块钱\"]",
    "kind = \"text\"\nkey = [\"小米手机\", \"Xiaomi Phone\"]\ncontains = true\nforgive_one = true",
    "kind = \"ordering\"\noptions = { A = \"红色\", B = \"青春\", C = \"标准\" }\nkey = [\"CBA\"]",
    "kind = \"poll\"\noptions = { A = \"手表\", B = \"平板\", C = \"音箱\" }",
    "kind = \"single\"\noptions = { A = \"1\", B = \"2\", C = \"3\" }\nkey = [\"A\", \"C\"]\naccept_voice = true",
];

const TEXTS: [&str; 66] = [
    "A",
    "a",
    "Ａ",
    "A。",
    "选B",
    "答案A",
    "我选c",
    "（Ｃ）",
    "AAAA",
    "选aaaa",
    "1",
    "2",
    "３",
    "一",
    "红米",
    "A红米",
    "a 小米盒子",
    "1红米",
    "紅米",
    "第1题A",
    "第2题AB",
    "q5cba",
    "9a",
    "3d",
    "AB",
    "A,B",
    "b和A",
    "A或B",
    "BA",
    "1 2",
    "1，2",
    "12",
    "1、2",
    "CBA",
    "c-b-a",
    "C B A",
    "321",
    "3-2-1",
    "ABAC",
    "E",
    "1999",
    "1999元",
    "一千九百九十九",
    "一千九百九十九块钱",
    "1,999.00",
    "１９９９．４",
    "-1",
    "0.75",
    "1 999",
    "1999 1998",
    "小米手机",
    "小米手机！",
    "我猜小米手机吧",
    "xiaomi phon",
    "XIAOMI  phone",
    "xiaomiphone2x",
    "大米",
    "小米",
    "GO",
    "g o",
    "报名",
    "怎么没反应",
    "/:8-)",
    "\u{200b}A\u{200f}",
    "A]]>",
    "\u{fdfa}",
];

/// Pieces that texts are glued of: what can interact.
const PIECES: [&str; 30] = [
    "A", "b", "Ｃ", "1", "２", "9", "第", "题", "題", "选", "答案", "是", "吧", "项", "元", "一",
    "百", "二", "十", "千", "万", ".", "，", " ", "-", "红米", "小米", "GO", "/:8-)", "?",
];

#[derive(Debug, Clone)]
struct Sent {
    fan: usize,
    at: i64,
    id: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Text(String),
    Voice(String),
    Menu(&'static str),
    Image,
    Subscribe,
    Unsubscribe,
}

/// What the campaigns differ in.
#[derive(Debug, Clone)]
struct Rules {
    join: &'static str,
    policy: &'static str,
    eligible: &'static str,
    among: &'static str,
    speed: bool,
}

fn rules() -> impl Strategy<Value = Rules> {
    let join = prop::sample::select(vec![
        "policy = \"none\"",
        "policy = \"campaign\"\nimplicit = true",
        "policy = \"campaign\"\nimplicit = false",
        "policy = \"round\"\nimplicit = true",
        "policy = \"round\"\nimplicit = false",
    ]);
    let policy = prop::sample::select(vec![
        "policy = \"first\"",
        "policy = \"last\"",
        "policy = \"best_of\"\ntries = 2",
        "policy = \"best_of\"\ntries = 10",
    ]);
    let eligible = prop::sample::select(vec![
        "must_follow = false",
        "must_follow = true\nexclude = [\"oF\"]",
        "must_follow = true\nfollowed_before = 2013-04-09T06:01:00Z",
    ]);
    let among = prop::sample::select(vec!["answered", "joined"]);
    (join, policy, eligible, among, any::<bool>()).prop_map(
        |(join, policy, eligible, among, speed)| Rules {
            join,
            policy,
            eligible,
            among,
            speed,
        },
    )
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    // Around the edges of every round, so that seconds collide.
    let at = (
        0..QUESTIONS.len(),
        prop_oneof![-3..6_i64, 50..66_i64, -70..130_i64],
    );
    let at = at.prop_map(|(round, after)| T + EVERY * i64::try_from(round).unwrap() + after);
    let glued = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 1..5);
    let text = prop_oneof![
        6 => prop::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
        3 => glued.prop_map(|pieces| pieces.concat()),
    ];
    let what = prop_oneof![
        20 => text.clone().prop_map(What::Text),
        2 => text.prop_map(What::Voice),
        1 => prop::sample::select(vec!["m1", "m7", "m0", "words"]).prop_map(What::Menu),
        1 => Just(What::Image),
        1 => Just(What::Subscribe),
        1 => Just(What::Unsubscribe),
    ];
    let one = (0..FANS.len(), at, 1..40_u64, what);
    let one = one.prop_map(|(fan, at, id, what)| Sent { fan, at, id, what });
    prop::collection::vec(one, 1..120)
}

fn utc(second: i64) -> String {
    let rest = second - T + 6 * 3600;
    format!(
        "2013-04-09T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

fn toml(rules: &Rules) -> String {
    let Rules {
        join,
        policy,
        eligible,
        among,
        speed,
    } = rules;
    let mut toml = format!(
        "id = \"fest\"\ntitle = \"t\"\naccount = \"mi\"\nterms = \"t\"\nstart = {}\nend = {}\n[join]\n{join}\n\
         [eligible]\n{eligible}\n[score]\nspeed = {speed}\n[draw]\nlevel = \"L1\"\nsalt = \"demo-salt\"\n\
         [[prize]]\nid = \"p\"\ntitle = \"p\"\nvalue_yuan = 9\nunits = 99\n\
         [[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"draw\"\nn = 1\namong = \"{among}\"\n",
        utc(T - 600),
        utc(T + 7200)
    );
    for (place, question) in (0..).zip(QUESTIONS) {
        let open = T + EVERY * place;
        write!(
            toml,
            "[[round]]\nnumber = {}\nopen = {}\nclose = {}\n[round.question]\ntext = \"?\"\n{question}\n{policy}\n",
            place + 1,
            utc(open),
            utc(open + OPEN)
        )
        .unwrap();
    }
    toml.push_str(
        "[[menu]]\nid = \"m1\"\nround = 1\nanswer = \"B\"\n\
         [[menu]]\nid = \"m7\"\nround = 7\nanswer = \"B\"\n\
         [[menu]]\nid = \"words\"\ntemplates = [\"t\"]\n[slots]\n",
    );
    for (slot, _, _) in campaign::Slot::ALL {
        writeln!(toml, "{slot} = \"t\"").unwrap();
    }
    toml.push_str("[templates]\nt = \"收到\"\n");
    toml
}

fn body(sent: &Sent) -> String {
    let cdata = |text: &str| format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
    let content = match &sent.what {
        What::Text(text) => {
            format!("<MsgType>text</MsgType><Content>{}</Content>", cdata(text))
        }
        What::Voice(words) => format!(
            "<MsgType>voice</MsgType><Recognition>{}</Recognition>",
            cdata(words)
        ),
        What::Menu(id) => {
            format!("<MsgType>text</MsgType><Content>A</Content><bizmsgmenuid>{id}</bizmsgmenuid>")
        }
        What::Image => "<MsgType>image</MsgType>".to_owned(),
        What::Subscribe => "<MsgType>event</MsgType><Event>subscribe</Event>".to_owned(),
        What::Unsubscribe => "<MsgType>event</MsgType><Event>unsubscribe</Event>".to_owned(),
    };
    let (fan, at) = (FANS[sent.fan], sent.at);
    format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>{fan}</FromUserName><CreateTime>{at}</CreateTime>\
         {content}<MsgId>{}</MsgId></xml>",
        sent.id
    )
}

/// What dedup passes on of a body, as ingress reads it.
fn accepted(body: &str) -> Vec<u8> {
    let read = Inbound::parse(body.as_bytes()).unwrap();
    let digest = identity::content_digest(read.leaves());
    let (event, msg_id) = (
        read.event().unwrap_or(""),
        read.msg_id.as_deref().unwrap_or(""),
    );
    let key = match read.msg_id.as_deref() {
        Some(id) => identity::message_key("mi", &read.from, MsgId::parse(id)),
        None => identity::event_key("mi", &read.from, read.create_time, event, "", &digest),
    };
    let envelope = Envelope {
        r#type: MESSAGE.into(),
        v: 1,
        account: "mi".into(),
        from: read.from.as_str().into(),
        to: "gh_1".into(),
        create_time: read.create_time,
        kind: read.msg_type.as_str().into(),
        msg_id: msg_id.into(),
        event: event.into(),
        event_key: read.event_key().unwrap_or("").into(),
        menu_id: read.menu_id().unwrap_or("").into(),
        recv_us: 1,
        node: None,
        boot: None,
        seq: None,
        key: Some(key),
        digest: Some(digest),
        retry: false,
        content: Content {
            text: read.text().unwrap_or("").into(),
            recognition: read.recognition().unwrap_or("").into(),
            ..Content::default()
        },
        reply: Reply::nothing(0),
        reason: "".into(),
        body: "".into(),
        body_b64: "".into(),
    };
    serde_json::to_vec(&envelope).unwrap()
}

fn published(toml: &str) -> Vec<u8> {
    let act = CampaignAct {
        v: 1,
        id: "fest".into(),
        account: "mi".into(),
        version: 1,
        expect_version: 0,
        sha256: Hex(Sha256::digest(toml).into()),
        toml: toml.to_owned(),
        effective: 0,
        actor: "ann".into(),
        reason: "test".into(),
    };
    serde_json::to_vec(&Copy::new(0, None, Act::Campaign(act))).unwrap()
}

/// The copy of a round's decision at an offset of `inbound`.
fn sealed(toml: &str, round: u16, offset: u64) -> Vec<u8> {
    let open = T + EVERY * i64::from(round - 1);
    let act = Act::SealDecided(SealDecided {
        v: 1,
        campaign: "fest".into(),
        round,
        req: u64::from(round),
        version: 1,
        sha256: Hex(Sha256::digest(toml).into()),
        open,
        close: open + OPEN,
        members: vec![],
        missing: vec![],
        at: open + OPEN + 36,
    });
    let ctl = u64::from(round);
    let copy = serde_json::to_vec(&Copy::new(ctl, Some(ctl - 1), act)).unwrap();
    let pos = Position(offset, 0);
    let mut value = Vec::new();
    splice(
        &Link {
            pos,
            prev: None,
            step: 1,
        },
        &copy,
        &mut value,
    );
    value
}

/// Each message once, in an order of its own: dedup has done its work, of two with one id the first stands.
fn arrival(sent: &[Sent], keys: &[u32]) -> Vec<Sent> {
    let mut keyed: Vec<_> = sent.iter().zip(keys).collect();
    keyed.sort_by_key(|(_, key)| **key);
    let mut seen = std::collections::BTreeSet::new();
    let is_event = |s: &Sent| matches!(s.what, What::Subscribe | What::Unsubscribe);
    let new = |s: &&Sent| is_event(s) || seen.insert((s.fan, s.id));
    let each = keyed.into_iter().map(|(sent, _)| sent).cloned();
    each.collect::<Vec<_>>()
        .iter()
        .filter(new)
        .cloned()
        .collect()
}

/// What counts of each text alone, sent by a fan of its own into every round, by quiz and by the oracle.
fn alone(texts: &[String]) -> [String; 2] {
    let rules = Rules {
        join: "policy = \"none\"",
        policy: "policy = \"first\"",
        eligible: "must_follow = false",
        among: "answered",
        speed: false,
    };
    let toml = toml(&rules);
    let campaign = Campaign::parse(&toml).unwrap().0;
    let (mut recount, mut judge) = (Recount::new(), Judge::new(&campaign).unwrap());
    recount.take(0, &published(&toml)).unwrap();
    let rounds = 1..=u16::try_from(QUESTIONS.len()).unwrap();
    let mut of_code: BTreeMap<String, &str> = BTreeMap::new();
    for (text, id) in texts.iter().zip(1_u64..) {
        let openid = format!("o{id}");
        of_code.insert(standings::entrant_code("demo-salt", &openid), text);
        for round in rounds.clone() {
            let at = T + EVERY * i64::from(round - 1);
            let (fan, what) = (0, What::Text(text.clone()));
            let sent = Sent {
                fan,
                at,
                id: id * 10 + u64::from(round),
                what,
            };
            let body = body(&sent).replace(FANS[0], &openid);
            recount.take(0, &accepted(&body)).unwrap();
            let row = Row {
                at_us: 1,
                part: Part::Event,
                n: id,
                attempt: 1,
                body: body.into(),
            };
            judge.delivery(&Delivery::read(&row));
        }
    }
    for round in rounds.clone() {
        recount.take(0, &sealed(&toml, round, 1)).unwrap();
    }
    let named = |round: u16, lines: &str| -> String {
        let named = lines.lines().map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = of_code[value["code"].as_str().unwrap()];
            format!(
                "round {round}: {text:?} is {} {}\n",
                value["answer"], value["correct"]
            )
        });
        named.collect()
    };
    let (mut ours, mut theirs) = (String::new(), String::new());
    for round in rounds {
        let shares = recount
            .shares()
            .iter()
            .filter(|(_, share)| share.round == round);
        let lines: String = shares.map(|(_, share)| share.standings.as_str()).collect();
        ours.push_str(&named(round, &lines));
        theirs.push_str(&named(round, &standings::file(&judge.standings(round))));
    }
    [ours, theirs]
}

/// Every text, and pieces glued in twos and threes, is read alike by two grammars that have nothing in common.
#[test]
fn every_text_is_read_alike() {
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    for (one, first) in PIECES.iter().enumerate() {
        for (two, second) in PIECES.iter().enumerate() {
            texts.push(format!("{first}{second}"));
            let third = PIECES[(7 * one + 11 * two) % PIECES.len()];
            texts.push(format!("{first}{second}{third}"));
            texts.push(format!("{third}{first}{second}{first}"));
        }
    }
    let [ours, theirs] = alone(&texts);
    let lines = |text: &str| -> std::collections::BTreeSet<String> {
        text.lines().map(str::to_owned).collect()
    };
    let (ours, theirs) = (lines(&ours), lines(&theirs));
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "only by quiz: {only_ours:#?}\nonly by the oracle: {only_theirs:#?}"
    );
    assert!(ours.len() > 1000, "{}", ours.len());
}

fn partition_of(fan: usize) -> u32 {
    u32::try_from(fan).unwrap() % PARTITIONS
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    /// V-3, V-4 and every rule of the standings, by two computations that have nothing in common.
    #[test]
    fn shares_are_the_standings_of_the_oracle(
        rules in rules(),
        sent in sent(),
        keys in prop::collection::vec(any::<u32>(), 120),
        early in prop::collection::vec(prop::option::weighted(0.2, 0..120_usize), QUESTIONS.len()),
    ) {
        let toml = toml(&rules);
        let campaign = Campaign::parse(&toml).unwrap().0;
        let arrived = arrival(&sent, &keys);
        let mut recount = Recount::new();
        let mut cuts = Cuts::default();
        let mut judge = Judge::new(&campaign).unwrap();
        let mut due: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        // Seals stand in the order of rounds; some before all has come.
        let mut at = 0;
        for (round, early) in (1..).zip(&early) {
            at = early.map_or(arrived.len(), |early| early.min(arrived.len())).max(at);
            due.entry(at).or_default().push(round);
        }
        for partition in 0..PARTITIONS {
            recount.take(partition, &published(&toml)).unwrap();
        }
        for (place, offset) in (0..=arrived.len()).zip(1_u64..) {
            for round in due.get(&place).into_iter().flatten() {
                for partition in 0..PARTITIONS {
                    recount.take(partition, &sealed(&toml, *round, offset)).unwrap();
                    cuts.rounds.entry(*round).or_default().insert(partition, offset);
                }
            }
            let Some(sent) = arrived.get(place) else { break };
            let (body, partition) = (body(sent), partition_of(sent.fan));
            recount.take(partition, &accepted(&body)).unwrap();
            // Delivered twice: the oracle reads what the platform sends.
            for attempt in 1..=2 {
                let row = Row { at_us: 1, part: Part::Event, n: offset, attempt, body: body.as_str().into() };
                judge.delivery_at(&Delivery::read(&row), Place { partition, offset });
            }
        }
        let judge = judge.with_cuts(cuts);
        for round in 1..=u16::try_from(QUESTIONS.len()).unwrap() {
            let shares = recount.shares().iter().filter(|(_, share)| share.round == round);
            let lines: String = shares.map(|(_, share)| share.standings.as_str()).collect();
            let field = Field::parse(&lines).unwrap();
            let standings = judge.standings(round);
            prop_assert_eq!(standings::file(&standings), field.lines(), "round {}", round);
            prop_assert_eq!(standings::list(&standings), field.list());
        }
    }
}
