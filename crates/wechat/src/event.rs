//! The kinds of events. Never here: messages, how an event is read, and what an account does about it.

/// What an event says, by its `Event`, whose case matters and is inconsistent by design. Absent
/// elements read as in [`crate::Body`]; the EventKey as sent is [`crate::Inbound::event_key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `subscribe`: a follow.
    Subscribe {
        /// Scene of the QR code, without its prefix; absent for a plain follow and after a payment.
        scene: Option<String>,
        /// Of the QR code.
        ticket: Option<String>,
    },
    /// `unsubscribe`: personal data must be deleted.
    Unsubscribe,
    /// `SCAN`: a fan who already follows scanned a QR code.
    Scan {
        /// Scene of the QR code.
        scene: String,
        /// Of the QR code.
        ticket: Option<String>,
    },
    /// `LOCATION`: where the fan is; may come every 5 s.
    Location {
        /// In degrees as sent.
        latitude: String,
        /// In degrees as sent.
        longitude: String,
        /// In metres as sent.
        precision: String,
    },
    /// `CLICK`: a tap on a menu entry.
    Click {
        /// The entry's key.
        key: String,
    },
    /// `VIEW`: a menu entry opened a page.
    View {
        /// Of the page.
        url: String,
        /// Of the menu.
        menu_id: Option<String>,
    },
    /// `view_miniprogram`: a menu entry opened a mini program.
    ViewMiniprogram {
        /// Path of its page.
        page: String,
        /// Of the menu.
        menu_id: Option<String>,
    },
    /// `scancode_push`, `scancode_waitmsg`: a menu entry started a scan.
    ScanCode {
        /// The client waits for our reply (`scancode_waitmsg`).
        waits: bool,
        /// The entry's key.
        key: String,
        /// `qrcode` and others.
        scan_type: String,
        /// What was scanned.
        result: String,
    },
    /// `pic_sysphoto`, `pic_photo_or_album`, `pic_weixin`: a menu entry sent pictures.
    Pictures {
        /// The entry's key.
        key: String,
        /// How many.
        count: Option<u64>,
        /// MD5 of each, in hex.
        md5s: Vec<String>,
    },
    /// `location_select`: a menu entry sent a place.
    LocationSelect {
        /// The entry's key.
        key: String,
        /// In degrees as sent.
        latitude: String,
        /// In degrees as sent.
        longitude: String,
        /// Of the map.
        scale: String,
        /// The place in words.
        label: String,
        /// Name of the point of interest.
        poi: String,
    },
    /// `TEMPLATESENDJOBFINISH`: a template message was delivered or not.
    TemplateSent {
        /// `MsgID` of the job.
        job_id: String,
        /// `success`, `failed:user block`, `failed: system failed`.
        status: String,
    },
    /// `MASSSENDJOBFINISH`: a mass message was sent.
    MassSent {
        /// `MsgID` of the job.
        job_id: String,
        /// `send success`, `send fail`, `err(10001)` and others.
        status: String,
        /// Fans addressed.
        total: Option<u64>,
        /// Fans left after filters.
        filtered: Option<u64>,
        /// Fans reached.
        sent: Option<u64>,
        /// Fans not reached.
        errors: Option<u64>,
    },
    /// `PUBLISHJOBFINISH`: an article was published.
    Published {
        /// Of the job.
        publish_id: String,
        /// 0 when it succeeded.
        status: String,
        /// Of the article.
        article_id: String,
    },
    /// `kf_create_session`: an agent took the fan over; messages are no longer pushed.
    AgentSessionCreated {
        /// The agent.
        account: String,
    },
    /// `kf_close_session`: the agent is done.
    AgentSessionClosed {
        /// The agent.
        account: String,
    },
    /// `kf_switch_session`: one agent handed the fan to another.
    AgentSessionSwitched {
        /// Who had the fan.
        from: String,
        /// Who has the fan.
        to: String,
    },
    /// `subscribe_msg_popup_event`, `subscribe_msg_change_event`: the fan decided on notices.
    NoticeChoices {
        /// In the account's settings, not in a dialogue (`subscribe_msg_change_event`).
        in_settings: bool,
        /// One per template.
        choices: Vec<NoticeChoice>,
    },
    /// `subscribe_msg_sent_event`: notices were delivered or not.
    NoticesSent(Vec<NoticeSent>),
    /// `user_info_modified`, `user_authorization_revoke`, `user_authorization_cancellation`: the sender
    /// is an account of the platform, the fan stands here. The latter two oblige to delete data.
    Authorization {
        /// What happened.
        change: AuthorizationChange,
        /// The fan.
        openid: String,
        /// Of the app concerned.
        app_id: String,
        /// Which data.
        revoke_info: String,
    },
    /// `wxa_media_check`: result of a security check of a medium.
    MediaCheck {
        /// Of the check.
        trace_id: String,
        /// Of the check's interface.
        version: String,
    },
    /// `qualification_verify_…`, `naming_verify_…`, `annual_renew`, `verify_expired`: certification of
    /// the account.
    Verification {
        /// ExpiredTime, in seconds since 1970.
        expires: Option<u64>,
        /// FailTime, in seconds since 1970.
        failed: Option<u64>,
        /// FailReason.
        reason: Option<String>,
    },
    /// `card_…`, `user_get_card`, `user_consume_card` and other coupons.
    Card {
        /// CardId.
        card_id: String,
        /// UserCardCode.
        code: String,
    },
    /// `debug_demo`: the platform's test tool.
    Debug {
        /// What its user typed.
        text: String,
    },
    /// An event that did not exist when this was written, or none at all. Its leaves are all there.
    Other,
}

/// A fan's choice about one template of notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeChoice {
    /// Which.
    pub template_id: String,
    /// `accept` or `reject`.
    pub status: String,
    /// Where the dialogue was; empty when the choice came from the settings.
    pub scene: String,
}

/// Delivery of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSent {
    /// Which template.
    pub template_id: String,
    /// `MsgID` of the job.
    pub job_id: String,
    /// 0 when it was delivered.
    pub error_code: String,
    /// In words.
    pub error_status: String,
}

/// What happened to a fan's authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorizationChange {
    /// The fan's data changed.
    Modified,
    /// The fan took the authorization back.
    Revoked,
    /// The fan closed the account.
    Cancelled,
}
