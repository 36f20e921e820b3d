//! Who has a prize already, when another one is given away. Never who wins.

use campaign::OnePrizePer;
use std::collections::BTreeSet;

/// Who holds a prize of which class by the results so far.
#[derive(Debug, Clone)]
pub struct Holders {
    per: OnePrizePer,
    held: BTreeSet<(String, String)>,
}

impl Holders {
    /// Nobody yet; so many prizes a fan can have.
    #[must_use]
    pub fn new(per: OnePrizePer) -> Self {
        Self {
            per,
            held: BTreeSet::new(),
        }
    }

    /// Whether a further prize of this class would be one too many for a fan.
    #[must_use]
    pub fn holds(&self, class: &str, code: &str) -> bool {
        self.held.contains(&self.entry(class, code))
    }

    /// Notes that a fan has won a prize.
    pub fn add(&mut self, class: &str, code: &str) {
        if self.per != OnePrizePer::Nothing {
            self.held.insert(self.entry(class, code));
        }
    }

    fn entry(&self, class: &str, code: &str) -> (String, String) {
        let class = match self.per {
            OnePrizePer::Class => class,
            OnePrizePer::Campaign | OnePrizePer::Nothing => "",
        };
        (class.to_owned(), code.to_owned())
    }
}
