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

/// The value of a numeral with units, such as `一千九百九十九` or `十二万`.
fn value(token: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut section: u64 = 0;
    let mut pending: Option<u64> = None;
    let mut last_unit = u64::MAX;
    for (place, c) in token.chars().enumerate() {
        if let Some(digit) = digit(c) {
            match pending {
                None | Some(0) => pending = Some(digit),
                Some(_) => return None, // two digits side by side among units
            }
        } else if let Some(unit) = small_unit(c) {
            if unit >= last_unit {
                return None; // units must fall
            }
            let count = match pending.take() {
                Some(count) => count,
                None if unit == 10 && place == 0 => 1, // 十二
                None => return None,
            };
            section = section.checked_add(count.checked_mul(unit)?)?;
            last_unit = unit;
        } else {
            let unit = large_unit(c)?;
            section = section.checked_add(pending.take().unwrap_or(0))?;
            if section == 0 && total == 0 {
                return None;
            }
            // 亿 takes everything before it, 万 only its own section.
            if unit == 100_000_000 {
                total = total.checked_add(section)?.checked_mul(unit)?;
            } else {
                total = total.checked_add(section.checked_mul(unit)?)?;
            }
            section = 0;
            last_unit = u64::MAX;
        }
    }
    total
        .checked_add(section)?
        .checked_add(pending.unwrap_or(0))
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
