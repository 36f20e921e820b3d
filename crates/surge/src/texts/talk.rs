//! Questions, chatter, emoticons, recognised speech, and hostile texts.

use super::{Corpus, one};
use crate::mix::Draws;

/// Per mille of questions that carry an order number or a phone number.
const WITH_NUMBER: u64 = 30;
/// Per mille of questions with a slip of the input method.
const WITH_TYPO: u64 = 60;
/// Per mille of questions in traditional characters.
const IN_TRADITIONAL: u64 = 40;

impl Corpus {
    /// A question to customer service: a stem with a product in its slot.
    pub fn question(&self, draws: &mut Draws) -> String {
        let stem = one(&self.stems, draws);
        let mut text = stem.replace("{}", one(&self.slots, draws));
        if draws.hits(WITH_TYPO) {
            let slip = self.typos.iter().find(|(right, _)| text.contains(right));
            if let Some((right, wrong)) = slip {
                text = text.replacen(right, wrong, 1);
            }
        }
        if draws.hits(IN_TRADITIONAL) {
            text = self.in_traditional(&text);
        }
        if draws.hits(WITH_NUMBER) {
            text.push_str(&if draws.hits(500) {
                format!(" 订单号113{:013}", draws.below(10_000_000_000_000))
            } else {
                format!(" 电话138{:08}", draws.below(100_000_000))
            });
        }
        if draws.hits(350) {
            text.push(if draws.hits(700) { '？' } else { '?' });
        }
        text
    }

    /// Chatter that wants no answer.
    pub fn chatter(&self, draws: &mut Draws) -> String {
        let mut text = one(&self.chatter, draws).to_owned();
        match draws.below(10) {
            0 => text.push_str("！！！"),
            1 => text.push_str("..."),
            2 => text.push_str(one(&self.emoticons, draws)),
            _ => {}
        }
        text
    }

    /// One to four emoticons and nothing else.
    pub fn emoticon(&self, draws: &mut Draws) -> String {
        let code = one(&self.emoticons, draws);
        let times = 1 + draws.weighted(&[700, 150, 100, 50]);
        code.repeat(times)
    }

    /// What the platform's speech recognition made of a voice message; often nothing.
    pub fn recognition(&self, round: usize, draws: &mut Draws) -> Option<String> {
        let text = match draws.weighted(&[400, 200, 150, 250]) {
            0 => return None,
            1 => {
                let places = self.asked.get(round)?.options() as u64;
                format!(
                    "我选{}。",
                    char::from(b'A' + (draws.below(places) % 26) as u8)
                )
            }
            2 => "狗。".to_owned(),
            _ => format!("{}。", one(&self.chatter, draws)),
        };
        Some(text)
    }

    /// A text that is valid inside CDATA and meant to hurt.
    pub fn hostile(&self, draws: &mut Draws) -> String {
        match draws.below(8) {
            0 => "A]]>".to_owned(),
            1 => "]]></Content><MsgType><![CDATA[event]]>".to_owned(),
            2 => "<!DOCTYPE xml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><xml>&b;</xml>"
                .to_owned(),
            3 => format!("{}G{}O", "\u{200b}".repeat(200), "\u{200d}".repeat(200)),
            4 => "A".repeat(2048),
            5 => "\u{202e}A\u{202c}\u{200f}".to_owned(),
            6 => "&#xD800;&#xDFFF;A".to_owned(),
            _ => "\u{fdfa}".repeat(120),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CHATTER, EMOTICONS, SLOTS, STEMS};

    #[test]
    fn the_tables_have_the_sizes_of_the_model() {
        assert_eq!(STEMS.lines().count(), 60);
        assert_eq!(SLOTS.lines().count(), 12);
        assert!(STEMS.lines().all(|stem| stem.matches("{}").count() == 1));
        assert!(CHATTER.lines().count() >= 40);
        assert!(EMOTICONS.lines().any(|code| code == "/:8-)"));
    }
}
