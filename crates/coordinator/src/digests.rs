//! The digests of results as metrics, so that a dashboard shows what a sceptic computes.

use contest::draw_name;
use control::ControlState;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::{GaugeVec, MetricError, Registry};

/// So many results are shown, the newest: labels must not grow with the log.
const SHOWN: usize = 64;

/// Campaign, draw and digest.
type Labels = [String; 3];

/// What is shown. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Digests {
    gauges: GaugeVec<3>,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    labels: BTreeSet<Labels>,
    /// Up to where control was read when they were made.
    read: u64,
}

impl Digests {
    pub(crate) fn new(registry: &Registry) -> Result<Self, MetricError> {
        let gauges = registry.gauge_vec(
            "spillway_result_info",
            "1 for the result that stands of each draw, with the SHA-256 of its standings file; the newest 64.",
            ["campaign", "draw", "digest"],
        )?;
        let shown = Arc::default();
        Ok(Self { gauges, shown })
    }

    /// Shows the results that stand.
    pub(crate) fn look(&self, state: &ControlState) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.read == state.next_offset() {
            return;
        }
        shown.read = state.next_offset();
        let mut found: Vec<(u64, Labels)> = Vec::new();
        for campaign in state.newest() {
            for (round, life) in state.rounds().of(&campaign.id) {
                let Some((ctl, result)) = &life.result else {
                    continue;
                };
                let digest = result.standings.to_string();
                found.push((*ctl, [campaign.id.clone(), draw_name(round), digest]));
            }
        }
        found.sort_unstable_by_key(|(ctl, _)| std::cmp::Reverse(*ctl));
        let newest = found.into_iter().take(SHOWN);
        self.show(&mut shown, newest.map(|(_, labels)| labels).collect());
    }

    /// Shows nothing: another process coordinates.
    pub(crate) fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.read = 0;
        self.show(&mut shown, BTreeSet::new());
    }

    fn show(&self, shown: &mut Shown, now: BTreeSet<Labels>) {
        for gone in shown.labels.difference(&now) {
            self.gauges.remove(gone.each_ref().map(String::as_str));
        }
        for labels in &now {
            let labels = labels.each_ref().map(String::as_str);
            self.gauges.with(labels).set(1.0);
        }
        shown.labels = now;
    }
}
