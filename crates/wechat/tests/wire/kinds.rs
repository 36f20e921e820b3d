//! The typed fields of every kind of message and event. Never here: leaves and envelope fields.

use crate::vectors::sample;
use wechat::{AuthorizationChange, Body, Event, Inbound, NoticeChoice, NoticeSent};

fn body(id: &str) -> Body {
    Inbound::parse(sample(id).as_bytes()).unwrap().body
}

fn event(id: &str) -> Event {
    match body(id) {
        Body::Event(event) => event,
        other => panic!("{id}: {other:?}"),
    }
}

/// An event for which there is no sample.
fn made(name: &str, elements: &str) -> Event {
    let xml = format!(
        "<xml><FromUserName>f</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType>\
         <Event>{name}</Event>{elements}</xml>"
    );
    match Inbound::parse(xml.as_bytes()).unwrap().body {
        Body::Event(event) => event,
        other => panic!("{name}: {other:?}"),
    }
}

fn s(text: &str) -> String {
    text.to_owned()
}

#[test]
fn texts() {
    let text = |content: &str, menu_id: Option<&str>| Body::Text {
        content: s(content),
        menu_id: menu_id.map(s),
    };
    assert_eq!(body("msg-text-single-letter"), text("B", None));
    assert_eq!(
        body("msg-text-whitespace-newline"),
        text("  Ｂ \n１２ \t", None)
    );
    assert_eq!(body("msg-text-cdata-split"), text("a]]>b", None));
    assert_eq!(body("msg-text-empty-content"), text("", None));
    assert_eq!(body("msg-text-menu-click"), text("选项 C", Some("103")));
    assert_eq!(
        body("msg-text-menu-click-string-id"),
        text("选项 C", Some("q7-c"))
    );
    assert_eq!(body("msg-text-menu-click-zero"), text("选项 C", None));
    let read = Inbound::parse(sample("msg-text-from-article").as_bytes()).unwrap();
    assert_eq!(read.article(), Some(("2247483690_1", Some(1))));
    let read = Inbound::parse(sample("msg-text-menu-click").as_bytes()).unwrap();
    assert_eq!(
        (read.text(), read.menu_id(), read.article()),
        (Some("选项 C"), Some("103"), None)
    );
}

#[test]
fn media() {
    let image = "Xq3-mEdIaId_0001abcdefGHIJKLmnop-QRSTUVwxyz0123456789AbCdEfGhIjKl";
    let pic_url = s("http://mmbiz.qpic.cn/mmbiz_jpg/aBcD1234/0");
    assert_eq!(
        body("msg-image"),
        Body::Image {
            pic_url,
            media_id: s(image)
        }
    );
    let voice = Body::Voice {
        media_id: s("Xq3-mEdIaId_0002"),
        format: s("amr"),
        recognition: Some(s("我选B。")),
        media_id_16k: None,
    };
    assert_eq!(body("msg-voice"), voice);
    let voice = Body::Voice {
        media_id: s("Xq3-mEdIaId_0003"),
        format: s("speex"),
        recognition: None,
        media_id_16k: Some(s("Xq3-mEdIaId_0003_16k")),
    };
    assert_eq!(body("msg-voice-16k"), voice);
    let (media_id, thumb_media_id) = (s("Xq3-mEdIaId_0004"), s("Xq3-thumb_0004"));
    assert_eq!(
        body("msg-video"),
        Body::Video {
            media_id,
            thumb_media_id
        }
    );
    let (media_id, thumb_media_id) = (s("Xq3-mEdIaId_0005"), s("Xq3-thumb_0005"));
    assert_eq!(
        body("msg-shortvideo"),
        Body::ShortVideo {
            media_id,
            thumb_media_id
        }
    );
    let read = Inbound::parse(sample("msg-voice").as_bytes()).unwrap();
    assert_eq!(
        (read.recognition(), read.media_id()),
        (Some("我选B。"), Some("Xq3-mEdIaId_0002"))
    );
}

#[test]
fn other_messages() {
    let location = Body::Location {
        latitude: s("31.230416"),
        longitude: s("121.473701"),
        scale: s("16"),
        label: s("上海市黄浦区人民大道"),
    };
    assert_eq!(body("msg-location"), location);
    let link = Body::Link {
        title: s("活动规则"),
        description: s("点此查看"),
        url: s("https://example.com/rules?a=1&b=2"),
    };
    assert_eq!(body("msg-link"), link);
    let file = Body::File {
        title: s("answers.zip"),
        description: s(""),
        key: s("BAAAAAAAAACJXXXX"),
        md5: s("0cc175b9c0f1b6a831c399e269772661"),
        length_bytes: Some(222),
    };
    assert_eq!(body("msg-file"), file);
    assert_eq!(body("msg-unknown-type"), Body::Unknown);
}

#[test]
fn follows_and_scans() {
    let ticket = Some(s("gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9x"));
    let plain = Event::Subscribe {
        scene: None,
        ticket: None,
    };
    assert_eq!(event("ev-subscribe-plain"), plain);
    assert_eq!(event("ev-subscribe-last-trade"), plain);
    let scene = Some(s("quiz2026_sh"));
    assert_eq!(
        event("ev-subscribe-scene"),
        Event::Subscribe {
            scene,
            ticket: ticket.clone()
        }
    );
    assert_eq!(event("ev-unsubscribe"), Event::Unsubscribe);
    assert_eq!(event("ev-unsubscribe-last-trade"), Event::Unsubscribe);
    assert_eq!(
        event("ev-scan"),
        Event::Scan {
            scene: s("quiz2026_sh"),
            ticket
        }
    );
    let location = Event::Location {
        latitude: s("31.230416"),
        longitude: s("121.473701"),
        precision: s("65.000000"),
    };
    assert_eq!(event("ev-location"), location);
}

#[test]
fn menus() {
    assert_eq!(
        event("ev-click"),
        Event::Click {
            key: s("QUIZ_JOIN")
        }
    );
    let url = s("https://example.com/quiz?src=menu&x=1");
    assert_eq!(
        event("ev-view"),
        Event::View {
            url,
            menu_id: Some(s("410418124"))
        }
    );
    let program = Event::ViewMiniprogram {
        page: s("pages/quiz/index"),
        menu_id: Some(s("410418125")),
    };
    assert_eq!(event("ev-view-miniprogram"), program);
    let scan = |waits| Event::ScanCode {
        waits,
        key: s("rselfmenu_0_1"),
        scan_type: s("qrcode"),
        result: s("https://example.com/t/9"),
    };
    assert_eq!(event("ev-scancode-push"), scan(false));
    assert_eq!(event("ev-scancode-waitmsg"), scan(true));
    for id in ["ev-pic-sysphoto", "ev-pic-photo-or-album", "ev-pic-weixin"] {
        let md5s = vec![
            s("0cc175b9c0f1b6a831c399e269772661"),
            s("92eb5ffee6ae2fec3ad71c777531578f"),
        ];
        let pictures = Event::Pictures {
            key: s("rselfmenu_1_0"),
            count: Some(2),
            md5s,
        };
        assert_eq!(event(id), pictures, "{id}");
    }
    let place = Event::LocationSelect {
        key: s("rselfmenu_2_0"),
        latitude: s("31"),
        longitude: s("121"),
        scale: s("15"),
        label: s(" 上海市黄浦区"),
        poi: s(""),
    };
    assert_eq!(event("ev-location-select"), place);
}

#[test]
fn jobs() {
    let sent = Event::TemplateSent {
        job_id: s("3141592653589793238"),
        status: s("success"),
    };
    assert_eq!(event("ev-template-finish"), sent);
    let sent = Event::MassSent {
        job_id: s("1000001625"),
        status: s("send success"),
        total: Some(90_000),
        filtered: Some(81_000),
        sent: Some(80_500),
        errors: Some(500),
    };
    assert_eq!(event("ev-mass-finish"), sent);
    let published = Event::Published {
        publish_id: s("2247503051"),
        status: s("0"),
        article_id: s("b5O2OUs25HBxRceL7hfReg"),
    };
    assert_eq!(event("ev-publish-finish"), published);
    let checked = made(
        "wxa_media_check",
        "<trace_id>t</trace_id><version>2</version>",
    );
    assert_eq!(
        checked,
        Event::MediaCheck {
            trace_id: s("t"),
            version: s("2")
        }
    );
}

#[test]
fn notices_are_read_item_by_item() {
    let choice = |template: &str, status: &str, scene: &str| NoticeChoice {
        template_id: s(template),
        status: s(status),
        scene: s(scene),
    };
    let choices = vec![
        choice("TmplAaaa", "accept", "1"),
        choice("TmplBbbb", "reject", "1"),
    ];
    assert_eq!(
        event("ev-sub-popup"),
        Event::NoticeChoices {
            in_settings: false,
            choices
        }
    );
    let choices = vec![choice("TmplAaaa", "reject", "")];
    assert_eq!(
        event("ev-sub-change"),
        Event::NoticeChoices {
            in_settings: true,
            choices
        }
    );
    let sent = NoticeSent {
        template_id: s("TmplAaaa"),
        job_id: s("1864323726461255680"),
        error_code: s("0"),
        error_status: s("success"),
    };
    assert_eq!(event("ev-sub-sent"), Event::NoticesSent(vec![sent]));
    // An item without a field does not take its neighbour's.
    let lists = "<SubscribeMsgPopupEvent><List><TemplateId>a</TemplateId></List><List>\
                 <TemplateId>b</TemplateId><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent>";
    let choices = vec![choice("a", "", ""), choice("b", "", "2")];
    let popup = made("subscribe_msg_popup_event", lists);
    assert_eq!(
        popup,
        Event::NoticeChoices {
            in_settings: false,
            choices
        }
    );
}

#[test]
fn agents_and_the_account() {
    let account = s("agent7@quizhost");
    let created = Event::AgentSessionCreated {
        account: account.clone(),
    };
    assert_eq!(event("ev-kf-create"), created);
    assert_eq!(
        event("ev-kf-close"),
        Event::AgentSessionClosed {
            account: account.clone()
        }
    );
    let switched = Event::AgentSessionSwitched {
        from: account,
        to: s("agent8@quizhost"),
    };
    assert_eq!(event("ev-kf-switch"), switched);

    let authorization = |change, revoke_info: &str| Event::Authorization {
        change,
        openid: s("oQz7Ks3mT9vWxY1aBcD5FgHiJkLm"),
        app_id: s("wx0a1b2c3d4e5f6071"),
        revoke_info: s(revoke_info),
    };
    let revoked = authorization(AuthorizationChange::Revoked, "205");
    assert_eq!(event("ev-auth-revoke"), revoked);
    let cancelled = authorization(AuthorizationChange::Cancelled, "");
    assert_eq!(event("ev-auth-cancel"), cancelled);
    let modified = made("user_info_modified", "<OpenID>o</OpenID>");
    assert!(
        matches!(modified, Event::Authorization { change: AuthorizationChange::Modified, openid, .. } if openid == "o")
    );

    for name in [
        "qualification_verify_success",
        "naming_verify_success",
        "annual_renew",
        "verify_expired",
    ] {
        let verified = made(name, "<ExpiredTime>1442401156</ExpiredTime>");
        let expected = Event::Verification {
            expires: Some(1_442_401_156),
            failed: None,
            reason: None,
        };
        assert_eq!(verified, expected, "{name}");
    }
    let failed = made(
        "naming_verify_fail",
        "<FailTime>1</FailTime><FailReason>by time</FailReason>",
    );
    let reason = Some(s("by time"));
    assert_eq!(
        failed,
        Event::Verification {
            expires: None,
            failed: Some(1),
            reason
        }
    );
    for name in ["card_pass_check", "user_get_card", "user_consume_card"] {
        let card = made(name, "<CardId>c</CardId><UserCardCode>12</UserCardCode>");
        assert_eq!(
            card,
            Event::Card {
                card_id: s("c"),
                code: s("12")
            },
            "{name}"
        );
    }
    assert_eq!(
        event("ev-debug-demo"),
        Event::Debug {
            text: s("hello world")
        }
    );
}

#[test]
fn case_matters_and_the_unknown_is_taken() {
    assert_eq!(event("ev-unknown"), Event::Other);
    for name in ["scan", "Subscribe", "click", "view", ""] {
        assert_eq!(made(name, ""), Event::Other, "{name}");
    }
}
