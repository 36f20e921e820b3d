//! Keyword rules, ready to match: sorted once, first hit wins. Never cooldowns, caps, segments.

use crate::literals::Literals;
use crate::normal::Normaliser;
use campaign::{Campaign, MessageKind, Profile, Rule, RuleMatch, Scope, Standing};
use regex::Regex;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Most memory that one compiled expression may take, in bytes.
const REGEX_SIZE_LIMIT_BYTES: usize = 1 << 18;

/// One keyword of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Place of the rule in the campaign.
    pub(crate) rule: usize,
    /// The keyword as written.
    pub(crate) keyword: String,
    /// The keyword in the rule's profile.
    pub(crate) form: String,
    pattern: Pattern,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exact,
    Prefix,
    AllWords(Vec<String>),
    AnyWord(Vec<String>),
    Contains,
    Regex(Regex),
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) plain: &'a str,
    pub(crate) tight: &'a str,
    pub(crate) kind: MessageKind,
    pub(crate) create_time: i64,
}

/// All keywords in the order in which they are asked.
#[derive(Debug, Clone)]
pub(crate) struct Keywords {
    pub(crate) preempt: Vec<Entry>,
    pub(crate) ordinary: Vec<Entry>,
    /// All keywords of `contains`: a text without any of them is compared with none of them singly.
    contained: Literals,
    index: Index,
}

/// The ordinary keywords that a text can match at all, so that a text is not compared with the hundreds that begin
/// otherwise. Each list holds places in `ordinary`, ascending.
#[derive(Debug, Clone, Default)]
struct Index {
    /// `exact` and `prefix` of the profile plain, by the first character.
    plain: HashMap<char, Vec<usize>>,
    /// The same of the profile tight.
    tight: HashMap<char, Vec<usize>>,
    /// `contains`.
    contained: Vec<usize>,
    /// Words and expressions, which may stand anywhere.
    anywhere: Vec<usize>,
}

impl Index {
    fn new(entries: &[Entry], campaign: &Campaign) -> Self {
        let mut index = Self::default();
        for (place, entry) in entries.iter().enumerate() {
            let list = match (&entry.pattern, entry.form.chars().next()) {
                (Pattern::Exact | Pattern::Prefix, Some(first)) => {
                    let is_plain = campaign.rules[entry.rule].profile == Profile::Plain;
                    let begins = if is_plain {
                        &mut index.plain
                    } else {
                        &mut index.tight
                    };
                    begins.entry(first).or_default()
                }
                (Pattern::Contains, _) => &mut index.contained,
                _ => &mut index.anywhere,
            };
            list.push(place);
        }
        index
    }

    /// Places of what may match, ascending; `contains` only when the text has any of them.
    fn candidates<'s>(
        &'s self,
        asked: Asked<'_>,
        contained: bool,
    ) -> impl Iterator<Item = usize> + use<'s> {
        let of = |begins: &'s HashMap<char, Vec<usize>>, text: &str| -> &'s [usize] {
            let list = text.chars().next().and_then(|first| begins.get(&first));
            list.map_or(&[], Vec::as_slice)
        };
        let contained: &[usize] = if contained { &self.contained } else { &[] };
        let mut lists = [
            of(&self.plain, asked.plain),
            of(&self.tight, asked.tight),
            contained,
            &self.anywhere,
        ];
        std::iter::from_fn(move || {
            let filled = lists.iter_mut().filter(|list| !list.is_empty());
            let next = filled.min_by_key(|list| list[0])?;
            let (first, rest) = next.split_first()?;
            *next = rest;
            Some(*first)
        })
    }
}

impl Keywords {
    /// Sorts the rules of a campaign, and says which expressions cannot be compiled.
    pub(crate) fn new(
        campaign: &Campaign,
        normaliser: &Normaliser,
    ) -> (Self, Vec<(usize, String)>) {
        let (mut preempt, mut ordinary) = (Vec::new(), Vec::new());
        let mut refused = Vec::new();
        for (place, rule) in campaign
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.enabled)
        {
            for keyword in &rule.keywords {
                match Entry::new(place, rule, keyword, normaliser) {
                    Ok(entry) if rule.preempt => preempt.push(entry),
                    Ok(entry) => ordinary.push(entry),
                    Err(reason) => refused.push((place, reason)),
                }
            }
        }
        let order = |entry: &Entry| {
            let rule = &campaign.rules[entry.rule];
            let length = entry.form.chars().count();
            (
                Reverse(rule.priority),
                rule.match_kind,
                Reverse(length),
                rule.id.clone(),
            )
        };
        preempt.sort_by_cached_key(order);
        ordinary.sort_by_cached_key(order);
        let contained = ordinary
            .iter()
            .filter(|entry: &&Entry| entry.is_contained());
        let contained = Literals::new(contained.map(|entry| entry.form.clone()));
        (
            Self {
                index: Index::new(&ordinary, campaign),
                preempt,
                ordinary,
                contained,
            },
            refused,
        )
    }

    /// The first rule before joins and answers that hears this.
    pub(crate) fn preempted<'c>(
        &self,
        campaign: &'c Campaign,
        asked: Asked<'_>,
    ) -> Option<&'c Rule> {
        first(self.preempt.iter(), campaign, asked)
    }

    /// The first other rule that hears this.
    pub(crate) fn heard<'c>(&self, campaign: &'c Campaign, asked: Asked<'_>) -> Option<&'c Rule> {
        let contained = self.contained.any_in(asked.tight) || self.contained.any_in(asked.plain);
        let candidates = self.index.candidates(asked, contained);
        let entries = candidates.filter_map(|place| self.ordinary.get(place));
        first(entries, campaign, asked)
    }
}

fn first<'c, 'e>(
    mut entries: impl Iterator<Item = &'e Entry>,
    campaign: &'c Campaign,
    asked: Asked<'_>,
) -> Option<&'c Rule> {
    entries.find_map(|entry| {
        let rule = campaign.rules.get(entry.rule)?;
        let form = match rule.profile {
            Profile::Plain => asked.plain,
            Profile::Tight => asked.tight,
        };
        (entry.matches(form) && speaks(rule, campaign, asked)).then_some(rule)
    })
}

/// Whether a rule listens to this kind of message at this time.
fn speaks(rule: &Rule, campaign: &Campaign, asked: Asked<'_>) -> bool {
    rule.kinds.contains(&asked.kind)
        && rule.schedule.contains(asked.create_time)
        && (rule.scopes.is_empty() || {
            let standing = campaign.standing(asked.create_time);
            let live = matches!(standing, Standing::Open { .. } | Standing::Between { .. });
            rule.scopes.iter().any(|scope| match scope {
                Scope::Idle => !live,
                Scope::Live => live,
                Scope::RoundOpen => matches!(standing, Standing::Open { .. }),
            })
        })
}

impl Entry {
    fn new(
        rule_place: usize,
        rule: &Rule,
        keyword: &str,
        normaliser: &Normaliser,
    ) -> Result<Self, String> {
        let form = match rule.profile {
            Profile::Plain => normaliser.plain(keyword),
            Profile::Tight => normaliser.tight(keyword).text,
        };
        let words = || -> Vec<String> {
            let plain = normaliser.plain(keyword);
            let word = |word: &str| match rule.profile {
                Profile::Plain => word.to_owned(),
                Profile::Tight => normaliser.tight(word).text,
            };
            plain
                .split(' ')
                .map(word)
                .filter(|word| !word.is_empty())
                .collect()
        };
        let pattern = match rule.match_kind {
            RuleMatch::Exact => Pattern::Exact,
            RuleMatch::Prefix => Pattern::Prefix,
            RuleMatch::AllWords => Pattern::AllWords(words()),
            RuleMatch::AnyWord => Pattern::AnyWord(words()),
            RuleMatch::Contains => Pattern::Contains,
            RuleMatch::Regex => Pattern::Regex(expression(keyword)?),
        };
        let form = if rule.match_kind == RuleMatch::Regex {
            keyword.to_owned()
        } else {
            form
        };
        if form.is_empty() {
            return Err(format!(
                "'{keyword}' has nothing left in its normal form; write letters, digits or Chinese characters"
            ));
        }
        Ok(Self {
            rule: rule_place,
            keyword: keyword.to_owned(),
            form,
            pattern,
        })
    }

    fn is_contained(&self) -> bool {
        matches!(self.pattern, Pattern::Contains)
    }

    /// Whether a normal form of the rule's profile is heard.
    pub(crate) fn matches(&self, form: &str) -> bool {
        match &self.pattern {
            Pattern::Exact => form == self.form,
            Pattern::Prefix => form.starts_with(self.form.as_str()),
            Pattern::AllWords(words) => words.iter().all(|word| has_word(form, word)),
            Pattern::AnyWord(words) => words.iter().any(|word| has_word(form, word)),
            Pattern::Contains => form.contains(self.form.as_str()),
            Pattern::Regex(regex) => regex.is_match(form),
        }
    }
}

/// Expressions are linear in the text by construction of the engine; their size is bounded here.
fn expression(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_SIZE_LIMIT_BYTES)
        .dfa_size_limit(REGEX_SIZE_LIMIT_BYTES)
        .nest_limit(64)
        .build()
        .map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or("").trim();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            format!("'{pattern}' is no expression that can be used: {reason}; correct it, or match without an expression")
        })
}

/// Whether a word stands in a text. A Latin word does not stand inside another one; Chinese has no
/// gaps between words, so there a word stands wherever its characters do.
fn has_word(text: &str, word: &str) -> bool {
    let inside = |a: Option<char>, b: Option<char>| {
        a.is_some_and(|c| c.is_ascii_alphanumeric()) && b.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    let Some(first) = word.chars().next() else {
        return false;
    };
    let mut from = 0;
    // One place may reach into the next: `a米a` stands in `xa米a米a`, the second time.
    while let Some(found) = text[from..].find(word) {
        let place = from + found;
        let before = text[..place].chars().next_back();
        let after = text[place + word.len()..].chars().next();
        if !inside(before, Some(first)) && !inside(word.chars().next_back(), after) {
            return true;
        }
        from = place + first.len_utf8();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rules of every kind over few letters, so that they meet often.
    fn campaign(rules: &[(u8, bool, String, u8)]) -> Campaign {
        use std::fmt::Write as _;
        let mut toml = include_str!("../../../deploy/campaigns/keyword-draw.toml").to_owned();
        for (place, (kind, is_tight, keyword, priority)) in rules.iter().enumerate() {
            let kind =
                ["exact", "prefix", "contains", "all_words", "any_word"][usize::from(kind % 5)];
            let profile = if *is_tight { "tight" } else { "plain" };
            write!(
                toml,
                "\n[[rule]]\nid = \"x{place}\"\nkeywords = [\"{keyword}\"]\nmatch = \"{kind}\"\n\
                 profile = \"{profile}\"\npriority = {}\ntemplates = [\"join\"]\n",
                u32::from(*priority % 3)
            )
            .unwrap();
        }
        Campaign::parse(&toml)
            .map(|(campaign, _)| campaign)
            .unwrap_or_else(|problems| panic!("{problems:?}\n{toml}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_index_finds_what_comparing_with_every_keyword_finds(
            rules in proptest::collection::vec((any::<u8>(), any::<bool>(), "[ab]{3}|[ab]?米米[ab]?", any::<u8>()), 1..12),
            text in "[ab 米]{0,7}",
        ) {
            let campaign = campaign(&rules);
            let normaliser = Normaliser::new();
            let (keywords, _) = Keywords::new(&campaign, &normaliser);
            let (plain, tight) = (normaliser.plain(&text), normaliser.tight(&text).text);
            let asked = Asked { plain: &plain, tight: &tight, kind: MessageKind::Text, create_time: campaign.start };
            let found = keywords.heard(&campaign, asked).map(|rule| &rule.id);
            let every = first(keywords.ordinary.iter(), &campaign, asked).map(|rule| &rule.id);
            prop_assert_eq!(found, every);
        }
    }

    #[test]
    fn latin_words_have_edges_and_chinese_words_have_none() {
        assert!(has_word("my mi phone", "mi"));
        assert!(!has_word("miui", "mi"));
        assert!(has_word("小米手机", "米手"));
        assert!(has_word("买mi手机", "mi"));
        assert!(has_word("xa米a米a", "a米a"));
        assert!(!has_word("aaaa", "aa"));
    }

    #[test]
    fn expressions_are_bounded_r_17() {
        assert!(expression("^第[0-9]{1,2}题").is_ok());
        assert!(expression("(a{1000}){1000}").is_err());
        assert!(expression("(a)\\1").is_err(), "no back-references");
        assert!(expression("(").is_err());
    }
}
