//! Which characters are pictures, which are invisible, which are letters and digits in disguise.
//! Facts of Unicode by range. Never what becomes of them.

/// Invisible characters that step 2 removes: soft hyphen, joiners, direction marks, variation
/// selectors, and every control but the newline.
pub(crate) fn is_invisible(c: char) -> bool {
    match c {
        '\n' => false,
        '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{FEFF}'
        | '\u{180B}'..='\u{180D}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}' => true,
        _ => c.is_control(),
    }
}

/// Pictures that step 3 makes a space of: emoji, old private-use emoji, flags and their tags.
pub(crate) fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{231A}'..='\u{231B}'
        | '\u{2328}'
        | '\u{23CF}'
        | '\u{23E9}'..='\u{23FA}'
        | '\u{25AA}'..='\u{25AB}'
        | '\u{25B6}'
        | '\u{25C0}'
        | '\u{25FB}'..='\u{25FE}'
        | '\u{2194}'..='\u{2199}'
        | '\u{21A9}'..='\u{21AA}'
        | '\u{2600}'..='\u{2775}'
        | '\u{2794}'..='\u{27BF}'
        | '\u{2934}'..='\u{2935}'
        | '\u{2B05}'..='\u{2B07}'
        | '\u{2B1B}'..='\u{2B1C}'
        | '\u{2B50}'
        | '\u{2B55}'
        | '\u{3030}'
        | '\u{303D}'
        | '\u{E000}'..='\u{F8FF}'
        | '\u{1F000}'..='\u{1FAFF}'
        | '\u{E0020}'..='\u{E007F}')
}

/// Step 0: what a keycap, squared or circled character stands for, as far as NFKC does not know it;
/// none for all others. The empty text removes the enclosing keycap itself.
pub(crate) fn disguised(c: char) -> Option<&'static str> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const NUMBERS: [&str; 21] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
        "17", "18", "19", "20",
    ];
    let code = u32::from(c);
    let number = |from: u32, first: u32| {
        usize::try_from(code - from + first)
            .ok()
            .and_then(|place| NUMBERS.get(place))
            .copied()
    };
    let letter = |from: u32| {
        let place = usize::try_from(code - from).ok()?;
        LETTERS.get(place..=place)
    };
    match code {
        0x20E3 => Some(""),
        0x24EB..=0x24F4 => number(0x24EB, 11),
        0x24F5..=0x24FE => number(0x24F5, 1),
        0x24FF => Some("0"),
        0x2776..=0x277F => number(0x2776, 1),
        0x2780..=0x2789 => number(0x2780, 1),
        0x278A..=0x2793 => number(0x278A, 1),
        0x1F150..=0x1F169 => letter(0x1F150),
        0x1F170..=0x1F189 => letter(0x1F170),
        0x1F18E => Some("AB"),
        0x1F51F => Some("10"),
        _ => None,
    }
}

/// Whether a character of a normalised text can never change again or join with a neighbour: ASCII,
/// plain ideographs and the commonest punctuation.
pub(crate) fn is_settled(c: char) -> bool {
    c.is_ascii()
        || matches!(c,
            '\u{3400}'..='\u{9FFF}' | '\u{3001}'..='\u{3011}' | '\u{2014}' | '\u{2018}'..='\u{2019}'
            | '\u{201C}'..='\u{201D}' | '\u{B7}')
}
