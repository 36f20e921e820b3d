//! The pipeline `norm_v1`, steps 7–9: the tight normal form. Never a judgement on it.

use crate::emoji::is_settled;
use crate::normal::Normaliser;
use crate::numerals::whole_number;
use unicode_normalization::char::is_combining_mark;

/// Passes after the first until nothing combines any more.
const MAX_PASSES: usize = 3;

/// A text in its tight form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tight {
    /// Letters, digits and characters without spaces and punctuation.
    pub text: String,
    /// Whether deleted punctuation stood between two digits, which now look like one number.
    pub joined_digits: bool,
}

impl Normaliser {
    /// The tight form of any text.
    #[must_use]
    pub fn tight(&self, text: &str) -> Tight {
        self.tight_of_plain(&self.plain(text))
    }

    /// The tight form of a text that is already in its plain form.
    #[must_use]
    pub fn tight_of_plain(&self, plain: &str) -> Tight {
        let mut tight = squeezed(plain);
        // What stood apart may now combine, digits into a thousands group, marks with their letters;
        // the pipeline is idempotent only when that has settled.
        for _ in 0..MAX_PASSES {
            if !tight.joined_digits && tight.text.chars().all(is_settled) {
                break;
            }
            let again = squeezed(&self.plain(&tight.text));
            if again.text == tight.text {
                break;
            }
            tight.text = again.text;
        }
        if let Some(number) = whole_number(&tight.text) {
            tight.text = number;
        }
        tight
    }

    /// The tight form with one configured unit taken off its end when a number stands before it
    /// (step 9, P-7). Units are in their tight form, longest first.
    #[must_use]
    pub(crate) fn without_unit(tight: &str, units: &[String]) -> String {
        for unit in units.iter().filter(|unit| !unit.is_empty()) {
            let Some(rest) = tight.strip_suffix(unit.as_str()) else {
                continue;
            };
            if let Some(number) = whole_number(rest) {
                return number;
            }
            if campaign::scaled_decimal(rest).is_some() {
                return rest.to_owned();
            }
        }
        tight.to_owned()
    }
}

/// Steps 7 and 8.
fn squeezed(plain: &str) -> Tight {
    let spaced = without_spaces(plain);
    let text: &str = &spaced;
    let mut out = String::with_capacity(text.len());
    let mut joined_digits = false;
    let mut deleted = false;
    let mut before: Option<char> = None;
    let mut thousands = Thousands::default();
    for (place, c) in text.char_indices() {
        let next = || text[place + c.len_utf8()..].chars().next();
        let digit_before = before.is_some_and(|c| c.is_ascii_digit());
        let digit_after = || next().is_some_and(|c| c.is_ascii_digit());
        let keep = match c {
            '.' | ' ' => digit_before && digit_after(),
            '-' | '+' => digit_after(),
            '%' | '#' => true,
            ',' => digit_before && digit_after() && !thousands.hold(text, place),
            _ => c.is_alphanumeric() || is_combining_mark(c),
        };
        if keep {
            let meets = c.is_ascii_digit() && out.ends_with(|c: char| c.is_ascii_digit());
            joined_digits |= deleted && meets;
            out.push(c);
            deleted = false;
        } else {
            deleted |= c != ',' || !(digit_before && digit_after());
        }
        before = Some(c);
    }
    Tight {
        text: out,
        joined_digits,
    }
}

/// Step 7: spaces go, except between two digits.
fn without_spaces(plain: &str) -> std::borrow::Cow<'_, str> {
    if !plain.contains(' ') {
        return std::borrow::Cow::Borrowed(plain);
    }
    let mut out = String::with_capacity(plain.len());
    for (place, c) in plain.char_indices() {
        let separates = || {
            out.ends_with(|c: char| c.is_ascii_digit())
                && plain[place + 1..].starts_with(|c: char| c.is_ascii_digit())
        };
        if c != ' ' || separates() {
            out.push(c);
        }
    }
    std::borrow::Cow::Owned(out)
}

/// Thousands groups: `1,999`, `12,345,678`. A run of digits and commas is judged once, at its first
/// comma, so that a text of nothing but commas costs no more than any other.
#[derive(Debug, Default)]
struct Thousands {
    until: usize,
    well_formed: bool,
}

impl Thousands {
    /// Whether the comma at this place stands in well-formed groups.
    fn hold(&mut self, text: &str, comma: usize) -> bool {
        if comma < self.until {
            return self.well_formed;
        }
        let bytes = text.as_bytes();
        let digits = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let before = bytes[..comma].iter().rev();
        let head = before.take_while(|byte| byte.is_ascii_digit()).count();
        // A comma that no digit follows ends the run: it is punctuation like any other.
        let mut groups_are_whole = true;
        self.until = comma;
        while bytes.get(self.until) == Some(&b',') {
            let group = digits(self.until + 1);
            if group == 0 {
                break;
            }
            groups_are_whole &= group == 3;
            self.until += 1 + group;
        }
        // A point that no digit precedes is deleted, so it makes no decimal of what follows it.
        let after_point = matches!(bytes[..comma - head], [.., b'0'..=b'9', b'.']);
        self.well_formed = !after_point && (1..=3).contains(&head) && groups_are_whole;
        self.well_formed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The table of C.4, row by row.
    #[test]
    fn tight_forms_of_the_table_n() {
        let n = Normaliser::new();
        for (text, tight) in [
            ("ＧＯ！", "go"),
            ("G O\u{200b}", "go"),
            ("【６６６】", "666"),
            ("①", "1"),
            ("一千九百九十九", "1999"),
            ("紅米", "红米"),
            ("/:8-)", ""),
            ("答案：Ａ。", "答案a"),
            ("1/:8-)2", "1 2"),
            ("１，２", "1,2"),
            ("12 34", "12 34"),
            ("1,999", "1999"),
            ("12,345,678", "12345678"),
            ("1,99", "1,99"),
            ("1,234,", "1234"),
            ("1,234,,5,678", "12345678"),
            ("〇〇七", "007"),
            ("二〇一三", "2013"),
            ("〇十", "〇十"),
            ("#小米#", "#小米#"),
            ("-5°", "-5"),
            ("50%", "50%"),
            ("3.14.", "3.14"),
            (".0,000", "0000"),
            ("1.0,000", "1.0,000"),
        ] {
            assert_eq!(n.tight(text).text, tight, "{text}");
        }
        let price = n.tight("１，９９９．００元").text;
        assert_eq!(
            Normaliser::without_unit(&price, &["元".to_owned()]),
            "1999.00"
        );
        let said = n.tight("一千九百九十九元").text;
        assert_eq!(Normaliser::without_unit(&said, &["元".to_owned()]), "1999");
    }

    #[test]
    fn punctuation_between_digits_leaves_a_mark() {
        let n = Normaliser::new();
        assert!(n.tight("1、2").joined_digits);
        assert!(n.tight("1,,2").joined_digits);
        for apart in ["1,999", "1,2", "1 2", "A。1", "12", "1.5", "1/:8-)2"] {
            assert!(!n.tight(apart).joined_digits, "{apart}");
        }
    }

    #[test]
    fn thousands_groups_cost_linear_time_n_3() {
        let n = Normaliser::new();
        let commas = "1,".repeat(1024);
        assert!(n.tight(&commas).text.starts_with("1,1,1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn tight_is_idempotent_v_12(text in any::<String>()) {
            let n = Normaliser::new();
            let once = n.tight(&text).text;
            prop_assert_eq!(&n.tight(&once).text, &once);
        }

        #[test]
        fn tight_of_numbers_is_idempotent_v_12(text in "[0-9一十万,. +!、-]{0,12}") {
            let n = Normaliser::new();
            let once = n.tight(&text).text;
            prop_assert_eq!(&n.tight(&once).text, &once);
        }
    }

    #[test]
    fn digits_that_meet_in_a_thousands_group_settle_v_12() {
        let n = Normaliser::new();
        let half = n.tight("1,1½k");
        assert_eq!(half.text, "1112k");
        assert!(half.joined_digits, "and are never read as that number");
        assert_eq!(n.tight(&half.text).text, half.text);
    }
}
