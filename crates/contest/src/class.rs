//! The classes of messages (C.5). Never which one a message is in: that is [`crate::classify`].

use crate::event::EventClass;
use crate::grammar::WrongFormat;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// A tap on a menu that the campaign does not know.
    StaleMenu,
    /// A tap on a menu that is answered with words, by its id.
    Menu(String),
    /// A word that goes before everything: people, out.
    Preempt,
    /// A join.
    Join,
    /// An answer to the round whose window contains the CreateTime.
    Answer {
        /// Number of the round.
        round: u16,
        /// Its value: a capital letter, letters in order, a decimal number, a spelling.
        value: String,
    },
    /// An attempt at the open round that cannot be read in one way (P-5).
    WrongFormat {
        /// Number of the round.
        round: u16,
        /// Why.
        reason: WrongFormat,
    },
    /// An answer to a round that has closed.
    Late {
        /// Number of the round.
        round: u16,
    },
    /// An answer to a round that has not opened.
    Early {
        /// Number of the round.
        round: u16,
    },
    /// A fan claims a prize: whether he has won one is not asked here.
    Claim,
    /// A fan names the word for claims, but not what belongs to one.
    ClaimHelp,
    /// A fan asks for his own entrant code.
    Mine,
    /// A keyword rule heard it, by its id.
    Keyword(String),
    /// A question for people (H-1).
    Question,
    /// A picture, voice, video, place, link or file.
    Media,
    /// Nothing but emoticons, or the platform's placeholder for a sticker.
    Emoticon,
    /// Everything else.
    Other,
    /// An event.
    Event(EventClass),
}

impl Class {
    /// Its name in records and metrics: a fixed set.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::StaleMenu => "stale_menu",
            Self::Menu(_) => "menu",
            Self::Preempt => "preempt",
            Self::Join => "join",
            Self::Answer { .. } => "answer",
            Self::WrongFormat { .. } => "wrong_format",
            Self::Late { .. } => "late",
            Self::Early { .. } => "early",
            Self::Claim => "claim",
            Self::ClaimHelp => "claim_help",
            Self::Mine => "mine",
            Self::Keyword(_) => "keyword",
            Self::Question => "question",
            Self::Media => "media",
            Self::Emoticon => "emoticon",
            Self::Other => "other",
            Self::Event(_) => "event",
        }
    }
}
