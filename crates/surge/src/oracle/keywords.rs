//! Keyword rules and the question detector (R-17, H-1), by the oracle's own hand.

use super::Unjudgeable;
use super::normal::{Forms, Normaliser};
use campaign::{Campaign, Detector, MessageKind, Profile, Rule, RuleMatch, Scope};
use regex::Regex;

/// A rule with its keywords.
#[derive(Debug)]
struct Compared {
    rule: Rule,
    keywords: Vec<Keyword>,
}

/// A keyword in the normal form that its rule sees.
#[derive(Debug)]
struct Keyword {
    form: String,
    /// Its words, each in that form.
    words: Vec<String>,
    /// The expression that it is, as it was written.
    expression: Option<Regex>,
}

impl Keyword {
    fn new(rule: &Rule, text: &str, normaliser: &Normaliser) -> Result<Self, Unjudgeable> {
        let forms = normaliser.forms(text);
        let words = forms.plain.split(' ').map(|word| match rule.profile {
            Profile::Plain => word.to_owned(),
            Profile::Tight => normaliser.tight(word),
        });
        let words = words.filter(|word| !word.is_empty()).collect();
        if rule.match_kind != RuleMatch::Regex {
            return Ok(Self {
                words,
                form: form(rule.profile, &forms).to_owned(),
                expression: None,
            });
        }
        let expression = Regex::new(text).map_err(|error| Unjudgeable::Regex {
            rule: rule.id.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            form: text.to_owned(),
            words,
            expression: Some(expression),
        })
    }

    fn matches(&self, kind: RuleMatch, text: &str) -> bool {
        if self.form.is_empty() {
            return false;
        }
        match kind {
            RuleMatch::Exact => text == self.form,
            RuleMatch::Prefix => text.starts_with(&self.form),
            RuleMatch::AllWords => self.words.iter().all(|word| has_word(text, word)),
            RuleMatch::AnyWord => self.words.iter().any(|word| has_word(text, word)),
            RuleMatch::Contains => text.contains(&self.form),
            RuleMatch::Regex => self
                .expression
                .as_ref()
                .is_some_and(|regex| regex.is_match(text)),
        }
    }
}

/// Whether a word stands somewhere in a text: a Latin letter or digit at an end of it has no other beside it. Chinese
/// writes no gaps, so that its words stand wherever their characters do.
fn has_word(text: &str, word: &str) -> bool {
    let (text, word): (Vec<char>, Vec<char>) = (text.chars().collect(), word.chars().collect());
    let latin = |c: Option<&char>| c.is_some_and(char::is_ascii_alphanumeric);
    let stands = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at + word.len());
        text[at..].starts_with(&word)
            && !(latin(before) && latin(word.first()))
            && !(latin(word.last()) && latin(after))
    };
    (0..text.len()).any(stands)
}

/// All keyword rules of a campaign.
#[derive(Debug)]
pub(super) struct Keywords {
    rules: Vec<Compared>,
    /// First second of the first round and first second after the last.
    live: Option<(i64, i64)>,
}

/// The circumstances of a message, as far as rules ask for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) kind: MessageKind,
    pub(super) create_time: i64,
    pub(super) round_open: bool,
}

impl Keywords {
    pub(super) fn new(campaign: &Campaign, normaliser: &Normaliser) -> Result<Self, Unjudgeable> {
        let mut rules = Vec::new();
        for rule in campaign.rules.iter().filter(|rule| rule.enabled) {
            let keywords = rule.keywords.iter();
            let keywords = keywords.map(|keyword| Keyword::new(rule, keyword, normaliser));
            rules.push(Compared {
                keywords: keywords.collect::<Result<_, _>>()?,
                rule: rule.clone(),
            });
        }
        let opens = campaign.rounds.iter().map(|round| round.open).min();
        let closes = campaign.rounds.iter().map(|round| round.close).max();
        Ok(Self {
            rules,
            live: opens.zip(closes),
        })
    }

    /// Id of the rule that a text hits, among those that go before everything or among the others.
    pub(super) fn hit(&self, preempt: bool, forms: &Forms, at: Circumstances) -> Option<&str> {
        let mut best: Option<(&Compared, usize)> = None;
        for compared in self
            .rules
            .iter()
            .filter(|compared| compared.rule.preempt == preempt)
        {
            if !self.speaks(&compared.rule, at) {
                continue;
            }
            let text = form(compared.rule.profile, forms);
            let keywords = compared.keywords.iter();
            let hits = keywords.filter(|keyword| keyword.matches(compared.rule.match_kind, text));
            let Some(length) = hits.map(|keyword| keyword.form.chars().count()).max() else {
                continue;
            };
            if best.is_none_or(|best| goes_before((compared, length), best)) {
                best = Some((compared, length));
            }
        }
        best.map(|(compared, _)| compared.rule.id.as_str())
    }

    /// Whether a rule listens to a message.
    fn speaks(&self, rule: &Rule, at: Circumstances) -> bool {
        let live = self
            .live
            .is_some_and(|(open, close)| (open..close).contains(&at.create_time));
        let in_scope = |scope: &Scope| match scope {
            Scope::Idle => !live,
            Scope::Live => live,
            Scope::RoundOpen => at.round_open,
        };
        rule.kinds.contains(&at.kind)
            && (rule.scopes.is_empty() || rule.scopes.iter().any(in_scope))
            && rule.schedule.contains(at.create_time)
    }
}

/// priority, then the stricter match, then the longer keyword, then the id.
fn goes_before(one: (&Compared, usize), other: (&Compared, usize)) -> bool {
    let rank = |(compared, length): (&Compared, usize)| {
        let rule = &compared.rule;
        (
            -i128::from(rule.priority),
            rule.match_kind,
            std::cmp::Reverse(length),
            rule.id.clone(),
        )
    };
    rank(one) < rank(other)
}

fn form(profile: Profile, forms: &Forms) -> &str {
    match profile {
        Profile::Plain => &forms.plain,
        Profile::Tight => &forms.tight,
    }
}

/// The question detector's words in plain form.
#[derive(Debug)]
pub(super) struct Questions {
    words: [(u32, Vec<String>); 3],
    long_from_chars: usize,
    threshold: u32,
}

impl Questions {
    pub(super) fn new(detector: &Detector, normaliser: &Normaliser) -> Self {
        let plain = |words: &[String]| {
            words
                .iter()
                .map(|word| normaliser.forms(word).plain)
                .collect()
        };
        Self {
            words: [
                (Detector::INTERROGATIVE, plain(&detector.interrogatives)),
                (Detector::SERVICE_NOUN, plain(&detector.service_nouns)),
                (Detector::COMPLAINT, plain(&detector.complaints)),
            ],
            long_from_chars: detector.long_from_chars,
            threshold: detector.threshold,
        }
    }

    /// Whether a text's score reaches the threshold.
    pub(super) fn is_question(&self, forms: &Forms) -> bool {
        let text = forms.plain.as_str();
        let mut score = 0;
        for (weight, words) in &self.words {
            if words
                .iter()
                .any(|word| !word.is_empty() && text.contains(word.as_str()))
            {
                score += weight;
            }
        }
        if text.chars().filter(|c| *c != ' ').count() >= self.long_from_chars {
            score += Detector::LENGTH;
        }
        score >= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_alone_and_not_inside_others_r_17() {
        let table = [
            ("the newest rom is out", "rom", true),
            ("the newest roman is out", "rom", false),
            ("prom", "rom", false),
            ("rom", "rom", true),
            ("买rom手机", "rom", true),
            ("rom2", "rom", false),
            ("小米手机", "米手", true),
            ("xa米a米a", "a米a", true),
            ("", "rom", false),
        ];
        for (text, word, stands) in table {
            assert_eq!(has_word(text, word), stands, "{word} in {text}");
        }
    }
}
