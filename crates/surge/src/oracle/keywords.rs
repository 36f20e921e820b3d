//! Keyword rules and the question detector (R-17, H-1), by the oracle's own hand.

use super::Unjudgeable;
use super::normal::{Forms, Normaliser};
use campaign::{Campaign, Detector, MessageKind, Profile, Rule, RuleMatch, Scope};

/// A rule with its keywords in the normal form that it sees.
#[derive(Debug)]
struct Compared {
    rule: Rule,
    keywords: Vec<String>,
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
            if rule.match_kind == RuleMatch::Regex {
                return Err(Unjudgeable::Regex {
                    rule: rule.id.clone(),
                });
            }
            let keywords = rule.keywords.iter().map(|keyword| {
                let forms = normaliser.forms(keyword);
                form(rule.profile, &forms).to_owned()
            });
            rules.push(Compared {
                keywords: keywords.collect(),
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
            let hits = compared
                .keywords
                .iter()
                .filter(|k| matches(compared.rule.match_kind, k, text));
            let Some(length) = hits.map(|keyword| keyword.chars().count()).max() else {
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

fn matches(kind: RuleMatch, keyword: &str, text: &str) -> bool {
    if keyword.is_empty() {
        return false;
    }
    match kind {
        RuleMatch::Exact => text == keyword,
        RuleMatch::Prefix => text.starts_with(keyword),
        RuleMatch::AllWords => keyword.split(' ').all(|word| text.contains(word)),
        RuleMatch::AnyWord => keyword.split(' ').any(|word| text.contains(word)),
        RuleMatch::Contains => text.contains(keyword),
        RuleMatch::Regex => false, // refused before
    }
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
