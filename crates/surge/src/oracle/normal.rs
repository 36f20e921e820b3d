//! The oracle's own normal forms of a text, step by step as the rules say (`norm_v1`, N-3). Slow and
//! plain on purpose; it shares only the data tables with anybody else.

use super::numerals;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const SCRIPT: &str = include_str!("../../../contest/data/script.tsv");
const EMOTICONS: &str = include_str!("../../../contest/data/emoticons.tsv");
/// Longest text that is read, in characters (N-3).
const MAX_CHARS: usize = 2048;
/// How often steps 1 to 6 run at most.
const PASSES: usize = 3;

/// A text in both of its forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Forms {
    /// After steps 0 to 6.
    pub(super) plain: String,
    /// After steps 7 to 9 as well.
    pub(super) tight: String,
    /// Whether an emoticon or emoji stood in it.
    pub(super) emoticons: bool,
    /// Whether deleted punctuation stood between two digits, which look like one number in the tight form.
    pub(super) met_digits: bool,
}

/// The tables that normal forms rest on.
#[derive(Debug)]
pub(super) struct Normaliser {
    /// Traditional characters and their simplified ones.
    script: BTreeMap<char, char>,
    /// Emoticon codes in lower case.
    codes: BTreeSet<String>,
    /// Characters of the longest code.
    longest: usize,
}

impl Normaliser {
    pub(super) fn new() -> Self {
        let lines = |table: &'static str| table.lines().filter(|line| !line.starts_with("# "));
        let script = lines(SCRIPT).filter_map(|line| {
            let (from, to) = line.split_once('\t')?;
            Some((from.chars().next()?, to.chars().next()?))
        });
        let codes: BTreeSet<String> = lines(EMOTICONS)
            .filter(|code| !code.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        let longest = codes
            .iter()
            .map(|code| code.chars().count())
            .max()
            .unwrap_or(0);
        Self {
            script: script.collect(),
            codes,
            longest,
        }
    }

    /// Both forms of a text.
    pub(super) fn forms(&self, text: &str) -> Forms {
        let mut emoticons = false;
        let plain = self.plain(text, &mut emoticons);
        let (mut tight, met_digits) = tight(&plain);
        // What stood apart may combine now: the pipeline is its own fixed point (N-3).
        for _ in 0..PASSES {
            let (again, _) = self::tight(&self.plain(&tight, &mut false));
            if again == tight {
                break;
            }
            tight = again;
        }
        Forms {
            tight: numerals::whole(&tight).unwrap_or(tight),
            plain: plain.into_iter().collect(),
            emoticons,
            met_digits,
        }
    }

    /// Steps 0 to 6.
    fn plain(&self, text: &str, emoticons: &mut bool) -> Vec<char> {
        let cut: Vec<char> = text.chars().take(MAX_CHARS).collect();
        let mut text = undisguised(&cut);
        for _ in 0..PASSES {
            let before = text.clone();
            text = self.pass(&text, emoticons);
            if text == before {
                break;
            }
        }
        text
    }

    /// The tight form of a campaign's word.
    pub(super) fn tight(&self, text: &str) -> String {
        self.forms(text).tight
    }

    /// Steps 1 to 6, once.
    fn pass(&self, text: &[char], emoticons: &mut bool) -> Vec<char> {
        let composed: Vec<char> = text.iter().copied().nfkc().take(MAX_CHARS).collect();
        let visible: Vec<char> = composed.into_iter().filter(|c| !is_invisible(*c)).collect();
        let words = self.without_emoticons(&visible, emoticons);
        let lower = words.into_iter().map(lower);
        let simple = lower.map(|c| self.script.get(&c).copied().unwrap_or(c));
        single_spaces(simple)
    }

    /// Step 3: codes, names in brackets and emoji become a space.
    fn without_emoticons(&self, text: &[char], found: &mut bool) -> Vec<char> {
        let mut out = Vec::with_capacity(text.len());
        let mut place = 0;
        while let Some(&c) = text.get(place) {
            let length = match c {
                '/' | '[' => self.code_length(&text[place..]),
                c if is_emoji(c) => 1,
                _ => 0,
            };
            if length == 0 {
                out.push(c);
                place += 1;
            } else {
                *found = true;
                out.push(' ');
                place += length;
            }
        }
        out
    }

    /// Length of the longest code that the text begins with; 0 if it begins with none.
    fn code_length(&self, text: &[char]) -> usize {
        let most = self.longest.min(text.len());
        let is_code = |length: &usize| {
            let word: String = text[..*length]
                .iter()
                .map(char::to_ascii_lowercase)
                .collect();
            self.codes.contains(&word)
        };
        (2..=most).rev().find(is_code).unwrap_or(0)
    }
}

/// Step 0: keycaps, squared and circled letters and digits that NFKC leaves alone.
fn undisguised(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    for &c in text {
        let code = u32::from(c);
        let letter = |first: u32| char::from_u32(u32::from('A') + code - first);
        match code {
            0x20E3 => {} // the cap of a key
            0x1F150..=0x1F169 => out.extend(letter(0x1F150)),
            0x1F170..=0x1F189 => out.extend(letter(0x1F170)),
            0x1F18E => out.extend("AB".chars()),
            0x1F51F => out.extend("10".chars()),
            0x24EB..=0x24F4 => out.extend((code - 0x24EB + 11).to_string().chars()),
            0x24F5..=0x24FE => out.extend((code - 0x24F5 + 1).to_string().chars()),
            0x24FF => out.push('0'),
            0x2776..=0x277F => out.extend((code - 0x2776 + 1).to_string().chars()),
            0x2780..=0x2789 => out.extend((code - 0x2780 + 1).to_string().chars()),
            0x278A..=0x2793 => out.extend((code - 0x278A + 1).to_string().chars()),
            _ => out.push(c),
        }
    }
    out
}

/// Step 2.
fn is_invisible(c: char) -> bool {
    match c {
        ' ' | '\n' => false,
        '\u{ad}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' => true,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => true,
        '\u{180b}'..='\u{180d}' => true,
        _ => c.is_control(),
    }
}

fn is_emoji(c: char) -> bool {
    matches!(u32::from(c),
        0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2194..=0x2199 | 0x21A9 | 0x21AA | 0x2934 | 0x2935 | 0x3030 | 0x303D
        | 0xE000..=0xF8FF | 0xE0020..=0xE007F | 0x2B05..=0x2B07 | 0x2B1B | 0x2B1C | 0x2B50 | 0x2B55
        | 0x231A | 0x231B | 0x2328 | 0x23CF | 0x23E9..=0x23FA | 0x25AA | 0x25AB | 0x25B6 | 0x25C0
        | 0x25FB..=0x25FE)
}

/// Step 4: simple folding never makes two characters of one.
fn lower(c: char) -> char {
    let mut folded = c.to_lowercase();
    match (folded.next(), folded.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Step 6.
fn single_spaces(text: impl Iterator<Item = char>) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    for c in text {
        if !c.is_whitespace() {
            out.push(c);
        } else if out.last().is_some_and(|last| *last != ' ') {
            out.push(' ');
        }
    }
    if out.last() == Some(&' ') {
        out.pop();
    }
    out
}

/// Steps 7 and 8, and whether two digits met that punctuation had kept apart.
fn tight(plain: &[char]) -> (String, bool) {
    let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
    let mut joined: Vec<char> = Vec::with_capacity(plain.len());
    for (place, &c) in plain.iter().enumerate() {
        let between = digit(joined.last()) && digit(plain.get(place + 1));
        if c != ' ' || between {
            joined.push(c);
        }
    }
    let joined = without_thousands(&joined);
    let mut out: Vec<char> = Vec::new();
    let (mut met, mut deleted) = (false, false);
    for (place, &c) in joined.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| joined.get(place));
        let after = joined.get(place + 1);
        let kept = match c {
            '%' | '#' => true,
            '.' | ',' | ' ' => digit(before) && digit(after),
            '+' | '-' => digit(after),
            c => !is_mark(c),
        };
        if kept {
            met |= deleted && c.is_ascii_digit() && digit(out.last());
            out.push(c);
        }
        deleted = !kept;
    }
    (out.into_iter().collect(), met)
}

/// Takes the commas out of well-formed groups of thousands.
fn without_thousands(text: &[char]) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(&c) = rest.first() {
        if !c.is_ascii_digit() {
            out.push(c);
            rest = &rest[1..];
            continue;
        }
        // A run of digits and of commas that stand between digits.
        let mut end = 1;
        while rest.get(end).is_some_and(|c| {
            c.is_ascii_digit() || (*c == ',' && rest.get(end + 1).is_some_and(char::is_ascii_digit))
        }) {
            end += 1;
        }
        let run: String = rest[..end].iter().collect();
        let mut groups = run.split(',');
        let first = groups.next().map_or(0, str::len);
        let rest_is_threes = groups.all(|group| group.len() == 3);
        let behind_point = matches!(out[..], [.., before, '.'] if before.is_ascii_digit());
        let well_formed = (1..=3).contains(&first) && rest_is_threes && !behind_point;
        out.extend(run.chars().filter(|c| *c != ',' || !well_formed));
        rest = &rest[end..];
    }
    out
}

/// Whether a character is punctuation or a symbol.
fn is_mark(c: char) -> bool {
    let private = matches!(u32::from(c), 0xE000..=0xF8FF | 0xF_0000..);
    !(c.is_alphanumeric() || is_combining_mark(c) || private)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tight_of(text: &str) -> String {
        Normaliser::new().tight(text)
    }

    #[test]
    fn the_worked_examples_of_the_rules() {
        let table = [
            ("ＧＯ！", "go"),
            ("G O\u{200b}", "go"),
            ("【６６６】", "666"),
            ("①", "1"),
            ("一千九百九十九", "1999"),
            ("紅米", "红米"),
            ("/:8-)", ""),
            ("1，2", "1,2"),
            ("12 34", "12 34"),
            ("答案：Ａ。", "答案a"),
            ("１，９９９．００", "1999.00"),
            ("1,9999", "1,9999"),
            (".0,000", "0000"),
            ("1.0,000", "1.0,000"),
            ("1️⃣", "1"),
            ("🅰", "a"),
            ("1/:8-)2", "1 2"),
        ];
        for (text, expected) in table {
            assert_eq!(tight_of(text), expected, "{text}");
        }
    }

    #[test]
    fn forms_of_forms_are_the_same() {
        let normaliser = Normaliser::new();
        for text in [
            "G O\u{200b}",
            "/::)/:8-)[微笑]😄",
            "第３題Ａ",
            "a\u{200d}\u{301}",
            "\u{fdfa}\u{fdfa}",
        ] {
            let once = normaliser.forms(text).plain;
            assert_eq!(normaliser.forms(&once).plain, once, "{text}");
        }
    }

    #[test]
    fn emoticons_leave_nothing_and_are_noticed() {
        let forms = Normaliser::new().forms("/:8-)[微笑] 😄/:strong");
        assert_eq!((forms.plain.as_str(), forms.emoticons), ("", true));
        assert!(!Normaliser::new().forms("\u{200b}").emoticons);
    }

    #[test]
    fn a_long_text_is_cut_before_and_after_composition() {
        assert_eq!(tight_of(&"A".repeat(5000)).len(), MAX_CHARS);
        assert!(
            Normaliser::new()
                .forms(&"\u{fdfa}".repeat(2000))
                .plain
                .chars()
                .count()
                <= MAX_CHARS
        );
    }
}
