//! What a message is and which rule decides its reply: the oracle's own order of C.5, rule by rule.

use super::Unjudgeable;
use super::grammar::{Grammar, Reading};
use super::keywords::{Circumstances, Keywords, Questions};
use super::normal::{Forms, Normaliser};
use campaign::{Campaign, MenuAction, MessageKind, Slot};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wechat::{Event, Inbound};

/// What the platform puts in the place of a sticker; compared as it came.
const STICKER: &str = "【收到不支持的消息类型，暂无法显示】";
/// Words that join in every campaign, besides the spellings of GO.
const JOINS: [&str; 2] = ["报名", "参加"];
/// Longest join that says more than GO, in characters.
const LONG_JOIN: usize = 8;
/// Digits that a claim has at least, a telephone number.
const CLAIM_DIGITS: usize = 7;
/// Texts whose normal forms are remembered: the burst's texts are few and come again and again.
const REMEMBERED: usize = 65_536;
/// Longest text that is remembered, in bytes.
const MAX_REMEMBERED_BYTES: usize = 256;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Name of its class.
    pub(super) class: &'static str,
    /// Id of the rule that decides the reply; empty when none does.
    pub(super) rule: Cow<'static, str>,
    /// What it does in the contest.
    pub(super) effect: Effect,
}

/// What a message does in the contest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Its sender joins.
    Joins,
    /// A valid answer in the window of a round.
    Answers { round: u16, value: String },
    /// A wrong format in the window of a round.
    WrongFormat { round: u16 },
}

impl Verdict {
    /// A class whose rule has the same name, without effect.
    fn of(class: &'static str) -> Self {
        Self {
            class,
            rule: Cow::Borrowed(class),
            effect: Effect::None,
        }
    }

    fn by_rule(class: &'static str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self {
            class,
            rule: rule.into(),
            effect: Effect::None,
        }
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

/// A round as the oracle sees it.
#[derive(Debug)]
struct Window {
    number: u16,
    open: i64,
    close: i64,
    grammar: Grammar,
    accept_voice: bool,
}

/// A campaign, made ready for judging.
#[derive(Debug)]
pub(super) struct Judgement {
    normaliser: Normaliser,
    windows: Vec<Window>,
    join_words: Vec<String>,
    /// What asks for the fan's own code.
    own_code: Vec<String>,
    /// What claims begin with.
    claim_words: Vec<String>,
    keywords: Keywords,
    questions: Questions,
    menu: BTreeMap<String, MenuAction>,
    /// The rule of a tap on an entry that is not there.
    stale: &'static str,
    known: HashMap<String, Arc<Forms>>,
}

impl Judgement {
    pub(super) fn new(campaign: &Campaign) -> Result<Self, Unjudgeable> {
        let normaliser = Normaliser::new();
        let mut windows = Vec::new();
        for round in &campaign.rounds {
            windows.push(Window {
                number: round.number,
                open: round.open,
                close: round.close,
                grammar: Grammar::new(&round.question, &normaliser),
                accept_voice: round.question.accept_voice,
            });
        }
        Ok(Self {
            windows,
            join_words: JOINS
                .into_iter()
                .chain(campaign.join.keywords.iter().map(String::as_str))
                .map(|word| normaliser.tight(word))
                .collect(),
            own_code: tight_words(&campaign.mine.keywords, &normaliser),
            claim_words: tight_words(&campaign.claim.keywords, &normaliser),
            keywords: Keywords::new(campaign, &normaliser)?,
            questions: Questions::new(&campaign.detector, &normaliser),
            menu: campaign
                .menu
                .iter()
                .map(|item| (item.id.clone(), item.action.clone()))
                .collect(),
            stale: match campaign.slots.get(Slot::StaleMenu) {
                Some(_) => "stale_menu",
                None => "default",
            },
            known: HashMap::new(),
            normaliser,
        })
    }

    /// Judges a message or event.
    pub(super) fn judge(&mut self, message: &Inbound) -> Verdict {
        use wechat::Body;
        match &message.body {
            Body::Event(event) => self.event(event, message.create_time),
            Body::Text { content, menu_id } => match menu_id {
                Some(id) => self.menu(id, message.create_time),
                None => self.text(content, message.create_time),
            },
            Body::Voice { recognition, .. } => {
                let words = recognition.as_deref().unwrap_or_default();
                self.voice(words, message.create_time)
            }
            Body::Image { .. }
            | Body::Video { .. }
            | Body::ShortVideo { .. }
            | Body::Location { .. }
            | Body::Link { .. }
            | Body::File { .. } => Verdict::of("media"),
            Body::Unknown => Verdict::by_rule("other", "default"),
        }
    }

    fn event(&self, event: &Event, create_time: i64) -> Verdict {
        match event {
            Event::Subscribe { .. } => Verdict::by_rule("event", "subscribe"),
            Event::Click { key } => match self.menu.get(key) {
                Some(MenuAction::Answer { .. }) => self.menu(key, create_time),
                Some(MenuAction::Reply { .. }) => Verdict::by_rule("event", format!("menu:{key}")),
                None => Verdict::by_rule("event", self.stale),
            },
            _ => Verdict::by_rule("event", ""),
        }
    }

    /// Step 1.
    fn menu(&self, id: &str, create_time: i64) -> Verdict {
        match self.menu.get(id) {
            Some(MenuAction::Answer { round, value }) => {
                self.answer_to(*round, value.clone(), create_time)
            }
            Some(MenuAction::Reply { .. }) => Verdict::by_rule("menu", format!("menu:{id}")),
            None => Verdict::by_rule("stale_menu", self.stale),
        }
    }

    /// Steps 2 to 10 for a typed text.
    fn text(&mut self, content: &str, create_time: i64) -> Verdict {
        let forms = self.forms(content);
        let at = self.circumstances(MessageKind::Text, create_time);
        if let Some(rule) = self.keywords.hit(true, &forms, at) {
            return Verdict::by_rule("preempt", format!("keyword:{rule}"));
        }
        if self.is_join(&forms.tight) {
            return Verdict::of("join").with(Effect::Joins);
        }
        let claims = self.claim_digits(&forms.tight);
        if claims.is_some_and(|digits| digits >= CLAIM_DIGITS) {
            return Verdict::of("claim");
        }
        let attempt = self.attempt(&forms, create_time);
        // Whoever asks for his code is told it, unless he answers, rightly or not, while a round is open.
        let while_open = ["answer", "wrong_format"];
        let attempts = attempt
            .as_ref()
            .is_some_and(|v| while_open.contains(&v.class));
        if !attempts && self.own_code.contains(&forms.tight) {
            return Verdict::of("mine");
        }
        if !attempts && claims.is_some() {
            return Verdict::of("claim_help");
        }
        if let Some(verdict) = attempt {
            return verdict;
        }
        if let Some(rule) = self.keywords.hit(false, &forms, at) {
            return Verdict::by_rule("keyword", format!("keyword:{rule}"));
        }
        if self.questions.is_question(&forms) {
            return Verdict::of("question");
        }
        if content == STICKER || (forms.plain.is_empty() && forms.emoticons) {
            return Verdict::by_rule("emoticon", "default");
        }
        Verdict::by_rule("other", "default")
    }

    /// Steps 2 to 8 for a voice message: its recognised words answer only where the question takes voice.
    fn voice(&mut self, recognition: &str, create_time: i64) -> Verdict {
        let forms = self.forms(recognition);
        let at = self.circumstances(MessageKind::Voice, create_time);
        if let Some(rule) = self.keywords.hit(true, &forms, at) {
            return Verdict::by_rule("preempt", format!("keyword:{rule}"));
        }
        let speaks = self
            .window_at(create_time)
            .or(self.last_closed(create_time));
        if speaks.is_some_and(|window| window.accept_voice)
            && let Some(verdict) = self.attempt(&forms, create_time)
        {
            return verdict;
        }
        if let Some(rule) = self.keywords.hit(false, &forms, at) {
            return Verdict::by_rule("keyword", format!("keyword:{rule}"));
        }
        if self.questions.is_question(&forms) {
            return Verdict::of("question");
        }
        Verdict::of("media")
    }

    /// How many digits follow the word for claims, the longest of those that a text begins with.
    fn claim_digits(&self, tight: &str) -> Option<usize> {
        let begins = self
            .claim_words
            .iter()
            .filter(|word| tight.starts_with(word.as_str()));
        let longest = begins.max_by_key(|word| word.len())?;
        let digits = tight
            .chars()
            .skip(longest.chars().count())
            .filter(char::is_ascii_digit);
        Some(digits.count())
    }

    /// Step 3.
    fn is_join(&self, tight: &str) -> bool {
        if tight.is_empty() {
            return false;
        }
        if self.join_words.iter().any(|word| word == tight) {
            return true;
        }
        let times = tight.len() / 2;
        if (1..=20).contains(&times) && tight == "go".repeat(times) {
            return true;
        }
        if let Some(os) = tight.strip_prefix('g')
            && (1..=20).contains(&os.len())
            && os.chars().all(|c| c == 'o')
        {
            return true;
        }
        if tight.chars().count() > LONG_JOIN {
            return false;
        }
        ["", "我要", "我想"].iter().any(|lead| {
            let rest = tight
                .strip_prefix(lead)
                .and_then(|rest| rest.strip_prefix("go"));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
        })
    }

    /// Steps 4, 4b and 5.
    fn attempt(&self, forms: &Forms, create_time: i64) -> Option<Verdict> {
        let open = self.window_at(create_time);
        let asked = open
            .or(self.last_closed(create_time))
            .or(self.windows.first())?;
        let asks = self.questions.is_question(forms);
        let mut reading = asked.grammar.read(asked.number, forms, asks);
        if let Reading::Explicit(round, letters, alone) = reading {
            // P-4: it is never an answer to the round that is open.
            if let Some(value) = self.named(round, &letters) {
                return Some(self.answer_to(round, value, create_time));
            }
            reading = *alone;
        }
        match reading {
            Reading::Answer(value) => Some(self.answer_to(asked.number, value, create_time)),
            Reading::WrongFormat => {
                let effect = Effect::WrongFormat {
                    round: open?.number,
                };
                Some(Verdict::of("wrong_format").with(effect))
            }
            Reading::Explicit(..) | Reading::NotAnAnswer => None,
        }
    }

    /// An answer to a round: in its window it counts, after it it is late, before it early.
    fn answer_to(&self, round: u16, value: String, create_time: i64) -> Verdict {
        match self.windows.iter().find(|window| window.number == round) {
            Some(window) if create_time < window.open => Verdict::of("early"),
            Some(window) if create_time >= window.close => Verdict::of("late"),
            Some(_) => Verdict::of("answer").with(Effect::Answers { round, value }),
            None => Verdict::by_rule("stale_menu", "default"),
        }
    }

    /// What letters say to a round, if it exists and has such options.
    fn named(&self, round: u16, letters: &str) -> Option<String> {
        let window = self.windows.iter().find(|window| window.number == round)?;
        window.grammar.named(letters)
    }

    fn window_at(&self, create_time: i64) -> Option<&Window> {
        self.windows
            .iter()
            .find(|window| window.open <= create_time && create_time < window.close)
    }

    fn last_closed(&self, create_time: i64) -> Option<&Window> {
        self.windows
            .iter()
            .rev()
            .find(|window| window.close <= create_time)
    }

    fn circumstances(&self, kind: MessageKind, create_time: i64) -> Circumstances {
        let round_open = self.window_at(create_time).is_some();
        Circumstances {
            kind,
            create_time,
            round_open,
        }
    }

    fn forms(&mut self, text: &str) -> Arc<Forms> {
        if let Some(forms) = self.known.get(text) {
            return Arc::clone(forms);
        }
        let forms = Arc::new(self.normaliser.forms(text));
        if self.known.len() < REMEMBERED && text.len() <= MAX_REMEMBERED_BYTES {
            self.known.insert(text.to_owned(), Arc::clone(&forms));
        }
        forms
    }
}

/// The words of a list that say something, in tight form.
fn tight_words(words: &[String], normaliser: &Normaliser) -> Vec<String> {
    let words = words.iter().map(|word| normaliser.tight(word));
    words.filter(|word| !word.is_empty()).collect()
}
