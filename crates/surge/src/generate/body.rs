//! Bodies as WeChat sends them in plain mode: no declaration, text in CDATA, one line feed between elements.

use super::kinds::Kind;
use super::plan::{Planned, What};
use crate::mix::{Draws, Purpose, Stream};
use crate::texts::Corpus;
use std::fmt::Write as _;

/// The alphabet of openids and media ids: base64url.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What the platform puts in the place of a sticker.
const STICKER: &str = "【收到不支持的消息类型，暂无法显示】";
/// Weights per mille of the kinds of [`Kind::Other`].
const OTHERS: [u16; 6] = [300, 150, 200, 100, 200, 50];
/// Per mille of followers who came by a QR code.
const BY_CODE: u64 = 300;

/// Makes bodies.
pub(super) struct Bodies<'a> {
    corpus: &'a Corpus,
    ids: Stream,
    spelling: Stream,
    original_id: String,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(seed: u64, corpus: &'a Corpus) -> Self {
        Self {
            corpus,
            ids: Stream::new(seed, Purpose::Ids),
            spelling: Stream::new(seed, Purpose::Spelling),
            original_id: original_id(seed),
        }
    }

    /// Appends the body of a delivery.
    pub(super) fn write(&self, planned: &Planned, body: &mut String) {
        body.push_str("<xml>");
        text_element(body, "ToUserName", &self.original_id);
        body.push('\n');
        body.push_str("<FromUserName><![CDATA[");
        self.openid(planned.fan, body);
        body.push_str("]]></FromUserName>\n");
        element(body, "CreateTime", planned.create_time);
        match planned.what {
            What::Message {
                kind,
                round,
                option,
            } => {
                let mut draws = self.spelling.of(planned.n);
                self.message(
                    kind,
                    usize::from(round),
                    usize::from(option),
                    planned,
                    &mut draws,
                    body,
                );
            }
            What::Follows => self.follows(planned, body),
            What::Leaves => self.event("unsubscribe", "", body),
        }
        body.push_str("</xml>");
    }

    /// The elements of a message.
    fn message(
        &self,
        kind: Kind,
        round: usize,
        option: usize,
        planned: &Planned,
        draws: &mut Draws,
        body: &mut String,
    ) {
        let corpus = self.corpus;
        match kind {
            Kind::Go => text(body, &corpus.go(draws)),
            Kind::Answer => text(body, &corpus.answer(round, option, draws)),
            Kind::WrongFormat => text(body, &corpus.wrong_format(round, draws)),
            Kind::Question => text(body, &corpus.question(draws)),
            Kind::Chatter => text(body, &corpus.chatter(draws)),
            Kind::Emoticon => text(body, &corpus.emoticon(draws)),
            Kind::Hostile => text(body, &corpus.hostile(draws)),
            Kind::Image => {
                kind_of(body, "image");
                let address = self.token(planned.n, 0, 80);
                let url = format!("http://mmbiz.qpic.cn/mmbiz/{address}/0");
                line(body, "PicUrl", &url);
                line(body, "MediaId", &self.token(planned.n, 8, 64));
            }
            Kind::Voice => {
                kind_of(body, "voice");
                line(body, "MediaId", &self.token(planned.n, 0, 107));
                line(body, "Format", "amr");
                if let Some(words) = corpus.recognition(round, draws) {
                    line(body, "Recognition", &words);
                }
            }
            Kind::Other => self.other(planned, draws, body),
        }
        let msg_id = ((planned.create_time as u64) << 32) | u64::from(planned.id_low);
        element(body, "MsgId", msg_id);
        if kind == Kind::Other && draws_menu(planned, self.spelling) {
            element(body, "bizmsgmenuid", 900 + planned.n % 100);
        }
    }

    /// A place, a link, a video, a sticker, or a tap on a line of an old menu.
    fn other(&self, planned: &Planned, draws: &mut Draws, body: &mut String) {
        match draws.weighted(&OTHERS) {
            0 => {
                kind_of(body, "location");
                let (x, y) = (draws.below(20_000_000), draws.below(40_000_000));
                let degrees = |least: u64, micro: u64| {
                    format!("{}.{:06}", least + micro / 1_000_000, micro % 1_000_000)
                };
                element(body, "Location_X", degrees(22, x));
                element(body, "Location_Y", degrees(85, y));
                element(body, "Scale", 15 + draws.below(5));
                line(body, "Label", "北京市海淀区清河中街68号");
            }
            1 => {
                kind_of(body, "link");
                line(body, "Title", "米粉节活动规则");
                line(body, "Description", "点此查看");
                line(
                    body,
                    "Url",
                    "http://www.xiaomi.com/c/mifenjie?from=weixin&id=409",
                );
            }
            place @ (2 | 3) => {
                kind_of(body, if place == 2 { "video" } else { "shortvideo" });
                line(body, "MediaId", &self.token(planned.n, 8, 64));
                line(body, "ThumbMediaId", &self.token(planned.n, 0, 64));
            }
            4 => text(body, STICKER),
            _ => text(body, "选项 A"),
        }
    }

    fn follows(&self, planned: &Planned, body: &mut String) {
        let mut draws = self.spelling.of(planned.n);
        if draws.hits(BY_CODE) {
            self.event(
                "subscribe",
                &format!("qrscene_{}", 1 + draws.below(40)),
                body,
            );
            line(body, "Ticket", &self.token(planned.n, 8, 64));
        } else {
            self.event("subscribe", "", body);
        }
    }

    fn event(&self, event: &str, key: &str, body: &mut String) {
        kind_of(body, "event");
        line(body, "Event", event);
        line(body, "EventKey", key);
    }

    /// Appends a fan's openid: `o` and 27 characters.
    fn openid(&self, fan: u32, body: &mut String) {
        body.push('o');
        characters(self.ids, u64::from(fan) * 3, 27, body);
    }

    /// A media id of a message; `part` tells apart those of one message.
    fn token(&self, n: u64, part: u64, length: usize) -> String {
        let mut token = String::with_capacity(length);
        characters(self.ids, (1 << 48) + n * 16 + part, length, &mut token);
        token
    }
}

/// Whether a message of [`Kind::Other`] is a tap on a menu: its first draw fell on the last weight.
fn draws_menu(planned: &Planned, spelling: Stream) -> bool {
    spelling.of(planned.n).weighted(&OTHERS) == OTHERS.len() - 1
}

/// Characters of the alphabet, ten from each draw.
fn characters(ids: Stream, index: u64, length: usize, out: &mut String) {
    for place in 0..length {
        let draw = ids.draw(index + place as u64 / 10);
        let digit = (draw >> (6 * (place % 10))) & 63;
        out.push(char::from(ALPHABET[digit as usize]));
    }
}

/// The account's original id for a seed: `gh_` and 12 hexadecimal digits.
pub(super) fn original_id(seed: u64) -> String {
    let draw = Stream::new(seed, Purpose::Ids).draw(1 << 50);
    format!("gh_{:012x}", draw >> 16)
}

/// The account's app id for a seed: `wx` and 16 hexadecimal digits.
pub(super) fn app_id(seed: u64) -> String {
    format!(
        "wx{:016x}",
        Stream::new(seed, Purpose::Ids).draw((1 << 50) + 1)
    )
}

fn kind_of(body: &mut String, kind: &str) {
    line(body, "MsgType", kind);
}

fn text(body: &mut String, content: &str) {
    kind_of(body, "text");
    line(body, "Content", content);
}

/// A text element and a line feed.
fn line(body: &mut String, name: &str, value: &str) {
    text_element(body, name, value);
    body.push('\n');
}

/// A text element in CDATA; an end of CDATA inside it is split over two sections.
fn text_element(body: &mut String, name: &str, value: &str) {
    body.push('<');
    body.push_str(name);
    body.push_str("><![CDATA[");
    let mut pieces = value.split("]]>");
    body.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        body.push_str("]]]]><![CDATA[>");
        body.push_str(piece);
    }
    body.push_str("]]></");
    body.push_str(name);
    body.push('>');
}

/// An element with a bare number, and a line feed.
fn element(body: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    writeln!(body, "<{name}>{value}</{name}>").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_cdata_is_split() {
        let mut body = String::new();
        text_element(&mut body, "Content", "a]]>b");
        assert_eq!(body, "<Content><![CDATA[a]]]]><![CDATA[>b]]></Content>");
    }

    #[test]
    fn ids_have_the_forms_of_the_platform() {
        assert!(original_id(1).starts_with("gh_") && original_id(1).len() == 15);
        assert!(app_id(1).starts_with("wx") && app_id(1).len() == 18);
        let mut openid = String::new();
        characters(Stream::new(1, Purpose::Ids), 3, 27, &mut openid);
        assert_eq!(openid.len(), 27);
        assert_ne!(original_id(1), original_id(2));
    }
}
