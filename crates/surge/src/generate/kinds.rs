//! What kind of message it is: the mix of each phase of the event. The words are made elsewhere.

use crate::mix::Draws;

/// What the generator meant a message to be. The oracle never sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A way to write GO.
    Go,
    /// A way to write an option.
    Answer,
    /// An attempt at an answer that cannot be read.
    WrongFormat,
    /// A question to customer service.
    Question,
    /// Chatter.
    Chatter,
    /// Emoticons alone.
    Emoticon,
    /// A picture.
    Image,
    /// A voice message, with or without recognition.
    Voice,
    /// A place, a link, a video, a sticker, a tap on an old menu.
    Other,
    /// A text that is meant to hurt.
    Hostile,
}

impl Kind {
    /// All kinds, in the order of the mixes.
    pub const ALL: [Self; 10] = [
        Self::Go,
        Self::Answer,
        Self::WrongFormat,
        Self::Question,
        Self::Chatter,
        Self::Emoticon,
        Self::Image,
        Self::Voice,
        Self::Other,
        Self::Hostile,
    ];

    /// Whether it is a text message of ordinary words, which a hostile one can take the place of.
    fn is_talk(self) -> bool {
        matches!(
            self,
            Self::Go | Self::Answer | Self::WrongFormat | Self::Question | Self::Chatter
        )
    }
}

/// Per mille of each kind but the hostile, in the order of [`Kind::ALL`].
type Mix = [u16; 9];

/// The first 120 s of the window.
const RUSH: Mix = [560, 230, 60, 30, 50, 30, 8, 22, 10];
/// The first 30 s of a round.
const OPENED: Mix = [180, 620, 70, 25, 40, 30, 8, 20, 7];
/// From 30 s to 180 s of a round.
const RUNNING: Mix = [240, 430, 80, 90, 60, 40, 18, 32, 10];
/// What is left of a round's ten minutes.
const LATER: Mix = [300, 190, 70, 190, 110, 60, 28, 40, 12];
/// Before the window opens: mostly GO.
const EARLY: Mix = [700, 80, 0, 100, 60, 30, 10, 15, 5];
/// After the window closed.
const TAIL: Mix = [250, 300, 70, 190, 110, 40, 10, 25, 5];

/// Out of ten thousand ordinary texts, how many are hostile ones instead.
const HOSTILE: u64 = 2;

/// Where in the event a message lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// In the second of the window, the last round having opened so many seconds before.
    Window { second: u32, since_opening: u32 },
    /// Before the window.
    Early,
    /// After the window.
    Tail,
}

/// Draws the kind of a message. A fan's first message in the window is a GO, or sometimes an answer.
pub(super) fn draw(phase: Phase, first: bool, draws: &mut Draws) -> Kind {
    let mix = match phase {
        Phase::Early => &EARLY,
        Phase::Tail => &TAIL,
        Phase::Window { .. } if first => {
            return if draws.hits(900) {
                Kind::Go
            } else {
                Kind::Answer
            };
        }
        Phase::Window { second: 0..120, .. } => &RUSH,
        Phase::Window {
            since_opening: 0..30,
            ..
        } => &OPENED,
        Phase::Window {
            since_opening: 30..180,
            ..
        } => &RUNNING,
        Phase::Window { .. } => &LATER,
    };
    let kind = Kind::ALL[draws.weighted(mix)];
    if kind.is_talk() && draws.below(10_000) < HOSTILE {
        Kind::Hostile
    } else {
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mix_is_per_mille() {
        for mix in [RUSH, OPENED, RUNNING, LATER, EARLY, TAIL] {
            assert_eq!(mix.iter().map(|&share| u32::from(share)).sum::<u32>(), 1000);
        }
    }
}
