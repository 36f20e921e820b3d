//! Whether the node's memory depends on the surge's length: the same load for one, two and four times as long,
//! each on a fresh node with all roles.

use crate::failure::Failure;
use crate::report::{Place, Table, ratio};
use crate::sample::saturating_rate;
use serde_json::json;
use std::time::Duration;

/// The benchmark; the shortest surge takes `seconds`.
pub(crate) fn run(place: &Place, seconds: u64) -> Result<(), Failure> {
    let mut table = Table::new(
        "all roles at the saturating rate, the drain after it included",
        &["seconds", "messages/s", "peak MiB", "of the shortest"],
    );
    let mut shortest = 0.0;
    for times in [1, 2, 4] {
        let length = seconds.saturating_mul(times);
        let (rate, peak_mib) = saturating_rate(place, Duration::from_secs(length), None)?;
        if times == 1 {
            shortest = peak_mib;
        }
        let of = ratio(peak_mib, shortest);
        let cells = vec![
            length.to_string(),
            format!("{rate:.0}"),
            format!("{peak_mib:.0}"),
            format!("{of:.2}"),
        ];
        table.row(
            cells,
            json!({ "seconds": length, "rate": rate, "peak_mib": peak_mib, "ratio": of }),
        );
    }
    place.publish(
        "memory",
        "Peak resident memory of a node (wanted: under 512 MiB, whatever the length)",
        &[table],
    )
}
