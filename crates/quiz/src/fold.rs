//! Where quiz meets the runner: the only file that knows `stage`. It moves bytes between the books, the state
//! and the outputs, and judges nothing.

use crate::book::{Book, Counts};
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::shelf::{Pair, Shelf};
use crate::versions::Versions;
use record::topics;
use stage::{Fold, Input, Outputs, Space, StateError, StepError, View};

/// Version of the step: it stands in every output's link, and a change rebuilds the state.
pub const VERSION: u32 = 8;
/// Index of `results` among the outputs.
const RESULTS: usize = 0;

/// The fold over `accepted`.
pub struct Quiz {
    metrics: Metrics,
    versions: Versions,
}

/// What one partition keeps in memory.
#[derive(Debug)]
pub struct Part {
    book: Book,
    /// Counts at the last commit, of which the metrics know.
    told: Counts,
}

impl Quiz {
    /// A fold that reports to these metrics.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            versions: Versions::default(),
        }
    }
}

impl Fold for Quiz {
    type Part = Part;

    fn name(&self) -> &'static str {
        "quiz"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn input(&self) -> &'static str {
        topics::ACCEPTED
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[topics::RESULTS]
    }

    fn load(&self, _partition: u32, state: &mut View<'_>) -> Result<Part, StateError> {
        let book = Book::load(&mut Kept(state), &self.versions).map_err(state_error)?;
        let told = book.counts().clone();
        Ok(Part { book, told })
    }

    fn step(
        &self,
        part: &mut Part,
        input: &Input<'_>,
        state: &mut View<'_>,
        out: &mut Outputs<'_>,
    ) -> Result<(), StepError> {
        let mut tallies = Vec::new();
        let judged = part
            .book
            .step(input.value, &mut Kept(state), &self.versions, &mut tallies);
        judged.map_err(|failure| match failure {
            Failure::Reject { reason, detail } => StepError::Reject { reason, detail },
            other => state_error(other).into(),
        })?;
        for tally in &tallies {
            out.emit(RESULTS, tally.campaign.as_bytes(), tally);
        }
        for share in part.book.take_shares() {
            out.emit(RESULTS, share.campaign.as_bytes(), &share);
        }
        for told in part.book.take_told() {
            out.emit(RESULTS, told.campaign().as_bytes(), &told);
        }
        Ok(())
    }

    fn rejected(
        &self,
        part: &mut Part,
        input: &Input<'_>,
        state: &mut View<'_>,
    ) -> Result<(), StateError> {
        part.book.rejected(input.value, &mut Kept(state));
        Ok(())
    }

    fn save(&self, part: &mut Part, state: &mut View<'_>) -> Result<(), StateError> {
        part.book.save(&mut Kept(state)).map_err(state_error)
    }

    fn committed(&self, partition: u32, part: &mut Part) {
        let classes = part.book.take_classes();
        self.metrics
            .committed(partition, &part.book, &classes, &part.told);
        part.told = part.book.counts().clone();
    }

    fn tick(&self, part: &Part) -> Option<i64> {
        part.book.tick()
    }
}

fn state_error(failure: Failure<StateError>) -> StateError {
    match failure {
        Failure::Shelf(error) => error,
        Failure::Damaged(what) => StateError::unreadable("quiz state", what),
        Failure::Reject { reason, detail } => StateError::unreadable(reason, detail),
    }
}

/// The fans' records in the state of the stage.
struct Kept<'a, 's>(&'a mut View<'s>);

impl Shelf for Kept<'_, '_> {
    type Error = StateError;

    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0.get(Space::Main, key)
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.put(Space::Main, key, value);
    }

    fn delete(&mut self, key: &[u8]) {
        self.0.delete(Space::Main, key);
    }

    fn scan(&mut self, prefix: &[u8]) -> Result<Vec<Pair>, StateError> {
        self.0.scan(prefix)
    }

    fn visit(
        &mut self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), StateError> {
        self.0.visit(prefix, each)
    }
}
