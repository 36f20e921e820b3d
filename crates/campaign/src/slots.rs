//! The fixed slots: situations that always need words. Never which one a message is in.

use std::collections::BTreeMap;

/// A situation with its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// A join while a round is open.
    Join,
    /// An answer to the open round.
    Answer,
    /// An attempt at an answer that cannot be read in one way.
    WrongFormat,
    /// While a round is open, an answer that names an earlier one.
    Late,
    /// While a round is open, an answer that names a later one.
    Early,
    /// Within ten seconds of an edge of a round, instead of everything that speaks about rounds.
    Neutral,
    /// Join, answer or anything else before the first round.
    NotStarted,
    /// The same between two rounds.
    BetweenRounds,
    /// The same after the last round.
    AfterEnd,
    /// A new follower.
    Subscribe,
    /// A new follower who came by a QR code with a scene; without it `subscribe` speaks.
    SubscribeScene,
    /// Pictures, voice, video, places, links, files.
    Media,
    /// A question for people.
    Question,
    /// A question or anything else when nobody is there to answer, outside the rounds.
    OutOfHours,
    /// A tap on a menu that is no longer known; without it `default` speaks.
    StaleMenu,
    /// A fan asks for his own entrant code; without it built-in words speak.
    Mine,
    /// A fan claims a prize; without it built-in words speak.
    Claim,
    /// A fan names the word for claims without what belongs to it; without it built-in words speak.
    ClaimHelp,
    /// Everything else.
    Default,
}

impl Slot {
    /// Every slot with its name in the file, and whether a campaign must fill it.
    pub const ALL: [(&'static str, Self, bool); 19] = [
        ("join", Self::Join, true),
        ("answer", Self::Answer, true),
        ("wrong_format", Self::WrongFormat, true),
        ("late", Self::Late, true),
        ("early", Self::Early, true),
        ("neutral", Self::Neutral, true),
        ("not_started", Self::NotStarted, true),
        ("between_rounds", Self::BetweenRounds, true),
        ("after_end", Self::AfterEnd, true),
        ("subscribe", Self::Subscribe, true),
        ("subscribe_scene", Self::SubscribeScene, false),
        ("media", Self::Media, true),
        ("question", Self::Question, true),
        ("out_of_hours", Self::OutOfHours, false),
        ("stale_menu", Self::StaleMenu, false),
        ("mine", Self::Mine, false),
        ("claim", Self::Claim, false),
        ("claim_help", Self::ClaimHelp, false),
        ("default", Self::Default, true),
    ];

    /// Its name in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, slot, _)| *slot == self)
            .map_or("", |(name, _, _)| name)
    }

    /// Whether its words answer a join, an answer or a claim: these state receipt, never effect.
    #[must_use]
    pub fn speaks_of_the_contest(self) -> bool {
        match self {
            Self::Join
            | Self::Answer
            | Self::WrongFormat
            | Self::Late
            | Self::Early
            | Self::Neutral
            | Self::NotStarted
            | Self::BetweenRounds
            | Self::AfterEnd
            | Self::Claim
            | Self::ClaimHelp => true,
            Self::Subscribe
            | Self::SubscribeScene
            | Self::Media
            | Self::Question
            | Self::OutOfHours
            | Self::StaleMenu
            | Self::Mine
            | Self::Default => false,
        }
    }

    /// The words of a slot that a campaign can do without and whose message gets words of its own all the same, as a
    /// template; `claim` is the word by which fans claim.
    pub(crate) fn built_in(self, claim: &str) -> Option<String> {
        let words = match self {
            Self::Mine => {
                "你在本次活动的编码是 {code}。公布的名单、成绩和记录里都用它代替你，中奖名单只写末六位。编码不表示已经参加或中奖，一切以公布的结果为准。"
            }
            Self::Claim => "已收到您的领奖信息，一切以核对结果为准。",
            Self::ClaimHelp => {
                "领奖请把“CLAIM”、姓名、手机号码和地址写在同一条消息里发来，例如：CLAIM 张三 13800000000 北京市某路1号。号码请用数字。收到后一切以核对结果为准。"
            }
            _ => return None,
        };
        let claim = claim.replace('{', "{{").replace('}', "}}");
        Some(words.replace("CLAIM", &claim))
    }
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotEntry {
    /// Names of templates; several are spread over the fans, stable for a fan and day.
    pub templates: Vec<String>,
    /// Line of the slot in the file.
    pub line: usize,
}

/// The filled slots of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    entries: BTreeMap<Slot, SlotEntry>,
}

impl Slots {
    /// Fills a slot.
    pub(crate) fn fill(&mut self, slot: Slot, entry: SlotEntry) {
        self.entries.insert(slot, entry);
    }

    /// What fills the slot.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&SlotEntry> {
        self.entries.get(&slot)
    }

    /// The templates of the slot; empty when it is not filled.
    #[must_use]
    pub fn templates(&self, slot: Slot) -> &[String] {
        self.entries
            .get(&slot)
            .map_or(&[], |entry| &entry.templates)
    }

    /// Every filled slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &SlotEntry)> {
        self.entries.iter().map(|(slot, entry)| (*slot, entry))
    }
}
