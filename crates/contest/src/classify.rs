//! What a message is (C.5): first hit wins, a pure function of the message and the campaign. Never
//! what follows from it.

use crate::class::Class;
use crate::compiled::Compiled;
use crate::event::EventClass;
use crate::grammar::{Reading, WrongFormat};
use crate::keywords::Asked;
use crate::tight::Tight;
use crate::words::{self, Claiming};
use campaign::{MenuAction, MessageKind, Rule, Standing};

/// What the platform writes for a sticker that it cannot pass on; compared before normalisation, which
/// would change its comma.
pub const PLACEHOLDER: &str = "【收到不支持的消息类型，暂无法显示】";

/// What of a message matters here. Absent fields are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Message<'a> {
    /// MsgType, in any case.
    pub kind: &'a str,
    /// Content of a text message.
    pub text: &'a str,
    /// The platform's recognition of a voice message.
    pub recognition: &'a str,
    /// Id of the msgmenu line that was tapped.
    pub menu_id: &'a str,
    /// Name of the event.
    pub event: &'a str,
    /// Key of the event.
    pub event_key: &'a str,
    /// The fan.
    pub from: &'a str,
    /// CreateTime, epoch seconds.
    pub create_time: i64,
}

/// Both normal forms of one text.
struct Forms {
    plain: String,
    tight: Tight,
}

impl Compiled {
    /// What the message is (C.5).
    #[must_use]
    pub fn classify(&self, message: &Message<'_>) -> Class {
        let kind = message.kind;
        if kind.eq_ignore_ascii_case("event") {
            return self.classify_event(message);
        }
        if kind.eq_ignore_ascii_case("text") {
            return self.classify_text(message);
        }
        if kind.eq_ignore_ascii_case("voice") && !message.recognition.is_empty() {
            return self.classify_voice(message);
        }
        const MEDIA: [&str; 7] = [
            "image",
            "voice",
            "video",
            "shortvideo",
            "location",
            "link",
            "file",
        ];
        if MEDIA.iter().any(|media| kind.eq_ignore_ascii_case(media)) {
            return Class::Media;
        }
        Class::Other
    }

    /// What the message says about a round by that round's grammar, whatever its CreateTime. A message
    /// that is a join or a claim, goes before answers or names another round says nothing about it.
    #[must_use]
    pub fn read(&self, round: u16, message: &Message<'_>) -> Reading {
        let at = message.create_time;
        if let Some(id) = tapped(message) {
            return match self.menu.get(id) {
                Some(MenuAction::Answer {
                    round: bound,
                    value,
                }) if *bound == round => Reading::Answer(value.clone()),
                _ => Reading::NotAnAnswer,
            };
        }
        if message.kind.eq_ignore_ascii_case("text") {
            let forms = self.forms(message.text);
            let preempted = self.preempted(&forms, at, MessageKind::Text).is_some();
            let claims = self.claiming(&forms.tight) == Some(Claiming::Whole);
            if preempted || claims || self.joins(&forms.tight) {
                return Reading::NotAnAnswer;
            }
            return self.reading(round, &forms);
        }
        if message.kind.eq_ignore_ascii_case("voice") && self.accepts_voice(round) {
            let forms = self.forms(message.recognition);
            if self.preempted(&forms, at, MessageKind::Voice).is_none() {
                return self.reading(round, &forms);
            }
        }
        Reading::NotAnAnswer
    }

    /// Whether the message is a join, whatever its CreateTime.
    #[must_use]
    pub fn is_join(&self, message: &Message<'_>) -> bool {
        let typed = self.typed(message);
        typed.is_some_and(|forms| self.joins(&forms.tight))
    }

    /// Whether the message claims a prize, whatever its CreateTime.
    #[must_use]
    pub fn is_claim(&self, message: &Message<'_>) -> bool {
        let typed = self.typed(message);
        typed.is_some_and(|forms| {
            !self.joins(&forms.tight) && self.claiming(&forms.tight) == Some(Claiming::Whole)
        })
    }

    /// A text that a fan has typed, unless a word in it goes before everything.
    fn typed(&self, message: &Message<'_>) -> Option<Forms> {
        let is_text = message.kind.eq_ignore_ascii_case("text") && message.menu_id.is_empty();
        let forms = is_text.then(|| self.forms(message.text))?;
        let preempted = self.preempted(&forms, message.create_time, MessageKind::Text);
        preempted.is_none().then_some(forms)
    }

    /// The rule that goes before joins and answers, if one hears the message.
    pub(crate) fn preempting(&self, message: &Message<'_>) -> Option<&Rule> {
        let (words, kind) = if message.kind.eq_ignore_ascii_case("voice") {
            (message.recognition, MessageKind::Voice)
        } else {
            (message.text, MessageKind::Text)
        };
        self.preempted(&self.forms(words), message.create_time, kind)
    }

    /// An event; a tap on an entry of the account's menu that is bound to an answer is one.
    fn classify_event(&self, message: &Message<'_>) -> Class {
        let event = EventClass::of(message.event, message.event_key);
        let bound = match &event {
            EventClass::Click(key) => self.menu.get(key.as_str()),
            _ => None,
        };
        match bound {
            Some(MenuAction::Answer { round, value }) => {
                self.bound_answer(*round, value, message.create_time)
            }
            _ => Class::Event(event),
        }
    }

    fn classify_text(&self, message: &Message<'_>) -> Class {
        let at = message.create_time;
        if !message.menu_id.is_empty() {
            return match self.menu.get(message.menu_id) {
                Some(MenuAction::Answer { round, value }) => self.bound_answer(*round, value, at),
                Some(MenuAction::Reply { .. }) => Class::Menu(message.menu_id.to_owned()),
                None => Class::StaleMenu,
            };
        }
        let forms = self.forms(message.text);
        if self.preempted(&forms, at, MessageKind::Text).is_some() {
            return Class::Preempt;
        }
        if self.joins(&forms.tight) {
            return Class::Join;
        }
        // Before answers: where any word is one, a name and an address would be published with the standings.
        let claiming = self.claiming(&forms.tight);
        if claiming == Some(Claiming::Whole) {
            return Class::Claim;
        }
        let said = self.answering(&forms, at, |_| true);
        let in_window = matches!(
            &said,
            Some(Class::Answer { .. } | Class::WrongFormat { .. })
        );
        // These take no answer from an open round; but a last question that any word answers would call them late for
        // ever.
        if !in_window && self.mine.contains(&forms.tight.text) {
            return Class::Mine;
        }
        if !in_window && claiming.is_some() {
            return Class::ClaimHelp;
        }
        if let Some(class) = said {
            return class;
        }
        if let Some(rule) = self.heard(&forms, at, MessageKind::Text) {
            return Class::Keyword(rule.id.clone());
        }
        if self.questions.asks(&forms.plain) {
            return Class::Question;
        }
        let sticker = message.text.trim() == PLACEHOLDER;
        if sticker || (forms.plain.is_empty() && !message.text.trim().is_empty()) {
            return Class::Emoticon;
        }
        Class::Other
    }

    /// A recognised voice message: a word that goes before everything, an answer where the question takes it (P-9), else a keyword's, a
    /// question for people, or media like any other.
    fn classify_voice(&self, message: &Message<'_>) -> Class {
        let forms = self.forms(message.recognition);
        let at = message.create_time;
        if self.preempted(&forms, at, MessageKind::Voice).is_some() {
            return Class::Preempt;
        }
        if let Some(class) = self.answering(&forms, at, |round| self.accepts_voice(round)) {
            return class;
        }
        match self.heard(&forms, at, MessageKind::Voice) {
            Some(rule) => Class::Keyword(rule.id.clone()),
            None if self.questions.asks(&forms.plain) => Class::Question,
            None => Class::Media,
        }
    }

    /// Steps 4, 4b and 5: what the text says to the round that is open, else to the one that closed
    /// last, else to the first; an explicit round goes to that round (P-4).
    fn answering(&self, forms: &Forms, at: i64, listens: impl Fn(u16) -> bool) -> Option<Class> {
        let standing = self.campaign.standing(at);
        let (near, open) = match standing {
            Standing::Open { round, .. } => (round.number, true),
            Standing::Before { next } => (next.number, false),
            Standing::Between { last, .. } => (last.number, false),
            Standing::After { last } => (last?.number, false),
        };
        if !listens(near) {
            return None;
        }
        match self.reading(near, forms) {
            Reading::Answer(value) if open => return Some(Class::Answer { round: near, value }),
            Reading::WrongFormat(reason) if open => {
                return Some(Class::WrongFormat {
                    round: near,
                    reason,
                });
            }
            Reading::Answer(_) => return Some(self.out_of_window(near, at)),
            Reading::WrongFormat(_) | Reading::NotAnAnswer => {}
        }
        let (number, letters) = words::explicit(&forms.tight.text)?;
        if number == near {
            return None;
        }
        let wrong = |reason| {
            open.then_some(Class::WrongFormat {
                round: near,
                reason,
            })
        };
        match self.grammar(number) {
            Some(grammar) if grammar.letters(letters).is_some() => {
                Some(self.out_of_window(number, at))
            }
            Some(_) => wrong(WrongFormat::OutsideLetter),
            None => wrong(WrongFormat::UnknownRound),
        }
    }

    /// Late for a round that has opened by then, early for one that has not.
    fn out_of_window(&self, round: u16, at: i64) -> Class {
        let opened = self
            .campaign
            .round(round)
            .is_some_and(|round| round.open <= at);
        if opened {
            Class::Late { round }
        } else {
            Class::Early { round }
        }
    }

    /// A tap that is bound to an answer.
    fn bound_answer(&self, round: u16, value: &str, at: i64) -> Class {
        match self.campaign.round_at(at) {
            Some(open) if open.number == round => Class::Answer {
                round,
                value: value.to_owned(),
            },
            _ => self.out_of_window(round, at),
        }
    }

    fn reading(&self, round: u16, forms: &Forms) -> Reading {
        match self.grammar(round) {
            Some(grammar) if !grammar.keeps(&forms.tight) && self.names_another(round, forms) => {
                Reading::NotAnAnswer
            }
            Some(grammar) => {
                grammar.read(round, &forms.tight, || self.questions.asks(&forms.plain))
            }
            None => Reading::NotAnAnswer,
        }
    }

    /// Whether the text names another round with letters that are an answer there (P-4).
    fn names_another(&self, round: u16, forms: &Forms) -> bool {
        let named = words::explicit(&forms.tight.text).filter(|(number, _)| *number != round);
        named.is_some_and(|(number, letters)| {
            let grammar = self.grammar(number);
            grammar.is_some_and(|grammar| grammar.letters(letters).is_some())
        })
    }

    fn accepts_voice(&self, round: u16) -> bool {
        self.campaign
            .round(round)
            .is_some_and(|round| round.question.accept_voice)
    }

    pub(crate) fn joins(&self, tight: &Tight) -> bool {
        words::joins(&tight.text) || self.joins.contains(&tight.text)
    }

    pub(crate) fn claiming(&self, tight: &Tight) -> Option<Claiming> {
        words::claiming(&tight.text, &self.claims)
    }

    fn forms(&self, text: &str) -> Forms {
        let plain = self.normaliser.plain(text);
        let tight = self.normaliser.tight_of_plain(&plain);
        Forms { plain, tight }
    }

    fn preempted(&self, forms: &Forms, at: i64, kind: MessageKind) -> Option<&Rule> {
        self.keywords
            .preempted(&self.campaign, forms.asked(at, kind))
    }

    fn heard(&self, forms: &Forms, at: i64, kind: MessageKind) -> Option<&Rule> {
        self.keywords.heard(&self.campaign, forms.asked(at, kind))
    }
}

impl Forms {
    fn asked(&self, create_time: i64, kind: MessageKind) -> Asked<'_> {
        Asked {
            plain: &self.plain,
            tight: &self.tight.text,
            kind,
            create_time,
        }
    }
}

/// The entry of a msgmenu, or of the account's menu, that was tapped.
fn tapped<'a>(message: &Message<'a>) -> Option<&'a str> {
    let is = |kind: &str| message.kind.eq_ignore_ascii_case(kind);
    if is("text") && !message.menu_id.is_empty() {
        return Some(message.menu_id);
    }
    let clicks = is("event") && message.event.eq_ignore_ascii_case("click");
    clicks.then_some(message.event_key)
}
