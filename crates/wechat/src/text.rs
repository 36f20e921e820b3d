//! Characters that may stand in XML, and how text is written as elements. Never here: which elements
//! a message has.

use std::borrow::Cow;

/// Whether XML 1.0 allows the character.
pub(crate) fn allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether [`clean`] would change anything. It runs over every body and every reply: without a
/// branch, so that the compiler looks at many bytes at once.
pub(crate) fn needs_cleaning(text: &str) -> bool {
    let (mut control, mut high) = (0_u8, 0_u8);
    let bytes = text.as_bytes();
    for &byte in bytes {
        // Below a blank, and neither a tab nor a line feed: two ranges.
        let between = byte.wrapping_sub(b'\n' + 1) < b' ' - b'\n' - 1;
        control |= u8::from((byte < b'\t') | between);
    }
    // Both forbidden characters begin with EF BF; EF alone begins every wide punctuation mark.
    for (&first, &second) in bytes.iter().zip(bytes.get(1..).unwrap_or_default()) {
        high |= u8::from(first == 0xef) & u8::from(second == 0xbf);
    }
    control != 0 || (high != 0 && text.contains(['\u{fffe}', '\u{ffff}']))
}

/// The text without characters that XML forbids, with every line end as one LF.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if needs_cleaning(text) {
        Cow::Owned(cleaned(text))
    } else {
        Cow::Borrowed(text)
    }
}

fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().filter(|&c| allowed(c)).peekable();
    while let Some(c) = characters.next() {
        if c != '\r' {
            out.push(c);
        } else if characters.peek() != Some(&'\n') {
            out.push('\n');
        }
    }
    out
}

/// Appends `<name><![CDATA[text]]></name>`: the text cleaned, a `]]>` in it split over two sections.
/// `name` must be an XML name.
pub fn push_element(out: &mut String, name: &str, text: &str) {
    push_cleaned(out, name, &clean(text));
}

/// As [`push_element`], of a text that [`clean`] would not change.
pub(crate) fn push_cleaned(out: &mut String, name: &str, text: &str) {
    open(out, name);
    out.push_str("<![CDATA[");
    if text.as_bytes().contains(&b']') {
        let mut pieces = text.split("]]>");
        out.push_str(pieces.next().unwrap_or(""));
        for piece in pieces {
            out.push_str("]]]]><![CDATA[>");
            out.push_str(piece);
        }
    } else {
        out.push_str(text);
    }
    out.push_str("]]>");
    close(out, name);
}

/// Appends `<name>number</name>`.
pub fn push_number(out: &mut String, name: &str, number: i64) {
    open(out, name);
    if number < 0 {
        out.push('-');
    }
    let mut digits = [0; 20];
    let mut rest = number.unsigned_abs();
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (rest % 10) as u8;
        first -= 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[first..].iter().copied().map(char::from));
    close(out, name);
}

/// Appends `<name>`.
pub(crate) fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Appends `</name>`.
pub(crate) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_go_and_line_ends_become_lf() {
        assert_eq!(clean("a\0b\u{8}\t\r\nc\rd\u{ffff}"), "ab\t\nc\nd");
        assert_eq!(clean("\r\0\n"), "\n");
        assert!(matches!(clean("Ａ 你\n\t"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_needs_cleaning_is_what_cleaning_changes() {
        for byte in 0..=0x7f_u8 {
            for place in 0..70 {
                let mut bytes = [b'a'; 70];
                bytes[place] = byte;
                let text = str::from_utf8(&bytes).unwrap();
                assert_eq!(
                    needs_cleaning(text),
                    cleaned(text) != text,
                    "{byte} at {place}"
                );
            }
        }
        for text in [
            "！",
            "\u{fffd}",
            "\u{fffe}",
            "a\u{ffff}b",
            "\u{1f600}",
            "",
            "\u{ffc0}",
        ] {
            assert_eq!(needs_cleaning(text), cleaned(text) != text, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_written_to_their_ends() {
        for number in [0, 7, -7, 10, 1_365_487_203, i64::MIN, i64::MAX] {
            let mut out = String::new();
            push_number(&mut out, "N", number);
            assert_eq!(out, format!("<N>{number}</N>"));
        }
    }

    #[test]
    fn a_cdata_end_is_split() {
        let mut out = String::new();
        push_element(&mut out, "C", "]]>a]]]>>");
        assert_eq!(out, "<C><![CDATA[]]]]><![CDATA[>a]]]]]><![CDATA[>>]]></C>");
    }

    #[test]
    fn removing_a_character_cannot_make_a_cdata_end() {
        let mut out = String::new();
        push_element(&mut out, "C", "]]\0>");
        assert_eq!(out, "<C><![CDATA[]]]]><![CDATA[>]]></C>");
    }
}
