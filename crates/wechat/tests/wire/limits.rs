//! Hostile and damaged bodies. Never here: the vectors, which have their own tests.

use wechat::{Inbound, ParseError};

/// A text message with this inside the root, after the envelope fields.
fn message(inside: &str) -> String {
    format!(
        "<xml><ToUserName>gh</ToUserName><FromUserName>fan</FromUserName>\
         <CreateTime>1767225603</CreateTime><MsgType>text</MsgType>{inside}</xml>"
    )
}

fn parse(xml: &str) -> Result<Inbound, ParseError> {
    Inbound::parse(xml.as_bytes())
}

fn content(inside: &str) -> Result<String, ParseError> {
    let read = parse(&message(&format!("<Content>{inside}</Content>")))?;
    Ok(read.text().unwrap().to_owned())
}

#[test]
fn character_data_is_joined_resolved_and_cleaned() {
    for (inside, expected) in [
        ("<![CDATA[a]]>b<![CDATA[c]]>", "abc"),
        ("<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"),
        ("<![CDATA[a]]>]]&gt;b", "a]]>b"),
        ("a<!-- x -->b<?pi?>c", "abc"),
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        ("&#65;&#x42;&#x1F600;", "AB😀"),
        (
            "a&#0;b&#8;c&#xD800;d&#xDC00;e&#xFFFF;f&#x110000;g&#99999999999;h",
            "abcdefgh",
        ),
        ("<![CDATA[a\0b\u{1b}c\u{fffe}]]>", "abc"),
        ("a\r\nb\rc&#13;", "a\nb\nc\r"),
        ("  a  ", "  a  "),
        ("<![CDATA[&amp;<b>]]>", "&amp;<b>"),
    ] {
        assert_eq!(content(inside).as_deref(), Ok(expected), "{inside}");
    }
}

#[test]
fn entities_other_than_the_predefined_are_refused() {
    for inside in [
        "&nbsp;", "&x;", "&;", "&#;", "&#x;", "&#xZ;", "&#-1;", "&#+1;", "&LT;",
    ] {
        assert_eq!(content(inside), Err(ParseError::Entity), "{inside}");
    }
    for inside in ["a & b", "a &", "&amp"] {
        assert_eq!(content(inside), Err(ParseError::BadXml), "{inside}");
    }
}

#[test]
fn a_doctype_is_refused_wherever_it_stands() {
    let whole = message("");
    let bomb = "<!DOCTYPE xml [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>";
    for xml in [
        format!("{bomb}{whole}"),
        format!("<?xml version=\"1.0\"?>\n<!DOCTYPE xml>{whole}"),
        format!("<!doctype xml SYSTEM \"file:///etc/hostname\">{whole}"),
        message("<!DOCTYPE xml>"),
    ] {
        assert_eq!(parse(&xml), Err(ParseError::Doctype), "{xml}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let whole = message("<Content>B</Content>");
    assert!(parse(&whole).is_ok());
    for xml in [
        whole.replace("</xml>", ""),
        whole.replace("</Content>", "</content>"),
        whole.replace("</Content>", ""),
        format!("{whole}{whole}"),
        format!("{whole}x"),
        format!("x{whole}"),
        format!("<![CDATA[ ]]>{whole}"),
        format!("{whole}<?xml version=\"1.0\"?>"),
        whole.replace("<xml>", "<XML>").replace("</xml>", "</XML>"),
        message("stray"),
        message("<![CDATA[stray]]>"),
        message("<a/b>1</a/b>"),
        message("<1>1</1>"),
        message("<>1</>"),
        message("<a\0b>1</a\0b>"),
        "   ".to_owned(),
        "<xml".to_owned(),
        "<".to_owned(),
    ] {
        assert_eq!(parse(&xml), Err(ParseError::BadXml), "{xml}");
    }
    assert_eq!(parse(""), Err(ParseError::EmptyBody));
}

#[test]
fn only_utf8_is_read() {
    let mut broken = message("<Content>B</Content>").into_bytes();
    let at = broken.len() - 20;
    broken[at] = 0xff;
    assert_eq!(Inbound::parse(&broken), Err(ParseError::BadUtf8));
    // A half of a surrogate pair, spelled as three bytes.
    broken.splice(at..=at, [0xed, 0xa0, 0xbd]);
    assert_eq!(Inbound::parse(&broken), Err(ParseError::BadUtf8));
    let whole = message("");
    for bom in [true, false] {
        let mark = bom.then_some(0xfeff);
        let utf16 = mark.into_iter().chain(whole.encode_utf16());
        for bytes in [
            utf16.clone().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            utf16.flat_map(u16::to_be_bytes).collect(),
        ] {
            let error = Inbound::parse(&bytes).unwrap_err();
            assert!(matches!(error, ParseError::BadUtf8 | ParseError::BadXml));
        }
    }
}

#[test]
fn depth_elements_names_and_size_are_bounded() {
    let nested = |depth: usize| message(&("<a>".repeat(depth) + &"</a>".repeat(depth)));
    assert!(parse(&nested(15)).is_ok());
    assert_eq!(parse(&nested(16)), Err(ParseError::TooDeep));
    assert_eq!(parse(&nested(10_000)), Err(ParseError::TooDeep));

    let wide = |elements: usize| message(&"<a/>".repeat(elements));
    assert!(parse(&wide(1024 - 5)).is_ok());
    assert_eq!(parse(&wide(1024 - 4)), Err(ParseError::TooManyElements));

    let named = |length: usize| message(&format!("<{}/>", "a".repeat(length)));
    assert!(parse(&named(64)).is_ok());
    assert_eq!(parse(&named(65)), Err(ParseError::TooManyElements));

    let rest = message("<Content></Content>").len();
    let sized = |bytes: usize| content(&"a".repeat(bytes - rest));
    assert_eq!(
        sized(256 * 1024).map(|text| text.len()),
        Ok(256 * 1024 - rest)
    );
    assert_eq!(sized(256 * 1024 + 1), Err(ParseError::TooLarge));
}

#[test]
fn markup_inside_a_plain_field_is_refused_and_elsewhere_kept() {
    assert_eq!(content("<b>B</b>"), Err(ParseError::MarkupInField));
    assert_eq!(content("a<b/>"), Err(ParseError::MarkupInField));
    let read = parse(&message(
        "<New>\n one <Sub>1</Sub>\n<Sub/>\n</New><Old>\n<x/>\n</Old>",
    ))
    .unwrap();
    assert_eq!(read.leaf("New/Sub"), Some("1"));
    assert!(read.leaf("New").unwrap().contains(" one "));
    assert_eq!(read.leaf("Old"), None);
    assert_eq!(read.leaf("Old/x"), Some(""));
}

#[test]
fn the_envelope_fields_are_checked() {
    let with = |name: &str, value: &str| {
        let xml = message("<MsgId>7</MsgId>");
        let (before, rest) = xml.split_once(&format!("<{name}>")).unwrap();
        let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
        parse(&format!("{before}<{name}>{value}</{name}>{after}"))
    };
    let long = "f".repeat(129);
    for (name, value, reason) in [
        ("FromUserName", "", "from_missing"),
        ("FromUserName", "&#0;", "from_missing"),
        ("FromUserName", "a b", "from_invalid"),
        ("FromUserName", "a\tb", "from_invalid"),
        ("FromUserName", "a\u{85}b", "from_invalid"),
        ("FromUserName", &long, "from_invalid"),
        ("CreateTime", "", "create_time_missing"),
        ("CreateTime", "soon", "create_time_invalid"),
        ("CreateTime", "-1", "create_time_invalid"),
        ("CreateTime", "+1", "create_time_invalid"),
        ("CreateTime", " ", "create_time_invalid"),
        ("CreateTime", "1.5", "create_time_invalid"),
        ("CreateTime", "253402300800", "create_time_invalid"),
        ("CreateTime", "99999999999999999999", "create_time_invalid"),
        ("MsgType", "", "type_missing"),
    ] {
        assert_eq!(
            with(name, value).unwrap_err().reason(),
            reason,
            "{name} {value}"
        );
    }
    assert_eq!(with("FromUserName", "f\0an").unwrap().from, "fan");
    assert_eq!(
        with("CreateTime", "253402300799").unwrap().create_time,
        253_402_300_799
    );
    assert_eq!(with("CreateTime", "0").unwrap().create_time, 0);
    assert_eq!(with("MsgId", " ").unwrap().msg_id, None);
    assert_eq!(with("ToUserName", "").unwrap().to, "");
}

#[test]
fn a_msg_id_in_other_letters_counts_on_messages_only() {
    let read = parse(&message("<MsgID>5</MsgID>")).unwrap();
    assert_eq!(read.msg_id.as_deref(), Some("5"));
    let read = parse(&message("<MsgID>5</MsgID><MsgId>6</MsgId>")).unwrap();
    assert_eq!(read.msg_id.as_deref(), Some("6"));
    let event = message("<MsgID>5</MsgID><MsgId>6</MsgId>").replace(">text<", ">event<");
    let read = parse(&event).unwrap();
    assert_eq!(read.msg_id, None);
    assert_eq!(read.event(), None);
}
