//! Fixed words of the grammars: joins, and what may stand around a letter. Never a campaign's words.

/// What may stand before a letter (P-1): `(我?选择?|答案?是?|是|应该是|觉得是)`, longest first.
const LEADS: [&str; 11] = [
    "我选择",
    "答案是",
    "应该是",
    "觉得是",
    "我选",
    "选择",
    "答案",
    "答是",
    "选",
    "答",
    "是",
];
/// What may stand after it: `(项|选项|吧|呀|啊|的)`, longest first.
const TAILS: [&str; 6] = ["选项", "项", "吧", "呀", "啊", "的"];

/// The middle of a text without one lead and one tail.
pub(crate) fn core(tight: &str) -> &str {
    let body = LEADS
        .iter()
        .find_map(|lead| tight.strip_prefix(lead))
        .unwrap_or(tight);
    TAILS
        .iter()
        .find_map(|tail| body.strip_suffix(tail))
        .unwrap_or(body)
}

/// Whether a tight form joins by the grammar of C.5: `^(go){1,20}$`, `^go{1,20}$`, or, in at most eight
/// characters, `^(我要|我想)?go([^a-z].*)?$`; besides 报名 and 参加.
pub(crate) fn joins(tight: &str) -> bool {
    if matches!(tight, "go" | "报名" | "参加") {
        return true;
    }
    let Some(place) = tight.find("go") else {
        return false;
    };
    if place == 0 && tight.len() <= 40 {
        let all_go = tight.len().is_multiple_of(2)
            && tight.as_bytes().chunks_exact(2).all(|pair| pair == b"go");
        let long_o = tight.len() <= 21 && tight.bytes().skip(1).all(|byte| byte == b'o');
        if all_go || long_o {
            return true;
        }
    }
    if tight.chars().nth(8).is_some() {
        return false;
    }
    let wish = ["我要", "我想"]
        .iter()
        .find_map(|wish| tight.strip_prefix(wish));
    let Some(after) = wish.unwrap_or(tight).strip_prefix("go") else {
        return false;
    };
    !after.starts_with(|c: char| c.is_ascii_lowercase())
}

/// So many digits make a claim of what follows the word for it: a telephone number. A question has none.
const CLAIM_DIGITS: usize = 7;

/// What a text is that begins with a word for claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claiming {
    /// The word with what belongs to a claim.
    Whole,
    /// The word alone, or with something else.
    Word,
}

/// Whether a tight form claims; of two words that it begins with the first in `words` counts.
pub(crate) fn claiming(tight: &str, words: &[String]) -> Option<Claiming> {
    let mut rests = words
        .iter()
        .filter_map(|word| tight.strip_prefix(word.as_str()));
    let rest = rests.next()?;
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    Some(if digits >= CLAIM_DIGITS {
        Claiming::Whole
    } else {
        Claiming::Word
    })
}

/// A round and letters named together (P-4): `第?(\d{1,2})题?[a-k]` or `q3b`; several letters for
/// questions that have several.
pub(crate) fn explicit(tight: &str) -> Option<(u16, &str)> {
    let (body, short) = match tight.strip_prefix('q') {
        Some(body) => (body, true),
        None => (tight.strip_prefix('第').unwrap_or(tight), false),
    };
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let number = body[..digits].parse().ok()?;
    let letters = &body[digits..];
    let letters = if short {
        letters
    } else {
        letters.strip_prefix('题').unwrap_or(letters)
    };
    let named = !letters.is_empty() && letters.bytes().all(|byte| (b'a'..=b'k').contains(&byte));
    named.then_some((number, letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_of_c_5() {
        let go20 = "go".repeat(20);
        let long_o = format!("g{}", "o".repeat(20));
        for text in [
            "go", "gogogo", "gooooo", "我要go", "我想go", "go小米", "go1", "报名", "参加", &go20,
            &long_o,
        ] {
            assert!(joins(text), "{text}");
        }
        let go21 = "go".repeat(21);
        for text in [
            "google",
            "狗",
            "goa",
            "我要狗",
            "go小米手机发布会",
            "ago",
            "g",
            "",
            "gog",
            &go21,
            "他要go",
        ] {
            assert!(!joins(text), "{text}");
        }
    }

    #[test]
    fn a_claim_has_a_number_behind_its_word_q_20() {
        let words = ["领奖啦".to_owned(), "领奖".to_owned()];
        for (text, what) in [
            ("领奖", Some(Claiming::Word)),
            ("领奖啦", Some(Claiming::Word)),
            ("领奖怎么弄", Some(Claiming::Word)),
            ("领奖张三13800000000北京", Some(Claiming::Whole)),
            ("领奖啦5550123", Some(Claiming::Whole)),
            ("领奖555012", Some(Claiming::Word)),
            ("领奖138 0000-0000", Some(Claiming::Whole)),
            ("我要领奖13800000000", None),
            ("", None),
        ] {
            assert_eq!(claiming(text, &words), what, "{text}");
        }
        assert_eq!(claiming("领奖", &[]), None);
    }

    #[test]
    fn rounds_are_named_p_4() {
        assert_eq!(explicit("第3题a"), Some((3, "a")));
        assert_eq!(explicit("3a"), Some((3, "a")));
        assert_eq!(explicit("3题b"), Some((3, "b")));
        assert_eq!(explicit("第12k"), Some((12, "k")));
        assert_eq!(explicit("q3b"), Some((3, "b")));
        for none in ["第3题", "a", "第a", "123a", "3l", "q3题b", "3a吧", ""] {
            assert_eq!(explicit(none), None, "{none}");
        }
    }
}
