//! Numbers of numeric questions as scaled integers (P-7): no floats anywhere in a contest.

/// Numbers are kept as integers of 1/`SCALE`.
pub const SCALE: i64 = 10_000;
const FRACTION_DIGITS: usize = 4;

/// Reads `[+-]digits[.digits]` as a multiple of 1/10 000.
///
/// Zeros beyond the fourth decimal place change nothing; any other digit there makes the number
/// unreadable, as does a number of more than fourteen digits before the point.
#[must_use]
pub fn scaled(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 14 || fraction.len() > FRACTION_DIGITS {
        return None;
    }
    let mut value: i64 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        value = value * 10 + i64::from(byte - b'0');
    }
    for _ in fraction.len()..FRACTION_DIGITS {
        value *= 10;
    }
    Some(if negative { -value } else { value })
}

/// The shortest decimal spelling of a scaled number: `1999`, `0.5`, `-2`.
#[must_use]
pub fn plain(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    let scale = SCALE.unsigned_abs();
    let (whole, fraction) = (size / scale, size % scale);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:04}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_scaled_integers_p_7() {
        assert_eq!(scaled("1999.00"), Some(19_990_000));
        assert_eq!(scaled("0.0001"), Some(1));
        assert_eq!(scaled("-2"), Some(-20_000));
        assert_eq!(scaled("007"), Some(70_000));
        assert_eq!(scaled("1."), Some(10_000));
        for bad in [
            "",
            "-",
            ".5",
            "1.2.3",
            "1e5",
            "0.00001",
            "１",
            "123456789012345",
        ] {
            assert_eq!(scaled(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn spelling_and_reading_agree(value in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
            prop_assert_eq!(scaled(&plain(value)), Some(value));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*") {
            let read = scaled(&text);
            prop_assert!(read.is_none() || !text.is_empty());
        }
    }
}
