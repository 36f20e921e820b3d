//! Which leaves make which event. Never here: the meaning of an event, which stands at its type.

use crate::event::{AuthorizationChange, Event, NoticeChoice, NoticeSent};
use crate::leaves::Leaves;

/// Before the scene of a follow through a QR code.
const SCENE_PREFIX: &str = "qrscene_";

impl Event {
    pub(crate) fn from_leaves(leaves: &Leaves) -> Self {
        let name = leaves.first("Event").unwrap_or_default();
        menu_event(name, leaves)
            .or_else(|| job_event(name, leaves))
            .or_else(|| agent_event(name, leaves))
            .unwrap_or_else(|| account_event(name, leaves))
    }
}

/// What fans do: follow, scan, tap.
fn menu_event(name: &str, leaves: &Leaves) -> Option<Event> {
    let key = || leaves.text("EventKey");
    Some(match name {
        "subscribe" => Event::Subscribe {
            scene: leaves
                .first("EventKey")
                .and_then(|key| key.strip_prefix(SCENE_PREFIX))
                .map(str::to_owned),
            ticket: leaves.optional("Ticket"),
        },
        "unsubscribe" => Event::Unsubscribe,
        "SCAN" => Event::Scan {
            scene: key(),
            ticket: leaves.optional("Ticket"),
        },
        "LOCATION" => Event::Location {
            latitude: leaves.text("Latitude"),
            longitude: leaves.text("Longitude"),
            precision: leaves.text("Precision"),
        },
        "CLICK" => Event::Click { key: key() },
        "VIEW" => Event::View {
            url: key(),
            menu_id: leaves.optional("MenuId"),
        },
        "view_miniprogram" => Event::ViewMiniprogram {
            page: key(),
            menu_id: leaves.optional("MenuId"),
        },
        "scancode_push" | "scancode_waitmsg" => Event::ScanCode {
            waits: name == "scancode_waitmsg",
            key: key(),
            scan_type: leaves.text("ScanCodeInfo/ScanType"),
            result: leaves.text("ScanCodeInfo/ScanResult"),
        },
        "pic_sysphoto" | "pic_photo_or_album" | "pic_weixin" => Event::Pictures {
            key: key(),
            count: leaves.number("SendPicsInfo/Count"),
            md5s: leaves.all("SendPicsInfo/PicList/item/PicMd5Sum"),
        },
        "location_select" => Event::LocationSelect {
            key: key(),
            latitude: leaves.text("SendLocationInfo/Location_X"),
            longitude: leaves.text("SendLocationInfo/Location_Y"),
            scale: leaves.text("SendLocationInfo/Scale"),
            label: leaves.text("SendLocationInfo/Label"),
            poi: leaves.text("SendLocationInfo/Poiname"),
        },
        _ => return None,
    })
}

/// What became of something the account sent.
fn job_event(name: &str, leaves: &Leaves) -> Option<Event> {
    Some(match name {
        "TEMPLATESENDJOBFINISH" => Event::TemplateSent {
            job_id: leaves.text("MsgID"),
            status: leaves.text("Status"),
        },
        "MASSSENDJOBFINISH" => Event::MassSent {
            job_id: leaves.text("MsgID"),
            status: leaves.text("Status"),
            total: leaves.number("TotalCount"),
            filtered: leaves.number("FilterCount"),
            sent: leaves.number("SentCount"),
            errors: leaves.number("ErrorCount"),
        },
        "PUBLISHJOBFINISH" => Event::Published {
            publish_id: leaves.text("PublishEventInfo/publish_id"),
            status: leaves.text("PublishEventInfo/publish_status"),
            article_id: leaves.text("PublishEventInfo/article_id"),
        },
        "subscribe_msg_popup_event" => Event::NoticeChoices {
            in_settings: false,
            choices: choices(leaves, "Popup"),
        },
        "subscribe_msg_change_event" => Event::NoticeChoices {
            in_settings: true,
            choices: choices(leaves, "Change"),
        },
        "subscribe_msg_sent_event" => {
            let items = leaves.items("SubscribeMsgSentEvent/List");
            Event::NoticesSent(
                items
                    .iter()
                    .map(|item| NoticeSent {
                        template_id: item.text("TemplateId"),
                        job_id: item.text("MsgID"),
                        error_code: item.text("ErrorCode"),
                        error_status: item.text("ErrorStatus"),
                    })
                    .collect(),
            )
        }
        "wxa_media_check" => Event::MediaCheck {
            trace_id: leaves.text("trace_id"),
            version: leaves.text("version"),
        },
        _ => return None,
    })
}

fn choices(leaves: &Leaves, kind: &str) -> Vec<NoticeChoice> {
    let items = leaves.items(&format!("SubscribeMsg{kind}Event/List"));
    items
        .iter()
        .map(|item| NoticeChoice {
            template_id: item.text("TemplateId"),
            status: item.text("SubscribeStatusString"),
            scene: item.text("PopupScene"),
        })
        .collect()
}

/// What human agents do.
fn agent_event(name: &str, leaves: &Leaves) -> Option<Event> {
    Some(match name {
        "kf_create_session" => Event::AgentSessionCreated {
            account: leaves.text("KfAccount"),
        },
        "kf_close_session" => Event::AgentSessionClosed {
            account: leaves.text("KfAccount"),
        },
        "kf_switch_session" => Event::AgentSessionSwitched {
            from: leaves.text("FromKfAccount"),
            to: leaves.text("ToKfAccount"),
        },
        _ => return None,
    })
}

/// What concerns the account itself, coupons, and everything else.
fn account_event(name: &str, leaves: &Leaves) -> Event {
    let authorization = |change| Event::Authorization {
        change,
        openid: leaves.text("OpenID"),
        app_id: leaves.text("AppID"),
        revoke_info: leaves.text("RevokeInfo"),
    };
    match name {
        "user_info_modified" => authorization(AuthorizationChange::Modified),
        "user_authorization_revoke" => authorization(AuthorizationChange::Revoked),
        "user_authorization_cancellation" => authorization(AuthorizationChange::Cancelled),
        "debug_demo" => Event::Debug {
            text: leaves.text("debug_str"),
        },
        "annual_renew" | "verify_expired" => verification(leaves),
        _ if name.starts_with("qualification_verify_") => verification(leaves),
        _ if name.starts_with("naming_verify_") => verification(leaves),
        _ if is_card(name) => Event::Card {
            card_id: leaves.text("CardId"),
            code: leaves.text("UserCardCode"),
        },
        _ => Event::Other,
    }
}

fn verification(leaves: &Leaves) -> Event {
    Event::Verification {
        expires: leaves.number("ExpiredTime"),
        failed: leaves.number("FailTime"),
        reason: leaves.optional("FailReason"),
    }
}

fn is_card(name: &str) -> bool {
    name.starts_with("card_") || (name.starts_with("user_") && name.ends_with("_card"))
}
