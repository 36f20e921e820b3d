//! What is counted while a replay runs: outcomes, latencies and rates, by part and by phase of the event.
//!
//! It ends in a [`Report`]. Nothing is judged here.

use crate::ledger::{Kind, Outcome};
use crate::recording::Table;
use crate::report::{PHASE_S, Part, Percentiles, Phase, Report};
use crate::seconds::Seconds;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Longest latency that is told apart, in microseconds: ten minutes.
const MAX_LATENCY_US: u64 = 600_000_000;

/// Counts and latencies of one part while the replay runs.
#[derive(Debug)]
struct Running {
    counts: Part,
    latency: Histogram<u64>,
    /// The histogram's buckets are a thousandth wide; the longest is kept exactly.
    max_us: u64,
}

/// One ended delivery.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Its part.
    pub table: Table,
    /// Its scheduled instant, in microseconds of event time.
    pub scheduled_us: i64,
    /// What became of its last attempt.
    pub outcome: Outcome,
    /// What its valid answer was.
    pub kind: Option<Kind>,
    /// Attempts it took.
    pub attempts: u32,
    /// Microseconds from where latency counts to the valid answer.
    pub latency_us: u64,
    /// When it was begun, in microseconds since the replay began.
    pub begun_us: u64,
    /// When it ended, in microseconds since the replay began.
    pub ended_us: u64,
}

/// First and last wall microsecond, and the acks, of a phase.
#[derive(Debug, Clone, Copy)]
struct Span {
    begun_us: u64,
    ended_us: u64,
    acked: u64,
}

/// What is collected while a replay runs.
#[derive(Debug)]
pub struct Stats {
    parts: BTreeMap<Table, Running>,
    spans: BTreeMap<i64, Span>,
    seconds: Seconds,
    errors: BTreeMap<&'static str, u64>,
    begun_us: Option<u64>,
    ended_us: u64,
    behind_us: u64,
    acked: u64,
    ended: u64,
}

impl Stats {
    /// Nothing yet.
    ///
    /// # Errors
    /// Never with the fixed bounds of the histograms; the error is theirs.
    pub fn new() -> Result<Self, hdrhistogram::CreationError> {
        let mut parts = BTreeMap::new();
        for table in Table::ALL {
            let latency = Histogram::new_with_max(MAX_LATENCY_US, 3)?;
            parts.insert(
                table,
                Running {
                    counts: Part::default(),
                    latency,
                    max_us: 0,
                },
            );
        }
        Ok(Self {
            parts,
            spans: BTreeMap::new(),
            seconds: Seconds::default(),
            errors: BTreeMap::new(),
            begun_us: None,
            ended_us: 0,
            behind_us: 0,
            acked: 0,
            ended: 0,
        })
    }

    /// A delivery was begun, this much behind its schedule.
    pub fn begun(&mut self, at_us: u64, behind_us: u64) {
        self.begun_us.get_or_insert(at_us);
        self.behind_us = self.behind_us.max(behind_us);
        self.seconds.begun(at_us, behind_us);
    }

    /// An attempt had no valid answer.
    pub fn failed(&mut self, why: &'static str) {
        *self.errors.entry(why).or_default() += 1;
    }

    /// A delivery ended.
    pub fn ended(&mut self, end: &Ended) {
        self.ended += 1;
        self.ended_us = self.ended_us.max(end.ended_us);
        let Some(part) = self.parts.get_mut(&end.table) else {
            return;
        };
        let counts = &mut part.counts;
        counts.sent += 1;
        counts.attempts += u64::from(end.attempts);
        match end.outcome {
            Outcome::Acked => counts.acked += 1,
            Outcome::Invalid => counts.invalid += 1,
            Outcome::Unanswered => counts.unacked += 1,
        }
        if end.outcome != Outcome::Acked {
            return;
        }
        match end.kind {
            Some(Kind::Words) => counts.words += 1,
            Some(Kind::Success) => counts.success += 1,
            Some(Kind::Empty) => counts.empty += 1,
            None => {}
        }
        part.latency.saturating_record(end.latency_us.max(1));
        part.max_us = part.max_us.max(end.latency_us);
        self.acked += 1;
        self.seconds.acked(end.ended_us, end.latency_us);
        let phase = end.scheduled_us.div_euclid(PHASE_S * 1_000_000);
        let fresh = Span {
            begun_us: end.begun_us,
            ended_us: end.ended_us,
            acked: 0,
        };
        let span = self.spans.entry(phase).or_insert(fresh);
        span.begun_us = span.begun_us.min(end.begun_us);
        span.ended_us = span.ended_us.max(end.ended_us);
        span.acked += 1;
    }

    /// Deliveries that have ended, and those of them that were acked.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64) {
        (self.ended, self.acked)
    }

    /// Fills the measured members of a report.
    pub fn write_into(&self, report: &mut Report) {
        let sending_us = self
            .ended_us
            .saturating_sub(self.begun_us.unwrap_or(self.ended_us));
        report.sending_s = seconds(sending_us);
        report.behind_ms = millis(self.behind_us);
        report.peak_acks_per_s = self.seconds.peak();
        report.slowest_seconds = self.seconds.slowest();
        report.errors = self
            .errors
            .iter()
            .map(|(&why, &n)| (why.to_owned(), n))
            .collect();
        let mut all = Part::default();
        let mut latency: Option<Histogram<u64>> = None;
        for (table, running) in &self.parts {
            let part = running.finished(sending_us);
            all.add(&part);
            match &mut latency {
                None => latency = Some(running.latency.clone()),
                // Histograms of equal bounds can always be added.
                Some(sum) => drop(sum.add(&running.latency)),
            }
            report.parts.insert(table.name().to_owned(), part);
        }
        all.acks_per_s = per_second(all.acked, sending_us);
        let max_us = self
            .parts
            .values()
            .map(|part| part.max_us)
            .max()
            .unwrap_or(0);
        all.ack_ms = latency
            .map(|latency| percentiles(&latency, max_us))
            .unwrap_or_default();
        report.all = all;
        report.phases = self
            .spans
            .iter()
            .map(|(&phase, span)| phase_of(phase, span))
            .collect();
    }
}

impl Running {
    fn finished(&self, sending_us: u64) -> Part {
        Part {
            acks_per_s: per_second(self.counts.acked, sending_us),
            ack_ms: percentiles(&self.latency, self.max_us),
            ..self.counts.clone()
        }
    }
}

fn phase_of(phase: i64, span: &Span) -> Phase {
    let wall_us = span.ended_us.saturating_sub(span.begun_us);
    Phase {
        from: phase * PHASE_S,
        to: (phase + 1) * PHASE_S,
        acked: span.acked,
        wall_s: seconds(wall_us),
        acks_per_s: per_second(span.acked, wall_us),
    }
}

fn percentiles(latency: &Histogram<u64>, max_us: u64) -> Percentiles {
    if latency.is_empty() {
        return Percentiles::default();
    }
    let at = |quantile| millis(latency.value_at_quantile(quantile).min(max_us));
    Percentiles {
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        max: millis(max_us),
    }
}

/// Microseconds as seconds, to a thousandth.
fn seconds(us: u64) -> f64 {
    (us as f64 / 1_000.0).round() / 1_000.0
}

/// Microseconds as milliseconds.
fn millis(us: u64) -> f64 {
    us as f64 / 1_000.0
}

fn per_second(count: u64, us: u64) -> f64 {
    if us == 0 {
        0.0
    } else {
        (count as f64 * 10_000_000.0 / us as f64).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(table: Table, outcome: Outcome, latency_us: u64, ended_us: u64) -> Ended {
        Ended {
            table,
            scheduled_us: 1_365_487_200_000_000,
            outcome,
            kind: (outcome == Outcome::Acked).then_some(Kind::Words),
            attempts: 2,
            latency_us,
            begun_us: ended_us - latency_us,
            ended_us,
        }
    }

    #[test]
    fn parts_are_counted_apart_and_summed() {
        let mut stats = Stats::new().unwrap();
        stats.begun(0, 0);
        stats.begun(5_000, 7_000);
        stats.ended(&ended(Table::Event, Outcome::Acked, 1_000, 1_000_000));
        stats.ended(&ended(Table::Event, Outcome::Unanswered, 1_000, 1_500_000));
        stats.ended(&ended(Table::Redelivery, Outcome::Acked, 3_000, 2_000_000));
        stats.failed("cut");
        let mut report = Report::default();
        stats.write_into(&mut report);
        assert_eq!(
            (report.all.sent, report.all.acked, report.all.unacked),
            (3, 2, 1)
        );
        assert_eq!((report.all.attempts, report.all.words), (6, 2));
        assert_eq!(report.parts["event"].acked, 1);
        assert_eq!(report.parts["redelivery"].ack_ms.max, 3.0);
        assert_eq!(report.all.acks_per_s, 1.0);
        assert_eq!(report.sending_s, 2.0);
        assert_eq!(report.behind_ms, 7.0);
        assert_eq!(report.errors["cut"], 1);
        assert_eq!(report.peak_acks_per_s, 1);
        assert_eq!(report.phases.len(), 1);
        assert_eq!(
            (report.phases[0].from, report.phases[0].acked),
            (1_365_487_200, 2)
        );
    }

    #[test]
    fn a_report_of_nothing_has_no_numbers() {
        let mut report = Report::default();
        Stats::new().unwrap().write_into(&mut report);
        assert_eq!(report.all, Part::default());
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
