//! The two data tables of the pipeline, read once. Never what is done with them.

use std::collections::HashSet;

/// Traditional and simplified characters, as shipped.
pub const SCRIPT: &str = include_str!("../data/script.tsv");
/// Emoticon codes, as shipped.
pub const EMOTICONS: &str = include_str!("../data/emoticons.tsv");

/// Characters below this stand in the direct table: the basic plane up to the last ideograph.
const DIRECT_FROM: u32 = 0x3400;
const DIRECT_UNTIL: u32 = 0xA000;
/// Longest name between brackets, in bytes, that is looked for.
const LONGEST_NAME_BYTES: usize = 32;

/// Step 5: one character for another, or itself.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    direct: Vec<char>,
    rare: Vec<(char, char)>,
}

impl Script {
    pub(crate) fn read(table: &str) -> Self {
        let mut direct: Vec<char> = (DIRECT_FROM..DIRECT_UNTIL)
            .filter_map(char::from_u32)
            .collect();
        let mut rare = Vec::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut pair = line.chars();
            let (Some(from), Some('\t'), Some(to)) = (pair.next(), pair.next(), pair.next()) else {
                continue;
            };
            match direct.get_mut(place(from)) {
                Some(slot) => *slot = to,
                None => rare.push((from, to)),
            }
        }
        rare.sort_unstable();
        Self { direct, rare }
    }

    /// The simplified character.
    pub(crate) fn fold(&self, c: char) -> char {
        if let Some(to) = self.direct.get(place(c)) {
            return *to;
        }
        if u32::from(c) < DIRECT_UNTIL {
            return c;
        }
        match self.rare.binary_search_by_key(&c, |pair| pair.0) {
            Ok(found) => self.rare.get(found).map_or(c, |pair| pair.1),
            Err(_) => c,
        }
    }
}

/// Index in the direct table; out of it for all others.
fn place(c: char) -> usize {
    usize::try_from(u32::from(c).wrapping_sub(DIRECT_FROM)).unwrap_or(usize::MAX)
}

/// Step 3: the codes of emoticons.
#[derive(Debug, Clone)]
pub(crate) struct Emoticons {
    /// What follows `/:`, lower case, longest first.
    slashed: Vec<String>,
    /// What stands between brackets, lower case.
    named: HashSet<String>,
}

impl Emoticons {
    pub(crate) fn read(table: &str) -> Self {
        let mut slashed = Vec::new();
        let mut named = HashSet::new();
        for line in table.lines().filter(|line| !line.starts_with("# ")) {
            let code = line.to_ascii_lowercase();
            if let Some(rest) = code.strip_prefix("/:") {
                slashed.push(rest.to_owned());
            } else if let Some(name) = code.strip_prefix('[').and_then(|c| c.strip_suffix(']')) {
                named.insert(name.to_owned());
            }
        }
        slashed.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self { slashed, named }
    }

    /// Bytes of the code that the text begins with; 0 when it begins with none.
    pub(crate) fn length_at(&self, text: &str) -> usize {
        if let Some(rest) = text.strip_prefix("/:") {
            let rest = rest.as_bytes();
            let found = self.slashed.iter().find(|code| {
                rest.get(..code.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(code.as_bytes()))
            });
            return found.map_or(0, |code| code.len() + 2);
        }
        let Some(rest) = text.strip_prefix('[') else {
            return 0;
        };
        let window = &rest.as_bytes()[..rest.len().min(LONGEST_NAME_BYTES + 1)];
        let Some(end) = window.iter().position(|byte| *byte == b']') else {
            return 0;
        };
        if self.named.contains(&rest[..end].to_ascii_lowercase()) {
            end + 2
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn hash(text: &str) -> String {
        Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn tables_are_pinned_by_hash() {
        assert_eq!(
            hash(SCRIPT),
            "5e4f586656e037e73b33c9274603c1d6356bf5a2b92c372cc7789775214ceb62"
        );
        assert_eq!(
            hash(EMOTICONS),
            "84c8cd4eb4a58f951e205e43b198eb59ffe3e47a343df9e66a64c4e4bbec18fe"
        );
    }

    #[test]
    fn the_script_table_is_closed_under_itself() {
        let script = Script::read(SCRIPT);
        let rows: Vec<(char, char)> = SCRIPT
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| (line.chars().next().unwrap(), line.chars().nth(2).unwrap()))
            .collect();
        assert!(rows.len() > 3000);
        for (from, to) in rows {
            assert_ne!(from, to);
            assert_eq!(script.fold(from), to);
            assert_eq!(script.fold(to), to, "{to} would change again");
        }
        for same in ['a', '长', '江', '米', '\u{10FFFF}', '\u{0}'] {
            assert_eq!(script.fold(same), same);
        }
    }

    #[test]
    fn codes_are_found_longest_first() {
        let codes = Emoticons::read(EMOTICONS);
        assert_eq!(codes.length_at("/::)B"), 4);
        assert_eq!(codes.length_at("/:strongB"), 8);
        assert_eq!(codes.length_at("/:8-)2"), 5);
        assert_eq!(codes.length_at("/:#-0"), 5);
        assert_eq!(codes.length_at("[微笑]B"), 8);
        assert_eq!(codes.length_at("[smile]B"), 7);
        assert_eq!(codes.length_at("[旺柴]"), 8);
        assert_eq!(codes.length_at("[Doge]"), 6);
        for none in ["[666]", "[", "/:", "[没有这个]", "a/::)", "[微笑", ""] {
            assert_eq!(codes.length_at(none), 0, "{none}");
        }
    }
}
