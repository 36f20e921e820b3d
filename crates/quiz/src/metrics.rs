//! What quiz shows of itself. Counted in the books, handed over once per commit; labels are the campaigns and
//! rounds that were published and the closed set of classes.

use crate::book::{Book, Classes, Counts};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::{Counter, CounterVec, GaugeVec, MetricError, Registry};

/// The metrics of quiz. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    messages: CounterVec<3>,
    no_campaign: Counter,
    copies_ignored: Counter,
    late_after_seal: Counter,
    claims: Counter,
    claims_ignored: Counter,
    joined: GaugeVec<2>,
    participants: GaugeVec<2>,
    shown: Arc<Mutex<Shown>>,
}

/// What each partition last told of a round: fans who joined, fans with a counting answer.
type Funnel = BTreeMap<(String, Option<u16>), (u64, u64)>;

#[derive(Default)]
struct Shown {
    funnels: BTreeMap<u32, Funnel>,
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// [`MetricError`] when a name is taken by something else.
    pub fn new(registry: &Registry) -> Result<Self, MetricError> {
        Ok(Self {
            messages: registry.counter_vec(
                "spillway_quiz_messages_total",
                "Messages judged by this process, by class, each once it is committed.",
                ["campaign", "round", "class"],
            )?,
            no_campaign: registry.counter(
                "spillway_quiz_no_campaign_total",
                "Messages that no campaign stood for in their partition.",
            )?,
            copies_ignored: registry.counter(
                "spillway_quiz_copies_ignored_total",
                "Copies of control records that were repeated or not the next one.",
            )?,
            late_after_seal: registry.counter(
                "spillway_quiz_late_after_seal_total",
                "Messages of a round that came after its seal; they change nothing in it.",
            )?,
            claims: registry.counter(
                "spillway_quiz_claims_total",
                "Claims of prizes told to the coordinator, one for each campaign that a message may claim in.",
            )?,
            claims_ignored: registry.counter(
                "spillway_quiz_claims_ignored_total",
                "Claims beyond those that are told of one fan in a campaign.",
            )?,
            joined: registry.gauge_vec(
                "spillway_quiz_joined",
                "Fans who joined, by round; provisional until the round is sealed.",
                ["campaign", "round"],
            )?,
            participants: registry.gauge_vec(
                "spillway_quiz_participants",
                "Fans with a counting answer, by round; provisional until the round is sealed.",
                ["campaign", "round"],
            )?,
            shown: Arc::default(),
        })
    }

    /// Takes what one partition has done between two commits. `before`: the counts at the first of them.
    pub(crate) fn committed(
        &self,
        partition: u32,
        book: &Book,
        classes: &Classes,
        before: &Counts,
    ) {
        for ((tag, round, class), count) in classes {
            let Some(running) = book.campaigns().get(usize::from(*tag)) else {
                continue;
            };
            self.messages
                .with([&running.id, &label(*round), class])
                .add(*count);
        }
        let now = book.counts();
        self.no_campaign
            .add(now.no_campaign.saturating_sub(before.no_campaign));
        self.copies_ignored
            .add(now.copies_ignored.saturating_sub(before.copies_ignored));
        self.late_after_seal
            .add(now.late_after_seal.saturating_sub(before.late_after_seal));
        self.claims.add(now.claims.saturating_sub(before.claims));
        self.claims_ignored
            .add(now.claims_ignored.saturating_sub(before.claims_ignored));
        self.show_funnel(partition, funnel(book));
    }

    /// Sets the gauges of the rounds of which this partition tells something else than before.
    fn show_funnel(&self, partition: u32, funnel: Funnel) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shown
            .funnels
            .insert(partition, funnel.clone())
            .unwrap_or_default();
        for (round, counts) in &funnel {
            if before.get(round) == Some(counts) {
                continue;
            }
            let all = shown.funnels.values().filter_map(|each| each.get(round));
            let (joined, answered) = all.fold((0_u64, 0_u64), |(joined, answered), (j, a)| {
                (joined.saturating_add(*j), answered.saturating_add(*a))
            });
            let labels = [round.0.as_str(), &label(round.1)];
            self.joined.with(labels).set_count(joined);
            self.participants.with(labels).set_count(answered);
        }
    }
}

fn funnel(book: &Book) -> Funnel {
    let rounds = book.campaigns().iter().flat_map(|running| {
        let all = running.all_totals();
        all.map(|(round, totals)| ((running.id.clone(), round), (totals.joins, totals.lines)))
    });
    rounds.collect()
}

fn label(round: Option<u16>) -> String {
    round.map_or_else(|| "none".to_owned(), |round| round.to_string())
}
