//! Fans and the platform: messages as it spells them, signed and posted as it does.

use super::Scene;
use super::wire::{Answer, request};
use std::sync::atomic::{AtomicU64, Ordering};
use wechat::{Account, AesKey, Mode};

/// Token of the accounts of [`ACCOUNTS`].
pub(crate) const TOKEN: &str = "demo";
/// The key of the account in safe mode, the one before it, and one that it never had.
pub(crate) const KEYS: [&str; 3] = [
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "ABCDEFGabcdefghijklmnopqrstuvwxyz0123456789",
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
];
/// What `safe` says, which has no campaign.
pub(crate) const LAST_RESORT: &str = "收到";
/// Opening of the first round of the project's own campaign.
pub(crate) const OPEN: i64 = 1_365_487_200;

/// Two accounts: `mi` in plain mode, `safe` in safe mode.
pub(crate) fn accounts() -> String {
    format!(
        "[[account]]\nname = \"mi\"\napp_id = \"wx0a1b2c3d4e5f6071\"\noriginal_id = \"gh_3f9c1e7ab204\"\n\
         token = \"{TOKEN}\"\nmode = \"plain\"\n\n\
         [[account]]\nname = \"safe\"\napp_id = \"wx0a1b2c3d4e5f6072\"\noriginal_id = \"gh_3f9c1e7ab205\"\n\
         token = \"{TOKEN}\"\nmode = \"safe\"\nencoding_aes_key = \"{}\"\nencoding_aes_key_previous = \"{}\"\n\
         default_reply = \"{LAST_RESORT}\"\n",
        KEYS[0], KEYS[1]
    )
}

/// The platform's side of `mi`.
pub(crate) fn plain() -> Account {
    Account {
        name: "mi".into(),
        app_id: "wx0a1b2c3d4e5f6071".into(),
        original_id: "gh_3f9c1e7ab204".into(),
        token: TOKEN.into(),
        key: None,
        previous_key: None,
        mode: Mode::Plain,
    }
}

/// The platform's side of `safe`, which encrypts with this key.
pub(crate) fn safe(key: &str) -> Account {
    Account {
        name: "safe".into(),
        app_id: "wx0a1b2c3d4e5f6072".into(),
        original_id: "gh_3f9c1e7ab205".into(),
        key: Some(AesKey::parse(key).unwrap()),
        mode: Mode::Safe,
        ..plain()
    }
}

/// A message from this fan: `inner` is everything behind CreateTime.
pub(crate) fn message(account: &Account, fan: &str, create_time: i64, inner: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName>\n<FromUserName><![CDATA[{fan}]]></FromUserName>\n\
         <CreateTime>{create_time}</CreateTime>\n{inner}</xml>",
        account.original_id
    )
}

/// A text message.
pub(crate) fn text(account: &Account, fan: &str, create_time: i64, id: u64, text: &str) -> String {
    let inner = format!(
        "<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[{text}]]></Content>\n<MsgId>{id}</MsgId>\n"
    );
    message(account, fan, create_time, &inner)
}

/// Query and body of a delivery, each with a nonce of its own.
pub(crate) fn sealed(account: &Account, xml: &str) -> (String, String) {
    static NONCE: AtomicU64 = AtomicU64::new(1);
    let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
    account.seal_request(xml, "1365487801", &nonce, [7; 16])
}

impl Scene {
    /// Posts these bytes with this query to an account's path.
    pub(crate) fn post(&self, account: &str, query: &str, body: &[u8]) -> Answer {
        let path = format!("/wechat/{account}?{query}");
        request(self.listen, "POST", &path, &[], body).expect("an answer, or none")
    }

    /// Delivers a message as the platform would.
    pub(crate) fn deliver(&self, account: &Account, xml: &str) -> Answer {
        let (query, body) = sealed(account, xml);
        self.post(&account.name, &query, body.as_bytes())
    }

    /// Delivers a text that must be acked.
    pub(crate) fn deliver_text(&self, fan: &str, id: u64, said: &str) -> Answer {
        let account = plain();
        let answer = self.deliver(&account, &text(&account, fan, OPEN + 60, id, said));
        assert_eq!(answer.status(), 200, "{answer:?}");
        answer
    }
}
