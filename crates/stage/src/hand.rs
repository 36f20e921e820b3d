//! Who applies a batch: hands, each with what the partitions of its share have read, changed and emitted. Several work
//! side by side on a batch that is worth it; a partition is one hand's for a whole batch, so nothing of what a fold
//! sees depends on how many there are.

use crate::clock::Clock;
use crate::error::StateError;
use crate::facts::Facts;
use crate::fold::{Fold, Input};
use crate::lane::{Applied, Bench, Lane};
use crate::limit::Limit;
use crate::outputs::{OutChain, Pending};
use crate::state::{Change, Kept, Overlay, Space, StateKey, View, namespaced, partition_entry};
use crate::status::Totals;
use msglog::Stored;
use record::chain::Verdict;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Outputs that wait at most, in records and in bytes, before a commit in the middle of a batch; of all hands together.
const PENDING_RECORDS: usize = 8_192;
const PENDING_BYTES: usize = 16 * 1024 * 1024;

/// A key and a value of the state, beside those of the fold.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// One hand, and all that it has not given away yet.
struct Hand {
    overlay: Overlay,
    pending: Pending,
    before: Vec<OutChain>,
    wanted: Vec<StateKey>,
}

/// What a session works with beside its lanes: a field of its own, so that a lane can be borrowed with it.
pub(crate) struct Workshop {
    pub(crate) kept: Box<dyn Kept>,
    /// The first does what is done by one; there is always one.
    first: Hand,
    others: Vec<Hand>,
    /// Threads of the others; none, and they work one after the other.
    threads: Option<rayon::ThreadPool>,
    /// Fewer inputs than so many are not worth a second hand.
    side_by_side_from: usize,
}

/// What all hands know of a batch.
pub(crate) struct Job<'a, F> {
    pub(crate) fold: &'a F,
    pub(crate) facts: &'a Facts,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) limit: &'a Mutex<Limit>,
    pub(crate) records: &'a [Stored],
}

/// What became of a hand's share of a batch.
#[derive(Default)]
pub(crate) struct Share {
    /// Index of the first input that was not looked at; as many as there are when all were.
    pub(crate) taken: usize,
    /// Why the input there may not be applied.
    pub(crate) over_limit: Option<String>,
    /// Counts.
    pub(crate) turn: Totals,
    /// Places of the partitions, for the commit.
    pub(crate) entries: Vec<Entry>,
    /// Partitions of which nothing more can be read.
    pub(crate) halted: Vec<u32>,
}

impl Workshop {
    /// `hands`: threads that apply a batch at most, the caller's included.
    pub(crate) fn new(
        kept: Box<dyn Kept>,
        facts: &Facts,
        hands: usize,
        side_by_side_from: usize,
    ) -> Self {
        let topics = facts.topics.len();
        let others: Vec<Hand> = (1..hands).map(|_| Hand::new(topics)).collect();
        Self {
            kept,
            first: Hand::new(topics),
            threads: threads(facts.name, others.len()),
            others,
            side_by_side_from,
        }
    }

    /// One that works alone.
    pub(crate) fn of_one(kept: Box<dyn Kept>, facts: &Facts) -> Self {
        Self::new(kept, facts, 1, usize::MAX)
    }

    /// The bench of the first hand.
    pub(crate) fn bench<'a, F: Fold>(&'a mut self, fold: &'a F, facts: &'a Facts) -> Bench<'a, F> {
        self.first.bench(fold, facts, &*self.kept)
    }

    /// A partition's state, as the first hand sees it.
    pub(crate) fn view<'a>(&'a mut self, place: (u32, u64), floor: &'a mut u32) -> View<'a> {
        View::new(place, floor, &mut self.first.overlay, &*self.kept)
    }

    /// Applies a batch, and saves what it touched: one share for each hand that had something to do.
    pub(crate) fn apply<F: Fold>(
        &mut self,
        job: &Job<'_, F>,
        lanes: &mut BTreeMap<u32, Lane<F::Part>>,
    ) -> Result<Vec<Share>, StateError> {
        let kept = &*self.kept;
        let threads = self.threads.as_ref();
        let threads = threads.filter(|_| job.records.len() >= self.side_by_side_from);
        let most = if threads.is_some() {
            self.others.len() + 1
        } else {
            1
        };
        let hands = lanes.len().clamp(1, most);
        let mut split: Vec<Lanes<'_, F>> = (0..hands).map(|_| BTreeMap::new()).collect();
        for (place, (partition, lane)) in lanes.iter_mut().enumerate() {
            split[place % hands].insert(*partition, lane);
        }
        let mut split = split.into_iter();
        let own = split.next().unwrap_or_default();
        let mut theirs: Vec<_> = split.map(|lanes| (lanes, None)).collect();
        let first = match threads {
            None => self.first.apply(job, hands, kept, own),
            Some(threads) => threads.in_place_scope(|scope| {
                for (hand, (lanes, share)) in self.others.iter_mut().zip(&mut theirs) {
                    let lanes = std::mem::take(lanes);
                    scope.spawn(move |_| *share = Some(hand.apply(job, hands, kept, lanes)));
                }
                self.first.apply(job, hands, kept, own)
            }),
        };
        let theirs = theirs.into_iter().filter_map(|(_, share)| share);
        std::iter::once(first).chain(theirs).collect()
    }

    /// All that was emitted, in the order of each partition.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        for hand in &mut self.others {
            self.first.pending.gather(&mut hand.pending);
        }
        &mut self.first.pending
    }

    /// Takes every change out, for the commit, and forgets the cached reads.
    pub(crate) fn drain(&mut self) -> Vec<Change> {
        let mut changes = self.first.overlay.drain();
        for hand in &mut self.others {
            changes.append(&mut hand.overlay.drain());
        }
        // In the order of their keys a store takes them faster, and always the same; each hand's are in theirs.
        changes.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        changes
    }
}

/// The partitions of one hand's share.
type Lanes<'a, F> = BTreeMap<u32, &'a mut Lane<<F as Fold>::Part>>;

impl Hand {
    fn new(topics: usize) -> Self {
        Self {
            overlay: Overlay::default(),
            pending: Pending::new(topics),
            before: Vec::new(),
            wanted: Vec::new(),
        }
    }

    fn bench<'a, F: Fold>(
        &'a mut self,
        fold: &'a F,
        facts: &'a Facts,
        kept: &'a dyn Kept,
    ) -> Bench<'a, F> {
        Bench {
            fold,
            facts,
            kept,
            overlay: &mut self.overlay,
            pending: &mut self.pending,
            before: &mut self.before,
        }
    }

    /// Applies inputs of its partitions until they are all done, or enough outputs wait, or the limit is reached.
    fn apply<F: Fold>(
        &mut self,
        job: &Job<'_, F>,
        hands: usize,
        kept: &dyn Kept,
        mut lanes: Lanes<'_, F>,
    ) -> Result<Share, StateError> {
        self.prefetch(job, kept, &lanes)?;
        let mut share = Share::default();
        let mut bench = self.bench(job.fold, job.facts, kept);
        let mut admits = |tick| {
            let mut limit = job.limit.lock().unwrap_or_else(PoisonError::into_inner);
            limit.admits(tick)
        };
        while let Some(record) = job.records.get(share.taken) {
            share.taken += 1;
            let Some(lane) = lanes.get_mut(&record.partition) else {
                continue;
            };
            if !is_next(lane, record) {
                continue;
            }
            let applied = bench.apply(lane, &input_of(record), &mut admits)?;
            lane.applied_ms = Some(record.time_ms);
            share.turn.inputs += 1;
            match applied {
                Applied::Done => lane.hole_since = None,
                Applied::Rejected { is_new } => {
                    lane.hole_since = None;
                    share.turn.rejected += u64::from(is_new);
                }
                Applied::Dropped(Verdict::Repetition) => share.turn.repetitions += 1,
                Applied::Dropped(Verdict::Hole) => {
                    share.turn.holes += 1;
                    lane.hole_since.get_or_insert(job.clock.now());
                }
                Applied::Dropped(_) => lane.hole_since = None,
                Applied::OverLimit { reason } => {
                    share.taken -= 1;
                    share.over_limit = Some(reason);
                    break;
                }
                Applied::Halted(reason) => {
                    tracing::error!(stage = job.facts.name, partition = record.partition, %reason, "partition is halted");
                    share.turn.forks += 1;
                    share.halted.push(record.partition);
                }
            }
            if bench.pending.len() * hands >= PENDING_RECORDS
                || bench.pending.bytes * hands >= PENDING_BYTES
            {
                break;
            }
        }
        for (partition, lane) in lanes.iter_mut().filter(|(_, lane)| lane.is_touched) {
            let meta = bench.save(*partition, lane)?;
            share.entries.push(partition_entry(*partition, &meta)?);
        }
        Ok(share)
    }

    /// Fetches what the inputs of its partitions will read, in one call per space.
    fn prefetch<F: Fold>(
        &mut self,
        job: &Job<'_, F>,
        kept: &dyn Kept,
        lanes: &Lanes<'_, F>,
    ) -> Result<(), StateError> {
        let mut spaces: BTreeMap<Space, Vec<Vec<u8>>> = BTreeMap::new();
        for record in job.records {
            let Some(lane) = lanes.get(&record.partition) else {
                continue;
            };
            if !is_next(lane, record) {
                continue;
            }
            self.wanted.clear();
            job.fold.wants(&input_of(record), &mut self.wanted);
            for wanted in self.wanted.drain(..) {
                if matches!(wanted.space, Space::Bucket(bucket) if bucket < lane.floor) {
                    continue;
                }
                let mut key = Vec::with_capacity(4 + wanted.key.len());
                namespaced(record.partition, &wanted.key, &mut key);
                spaces.entry(wanted.space).or_default().push(key);
            }
        }
        for (space, mut keys) in spaces {
            keys.sort_unstable();
            keys.dedup();
            let values = kept.multi_get(space, &keys)?;
            for (key, value) in keys.into_iter().zip(values) {
                self.overlay.remember(space, key, value);
            }
        }
        Ok(())
    }
}

/// Whether a record is still to be applied.
fn is_next<P>(lane: &Lane<P>, record: &Stored) -> bool {
    lane.halted.is_none() && record.offset >= lane.next
}

fn input_of(record: &Stored) -> Input<'_> {
    Input {
        partition: record.partition,
        offset: record.offset,
        key: &record.key,
        value: &record.value,
    }
}

/// Threads for so many hands. Without them everything is done all the same, only later.
fn threads(name: &'static str, count: usize) -> Option<rayon::ThreadPool> {
    if count == 0 {
        return None;
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(move |index| format!("{name}-{}", index + 2));
    match pool.build() {
        Ok(pool) => Some(pool),
        Err(error) => {
            tracing::warn!(stage = name, %error, "no threads for the hands of a stage; one does all");
            None
        }
    }
}
