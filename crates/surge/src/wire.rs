//! Small readings of callback bodies and small spellings: fields of an XML by name, hexadecimal.
//!
//! Full parsing of callbacks is `wechat`'s; this finds a few fields in a few hundred nanoseconds.

/// The value of the first element `name` of a callback body that stands outside every CDATA section:
/// the text of its CDATA section, or its bare text. `None` when there is no such element, or when its
/// value is neither (entities, several sections, children): whoever needs those parses.
#[must_use]
pub fn field<'b>(body: &'b str, name: &str) -> Option<&'b str> {
    let mut rest = body;
    loop {
        let open = rest.find('<')?;
        rest = rest.get(open..)?;
        if let Some(cdata) = rest.strip_prefix("<![CDATA[") {
            let end = cdata.find("]]>")?;
            rest = cdata.get(end + 3..)?;
            continue;
        }
        let inside = rest.get(1..)?;
        match inside
            .strip_prefix(name)
            .and_then(|tail| tail.strip_prefix('>'))
        {
            Some(value) => return plain_value(value, name),
            None => rest = inside,
        }
    }
}

fn plain_value<'b>(text: &'b str, name: &str) -> Option<&'b str> {
    let (value, rest) = match text.strip_prefix("<![CDATA[") {
        Some(cdata) => {
            let end = cdata.find("]]>")?;
            (cdata.get(..end)?, cdata.get(end + 3..)?)
        }
        None => {
            let end = text.find('<')?;
            let bare = text.get(..end)?;
            if bare.contains('&') {
                return None;
            }
            (bare, text.get(end..)?)
        }
    };
    rest.strip_prefix("</")?
        .strip_prefix(name)?
        .starts_with('>')
        .then_some(value)
}

/// Appends lower-case hexadecimal.
pub fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Reads 32 hexadecimal digits as a number; `None` for anything else.
#[must_use]
pub fn number_of_hex(text: &str) -> Option<u128> {
    let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<Content><![CDATA[<From>x</From>]]>\
        </Content><From><![CDATA[o1]]></From><CreateTime>17</CreateTime><A>a&amp;b</A>\
        <B><C>1</C></B><D><![CDATA[a]]>b</D></xml>";

    #[test]
    fn fields_are_found_outside_cdata_only() {
        assert_eq!(field(BODY, "ToUserName"), Some("gh_1"));
        assert_eq!(field(BODY, "From"), Some("o1"));
        assert_eq!(field(BODY, "CreateTime"), Some("17"));
        assert_eq!(field(BODY, "Absent"), None);
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        assert_eq!(field(BODY, "A"), None);
        assert_eq!(field(BODY, "B"), None);
        assert_eq!(field(BODY, "D"), None);
    }

    #[test]
    fn hexadecimal_there_and_back() {
        let mut out = Vec::new();
        push_hex(&0x00ff_u128.to_be_bytes(), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(number_of_hex(&text), Some(255));
        assert_eq!(number_of_hex("+0000000000000000000000000000001"), None);
        assert_eq!(number_of_hex("ff"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_panic(text in "[<>!\\[\\]A-DCT/&；xml]{0,60}") {
            prop_assert!(field(&text, "A").is_none_or(|value| text.contains(value)));
        }
    }
}
