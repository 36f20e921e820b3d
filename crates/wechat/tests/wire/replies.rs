//! Passive replies: every vector rendered and read back, and what is refused. Never here: encryption.

use crate::bodies::{by_path, expected_leaves};
use crate::vectors::{account, each, sample, text};
use serde_json::Value;
use wechat::{
    Answer, AnswerError, Article, Inbound, Mode, ReadReply, RenderError, Reply, parse_reply,
};

const FAN: &str = "oQz7Ks3mT9vWxY1aBcD5FgHiJkLm";
const GH: &str = "gh_3f9c1e7ab204";

/// A text reply of the usual account to the usual fan.
pub(crate) fn text_reply(content: &str) -> String {
    Reply::Text(content.to_owned())
        .render(FAN, GH, 1_767_225_700)
        .unwrap()
}

/// What a clear answer says.
pub(crate) fn read(answer: &str) -> Result<Answer, AnswerError> {
    parse_reply(&account(Mode::Plain), answer.as_bytes())
}

fn read_reply(answer: &str) -> ReadReply {
    match read(answer) {
        Ok(Answer::Reply(reply)) => reply,
        other => panic!("{answer}: {other:?}"),
    }
}

fn reply_of(id: &str, input: &Value) -> Reply {
    let field = |name: &str| text(input, name).to_owned();
    let optional = |name: &str| input[name].as_str().map(str::to_owned);
    match text(input, "type") {
        "text" if id == "reply-text-2048" => {
            assert_eq!(text(input, "content_rule"), "682 x U+7B54 then 'ab'");
            Reply::Text("答".repeat(682) + "ab")
        }
        "text" => Reply::Text(field("content")),
        "image" => Reply::Image {
            media_id: field("media_id"),
        },
        "voice" => Reply::Voice {
            media_id: field("media_id"),
        },
        "video" => Reply::Video {
            media_id: field("media_id"),
            title: optional("title"),
            description: optional("description"),
        },
        "music" => Reply::Music {
            title: optional("title"),
            description: optional("description"),
            music_url: optional("music_url"),
            hq_music_url: optional("hq_music_url"),
            thumb_media_id: field("thumb_media_id"),
        },
        "news" => Reply::News(
            input["articles"]
                .as_array()
                .unwrap()
                .iter()
                .map(article)
                .collect(),
        ),
        "transfer_customer_service" => Reply::TransferCustomerService {
            kf_account: optional("kf_account"),
        },
        other => panic!("{id}: {other}"),
    }
}

fn article(input: &Value) -> Article {
    let field = |name: &str| text(input, name).to_owned();
    Article {
        title: field("title"),
        description: field("description"),
        pic_url: field("pic_url"),
        url: field("url"),
    }
}

#[test]
fn every_reply_vector() {
    each("passive_replies", |id, vector| {
        let reply = reply_of(id, &vector["input"]);
        let rendered = reply.render(FAN, GH, 1_767_225_700).unwrap();
        assert_eq!(rendered, text(vector, "xml"), "{id}");
        assert_eq!(vector["bytes"], rendered.len(), "{id}");
        let read = read_reply(&rendered);
        assert_eq!(
            by_path(read.leaves()),
            expected_leaves(&vector["parsed_fields"]),
            "{id}"
        );
        assert_eq!(
            (read.to(), read.from(), read.create_time()),
            (FAN, GH, Some(1_767_225_700))
        );
        assert_eq!(read.msg_type(), reply.msg_type(), "{id}");
        assert_eq!(
            (read.xml.as_str(), read.encrypted),
            (rendered.as_str(), false),
            "{id}"
        );
    });
}

#[test]
fn every_answer_vector() {
    each("ack_bodies", |_, vector| {
        // Two of them show a reply with its middle left out.
        let answer = match text(vector, "body") {
            "<xml>…</xml>" => text_reply("B"),
            "<xml>… <Content><![CDATA[]]></Content></xml>" => {
                text_reply("B").replace("[B]", "[]")
            }
            answer => answer.to_owned(),
        };
        let meaning = text(vector, "meaning");
        match read(&answer) {
            Ok(Answer::Empty) => assert!(meaning.contains("zero bytes"), "{answer}"),
            Ok(Answer::Success) => assert_eq!(meaning, "accepted, no reply, no redelivery"),
            Ok(Answer::Reply(_)) => assert_eq!(meaning, "passive reply"),
            Err(AnswerError::Content) => assert!(meaning.contains("empty Content"), "{answer}"),
            Err(AnswerError::Xml(_)) => {
                assert!(
                    meaning.contains("invalid") || meaning.contains("not confirmed"),
                    "{answer}"
                );
            }
            Err(other) => panic!("{answer}: {other}"),
        }
    });
}

#[test]
fn a_text_has_1_to_2048_bytes() {
    let render = |text: &str| Reply::Text(text.to_owned()).render(FAN, GH, 0);
    assert!(render(&"a".repeat(2048)).is_ok());
    assert_eq!(render(&"a".repeat(2049)), Err(RenderError::TooLong(2049)));
    assert_eq!(render(&"答".repeat(683)), Err(RenderError::TooLong(2049)));
    for empty in ["", " ", "\n\t", "\0", "\u{3000}"] {
        assert_eq!(render(empty), Err(RenderError::EmptyContent), "{empty:?}");
    }
    // What is counted is what is sent.
    assert!(render(&("a".repeat(2048) + "\0\u{8}")).is_ok());
}

#[test]
fn a_text_is_read_back_as_it_was_meant() {
    for (given, expected) in [
        ("a]]>b", "a]]>b"),
        ("]]>]]>", "]]>]]>"),
        ("]]", "]]"),
        ("]]\0>", "]]>"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        (" A\r\nB\rC ", " A\nB\nC "),
        ("a\u{b}b\u{ffff}c", "abc"),
        ("😀🅱️ 第1题", "😀🅱️ 第1题"),
    ] {
        assert_eq!(
            read_reply(&text_reply(given)).content(),
            Some(expected),
            "{given:?}"
        );
    }
}

#[test]
fn what_would_show_the_outage_notice_is_not_rendered() {
    let refused = |reply: Reply, error| assert_eq!(reply.render(FAN, GH, 0), Err(error));
    refused(
        Reply::Image {
            media_id: String::new(),
        },
        RenderError::EmptyField("MediaId"),
    );
    refused(
        Reply::Voice {
            media_id: "\0".to_owned(),
        },
        RenderError::EmptyField("MediaId"),
    );
    refused(
        Reply::TransferCustomerService {
            kf_account: Some(String::new()),
        },
        RenderError::EmptyField("KfAccount"),
    );
    refused(
        Reply::News(Vec::new()),
        RenderError::Articles { count: 0, max: 8 },
    );
    let articles = vec![Article::default(); 9];
    refused(
        Reply::News(articles),
        RenderError::Articles { count: 9, max: 8 },
    );
    let text = Reply::Text("B".to_owned());
    assert_eq!(
        text.render("", GH, 0),
        Err(RenderError::EmptyField("ToUserName"))
    );
    assert_eq!(
        text.render(FAN, "", 0),
        Err(RenderError::EmptyField("FromUserName"))
    );
}

#[test]
fn a_reply_goes_back_where_the_message_came_from() {
    let message = Inbound::parse(sample("msg-text-single-letter").as_bytes()).unwrap();
    let rendered = Reply::Text("收到".to_owned()).render_for(&message).unwrap();
    let read = read_reply(&rendered);
    assert_eq!(
        (read.to(), read.from()),
        (message.from.as_str(), message.to.as_str())
    );
    assert_eq!(read.create_time(), Some(message.create_time));
}

#[test]
fn several_articles_answer_events_and_an_agent_takes_messages() {
    let message = |id| Inbound::parse(sample(id).as_bytes()).unwrap();
    let news = |count| {
        Reply::News(vec![
            Article {
                title: "t".to_owned(),
                ..Article::default()
            };
            count
        ])
    };
    let two = Err(RenderError::Articles { count: 2, max: 1 });
    for one_only in [
        "msg-text-single-letter",
        "msg-image",
        "msg-voice",
        "msg-video",
        "msg-location",
    ] {
        assert_eq!(news(2).render_for(&message(one_only)), two, "{one_only}");
        assert!(news(1).render_for(&message(one_only)).is_ok(), "{one_only}");
    }
    let eight = news(8).render_for(&message("ev-click")).unwrap();
    assert_eq!(eight.matches("<item>").count(), 8);
    assert_eq!(read_reply(&eight).leaf("ArticleCount"), Some("8"));
    let transfer = Reply::TransferCustomerService { kf_account: None };
    assert!(transfer.render_for(&message("msg-text-hanzi")).is_ok());
    assert_eq!(
        transfer.render_for(&message("ev-click")),
        Err(RenderError::TransferOfEvent)
    );
}

#[test]
fn a_reply_without_its_envelope_fields_is_not_taken() {
    let whole = text_reply("B");
    for name in ["ToUserName", "FromUserName", "MsgType", "CreateTime"] {
        let lacking = whole.replace(name, "Other");
        assert_eq!(read(&lacking), Err(AnswerError::Missing(name)));
    }
    assert_eq!(
        read(&whole.replace("Content", "Other")),
        Err(AnswerError::Content)
    );
}
