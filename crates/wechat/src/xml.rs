//! Reading XML: one bounded walk over a body that hands out its leaves. Never here: what an element
//! means, and any memory of what was read.

use crate::text;
use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// Longest body that is read, in bytes (I-1).
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting, the root being 1. The platform's own bodies reach 6.
pub const DEPTH_MAX: usize = 16;
/// Most elements of one body. The platform's own bodies reach a few dozen.
pub const ELEMENTS_MAX: u32 = 1024;
/// Longest element name, in bytes. With the depth it bounds a path, and with the number of elements
/// all paths of a body.
pub const NAME_BYTES_MAX: usize = 64;

/// Elements that hold text and nothing else. Markup inside one means that the body was put together
/// wrongly, and whatever we read from it could be somebody else's words.
const PLAIN: [&str; 12] = [
    "Content",
    "Encrypt",
    "MsgType",
    "FromUserName",
    "ToUserName",
    "CreateTime",
    "MsgId",
    "Event",
    "EventKey",
    "Recognition",
    "MediaId",
    "bizmsgmenuid",
];

/// Why a body cannot be read as a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParseError {
    /// There is no body.
    #[error("body is empty")]
    EmptyBody,
    /// Longer than [`BODY_BYTES_MAX`].
    #[error("body is longer than 262144 bytes")]
    TooLarge,
    /// Not UTF-8.
    #[error("body is not UTF-8")]
    BadUtf8,
    /// Not well-formed, or text outside of elements, or the root is not `xml`.
    #[error("body is not well-formed XML with the root xml")]
    BadXml,
    /// Has a DOCTYPE (I-4).
    #[error("body has a DOCTYPE")]
    Doctype,
    /// Has an entity that is neither predefined nor a character reference (I-4).
    #[error("body has an entity that is not predefined")]
    Entity,
    /// Deeper than [`DEPTH_MAX`].
    #[error("body is nested deeper than 16")]
    TooDeep,
    /// More than [`ELEMENTS_MAX`] elements, or a name longer than [`NAME_BYTES_MAX`].
    #[error("body has more than 1024 elements, or a name longer than 64 bytes")]
    TooManyElements,
    /// Markup in an element that holds plain text.
    #[error("body has markup inside a plain field")]
    MarkupInField,
    /// `FromUserName` is absent or empty.
    #[error("FromUserName is missing")]
    FromMissing,
    /// `FromUserName` holds blanks or control characters or is longer than 128 bytes.
    #[error("FromUserName is no openid")]
    FromInvalid,
    /// `CreateTime` is absent or empty.
    #[error("CreateTime is missing")]
    CreateTimeMissing,
    /// `CreateTime` is no integer of 0 to 253402300799 (the year 9999).
    #[error("CreateTime is no number of seconds")]
    CreateTimeInvalid,
    /// `MsgType` is absent or empty.
    #[error("MsgType is missing")]
    TypeMissing,
}

impl ParseError {
    /// Fixed short name: metric label, and `reason` of an unparsed record.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::EmptyBody => "empty_body",
            Self::TooLarge => "too_large",
            Self::BadUtf8 => "bad_utf8",
            Self::BadXml => "bad_xml",
            Self::Doctype => "doctype",
            Self::Entity => "entity",
            Self::TooDeep => "too_deep",
            Self::TooManyElements => "too_many_elements",
            Self::MarkupInField => "markup_in_field",
            Self::FromMissing => "from_missing",
            Self::FromInvalid => "from_invalid",
            Self::CreateTimeMissing => "create_time_missing",
            Self::CreateTimeInvalid => "create_time_invalid",
            Self::TypeMissing => "type_missing",
        }
    }

    /// Every reason, for the registration of counters.
    pub const ALL: [Self; 14] = [
        Self::EmptyBody,
        Self::TooLarge,
        Self::BadUtf8,
        Self::BadXml,
        Self::Doctype,
        Self::Entity,
        Self::TooDeep,
        Self::TooManyElements,
        Self::MarkupInField,
        Self::FromMissing,
        Self::FromInvalid,
        Self::CreateTimeMissing,
        Self::CreateTimeInvalid,
        Self::TypeMissing,
    ];
}

/// An element without child elements, or text that stands beside child elements.
pub(crate) struct Leaf<'p, 'a> {
    /// Names from below the root, joined by `/`.
    pub(crate) path: &'p str,
    /// Number of the element that holds this one: leaves of one list item share it.
    pub(crate) parent: u32,
    /// Character data, its sections joined, entities resolved, cleaned; blanks kept.
    pub(crate) value: Cow<'a, str>,
}

struct Frame<'a> {
    number: u32,
    path_length_before: usize,
    has_children: bool,
    text: Cow<'a, str>,
}

struct Walk<'a, F> {
    leaf: F,
    dirty: bool,
    path: String,
    frames: Vec<Frame<'a>>,
    elements: u32,
}

/// Walks over a body with the root `xml` and hands out its leaves in the order of the document.
///
/// Attributes, comments and processing instructions are passed over. Characters that XML forbids are
/// dropped from text, and so are references to them or to halves of surrogate pairs: what a fan typed
/// must never make the message unreadable.
pub(crate) fn walk<'a>(body: &'a [u8], leaf: impl FnMut(Leaf<'_, 'a>)) -> Result<(), ParseError> {
    walk_text(utf8(body)?, leaf)
}

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, ParseError> {
    check_length(body)?;
    std::str::from_utf8(body).map_err(|_| ParseError::BadUtf8)
}

fn check_length(body: &[u8]) -> Result<(), ParseError> {
    match body.len() {
        0 => Err(ParseError::EmptyBody),
        1..=BODY_BYTES_MAX => Ok(()),
        _ => Err(ParseError::TooLarge),
    }
}

/// As [`walk`], over what is known to be UTF-8.
pub(crate) fn walk_text<'a>(
    body: &'a str,
    leaf: impl FnMut(Leaf<'_, 'a>),
) -> Result<(), ParseError> {
    check_length(body.as_bytes())?;
    let mut walk = Walk {
        leaf,
        dirty: text::needs_cleaning(body),
        path: String::with_capacity(NAME_BYTES_MAX),
        frames: Vec::with_capacity(4),
        elements: 0,
    };
    let mut reader = Reader::from_str(body);
    loop {
        match reader.read_event().map_err(|_| ParseError::BadXml)? {
            Event::Start(tag) => walk.start(tag.name().as_ref())?,
            Event::End(_) => walk.end()?,
            Event::Empty(tag) => {
                walk.start(tag.name().as_ref())?;
                walk.end()?;
            }
            Event::Text(piece) => walk.text(piece.into_inner())?,
            Event::CData(piece) => {
                if walk.frames.is_empty() {
                    return Err(ParseError::BadXml);
                }
                walk.text(piece.into_inner())?;
            }
            Event::GeneralRef(reference) => walk.reference(&reference)?,
            Event::DocType(_) => return Err(ParseError::Doctype),
            Event::Decl(_) if walk.elements > 0 => return Err(ParseError::BadXml),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if walk.frames.is_empty() && walk.elements > 0 {
        Ok(())
    } else {
        Err(ParseError::BadXml)
    }
}

impl<'a, F: FnMut(Leaf<'_, 'a>)> Walk<'a, F> {
    fn start(&mut self, name: &str) -> Result<(), ParseError> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > ELEMENTS_MAX || name.len() > NAME_BYTES_MAX {
            return Err(ParseError::TooManyElements);
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(ParseError::TooDeep);
        }
        if !is_name(name) {
            return Err(ParseError::BadXml);
        }
        let path_length_before = self.path.len();
        match self.frames.last_mut() {
            // The root, once, and it has no place in a path.
            None if self.elements == 1 && name == "xml" => {}
            None => return Err(ParseError::BadXml),
            Some(parent) => {
                if PLAIN.contains(&self.path.as_str()) {
                    return Err(ParseError::MarkupInField);
                }
                parent.has_children = true;
                if !self.path.is_empty() {
                    self.path.push('/');
                }
                self.path.push_str(name);
            }
        }
        self.frames.push(Frame {
            number: self.elements,
            path_length_before,
            has_children: false,
            text: Cow::Borrowed(""),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), ParseError> {
        let Some(frame) = self.frames.pop() else {
            return Err(ParseError::BadXml);
        };
        if let Some(parent) = self.frames.last() {
            // Blanks between the children of an element are layout, anything else is kept.
            if !frame.has_children || !is_blank(&frame.text) {
                (self.leaf)(Leaf {
                    path: &self.path,
                    parent: parent.number,
                    value: frame.text,
                });
            }
        }
        self.path.truncate(frame.path_length_before);
        Ok(())
    }

    fn text(&mut self, piece: Cow<'a, str>) -> Result<(), ParseError> {
        let piece = match piece {
            Cow::Borrowed(piece) if self.dirty => text::clean(piece),
            Cow::Owned(piece) if self.dirty => Cow::Owned(text::clean(&piece).into_owned()),
            piece => piece,
        };
        self.push(piece)
    }

    fn push(&mut self, piece: Cow<'a, str>) -> Result<(), ParseError> {
        let Some(frame) = self.open_field() else {
            return if is_blank(&piece) {
                Ok(())
            } else {
                Err(ParseError::BadXml)
            };
        };
        if frame.text.is_empty() {
            frame.text = piece;
        } else {
            frame.text.to_mut().push_str(&piece);
        }
        Ok(())
    }

    /// The element that takes character data: the root takes none, nor does what is around it.
    fn open_field(&mut self) -> Option<&mut Frame<'a>> {
        if self.frames.len() > 1 {
            self.frames.last_mut()
        } else {
            None
        }
    }

    fn reference(&mut self, reference: &BytesRef<'a>) -> Result<(), ParseError> {
        let character = match reference.as_ref() {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            other => match character(other.strip_prefix('#').ok_or(ParseError::Entity)?)? {
                Some(character) => character,
                None => return Ok(()),
            },
        };
        let frame = self.open_field().ok_or(ParseError::BadXml)?;
        frame.text.to_mut().push(character);
        Ok(())
    }
}

/// The character of a numeric reference; `None` for one that XML forbids or that does not exist.
fn character(digits: &str) -> Result<Option<char>, ParseError> {
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ParseError::Entity);
    }
    // Only a number beyond 32 bits fails here, and that is no character either.
    let code = u32::from_str_radix(digits, radix).ok();
    Ok(code
        .and_then(char::from_u32)
        .filter(|&character| text::allowed(character)))
}

fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// Wider than the standard's production outside ASCII, never wider inside it: a `/` in a name would
/// forge a path.
fn is_name(name: &str) -> bool {
    let starts =
        |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || byte >= 0x80;
    let goes_on = |byte: u8| starts(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    name.bytes().next().is_some_and(starts) && name.bytes().all(goes_on)
}
