//! Chinese numerals (step 9): what number a whole token is, if it is one. Never digits in a sentence.

/// Largest number that is read: fourteen digits, as many as a decimal answer may have.
const MOST: u64 = 99_999_999_999_999;

fn digit(c: char) -> Option<u64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn small_unit(c: char) -> Option<u64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1000,
        _ => return None,
    })
}

/// The digits of the number that the whole text is, in simplified characters: `一千九百九十九`, `两万`; one that
/// is spelled digit by digit keeps its zeros, as if they had been typed: `二〇一三`, `〇〇七`.
///
/// What people say short (`一万二`, `一百二`) could be two numbers and is none.
pub(crate) fn whole_number(text: &str) -> Option<String> {
    let first = text.chars().next()?;
    if digit(first).is_none() && small_unit(first) != Some(10) {
        return None;
    }
    positional(text).or_else(|| value(text).map(|value| value.to_string()))
}

/// The value of a number with units.
fn value(text: &str) -> Option<u64> {
    let (yi, rest) = split_unit(text, '亿');
    let (wan, rest) = split_unit(rest, '万');
    let mut value: u64 = 0;
    let mut lowest = None;
    for (part, scale) in [(yi, 100_000_000), (wan, 10_000)] {
        let Some(part) = part else { continue };
        let part = section(part, lowest, scale == 100_000_000)?;
        value = value.checked_add(part.checked_mul(scale)?)?;
        lowest = Some(scale);
    }
    if !rest.is_empty() {
        value = value.checked_add(section(rest, lowest, false)?)?;
    }
    (value <= MOST).then_some(value)
}

/// What stands before a unit, and the rest.
fn split_unit(text: &str, unit: char) -> (Option<&str>, &str) {
    match text.split_once(unit) {
        Some((before, after)) => (Some(before), after),
        None => (None, text),
    }
}

/// Digit by digit, as years are read.
fn positional(text: &str) -> Option<String> {
    let digits = text.chars().map(digit);
    let digits = digits.map(|digit| char::from_digit(u32::try_from(digit?).ok()?, 10));
    digits.collect()
}

/// A number below 10 000 in its usual spelling. `after` is the unit that stood before it: a lower part
/// that does not fill the next place down needs its 零, else it is a shortened one.
fn section(text: &str, after: Option<u64>, with_wan: bool) -> Option<u64> {
    if with_wan && text.contains('万') {
        return None;
    }
    let mut value: u64 = 0;
    let mut place = if after.is_some() { 10_000 } else { u64::MAX };
    let mut zero = after.is_none();
    let mut pending: Option<u64> = None;
    for (at, c) in text.chars().enumerate() {
        if let Some(unit) = small_unit(c) {
            let count = match pending.take() {
                Some(count) => count,
                None if unit == 10 && at == 0 && after.is_none() => 1,
                None => return None,
            };
            if unit >= place || (unit * 10 != place && !zero && place != u64::MAX) {
                return None;
            }
            value += count * unit;
            place = unit;
            zero = false;
        } else {
            match (digit(c)?, pending) {
                (0, None) => zero = true,
                (count, None) if count > 0 => pending = Some(count),
                _ => return None,
            }
        }
    }
    if let Some(ones) = pending {
        if place != 10 && !zero && place != u64::MAX {
            return None;
        }
        value += ones;
    }
    (!text.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_tokens_are_numbers_c_4() {
        for (text, number) in [
            ("一", 1),
            ("两", 2),
            ("贰", 2),
            ("十", 10),
            ("十二", 12),
            ("二十", 20),
            ("三十五", 35),
            ("一百", 100),
            ("一百零五", 105),
            ("一百一十", 110),
            ("一千九百九十九", 1999),
            ("二〇一三", 2013),
            ("二零一三", 2013),
            ("两千零一", 2001),
            ("一万", 10_000),
            ("一万二千", 12_000),
            ("两万零五十", 20_050),
            ("一亿", 100_000_000),
            ("壹仟玖佰玖拾玖", 1999),
            ("一亿零三万", 100_030_000),
            ("零", 0),
            ("二十万", 200_000),
        ] {
            assert_eq!(whole_number(text), Some(number.to_string()), "{text}");
        }
        assert_eq!(
            whole_number("〇〇七").as_deref(),
            Some("007"),
            "as if typed"
        );
    }

    #[test]
    fn what_is_ambiguous_or_a_word_is_no_number_p_5() {
        for text in [
            "",
            "万",
            "百",
            "千",
            "亿",
            "一万二",
            "一百二",
            "一些",
            "十一月",
            "一百百",
            "二三百",
            "十百",
            "〇十",
            "a",
        ] {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_run_of_numerals_is_read_without_panic(text in "[零〇一二两三九十百千万亿]{0,30}") {
            let digits = |number: String| number.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert!(whole_number(&text).is_none_or(digits));
        }
    }
}
