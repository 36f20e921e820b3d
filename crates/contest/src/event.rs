//! What an event asks for. Never its effect on anything that is counted.

/// What an event is to the replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventClass {
    /// A new follower.
    Subscribe {
        /// Whether he came by a QR code with a scene.
        scene: bool,
    },
    /// A tap on a menu entry with this key.
    Click(String),
    /// Anything that expects no words.
    Silent,
}

impl EventClass {
    /// The class of an event by its name and key.
    #[must_use]
    pub fn of(event: &str, event_key: &str) -> Self {
        if event.eq_ignore_ascii_case("subscribe") {
            Self::Subscribe {
                scene: event_key.starts_with("qrscene_"),
            }
        } else if event.eq_ignore_ascii_case("click") {
            Self::Click(event_key.to_owned())
        } else {
            Self::Silent
        }
    }
}
