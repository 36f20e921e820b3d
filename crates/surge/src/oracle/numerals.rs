//! Chinese numerals as digits (step 9 of `norm_v1`): only when the whole token is a number.

/// The digits of a token that is wholly a Chinese numeral; `None` when it is anything else.
pub(super) fn whole(token: &str) -> Option<String> {
    if token.is_empty() {
        return None;
    }
    let digits: Option<String> = token.chars().map(|c| digit(c).map(as_char)).collect();
    if let Some(digits) = digits {
        return Some(digits); // spelled digit by digit, as years are
    }
    value(token).map(|value| value.to_string())
}

fn as_char(digit: u64) -> char {
    u32::try_from(digit)
        .ok()
        .and_then(|digit| char::from_digit(digit, 10))
        .unwrap_or('0')
}

fn digit(c: char) -> Option<u64> {
    let groups = [
        "零〇",
        "一壹",
        "二两贰",
        "三叁",
        "四肆",
        "五伍",
        "六陆",
        "七柒",
        "八捌",
        "九玖",
    ];
    groups
        .iter()
        .position(|group| group.contains(c))
        .map(|value| value as u64)
}

fn small_unit(c: char) -> Option<u64> {
    match c {
        '十' | '拾' => Some(10),
        '百' | '佰' => Some(100),
        '千' | '仟' => Some(1000),
        _ => None,
    }
}

fn large_unit(c: char) -> Option<u64> {
    match c {
        '万' => Some(10_000),
        '亿' => Some(100_000_000),
        _ => None,
    }
}

/// The value of a numeral with units, such as `一千九百九十九` or `十二万`. What people say short, `一百二` for 120
/// or `一万二` for 12,000, could be two numbers and is none: a digit behind a gap needs its 零.
fn value(token: &str) -> Option<u64> {
    let (mut total, mut section): (u64, u64) = (0, 0);
    let mut pending: Option<u64> = None;
    // The place that was filled last, and whether a 零 has stood since.
    let (mut place, mut zero): (Option<u64>, bool) = (None, false);
    let (mut larger, mut in_section) = (u64::MAX, false);
    let follows = |place: Option<u64>, zero: bool, unit: u64| match place {
        None => true,
        Some(above) => unit < above && (unit * 10 == above || zero),
    };
    for (at, c) in token.chars().enumerate() {
        if let Some(digit) = digit(c) {
            match (digit, pending) {
                (0, None) => zero = true,
                (digit, None) => pending = Some(digit),
                _ => return None, // two digits side by side among units
            }
            in_section = true;
        } else if let Some(unit) = small_unit(c) {
            let count = match pending.take() {
                Some(count) => count,
                None if unit == 10 && at == 0 => 1, // 十二
                None => return None,
            };
            if !follows(place, zero, unit) {
                return None;
            }
            section = section.checked_add(count * unit)?;
            (place, zero, in_section) = (Some(unit), false, true);
        } else {
            let unit = large_unit(c).filter(|unit| *unit < larger && in_section)?;
            if let Some(ones) = pending.take() {
                follows(place, zero, 1).then_some(())?;
                section = section.checked_add(ones)?;
            }
            total = total.checked_add(section.checked_mul(unit)?)?;
            (section, larger, in_section) = (0, unit, false);
            (place, zero) = (Some(10_000), false);
        }
    }
    if let Some(ones) = pending {
        follows(place, zero, 1).then_some(())?;
        section = section.checked_add(ones)?;
    }
    total.checked_add(section)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn whole_numerals_become_digits_and_words_do_not() {
        let table = [
            ("一千九百九十九", Some("1999")),
            ("十二", Some("12")),
            ("二十", Some("20")),
            ("二〇一三", Some("2013")),
            ("一万零五", Some("10005")),
            ("壹佰贰拾叁", Some("123")),
            ("三亿五千万", Some("350000000")),
            ("两", Some("2")),
            ("一百五六", None),
            ("一百二", None),
            ("一万二", None),
            ("一百零五", Some("105")),
            ("一万二千", Some("12000")),
            ("二十万", Some("200000")),
            ("十百", None),
            ("万", None),
            ("一起", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(whole(text).as_deref(), expected, "{text}");
        }
    }
}
