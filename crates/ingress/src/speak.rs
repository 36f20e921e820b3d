//! What a message hears: the text by the campaign in force, a pure function of message and snapshot
//! and then, by this node's memory, whether it is said. Never decides anything
//! about a contest.

use crate::answer::Ack;
use crate::fan::{Choice, Said};
use crate::node::Node;
use crate::reply_memory::Claim;
use record::envelope::{Reply, Spoken};
use record::identity::{MessageKey, reply_hash};
use record::operate::Ladder;
use std::borrow::Cow;
use wechat::{Inbound, Seal};

/// W while the ladder stands at short (C.23), in seconds.
const SHORT_WINDOW_S: i64 = 30;
/// Rule of an account's own text, for what no campaign answers.
const DEFAULT_REPLY: &str = "default_reply";

/// What was decided for one delivery.
pub(crate) struct Decision {
    pub(crate) reply: Reply<'static>,
    pub(crate) ack: Ack,
    pub(crate) class: &'static str,
    /// Which delivery of the message this is, as far as this node knows.
    pub(crate) attempt: u32,
}

/// What the campaign, or the account, has to say.
struct Words {
    rule: Cow<'static, str>,
    template: String,
    version: u32,
    text: String,
    /// Messages with the same sort are coalesced.
    sort: String,
}

/// Decides for one message.
pub(crate) fn decide(
    node: &Node,
    account: usize,
    message: &Inbound,
    key: &MessageKey,
    seal: Seal,
) -> Decision {
    let snapshot = node.snapshot.load();
    let entry = node.accounts.get(account);
    let mut reply = Reply::nothing(snapshot.number);
    if message.to != entry.account.original_id {
        node.metrics
            .wrong_recipient
            .with([&entry.account.name])
            .inc();
        return Decision {
            reply,
            ack: Ack::success(),
            class: "other",
            attempt: 1,
        };
    }
    let published = snapshot.in_force(&entry.account.name, message.create_time);
    let (class, words) = match published {
        Some(published) => by_campaign(published, message),
        None => {
            let ended = snapshot.ended_last(&entry.account.name, message.create_time);
            ended.map_or(("other", None), |ended| afterwards(ended, message))
        }
    };
    let words = words.or_else(|| by_account(&entry.default_reply, message));
    let ladder = snapshot.ladder;
    let window_s = match (ladder, published) {
        (Ladder::Short, _) => SHORT_WINDOW_S,
        (_, Some(published)) => published.compiled.campaign.coalesce_window_s,
        (_, None) => 0,
    };
    let sort = words.as_ref().map_or("", |words| words.sort.as_str());
    let said = Said {
        window_s,
        is_message: !message.is_event(),
        ..node.memory.said(
            (&entry.account.name, &message.from),
            key,
            sort,
            message.create_time,
        )
    };
    let rendered = words.and_then(|words| render(node, message, words));
    let Some((words, xml)) = rendered else {
        // Without a campaign nobody is expected to be heard, nor while the ladder stands at silent.
        let attempt = if published.is_some() && ladder != Ladder::Silent {
            node.memory.unspoken(&said)
        } else {
            1
        };
        return Decision {
            reply,
            ack: Ack::success(),
            class,
            attempt,
        };
    };
    reply.hash = Some(reply_hash(xml.as_bytes()));
    reply.rule = words.rule;
    reply.rule_version = words.version;
    reply.template_version = if words.template.is_empty() {
        0
    } else {
        words.version
    };
    reply.template = Cow::Owned(words.template);
    let (spoken, claim, attempt) = choose(node, ladder, &said);
    reply.spoken = spoken;
    let ack = match spoken {
        Spoken::Reply => Ack::words(sealed(node, account, seal, xml), claim),
        _ => Ack::success(),
    };
    Decision {
        reply,
        ack,
        class,
        attempt,
    }
}

fn by_campaign(published: &control::Published, message: &Inbound) -> (&'static str, Option<Words>) {
    let judged = contest::Message {
        kind: &message.msg_type,
        text: message.text().unwrap_or(""),
        recognition: message.recognition().unwrap_or(""),
        menu_id: message.menu_id().unwrap_or(""),
        event: message.event().unwrap_or(""),
        event_key: message.event_key().unwrap_or(""),
        from: &message.from,
        create_time: message.create_time,
    };
    let class = published.compiled.classify(&judged);
    let spoken = published.compiled.reply(&judged, &class);
    let words = spoken.map(|spoken| Words {
        rule: Cow::Owned(spoken.rule),
        template: spoken.template,
        version: published.version,
        text: spoken.text,
        sort: spoken.coalesce,
    });
    (class.name(), words)
}

/// A campaign that is long over still answers who claims a prize of it or asks for his code; nobody else.
fn afterwards(published: &control::Published, message: &Inbound) -> (&'static str, Option<Words>) {
    let (class, words) = by_campaign(published, message);
    let lasts = ["mine", "claim", "claim_help"].contains(&class);
    if lasts {
        (class, words)
    } else {
        ("other", None)
    }
}

fn by_account(text: &str, message: &Inbound) -> Option<Words> {
    (!text.is_empty() && !message.is_event()).then(|| Words {
        rule: Cow::Borrowed(DEFAULT_REPLY),
        template: String::new(),
        version: 0,
        text: text.to_owned(),
        sort: DEFAULT_REPLY.to_owned(),
    })
}

/// The plaintext XML. A text that cannot be rendered is counted and left unsaid: a faulty reply would
/// show the fan the outage notice.
fn render(node: &Node, message: &Inbound, mut words: Words) -> Option<(Words, String)> {
    let text = std::mem::take(&mut words.text);
    match wechat::Reply::Text(text).render_for(message) {
        Ok(xml) => Some((words, xml)),
        Err(error) => {
            node.metrics.unrendered.inc();
            if let Some(more) = node.unrendered_log.allow(std::time::Instant::now()) {
                tracing::error!(rule = %words.rule, %error, more, "reply cannot be rendered");
            }
            None
        }
    }
}

fn choose(node: &Node, ladder: Ladder, said: &Said) -> (Spoken, Option<Claim>, u32) {
    if ladder == Ladder::Silent {
        return (Spoken::Silent, None, 1);
    }
    let (judged, claim) = node.memory.judge(said);
    let spoken = match judged.choice {
        Choice::Words { .. } => Spoken::Reply,
        Choice::Coalesced => Spoken::Coalesced,
        Choice::Throttled => Spoken::Throttled,
    };
    (spoken, claim, judged.attempt)
}

fn sealed(node: &Node, account: usize, seal: Seal, xml: String) -> String {
    if seal == Seal::Plain {
        return xml;
    }
    let mut random = [0; 24];
    (node.random)(&mut random);
    let (mut prefix, mut nonce) = ([0; 16], [0; 8]);
    prefix.copy_from_slice(&random[..16]);
    nonce.copy_from_slice(&random[16..]);
    let timestamp = ((node.now_us)() / 1_000_000).to_string();
    let nonce = u64::from_be_bytes(nonce).to_string();
    node.accounts
        .get(account)
        .account
        .seal(seal, &xml, &timestamp, &nonce, prefix)
}
