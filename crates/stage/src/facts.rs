//! What a runner needs to know of its fold and asks once.

use crate::fold::Fold;

/// Names and version of a fold.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) input: &'static str,
    /// Whether the input carries links.
    pub(crate) is_chained: bool,
    /// Output topics, the dead letters last.
    pub(crate) topics: Vec<String>,
}

impl Facts {
    pub(crate) fn of<F: Fold>(fold: &F) -> Self {
        let mut topics: Vec<String> = fold.outputs().iter().map(|&name| name.to_owned()).collect();
        topics.push(format!("{}.dead", fold.input()));
        Self {
            name: fold.name(),
            version: fold.version(),
            input: fold.input(),
            is_chained: record::topics::is_chained(fold.input()),
            topics,
        }
    }

    /// Index of the topic of the dead letters.
    pub(crate) fn dead(&self) -> usize {
        self.topics.len() - 1
    }
}
