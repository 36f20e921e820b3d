//! A campaign with every kind of question, what fans send to it, and the records that it makes.

use proptest::prelude::*;
use record::acts::{Act, CampaignAct};
use record::chain::{Link, Position, splice};
use record::envelope::{Content, Envelope, MESSAGE, Reply};
use record::hexed::Hex;
use record::identity::{self, MsgId};
use record::inband::Copy;
use record::rounds::SealDecided;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use wechat::Inbound;

/// 2013-04-09 06:00:00 UTC.
pub(crate) const T: i64 = 1_365_487_200;
/// A round opens every so many seconds, and is open for [`OPEN`].
pub(crate) const EVERY: i64 = 200;
pub(crate) const OPEN: i64 = 60;
pub(crate) const PARTITIONS: u32 = 3;
pub(crate) const FANS: [&str; 5] = ["oF", "oG", "oH", "oJ", "oK"];

/// The questions, one round each.
pub(crate) const QUESTIONS: [&str; 9] = [
    "kind = \"single\"\noptions = { A = \"红米\", B = \"小米盒子\", C = \"米聊\", D = \"雷军\" }\nkey = [\"A\"]",
    "kind = \"multi\"\noptions = { A = \"米兔\", B = \"路由器\", C = \"键盘\", D = \"飞机\" }\nkey = [\"A\", \"B\"]",
    "kind = \"numeric\"\nkey = [1999, \"0.5\"]\ntolerance = \"0.5\"\nunits = [\"元\", \"块钱\"]",
    "kind = \"text\"\nkey = [\"小米手机\", \"Xiaomi Phone\"]\ncontains = true\nforgive_one = true",
    "kind = \"ordering\"\noptions = { A = \"红色\", B = \"青春\", C = \"标准\" }\nkey = [\"CBA\"]",
    "kind = \"poll\"\noptions = { A = \"手表\", B = \"平板\", C = \"音箱\" }",
    "kind = \"single\"\noptions = { A = \"1\", B = \"2\", C = \"3\" }\nkey = [\"A\", \"C\"]\naccept_voice = true",
    "kind = \"single\"\noptions = { A = \"甲\", B = \"乙\", C = \"丙\", D = \"丁\", E = \"戊\", F = \"己\", G = \"庚\", H = \"辛\", I = \"壬\", J = \"癸\", K = \"子\" }\nkey = [\"J\"]",
    "kind = \"multi\"\noptions = { A = \"甲\", B = \"乙\", C = \"丙\", D = \"丁\", E = \"戊\", F = \"己\", G = \"庚\", H = \"辛\", I = \"壬\", J = \"癸\", K = \"子\" }\nkey = [\"A\", \"J\"]",
];

pub(crate) const TEXTS: [&str; 74] = [
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
    "10",
    "11",
    "十",
    "1010",
    "1,10",
    "1,234,",
    "〇〇七",
    "人工",
];

/// Pieces that texts are glued of: what can interact.
pub(crate) const PIECES: [&str; 35] = [
    "A", "b", "Ｃ", "1", "２", "9", "第", "题", "題", "选", "答案", "是", "吧", "项", "元", "一",
    "百", "二", "十", "千", "万", ".", "，", " ", "-", "红米", "小米", "GO", "/:8-)", "?", ",",
    "〇", "七", "0", "k",
];

#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) fan: usize,
    pub(crate) at: i64,
    pub(crate) id: u64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Text(String),
    Voice(String),
    Menu(&'static str),
    Click(&'static str),
    Image,
    Subscribe,
    Unsubscribe,
}

/// What the campaigns differ in.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) join: &'static str,
    pub(crate) policy: &'static str,
    pub(crate) eligible: &'static str,
    pub(crate) among: &'static str,
    pub(crate) speed: bool,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
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

pub(crate) fn sent() -> impl Strategy<Value = Vec<Sent>> {
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
        1 => prop::sample::select(vec!["m1", "m7", "m0", "words"]).prop_map(What::Click),
        1 => Just(What::Image),
        1 => Just(What::Subscribe),
        1 => Just(What::Unsubscribe),
    ];
    let one = (0..FANS.len(), at, 1..40_u64, what);
    let one = one.prop_map(|(fan, at, id, what)| Sent { fan, at, id, what });
    prop::collection::vec(one, 1..120)
}

pub(crate) fn utc(second: i64) -> String {
    let rest = second - T + 6 * 3600;
    format!(
        "2013-04-09T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

pub(crate) fn toml(rules: &Rules) -> String {
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
         [[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"draw\"\nn = 1\namong = \"{among}\"\n\
         [[award]]\nprize = \"p\"\nafter = \"last_round\"\nmode = \"top\"\nn = 2\n",
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
    toml.push_str(
        "[[rule]]\nid = \"people\"\nkeywords = [\"人工\", \"大米\"]\nmatch = \"exact\"\npreempt = true\n\
         kinds = [\"voice\"]\ntemplates = [\"t\"]\n",
    );
    toml.push_str("[templates]\nt = \"收到\"\n");
    toml
}

pub(crate) fn body(sent: &Sent) -> String {
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
        What::Click(key) => {
            format!("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>{key}</EventKey>")
        }
        What::Image => "<MsgType>image</MsgType>".to_owned(),
        What::Subscribe => "<MsgType>event</MsgType><Event>subscribe</Event>".to_owned(),
        What::Unsubscribe => "<MsgType>event</MsgType><Event>unsubscribe</Event>".to_owned(),
    };
    let (fan, at) = (FANS[sent.fan], sent.at);
    // The platform gives no id to a tap.
    let id = match &sent.what {
        What::Click(_) => String::new(),
        _ => format!("<MsgId>{}</MsgId>", sent.id),
    };
    format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>{fan}</FromUserName><CreateTime>{at}</CreateTime>\
         {content}{id}</xml>"
    )
}

/// What dedup passes on of a body, as ingress reads it.
pub(crate) fn accepted(body: &str) -> Vec<u8> {
    let read = Inbound::parse(body.as_bytes()).unwrap();
    let digest = identity::content_digest(read.leaves());
    let (event, msg_id) = (
        read.event().unwrap_or(""),
        read.msg_id.as_deref().unwrap_or(""),
    );
    let key = match read.msg_id.as_deref() {
        Some(id) => identity::message_key("mi", &read.from, MsgId::parse(id)),
        None => {
            let key = read.event_key().unwrap_or("");
            identity::event_key("mi", &read.from, read.create_time, event, key, &digest)
        }
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

pub(crate) fn published(toml: &str) -> Vec<u8> {
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
pub(crate) fn sealed(toml: &str, round: u16, offset: u64) -> Vec<u8> {
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
