//! What an operator asks before an event: is this file right, and what would this text be answered.

use crate::class::Class;
use crate::classify::Message;
use crate::compiled::Compiled;
use campaign::{Campaign, Problem, Severity};

/// The fan in whose name texts are tried.
pub const SAMPLE_FAN: &str = "o_fan_0001";

/// What a text would be and get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What it is.
    pub class: Class,
    /// The rule that answers it; empty when nothing does.
    pub rule: String,
    /// Name of its template.
    pub template: String,
    /// What the fan reads.
    pub text: String,
    /// The key of R-11.
    pub coalesce: String,
    /// The plain normal form.
    pub plain: String,
    /// The tight normal form.
    pub tight: String,
}

/// Every problem of a campaign file, sorted by line; with `at`, also what is wrong at that time.
///
/// The file is usable when none of them is an error.
#[must_use]
pub fn check(toml: &str, at: Option<i64>) -> Vec<Problem> {
    let (campaign, mut problems) = match Campaign::parse(toml) {
        Ok(read) => read,
        Err(problems) => return problems,
    };
    if let Some(at) = at {
        problems.extend(campaign.problems_at(at));
    }
    match Compiled::new(campaign) {
        Ok((_, warnings)) => problems.extend(warnings),
        Err(found) => problems.extend(found),
    }
    Problem::place(&mut problems, toml);
    Problem::sort(&mut problems);
    problems
}

impl Compiled {
    /// Reads a campaign file and makes it ready; its warnings stand beside it.
    ///
    /// # Errors
    /// Every problem found, sorted by line, when at least one is an error.
    pub fn from_toml(toml: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let (campaign, mut problems) = Campaign::parse(toml)?;
        match Self::new(campaign) {
            Ok((compiled, warnings)) => {
                problems.extend(warnings);
                Problem::place(&mut problems, toml);
                Problem::sort(&mut problems);
                debug_assert!(problems.iter().all(|p| p.severity == Severity::Warning));
                Ok((compiled, problems))
            }
            Err(found) => {
                problems.extend(found);
                Problem::place(&mut problems, toml);
                Problem::sort(&mut problems);
                Err(problems)
            }
        }
    }

    /// What a text of [`SAMPLE_FAN`] would be and get at a time.
    #[must_use]
    pub fn try_text(&self, text: &str, at: i64) -> Trial {
        let message = Message {
            kind: "text",
            text,
            from: SAMPLE_FAN,
            create_time: at,
            ..Message::default()
        };
        let class = self.classify(&message);
        let plain = self.normaliser.plain(text);
        let tight = self.normaliser.tight_of_plain(&plain).text;
        let spoken = self.reply(&message, &class);
        let (rule, template, text, coalesce) = spoken
            .map(|spoken| (spoken.rule, spoken.template, spoken.text, spoken.coalesce))
            .unwrap_or_default();
        Trial {
            class,
            rule,
            template,
            text,
            coalesce,
            plain,
            tight,
        }
    }
}
