//! The pipeline `norm_v1`, steps 0–6: the plain normal form of a text. Never a judgement on it.

use crate::emoji::{disguised, is_invisible, is_picture, is_settled};
use crate::tables::{EMOTICONS, Emoticons, SCRIPT, Script};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The pipeline's version; a change of it changes what a recorded text means.
pub const NORM_VERSION: &str = "norm_v1";
/// A text is cut to so many characters before and after NFKC (N-3).
pub const MAX_CHARS: usize = 2048;
/// Passes of steps 1–6: a removed joiner can create a new composition, a folded name a new code.
const MAX_PASSES: usize = 3;

/// The pipeline with its tables, read once.
#[derive(Debug, Clone)]
pub struct Normaliser {
    script: Script,
    emoticons: Emoticons,
}

impl Default for Normaliser {
    fn default() -> Self {
        Self::new()
    }
}

impl Normaliser {
    /// Reads the tables.
    #[must_use]
    pub fn new() -> Self {
        Self {
            script: Script::read(SCRIPT),
            emoticons: Emoticons::read(EMOTICONS),
        }
    }

    /// The plain normal form (N-1, N-3): at most [`MAX_CHARS`] characters, idempotent, in time linear
    /// in the text.
    #[must_use]
    pub fn plain(&self, text: &str) -> String {
        let cut = legible(text);
        let mut current: Cow<'_, str> = if cut.is_ascii() {
            Cow::Borrowed(cut)
        } else {
            undisguised(cut)
        };
        for _ in 0..MAX_PASSES {
            let (next, settled) = self.pass(&current);
            let stable = settled || next == *current;
            current = Cow::Owned(next);
            if stable {
                break;
            }
        }
        current.into_owned()
    }

    /// Steps 1–6 once, and whether another pass cannot change anything.
    fn pass(&self, text: &str) -> (String, bool) {
        let composed = nfkc(text);
        let composed = first_chars(&composed, MAX_CHARS);
        let visible = without_invisible(composed);
        let mut out = String::with_capacity(visible.len());
        let mut space = false;
        let mut settled = true;
        let mut rest: &str = &visible;
        while let Some(c) = rest.chars().next() {
            if matches!(c, '/' | '[') {
                let length = self.emoticons.length_at(rest);
                if length > 0 {
                    space = true;
                    rest = &rest[length..];
                    continue;
                }
                // What looks like the beginning of a code may become one once its letters are folded.
                settled &= c == '/' && !rest.starts_with("/:");
            }
            rest = &rest[c.len_utf8()..];
            if c.is_whitespace() || is_picture(c) {
                space = true;
                continue;
            }
            if std::mem::take(&mut space) && !out.is_empty() {
                out.push(' ');
            }
            settled &= is_settled(c);
            out.push(self.script.fold(lower(c)));
        }
        (out, settled)
    }
}

/// The part of a text that any reading of it can depend on (N-3): who keeps texts to read them again keeps this.
#[must_use]
pub fn legible(text: &str) -> &str {
    first_chars(text, MAX_CHARS)
}

/// The first so many characters of a text.
fn first_chars(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.char_indices()
        .nth(most)
        .map_or(text, |(place, _)| &text[..place])
}

/// Step 0.
fn undisguised(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| disguised(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match disguised(c) {
            Some(plain) => out.push_str(plain),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Step 1.
fn nfkc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect())
}

/// Step 2.
fn without_invisible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
}

/// Step 4: the one lower-case character of a character, or itself when there is not exactly one.
fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if matches!(c, '\u{2E80}'..='\u{A4CF}') {
        return c;
    }
    let mut lowered = c.to_lowercase();
    match (lowered.next(), lowered.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn emoticons_go_before_digits_are_looked_for_c_4() {
        let n = Normaliser::new();
        assert_eq!(n.plain("1/:8-)2"), "1 2");
        assert_eq!(n.plain("/:8-)"), "");
        assert_eq!(n.plain("／：：）Ｂ"), "b");
        assert_eq!(
            n.plain("[發呆]A"),
            "a",
            "a traditional client's name, found in the second pass"
        );
        assert_eq!(n.plain("[666]"), "[666]");
    }

    #[test]
    fn disguises_joiners_and_spaces_c_4() {
        let n = Normaliser::new();
        assert_eq!(n.plain("1️⃣"), "1");
        assert_eq!(n.plain("🅰"), "a");
        assert_eq!(n.plain("🅱️吧"), "b吧");
        assert_eq!(n.plain("①②"), "12");
        assert_eq!(n.plain("❶"), "1");
        assert_eq!(n.plain(" \u{3000}G\u{200b}O\r\n "), "go");
        assert_eq!(
            n.plain("e\u{200d}\u{301}"),
            "é",
            "a removed joiner creates a composition"
        );
        assert_eq!(n.plain("紅米"), "红米");
        assert_eq!(n.plain("👨‍👩‍👧👍🏽🇨🇳\u{E415}"), "");
    }

    #[test]
    fn texts_are_cut_before_and_after_nfkc_n_3() {
        let n = Normaliser::new();
        let long = "\u{FDFA}".repeat(5000);
        // One of its eighteen characters is a space, here the last that is left, and is trimmed.
        assert_eq!(n.plain(&long).chars().count(), MAX_CHARS - 1);
        assert_eq!(n.plain(&"B".repeat(5000)).len(), MAX_CHARS);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn plain_is_idempotent_n_3_v_12(text in any::<String>()) {
            let n = Normaliser::new();
            let once = n.plain(&text);
            prop_assert_eq!(&n.plain(&once), &once);
        }

        #[test]
        fn plain_of_hard_pieces_is_idempotent_n_3(pieces in prop::collection::vec(piece(), 0..24)) {
            let n = Normaliser::new();
            let text = pieces.concat();
            let once = n.plain(&text);
            prop_assert_eq!(&n.plain(&once), &once);
            let tight = n.tight(&text).text;
            prop_assert_eq!(&n.tight(&tight).text, &tight);
        }
    }

    /// What can interact: codes and their beginnings, joiners, marks, jamo, both scripts, both widths.
    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "/:", "/", ":", ")", "[", "]", "發", "呆", "发", "微笑", "Smile", "SMILE", "B", "-",
            "8", "\u{200d}", "\u{200b}", "\u{feff}", "\u{20e3}", "\u{fe0f}", "\u{301}", "\u{331}",
            "\u{3099}", "h", "H", "e", "か", "ㄱ", "\u{1100}", "\u{1161}", "\u{11a8}", "İ", "ẞ",
            "Σ", "K", "／", "：", "［", " ", "\n", "\u{3000}", "😀", "🅰", "①", "⑴", "㎏", "ﷺ", "1",
            "，", ",", ".", "一", "十", "万", "第", "题", "題", "\u{ad}", "\u{e415}", "ﬁ", "½",
            "٣", "\u{5b0}", "़", "क",
        ])
    }
}
