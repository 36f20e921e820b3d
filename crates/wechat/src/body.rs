//! The kinds of messages. Never here: events, and what an account does about either.

use crate::event::Event;
use crate::leaves::Leaves;

/// What a message says, by its MsgType. An element that is absent reads as empty text where every
/// message of the kind has it, and as `None` where it is optional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `text`. Stickers and other kinds without a type of their own arrive as a text with a notice.
    Text {
        /// As typed: nothing is trimmed.
        content: String,
        /// `bizmsgmenuid`: the text was made by a tap on this item. Opaque; absent when empty or `0`,
        /// which the platform is known to send in place of the id.
        menu_id: Option<String>,
    },
    /// `image`.
    Image {
        /// A link made by the platform.
        pic_url: String,
        /// For the download; valid for days.
        media_id: String,
    },
    /// `voice`.
    Voice {
        /// For the download; valid for days.
        media_id: String,
        /// `amr` or `speex`.
        format: String,
        /// What speech recognition understood, where the account has it.
        recognition: Option<String>,
        /// A copy in 16 kHz.
        media_id_16k: Option<String>,
    },
    /// `video`.
    Video {
        /// For the download; valid for days.
        media_id: String,
        /// Of its picture.
        thumb_media_id: String,
    },
    /// `shortvideo`.
    ShortVideo {
        /// For the download; valid for days.
        media_id: String,
        /// Of its picture.
        thumb_media_id: String,
    },
    /// `location`.
    Location {
        /// `Location_X`, in degrees as sent.
        latitude: String,
        /// `Location_Y`, in degrees as sent.
        longitude: String,
        /// Of the map.
        scale: String,
        /// The place in words.
        label: String,
    },
    /// `link`.
    Link {
        /// Headline.
        title: String,
        /// Below it.
        description: String,
        /// Where it leads.
        url: String,
    },
    /// `file`: not in the platform's reference.
    File {
        /// Name of the file.
        title: String,
        /// Usually empty.
        description: String,
        /// For the download.
        key: String,
        /// MD5 of the content, in hex.
        md5: String,
        /// Length in bytes.
        length_bytes: Option<u64>,
    },
    /// `event`.
    Event(Event),
    /// A type that did not exist when this was written. Its leaves are all there.
    Unknown,
}

impl Body {
    pub(crate) fn from_leaves(msg_type: &str, leaves: &Leaves) -> Self {
        match msg_type {
            "text" => Self::Text {
                content: leaves.text("Content"),
                menu_id: leaves.optional("bizmsgmenuid").filter(|id| id != "0"),
            },
            "image" => Self::Image {
                pic_url: leaves.text("PicUrl"),
                media_id: leaves.text("MediaId"),
            },
            "voice" => Self::Voice {
                media_id: leaves.text("MediaId"),
                format: leaves.text("Format"),
                recognition: leaves.optional("Recognition"),
                media_id_16k: leaves.optional("MediaId16K"),
            },
            "video" => Self::Video {
                media_id: leaves.text("MediaId"),
                thumb_media_id: leaves.text("ThumbMediaId"),
            },
            "shortvideo" => Self::ShortVideo {
                media_id: leaves.text("MediaId"),
                thumb_media_id: leaves.text("ThumbMediaId"),
            },
            "location" => Self::Location {
                latitude: leaves.text("Location_X"),
                longitude: leaves.text("Location_Y"),
                scale: leaves.text("Scale"),
                label: leaves.text("Label"),
            },
            "link" => Self::Link {
                title: leaves.text("Title"),
                description: leaves.text("Description"),
                url: leaves.text("Url"),
            },
            "file" => Self::File {
                title: leaves.text("Title"),
                description: leaves.text("Description"),
                key: leaves.text("FileKey"),
                md5: leaves.text("FileMd5"),
                length_bytes: leaves.number("FileTotalLen"),
            },
            "event" => Self::Event(Event::from_leaves(leaves)),
            _ => Self::Unknown,
        }
    }
}
