//! The usual body, read without a general XML parser: one root, below it plain elements whose value is one CDATA section
//! or a simple text, as the platform writes messages. Everything else is left to [`crate::xml`], which this file must agree with
//! on whatever it takes. Never here: a judgement that a body is bad.

use crate::leaves::Leaves;
use crate::text::needs_cleaning;
use crate::xml::{BODY_BYTES_MAX, NAME_BYTES_MAX};

/// More leaves than this are not usual; the platform's own messages have about ten.
const LEAVES_MAX: usize = 64;
/// The root is the first element of a body.
const ROOT: u32 = 1;
const CDATA: &str = "<![CDATA[";
/// Whether a byte may stand in a name.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

/// Reads a body that is written as the platform writes messages. `None`: it is not, and says nothing about it.
pub(crate) fn read(body: &str) -> Option<Leaves> {
    if body.len() > BODY_BYTES_MAX {
        return None;
    }
    let mut rest = body.strip_prefix("<xml>")?;
    if needs_cleaning(body) {
        return None;
    }
    let mut leaves = Leaves::of_body(body.len());
    for _ in 0..=LEAVES_MAX {
        rest = skip_blanks(rest).strip_prefix('<')?;
        if let Some(after) = rest.strip_prefix("/xml>") {
            return skip_blanks(after).is_empty().then_some(leaves);
        }
        let (name, after) = name(rest)?;
        let (value, after) = match after.strip_prefix(CDATA) {
            Some(inner) => cdata(inner)?,
            None => simple(after),
        };
        let after = after.strip_prefix("</")?.strip_prefix(name)?;
        rest = after.strip_prefix('>')?;
        leaves.push(name, ROOT, value);
    }
    None
}

fn skip_blanks(text: &str) -> &str {
    let blanks = text
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
        .count();
    text.get(blanks..).unwrap_or_default()
}

/// A tag's name in ASCII, without attributes, and what follows its `>`.
fn name(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|&byte| !NAME[usize::from(byte)])?;
    let starts = bytes
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if !starts || end > NAME_BYTES_MAX || bytes.get(end) != Some(&b'>') {
        return None;
    }
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// The value of a section, whose opening is taken, and what follows its end.
fn cdata(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == b']')?;
        if bytes.get(at..at + 3)? == b"]]>" {
            return Some((text.get(..at)?, text.get(at + 3..)?));
        }
        at += 1;
    }
}

/// A text of letters and digits, as numbers and ids are, perhaps empty, and what follows it.
fn simple(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .take_while(|&byte| NAME[usize::from(byte)] || matches!(byte, b'-' | b'.'))
        .count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::walk_text;
    use proptest::prelude::*;

    /// What the general parser makes of it.
    fn slow(body: &str) -> Option<Leaves> {
        let mut leaves = Leaves::of_body(body.len());
        walk_text(body, |leaf| {
            leaves.push(leaf.path, leaf.parent, &leaf.value)
        })
        .ok()?;
        Some(leaves)
    }

    #[test]
    fn the_platform_s_texts_are_usual() {
        let body = "<xml><ToUserName><![CDATA[gh_0]]></ToUserName>\n<CreateTime>5</CreateTime>\n\
                    <Content><![CDATA[a]b]]&<x>]]]></Content><E></E></xml>\n";
        let leaves = read(body).unwrap();
        assert_eq!(leaves.first("Content"), Some("a]b]]&<x>]"));
        assert_eq!(leaves.first("E"), Some(""));
        assert_eq!(Some(leaves), slow(body));
    }

    #[test]
    fn what_is_not_usual_is_left_alone() {
        for body in [
            "",
            "<xml>",
            "<xml></xml>x",
            "<xml><A>1</B></xml>",
            "<xml><A><![CDATA[1]]> </A></xml>",
            "<xml><A>&lt;</A></xml>",
            "<xml><A><B>1</B></A></xml>",
            "<xml><A b=\"1\">1</A></xml>",
            "<xml><A/></xml>",
            "<xml><A><![CDATA[\r]]></A></xml>",
            "<xml><!-- --><A>1</A></xml>",
            "<xml><1>1</1></xml>",
            "<xml><A><![CDATA[1</A></xml>",
            "\u{feff}<xml><A>1</A></xml>",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        let many = format!("<xml>{}</xml>", "<A>1</A>".repeat(LEAVES_MAX + 1));
        assert_eq!(read(&many), None);
        let long = "A".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(read(&format!("<xml><{long}>1</{long}></xml>")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

        #[test]
        fn what_it_takes_the_general_parser_reads_alike(pieces in prop::collection::vec(piece(), 0..14), close in any::<bool>()) {
            let close = if close { "</xml>" } else { "" };
            let body = format!("<xml>{}{close}", pieces.concat());
            if let Some(leaves) = read(&body) {
                prop_assert_eq!(Some(leaves), slow(&body));
            }
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            "<A>",
            "</A>",
            "<A>1</A>",
            "<A></A>",
            "<B><![CDATA[",
            "]]></B>",
            "<B><![CDATA[]]></B>",
            "]]>",
            "]]",
            "]",
            ">",
            "<",
            "/",
            "&amp;",
            "\n",
            " ",
            "\t",
            "\r",
            "\0",
            "xml",
            "<xml>",
            "</xml>",
            "<C.d>1</C.d>",
            "<D>-1.5_x</D>",
            "<D>1 2</D>",
            "<Content><![CDATA[GO]]></Content>",
            "选",
            "！",
            "\u{ffff}",
            "<!---->",
            "<?a?>",
            "<e f='g'>",
            "</e>",
        ];
        prop::sample::select(pieces.map(str::to_owned).to_vec())
    }
}
