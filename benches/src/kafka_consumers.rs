//! dedup on Kafka beside dedup on the journal, on the same deliveries: records per second of processor time of the
//! process that has the fold, its client library or journal, and its state. The brokers' own time is not in it.

use crate::brokers::Brokers;
use crate::failure::{Failure, tried};
use crate::folds::{self, Sample};
use crate::report::{Place, Table, median, ratio};
use msglog::Log;
use msglog::kafka::Kafka;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The benchmark; `count` deliveries, `rounds` times, interleaved.
pub(crate) fn run(place: &Place, count: u64, rounds: usize) -> Result<(), Failure> {
    let brokers = Brokers::start(place, 1)?;
    let (mut journals, mut kafkas) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let dir = place.scratch()?;
        let journal = folds::journal(dir.path())?;
        let log: Arc<dyn Log> = journal.clone();
        let records = folds::fill(&*log, count, false)?;
        journals.push(folds::dedup(&log, dir.path(), records)?);
        journal.close();
        let dir = place.scratch()?;
        let kafka = Kafka::open(brokers.log(folds::topics())?).map_err(tried("open the log"))?;
        let log: Arc<dyn Log> = kafka.clone();
        let records = folds::fill(&*log, count, false)?;
        kafkas.push(folds::dedup(&log, dir.path(), records)?);
        kafka.close(Duration::from_secs(5));
    }
    let title = format!("dedup, {count} deliveries, one in forty delivered twice");
    let head = [
        "log",
        "records",
        "records/s",
        "records/s of processor",
        "ratio",
        "wanted",
    ];
    let mut table = Table::new(title, &head);
    let per_core = |s: &Sample| ratio(s.records as f64, s.cpu_s);
    for (name, own, wanted) in [("journal", &journals, "-"), ("kafka", &kafkas, "0.6")] {
        let middle = |of: &dyn Fn(&Sample) -> f64| median(&own.iter().map(of).collect::<Vec<_>>());
        let ratios: Vec<f64> = own
            .iter()
            .zip(&journals)
            .map(|(a, b)| ratio(per_core(a), per_core(b)))
            .collect();
        let cells = vec![
            name.to_owned(),
            format!("{:.0}", middle(&|s| s.records as f64)),
            format!("{:.0}", middle(&|s| ratio(s.records as f64, s.seconds))),
            format!("{:.0}", middle(&per_core)),
            format!("{:.2}", median(&ratios)),
            wanted.to_owned(),
        ];
        let runs: Vec<Value> = own.iter().map(Sample::json).collect();
        table.row(
            cells,
            json!({ "log": name, "ratio": median(&ratios), "runs": runs }),
        );
    }
    let title = "dedup on Kafka and on the journal; one broker on the same machine";
    place.publish("kafka-consumers", title, &[table])
}
