//! Bounded fuzzing with a fixed seed: whatever the bytes, each parser returns, and what is returned
//! keeps its promises. Never here: single cases, which stand beside what they test.

use crate::replies::read;
use crate::vectors::{account, each, text};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use std::borrow::Cow;
use wechat::{
    Account, AesKey, Answer, Article, DEPTH_MAX, ELEMENTS_MAX, FROM_BYTES_MAX, Inbound, Mode,
    OpenError, Query, Reply, Seal, WhichKey, clean, decrypt, encrypt, parse_reply,
};

/// The same cases in every run; half a second in all.
fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_130_409),
        failure_persistence: None,
        ..Config::default()
    }
}

/// Samples to start from: valid bodies, malformed ones, and envelopes.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    each("inbound_xml", |_, vector| {
        seeds.push(text(vector, "xml").as_bytes().to_vec())
    });
    each("malformed_bodies", |_, vector| {
        seeds.push(text(vector, "body").as_bytes().to_vec())
    });
    each("reply_envelope_xml", |_, vector| {
        seeds.push(text(vector, "xml").as_bytes().to_vec())
    });
    each("passive_replies", |_, vector| {
        seeds.push(text(vector, "xml").as_bytes().to_vec())
    });
    seeds
}

/// Pieces that mean something to a reader of XML.
const PIECES: [&str; 24] = [
    "<",
    ">",
    "</",
    "/>",
    "<xml>",
    "</xml>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "&",
    ";",
    "&#",
    "&#x0;",
    "&amp;",
    "<!DOCTYPE",
    "<!",
    "\0",
    "\u{fffe}",
    "<List>",
    "</List>",
    "<MsgId>",
];

/// One change to a body: at a place, replace some bytes by a piece or by bytes of any kind.
#[derive(Debug, Clone)]
struct Change {
    at: prop::sample::Index,
    removed: usize,
    inserted: Vec<u8>,
}

fn change() -> impl Strategy<Value = Change> {
    // Mostly characters: what is not UTF-8 is refused before anything else is looked at.
    let inserted = prop_oneof![
        6 => prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        6 => "\\PC{0,3}".prop_map(String::into_bytes),
        4 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    (any::<prop::sample::Index>(), 0_usize..6, inserted).prop_map(|(at, removed, inserted)| {
        Change {
            at,
            removed,
            inserted,
        }
    })
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    (
        prop::sample::select(seeds()),
        prop::collection::vec(change(), 0..6),
    )
        .prop_map(|(mut body, changes)| {
            for change in changes {
                let at = change.at.index(body.len() + 1);
                let end = (at + change.removed).min(body.len());
                body.splice(at..end, change.inserted);
            }
            body
        })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let soup = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)
        .prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![8 => mutated(), 1 => prop::collection::vec(any::<u8>(), 0..300), 1 => soup]
}

/// What holds of every message that was read.
fn assert_sound(read: &Inbound) {
    assert!(!read.from.is_empty() && read.from.len() <= FROM_BYTES_MAX);
    assert!(!read.from.contains(char::is_whitespace) && !read.from.contains('\0'));
    assert!((0..=wechat::CREATE_TIME_MAX).contains(&read.create_time));
    assert!(!read.msg_type.is_empty());
    assert!(!read.is_event() || read.msg_id.is_none());
    assert!(read.msg_id.as_deref() != Some(""));
    // Each element yields one leaf at most.
    assert!(read.leaves().len() < usize::try_from(ELEMENTS_MAX).unwrap());
    for (path, value) in read.leaves() {
        assert!(
            !path.is_empty() && path.split('/').count() < DEPTH_MAX,
            "{path}"
        );
        assert!(path.split('/').all(|name| !name.is_empty()), "{path}");
        assert!(!path.contains('\0'), "{path}");
        // A reference may stand for a lone carriage return; nothing else needs cleaning.
        assert_eq!(clean(&value.replace('\r', "")), value.replace('\r', ""));
    }
}

/// A message written from leaves: one level, any text.
fn written(fields: &[(String, String)]) -> String {
    let mut xml = "<xml>".to_owned();
    for (name, value) in fields {
        wechat::push_element(&mut xml, name, value);
    }
    xml + "</xml>"
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\]>&;<a\r\n\u{0}\u{8}\u{fffe}]{0,12}",
        prop::collection::vec(prop::sample::select(&PIECES[..]), 0..6).prop_map(|p| p.concat()),
    ]
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let optional = || prop::option::of(any_text());
    let article = (any_text(), any_text(), any_text(), any_text()).prop_map(
        |(title, description, pic_url, url)| Article {
            title,
            description,
            pic_url,
            url,
        },
    );
    prop_oneof![
        4 => any_text().prop_map(Reply::Text),
        1 => any_text().prop_map(|media_id| Reply::Image { media_id }),
        1 => any_text().prop_map(|media_id| Reply::Voice { media_id }),
        1 => (any_text(), optional(), optional())
            .prop_map(|(media_id, title, description)| Reply::Video { media_id, title, description }),
        1 => (optional(), optional(), optional(), optional(), any_text()).prop_map(
            |(title, description, music_url, hq_music_url, thumb_media_id)| Reply::Music {
                title, description, music_url, hq_music_url, thumb_media_id
            }),
        1 => prop::collection::vec(article, 0..10).prop_map(Reply::News),
        1 => optional().prop_map(|kf_account| Reply::TransferCustomerService { kf_account }),
    ]
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn any_body_is_a_message_or_a_reason(body in body()) {
        match Inbound::parse(&body) {
            Ok(read) => {
                assert_sound(&read);
                let text = std::str::from_utf8(&body).unwrap();
                prop_assert_eq!(Inbound::parse_text(text), Ok(read.clone()));
                prop_assert_eq!(Inbound::parse(&body), Ok(read));
            }
            Err(error) => prop_assert!(!error.reason().is_empty()),
        }
    }

    #[test]
    fn any_answer_is_read_or_refused(body in body()) {
        for mode in [Mode::Plain, Mode::Safe] {
            if let Ok(Answer::Reply(reply)) = parse_reply(&account(mode), &body) {
                prop_assert!(!reply.to().is_empty() && !reply.from().is_empty());
                prop_assert!(reply.create_time().is_some());
            }
        }
    }

    #[test]
    fn any_delivery_without_a_signature_is_refused(query in "\\PC{0,80}", body in body()) {
        for mode in [Mode::Plain, Mode::Compatible, Mode::Safe] {
            let account = account(mode);
            for query in [query.clone(), format!("timestamp=1&nonce=2&encrypt_type=aes&{query}")] {
                let opened = account.open(&Query::parse(&query), &body);
                prop_assert!(matches!(opened, Err(OpenError::Refused(_))), "{:?}", opened);
                prop_assert!(account.verify_url(&Query::parse(&query)).is_err());
            }
        }
    }

    #[test]
    fn any_text_survives_a_query(
        values in prop::array::uniform4(any::<String>()),
        noise in "[a-z&=%+]{0,20}",
    ) {
        let [echostr, timestamp, nonce, token] = values;
        let account = Account { token, ..account(Mode::Plain) };
        let query = account.verification_query(&echostr, &timestamp, &nonce);
        let query = format!("{query}&{noise}");
        let read = Query::parse(&query);
        prop_assert_eq!(read.echostr.as_deref(), Some(echostr.as_str()));
        prop_assert_eq!(read.timestamp.as_deref(), Some(timestamp.as_str()));
        prop_assert_eq!(read.nonce.as_deref(), Some(nonce.as_str()));
        let signed = !timestamp.is_empty() && !nonce.is_empty();
        prop_assert_eq!(account.verify_url(&read).is_ok(), signed);
    }

    #[test]
    fn any_query_is_read(query in any::<String>()) {
        let read = Query::parse(&query);
        let first = query.split('&').find_map(|pair| pair.strip_prefix("nonce="));
        if let Some(first) = first.filter(|first| !first.contains('%') && !query.contains('%')) {
            prop_assert_eq!(read.nonce.as_deref(), Some(first));
        }
    }

    #[test]
    fn what_is_written_is_read(
        names in prop::collection::vec("[A-Za-z_][A-Za-z0-9_.-]{0,8}", 0..6),
        values in prop::collection::vec(any_text(), 6),
    ) {
        let mut fields: Vec<(String, String)> = [
            ("FromUserName", "fan"), ("CreateTime", "1767225603"), ("MsgType", "text"),
        ].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        fields.extend(names.into_iter().zip(values));
        let read = Inbound::parse(written(&fields).as_bytes()).unwrap();
        let expected: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), clean(value))).collect();
        let read: Vec<_> = read.leaves().map(|(name, value)| (name, Cow::from(value))).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_rendered_reply_is_read_back(reply in any_reply(), seconds in 0_i64..=4_000_000_000) {
        let Ok(rendered) = reply.render("fan", "gh_0", seconds) else { return Ok(()) };
        let Ok(Answer::Reply(back)) = read(&rendered) else { panic!("{rendered}") };
        prop_assert_eq!(back.create_time(), Some(seconds));
        prop_assert_eq!(back.msg_type(), reply.msg_type());
        let expect = |path: &str, value: &str| assert_eq!(back.leaf(path), Some(clean(value).as_ref()));
        match &reply {
            Reply::Text(content) => expect("Content", content),
            Reply::Image { media_id } => expect("Image/MediaId", media_id),
            Reply::Voice { media_id } => expect("Voice/MediaId", media_id),
            Reply::Video { media_id, .. } => expect("Video/MediaId", media_id),
            Reply::Music { thumb_media_id, .. } => expect("Music/ThumbMediaId", thumb_media_id),
            Reply::News(articles) => {
                expect("ArticleCount", &articles.len().to_string());
                let urls = back.leaves().filter(|(path, _)| *path == "Articles/item/Url");
                let urls: Vec<_> = urls.map(|(_, value)| value.to_owned()).collect();
                let given = articles.iter().map(|article| clean(&article.url).into_owned());
                prop_assert_eq!(urls, given.collect::<Vec<_>>());
            }
            Reply::TransferCustomerService { kf_account } => {
                let account = kf_account.as_deref().map(|account| clean(account).into_owned());
                prop_assert_eq!(back.leaf("TransInfo/KfAccount"), account.as_deref());
            }
        }
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn what_is_encrypted_is_decrypted(
        key in "[A-Za-z0-9]{43}",
        app_id in any::<String>(),
        message in any::<String>(),
        random in any::<[u8; 16]>(),
    ) {
        let key = AesKey::parse(&key).unwrap();
        let sealed = encrypt(&key, &app_id, message.as_bytes(), random);
        prop_assert_eq!(decrypt(&key, &app_id, &sealed), Ok(message.into_bytes()));
    }

    #[test]
    fn any_ciphertext_is_decrypted_or_refused(
        message in "\\PC{0,60}",
        at in any::<prop::sample::Index>(),
        with in any::<char>(),
        noise in any::<String>(),
    ) {
        let account = account(Mode::Safe);
        let key = account.key.as_ref().unwrap();
        let sealed = encrypt(key, &account.app_id, message.as_bytes(), [9; 16]);
        let mut damaged: Vec<char> = sealed.chars().collect();
        let at = at.index(damaged.len());
        damaged[at] = with;
        for text in [damaged.iter().collect::<String>(), sealed[..at].to_owned(), noise] {
            // Without a signature damage may go unseen in the random prefix; it never panics.
            if let Ok(opened) = decrypt(key, &account.app_id, &text) {
                prop_assert!(std::str::from_utf8(&opened).is_ok());
            }
        }
    }

    #[test]
    fn a_request_and_its_reply_go_both_ways(
        content in any_text(),
        random in any::<[u8; 16]>(),
        nonce in "[0-9]{1,10}",
    ) {
        let fields = [
            ("ToUserName", "gh_3f9c1e7ab204"), ("FromUserName", "fan"), ("CreateTime", "1767225603"),
            ("MsgType", "text"), ("Content", content.as_str()), ("MsgId", "7"),
        ].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let xml = written(&fields);
        for mode in [Mode::Plain, Mode::Compatible, Mode::Safe] {
            let account = account(mode);
            let (query, body) = account.seal_request(&xml, "1767225604", &nonce, random);
            let opened = account.open(&Query::parse(&query), body.as_bytes()).unwrap();
            prop_assert_eq!(opened.xml.as_ref(), xml.as_bytes());
            let message = Inbound::parse(&opened.xml).unwrap();
            prop_assert_eq!(message.text().map(str::to_owned), Some(clean(&content).into_owned()));
            let reply = Reply::Text("收到".to_owned()).render_for(&message).unwrap();
            let answer = account.seal(opened.seal, &reply, "1767225605", &nonce, random);
            let Ok(Answer::Reply(back)) = parse_reply(&account, answer.as_bytes()) else {
                panic!("{answer}");
            };
            prop_assert_eq!(back.xml, reply);
            let encrypted = opened.seal == Seal::Encrypted(WhichKey::Current);
            prop_assert_eq!(back.encrypted, encrypted);
            prop_assert_eq!(encrypted, mode != Mode::Plain);
        }
    }
}
