//! A campaign made ready: grammars, keywords, menu and detector, built once. Never a decision itself.

use crate::entrant::{EntrantCode, Entrants};
use crate::grammar::Grammar;
use crate::keywords::Keywords;
use crate::normal::Normaliser;
use crate::question::Questions;
use crate::{lint, lint_rules};
use campaign::{Campaign, MenuAction, Problem, Severity};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A campaign ready to judge messages. A pure value: equal files make equal judgements.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The campaign as its file says.
    pub campaign: Campaign,
    pub(crate) normaliser: Normaliser,
    pub(crate) grammars: Vec<Grammar>,
    pub(crate) keywords: Keywords,
    pub(crate) joins: HashSet<String>,
    pub(crate) mine: HashSet<String>,
    /// Words that begin claims, the longest first.
    pub(crate) claims: Vec<String>,
    pub(crate) entrants: Entrants,
    pub(crate) menu: HashMap<String, MenuAction>,
    pub(crate) questions: Questions,
}

impl Compiled {
    /// Makes a campaign ready, with the lint that needs normal forms. Returns its warnings beside it.
    ///
    /// # Errors
    /// Every problem found, warnings among them, sorted by line, when at least one is an error.
    pub fn new(campaign: Campaign) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let normaliser = Normaliser::new();
        let (keywords, refused) = Keywords::new(&campaign, &normaliser);
        let grammar = |round: &campaign::Round| Grammar::new(&round.question, &normaliser);
        let word = |keyword: &String| normaliser.tight(keyword).text;
        let mut claims: Vec<String> = campaign.claim.keywords.iter().map(word).collect();
        claims.retain(|word| !word.is_empty());
        claims.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let compiled = Self {
            grammars: campaign.rounds.iter().map(grammar).collect(),
            joins: campaign.join.keywords.iter().map(word).collect(),
            mine: campaign.mine.keywords.iter().map(word).collect(),
            claims,
            entrants: Entrants::new(campaign.draw.salt.as_bytes()),
            menu: campaign
                .menu
                .iter()
                .map(|item| (item.id.clone(), item.action.clone()))
                .collect(),
            questions: Questions::new(&campaign.detector, &normaliser),
            keywords,
            normaliser,
            campaign,
        };
        let mut problems = lint::check(&compiled);
        problems.extend(lint_rules::check(&compiled, &refused));
        Problem::sort(&mut problems);
        if problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
        {
            return Err(problems);
        }
        Ok((compiled, problems))
    }

    /// The same campaign without these keyword rules: what they answered is answered as if they did not stand in
    /// its file.
    #[must_use]
    pub fn without_rules(&self, ids: &BTreeSet<String>) -> Self {
        let mut campaign = self.campaign.clone();
        for rule in campaign.rules.iter_mut() {
            rule.enabled = rule.enabled && !ids.contains(&rule.id);
        }
        // What cannot be compiled was refused when this was made.
        let (keywords, _) = Keywords::new(&campaign, &self.normaliser);
        Self {
            keywords,
            campaign,
            ..self.clone()
        }
    }

    /// The grammar of a round by its number.
    pub(crate) fn grammar(&self, number: u16) -> Option<&Grammar> {
        let place = self
            .campaign
            .rounds
            .binary_search_by_key(&number, |round| round.number)
            .ok()?;
        self.grammars.get(place)
    }

    /// The entrant code of a fan.
    #[must_use]
    pub fn code(&self, fan: &str) -> EntrantCode {
        self.entrants.code(fan)
    }

    /// The pipeline that this campaign uses.
    #[must_use]
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }
}
